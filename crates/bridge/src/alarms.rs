//! What a waiting connection is woken by: bytes, a deadline, or the end of the service.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFuture;

use crate::connection::poll_read;

/// What woke a connection.
pub enum Woken {
    /// So many bytes came; none: the peer has closed.
    Read(io::Result<usize>),
    /// The service stops.
    Drained,
    /// It is past the deadline.
    Late,
}

/// The deadline and the drain of one connection.
///
/// To look at either takes locks that all connections share. They are looked at when they rang, not whenever an answer
/// was sent: each has a waker that says so.
pub struct Alarms<'p, 'd> {
    drained: Pin<&'p mut WaitForCancellationFuture<'d>>,
    timer: Pin<&'p mut Sleep>,
    bell: Option<Arc<Bell>>,
    is_draining: bool,
}

/// Wakes the connection's task, and remembers that it was not for bytes.
struct Bell {
    rang: AtomicBool,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<'p, 'd> Alarms<'p, 'd> {
    /// Alarms that ring when the service drains, or at a deadline.
    pub const fn new(drained: Pin<&'p mut WaitForCancellationFuture<'d>>, timer: Pin<&'p mut Sleep>) -> Self {
        Self { drained, timer, bell: None, is_draining: false }
    }

    /// Waits for bytes, for `due`, or for the drain, which waits for its turn where a frame has `begun`.
    pub async fn wait<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        input: &mut BytesMut,
        due: Instant,
        begun: bool,
    ) -> Woken {
        // While requests come, the timer of the idle time stays as it is, and is set on when it rings.
        if self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
            self.bell = None;
        }
        poll_fn(|context| match poll_read(stream, context, input) {
            Poll::Ready(read) => Poll::Ready(Woken::Read(read)),
            Poll::Pending => self.poll(context, due, begun),
        })
        .await
    }

    fn poll(&mut self, context: &Context<'_>, due: Instant, begun: bool) -> Poll<Woken> {
        let hung = self.bell.as_ref().filter(|bell| bell.task.will_wake(context.waker()));
        let rang = hung.is_none_or(|bell| bell.rang.swap(false, Ordering::Acquire));
        if !rang && (begun || !self.is_draining) {
            return Poll::Pending;
        }
        let bell = match hung {
            Some(bell) => Arc::clone(bell),
            None => Arc::new(Bell { rang: AtomicBool::new(false), task: context.waker().clone() }),
        };
        let waker = Waker::from(Arc::clone(&bell));
        self.bell = Some(bell);
        let mut context = Context::from_waker(&waker);
        self.is_draining = self.is_draining || self.drained.as_mut().poll(&mut context).is_ready();
        // A frame in hand is finished first.
        if self.is_draining && !begun {
            return Poll::Ready(Woken::Drained);
        }
        while self.timer.as_mut().poll(&mut context).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(Woken::Late);
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
