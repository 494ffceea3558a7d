//! NCIP over TCP: message after message, each ended by its root's end tag; each answer ends in a newline, for clients read
//! line by line (reference/ncip.md 1.11).

use ncip::{Found, Framing, limits};
use site::Limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::connection::{End, close};
use crate::metrics::Closed;
use crate::ncip::deadlines::{Watch, Watched};
use crate::ncip::session::{Session, Way};
use crate::service::Service;

/// Bytes read at once: a request has about two thousand.
const SCRATCH: usize = 4096;

/// Serves one connection until it ends.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    mut session: Session,
    service: &Service,
    limits: &Limits,
    draining: &CancellationToken,
) -> End {
    let watch = Watch::new(limits, session.is_known());
    let mut stream = Watched::new(stream, &watch);
    let end = exchange(&mut stream, &mut session, service, &watch, draining).await;
    if !matches!(end, End::Peer) {
        close(&mut stream).await;
    }
    end
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Watched<'_, S>,
    session: &mut Session,
    service: &Service,
    watch: &Watch,
    draining: &CancellationToken,
) -> End {
    let mut input = Zeroizing::new(Vec::new());
    let mut framing = Framing::default();
    loop {
        let end = match framing.find(&input) {
            Found::End(end) if end <= limits::MESSAGE => end,
            Found::NotXml => return End::Closed(Closed::Unreadable),
            Found::End(_) => return End::Closed(Closed::FrameTooLong),
            Found::More if input.len() >= limits::MESSAGE => return End::Closed(Closed::FrameTooLong),
            Found::More => {
                let idle = framing.is_idle();
                if idle {
                    watch.blank();
                }
                let read = async {
                    let mut scratch = Zeroizing::new([0; SCRATCH]);
                    let read = stream.read(&mut scratch[..]).await?;
                    grow(&mut input, scratch.get(..read).unwrap_or_default());
                    std::io::Result::Ok(read)
                };
                let read = tokio::select! {
                    biased;
                    () = draining.cancelled(), if idle => return End::Drained,
                    read = read => read,
                };
                match read {
                    Ok(1..) => continue,
                    Ok(0) | Err(_) => return watch.cause().map_or(End::Peer, End::Closed),
                }
            }
        };
        watch.whole();
        let answered = session.answer(service, input.get(..end).unwrap_or_default(), Way::Tcp).await;
        watch.answered(session.is_known());
        // What came already of the next one. The old buffer is wiped.
        let rest = input.get(end..).unwrap_or_default().trim_ascii_start().to_vec();
        if !rest.is_empty() {
            watch.begun();
        }
        input = Zeroizing::new(rest);
        framing = Framing::default();
        let hangs_up = answered.close == Some(Closed::Outage);
        if !hangs_up {
            let written = async {
                stream.write_all(answered.text.as_bytes()).await?;
                stream.flush().await
            };
            if written.await.is_err() {
                return watch.cause().map_or(End::Peer, End::Closed);
            }
        }
        if let Some(cause) = answered.close {
            return End::Closed(cause);
        }
    }
}

/// Appends without leaving bytes behind where the buffer has to move.
pub(super) fn grow(buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    if buffer.capacity() - buffer.len() < bytes.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity((buffer.len() + bytes.len()) * 2));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(bytes);
}
