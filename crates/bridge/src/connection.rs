//! One connection: bytes become frames, frames become replies, replies become one write.
//!
//! While a connection is idle it holds no buffer: ten thousand of them are 10,000 sockets and little else.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{io, mem};

use bytes::{Buf as _, BytesMut};
use sip2::{Codec, CodecError};
use site::Limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::codec::Decoder as _;
use tokio_util::sync::CancellationToken;

use crate::alarms::{Alarms, Woken};
use crate::buffer;
use crate::lanes;
use crate::logins;
use crate::metrics::Closed;
use crate::service::Service;
use crate::sip::session::{Session, Step};

/// Bytes read at once: a request has about a hundred.
const SCRATCH: usize = 4096;
/// How long what a peer still sends is read after the last reply, so that no reset takes that reply back.
const LINGER: Duration = Duration::from_secs(1);
/// Answered messages after which a connection stays: what asks about one patron and goes has two or three.
const SETTLED: usize = 8;

/// Why a connection ended.
#[derive(Debug)]
pub enum End {
    /// The peer closed it, or vanished.
    Peer,
    /// The service stops.
    Drained,
    /// A limit was hit.
    Closed(Closed),
}

/// A connection that speaks SIP2.
pub struct Connection<S> {
    /// Where the peer is heard.
    pub stream: S,
    input: BytesMut,
    session: Session,
    /// Whether it is on a lane, where it stays.
    settled: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection; `input` is what was read of it already.
    pub const fn new(stream: S, input: BytesMut, session: Session) -> Self {
        Self { stream, input, session, settled: false }
    }

    /// Serves it until it ends, or until it has shown that it stays: then `None`, once, between two messages.
    pub async fn serve(&mut self, service: &Service, limits: &Limits, draining: &CancellationToken) -> Option<End> {
        let Self { stream, input, session, settled } = self;
        let mut codec = Codec::with_limit(limits.frame);
        let mut active = Instant::now();
        let login_due = active + limits.login_time;
        let mut frame_due = None;
        let mut messages = 0;
        let (drained, timer) = (pin!(draining.cancelled()), pin!(sleep_until(active + limits.idle_time)));
        let mut alarms = Alarms::new(drained, timer);
        loop {
            let mut output = buffer::take();
            let answered = answer_all(&mut codec, input, &mut output, session, service, limits).await;
            if *settled && !output.is_empty() {
                // The others of the lane that were asked work out their answers first, and then all are sent: each one
                // sent may give the processor to whoever waits for it.
                lanes::let_others().await;
            }
            // What was asked before a fault is still answered.
            let written = write(stream, &mut output, limits).await;
            buffer::give_back(output);
            let answered = match answered {
                Ok(frames) => frames,
                Err(cause) => {
                    close(stream).await;
                    return Some(End::Closed(cause));
                }
            };
            if let Err(end) = written {
                return Some(end);
            }
            if input.is_empty() {
                // An idle connection holds no buffer.
                buffer::give_back(mem::take(input));
                frame_due = None;
                messages += answered;
                if !*settled && messages >= SETTLED && session.is_known() {
                    *settled = true;
                    return None;
                }
            } else if answered > 0 || frame_due.is_none() {
                // From its first byte to its last: a byte a second is no progress.
                frame_due = Some(Instant::now() + limits.frame_time);
            }
            let (mut due, mut cause) = match frame_due {
                Some(due) => (due, Closed::FrameTime),
                None => (active + limits.idle_time, Closed::Idle),
            };
            if !session.is_known() && login_due < due {
                (due, cause) = (login_due, Closed::LoginTime);
            }
            let end = match alarms.wait(stream, input, due, frame_due.is_some()).await {
                Woken::Read(Ok(1..)) => {
                    active = Instant::now();
                    continue;
                }
                Woken::Read(Ok(0) | Err(_)) => return Some(End::Peer),
                Woken::Drained => End::Drained,
                Woken::Late => End::Closed(cause),
            };
            close(stream).await;
            return Some(end);
        }
    }
}

/// Answers every whole frame of `input`, in order; their replies share a write. Returns how many there were.
async fn answer_all(
    codec: &mut Codec,
    input: &mut BytesMut,
    output: &mut BytesMut,
    session: &mut Session,
    service: &Service,
    limits: &Limits,
) -> Result<usize, Closed> {
    let mut frames = 0;
    loop {
        match codec.decode(input) {
            Ok(Some(frame)) => {
                frames += 1;
                let mut step = session.answer(service, &frame, None, output);
                while let Step::Ask(waiting) = step {
                    // Boxed: few connections ever wait for a directory, and all would carry the room for it.
                    let told = Box::pin(waiting.told()).await;
                    step = session.answer(service, &frame, Some(told), output);
                }
                let step = match step {
                    Step::LogIn(attempt) => {
                        let known = logins::log_in(service, &attempt.user, &attempt.password, session.source());
                        let known = timeout(limits.login_time, known).await.map_err(|_| Closed::LoginTime)?;
                        session.logged_in(service, attempt.error_detection, known, output)
                    }
                    step => step,
                };
                if let Step::Close(cause) = step {
                    return Err(cause);
                }
            }
            Ok(None) => return Ok(frames),
            Err(CodecError::FrameTooLong { .. } | CodecError::FrameTruncated | CodecError::Io(_)) => {
                return Err(Closed::FrameTooLong);
            }
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, output: &mut BytesMut, limits: &Limits) -> Result<(), End> {
    if output.is_empty() {
        return Ok(());
    }
    // Nearly always taken whole and at once; only where it is not is there something to wait for.
    let at_once = poll_fn(|context| Poll::Ready(poll_write(stream, context, output))).await;
    if let Poll::Ready(written) = at_once {
        return written.map_err(|_| End::Peer);
    }
    match timeout(limits.write_time, poll_fn(|context| poll_write(stream, context, output))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Peer),
        Err(_) => Err(End::Closed(Closed::WriteTime)),
    }
}

/// Writes all of `output`, and flushes: what TLS has taken is not yet on its way.
fn poll_write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    output: &mut BytesMut,
) -> Poll<io::Result<()>> {
    while !output.is_empty() {
        let taken = ready!(Pin::new(&mut *stream).poll_write(context, output))?;
        if taken == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        output.advance(taken);
    }
    Pin::new(stream).poll_flush(context)
}

/// Reads what is there into the end of `input`: the bytes wait in a buffer of the thread, not of the connection.
pub(crate) fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    input: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    thread_local! {
        static BYTES: RefCell<[u8; SCRATCH]> = const { RefCell::new([0; SCRATCH]) };
    }
    BYTES.with_borrow_mut(|bytes| {
        let mut scratch = ReadBuf::new(bytes);
        ready!(Pin::new(stream).poll_read(context, &mut scratch))?;
        let read = scratch.filled().len();
        if input.capacity() == 0 {
            *input = buffer::take();
        }
        input.extend_from_slice(scratch.filled());
        // A PIN may be in it.
        scratch.filled_mut().fill(0);
        Poll::Ready(Ok(read))
    })
}

/// Half-closes, and reads what the peer still sends for a while: closing with unread bytes would reset the
/// connection, and the peer might never see our last reply.
pub(crate) async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let read_on = async {
        stream.shutdown().await?;
        let mut rest = BytesMut::new();
        while poll_fn(|context| poll_read(stream, context, &mut rest)).await? > 0 {
            rest.clear();
        }
        io::Result::Ok(())
    };
    // Whether it worked makes no difference any more.
    let _ = timeout(LINGER, read_on).await;
}
