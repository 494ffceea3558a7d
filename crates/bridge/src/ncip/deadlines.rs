//! How long a connection may take, as for SIP2: from the first byte of a message to its last, between two messages, for an
//! answer to be taken, and until it is known who it is.
//!
//! They stand in the stream itself, so that HTTP's own machinery need not know of them: past one, reading or writing fails.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use site::Limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::metrics::Closed;

/// Where a connection stands, known to whoever reads its messages and to its stream.
#[derive(Debug)]
pub struct Watch {
    limits: Limits,
    login_due: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Since when nothing but blanks has come.
    idle: Instant,
    known: bool,
    cause: Option<Closed>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Between two messages.
    Idle,
    /// A message began then.
    Message(Instant),
    /// A whole message is being answered.
    Answering,
}

impl Watch {
    /// A fresh connection; `known` is whether it is known whose it is.
    pub fn new(limits: &Limits, known: bool) -> Self {
        let now = Instant::now();
        let state = State { phase: Phase::Idle, idle: now, known, cause: None };
        Self { login_due: now + limits.login_time, limits: limits.clone(), state: Mutex::new(state) }
    }

    /// The first byte of a message has come, unless one is under way.
    pub fn begun(&self) {
        self.change(|state| {
            if let Phase::Idle = state.phase {
                state.phase = Phase::Message(Instant::now());
            }
        });
    }

    /// The last byte has come.
    pub fn whole(&self) {
        self.change(|state| state.phase = Phase::Answering);
    }

    /// The answer is made; whether it is known by now whose connection it is.
    pub fn answered(&self, known: bool) {
        self.change(|state| {
            state.phase = Phase::Idle;
            state.idle = Instant::now();
            state.known = known;
        });
    }

    /// What came was blanks between two messages: nothing has begun.
    pub fn blank(&self) {
        self.change(|state| state.phase = Phase::Idle);
    }

    /// Which deadline was missed.
    pub fn cause(&self) -> Option<Closed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).cause
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Until when the next bytes must come.
    fn due(&self) -> Option<(Instant, Closed)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let due = match state.phase {
            Phase::Answering => return None,
            Phase::Idle => (state.idle + self.limits.idle_time, Closed::Idle),
            Phase::Message(begun) => (begun + self.limits.frame_time, Closed::FrameTime),
        };
        let login = (self.login_due, Closed::LoginTime);
        Some(if !state.known && login.0 < due.0 { login } else { due })
    }

    fn late(&self, cause: Closed) -> io::Error {
        self.change(|state| state.cause = state.cause.or(Some(cause)));
        io::ErrorKind::TimedOut.into()
    }
}

/// A stream under a watch.
pub struct Watched<'w, S> {
    stream: S,
    watch: &'w Watch,
    reading: Pin<Box<Sleep>>,
    /// Runs while an answer is not taken.
    writing: Option<Pin<Box<Sleep>>>,
}

impl<'w, S> Watched<'w, S> {
    /// A stream, with the watch that its messages are told to.
    pub fn new(stream: S, watch: &'w Watch) -> Self {
        Self { stream, watch, reading: Box::pin(sleep_until(watch.login_due)), writing: None }
    }

    /// Fails where writing has not gone on for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let due = self.watch.limits.write_time;
        let writing = self.writing.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + due)));
        ready!(writing.as_mut().poll(context));
        Poll::Ready(Err(self.watch.late(Closed::WriteTime)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<'_, S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            if buffer.filled().len() > before {
                this.watch.begun();
            }
            return Poll::Ready(read);
        }
        let Some((due, cause)) = this.watch.due() else { return Poll::Pending };
        // To set a timer takes a lock that all connections share: it is set on when it rings, not with every message.
        if this.reading.deadline() > due {
            this.reading.as_mut().reset(due);
        }
        loop {
            ready!(this.reading.as_mut().poll(context));
            if Instant::now() >= due {
                return Poll::Ready(Err(this.watch.late(cause)));
            }
            this.reading.as_mut().reset(due);
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<'_, S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_flush(context);
        this.written(context, written)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_shutdown(context);
        this.written(context, written)
    }
}
