//! One connection: bytes become frames, frames become replies, replies become one write.
//!
//! While a connection is idle it holds no buffer: ten thousand of them are 10,000 sockets and little else.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use sip2::{Codec, CodecError};
use site::Limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_util::codec::Decoder as _;
use tokio_util::sync::CancellationToken;

use crate::metrics::Closed;
use crate::service::Service;
use crate::sip::session::{Session, Step};

/// Bytes read at once: a request has about a hundred.
const SCRATCH: usize = 4096;
/// Room for one reply, so that it is written without growing a buffer.
const REPLY: usize = 512;
/// How long what a peer still sends is read after the last reply, so that no reset takes that reply back.
const LINGER: Duration = Duration::from_secs(1);

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

/// Serves one connection until it ends.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    mut session: Session,
    service: &Service,
    limits: &Limits,
    draining: &CancellationToken,
) -> End {
    let mut codec = Codec::with_limit(limits.frame);
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    let login_due = Instant::now() + limits.login_time;
    let mut frame_due = None;
    let mut drained = pin!(draining.cancelled());
    let mut timer = pin!(sleep_until(Instant::now() + limits.idle_time));
    loop {
        let answered = match answer_all(&mut codec, &mut input, &mut output, &mut session, service, limits).await {
            Ok(frames) => frames > 0,
            Err(cause) => {
                // What was asked before is still answered.
                let _ = write(&mut stream, &mut output, limits).await;
                close(&mut stream).await;
                return End::Closed(cause);
            }
        };
        if let Err(end) = write(&mut stream, &mut output, limits).await {
            return end;
        }
        if input.is_empty() {
            input = BytesMut::new();
            frame_due = None;
        } else if answered || frame_due.is_none() {
            // From its first byte to its last: a byte a second is no progress.
            frame_due = Some(Instant::now() + limits.frame_time);
        }
        let (mut due, mut cause) = match frame_due {
            Some(due) => (due, Closed::FrameTime),
            None => (Instant::now() + limits.idle_time, Closed::Idle),
        };
        if !session.is_known() && login_due < due {
            (due, cause) = (login_due, Closed::LoginTime);
        }
        let end = tokio::select! {
            biased;
            read = read_some(&mut stream, &mut input) => match read {
                Ok(1..) => continue,
                Ok(0) | Err(_) => return End::Peer,
            },
            // A frame in hand is finished first.
            () = drained.as_mut(), if frame_due.is_none() => End::Drained,
            () = ring_at(timer.as_mut(), due) => End::Closed(cause),
        };
        close(&mut stream).await;
        return end;
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
                output.reserve(REPLY);
                let step = match session.answer(&frame, output) {
                    Step::Verify(attempt) => {
                        let verified = service.logins.verify(attempt.hash.clone(), attempt.password.clone());
                        let check = timeout(limits.login_time, verified).await.map_err(|_| Closed::LoginTime)?;
                        session.logged_in(*attempt, check, output)
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

/// Ends at `due`. The timer is touched only where it would ring too late: while requests come, the one of the idle time
/// stays as it is and is set on when it rings.
async fn ring_at(mut timer: Pin<&mut Sleep>, due: Instant) {
    if timer.deadline() > due {
        timer.as_mut().reset(due);
    }
    loop {
        timer.as_mut().await;
        if Instant::now() >= due {
            return;
        }
        timer.as_mut().reset(due);
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, output: &mut BytesMut, limits: &Limits) -> Result<(), End> {
    if output.is_empty() {
        return Ok(());
    }
    let written = timeout(limits.write_time, stream.write_all(output)).await;
    // Given back: an idle connection holds no buffer.
    *output = BytesMut::new();
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Peer),
        Err(_) => Err(End::Closed(Closed::WriteTime)),
    }
}

/// Reads what is there into the end of `input`: the bytes wait in a buffer of the thread, not of the connection.
async fn read_some<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> io::Result<usize> {
    thread_local! {
        static BYTES: RefCell<[u8; SCRATCH]> = const { RefCell::new([0; SCRATCH]) };
    }
    poll_fn(|context| {
        BYTES.with_borrow_mut(|bytes| {
            let mut buffer = ReadBuf::new(bytes);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) => {
                    let read = buffer.filled().len();
                    input.extend_from_slice(buffer.filled());
                    // A PIN may be in it.
                    buffer.filled_mut().fill(0);
                    Poll::Ready(Ok(read))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            }
        })
    })
    .await
}

/// Half-closes, and reads what the peer still sends for a while: closing with unread bytes would reset the
/// connection, and the peer might never see our last reply.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let read_on = async {
        stream.shutdown().await?;
        let mut rest = BytesMut::new();
        while read_some(stream, &mut rest).await? > 0 {
            rest.clear();
        }
        io::Result::Ok(())
    };
    // Whether it worked makes no difference any more.
    let _ = timeout(LINGER, read_on).await;
}
