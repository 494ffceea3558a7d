//! The bytes between a server and ldap3: TLS on the one side, whole messages that may be parsed on the other.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::fault::Trouble;
use super::message;

/// A connection to a server, with TLS or without.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// The StartTLS request, message 1: extended request 1.3.6.1.4.1.1466.20037 (RFC 4511, 4.14).
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Carries questions and answers until one side ends, and says why. `Ok`: ldap3 hung up.
pub(super) async fn carry(server: Box<dyn Wire>, ours: UnixStream) -> Result<(), Trouble> {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut questions, mut answers) = ours.into_split();
    let up = async {
        let mut bytes = [0; 4096];
        loop {
            match questions.read(&mut bytes).await {
                Ok(0) | Err(_) => break,
                Ok(read) => to_server.write_all(bytes.get(..read).unwrap_or_default()).await.map_err(broken)?,
            }
            to_server.flush().await.map_err(broken)?;
        }
        drop(to_server.shutdown().await);
        Ok(())
    };
    let down = async {
        let mut bytes = Vec::new();
        loop {
            if from_server.read_buf(&mut bytes).await.map_err(broken)? == 0 {
                return Err(Trouble::Cut);
            }
            while let Some(length) = message::first(&bytes)? {
                let sent = answers.write_all(bytes.get(..length).unwrap_or_default()).await;
                if sent.is_err() {
                    return Ok(());
                }
                bytes.drain(..length);
            }
        }
    };
    tokio::select! {
        // What was answered before the end is handed on first.
        biased;
        ended = down => ended,
        ended = up => ended,
    }
}

/// Asks for TLS on a connection that has none yet.
pub(super) async fn start_tls(server: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Trouble> {
    server.write_all(START_TLS).await.map_err(broken)?;
    let mut answer = Vec::new();
    let length = loop {
        if server.read_buf(&mut answer).await.map_err(broken)? == 0 {
            return Err(Trouble::Cut);
        }
        if let Some(length) = message::first(&answer)? {
            break length;
        }
    };
    // Whatever came behind the answer came without TLS: somebody in the middle may have put it there.
    if length < answer.len() {
        return Err(Trouble::NotLdap);
    }
    match result_code(&answer) {
        Some(0) => Ok(()),
        Some(code) => Err(Trouble::StartTls(code.into())),
        None => Err(Trouble::NotLdap),
    }
}

/// The result of an extended response to message 1, below 128 as all of LDAP's own are.
fn result_code(answer: &[u8]) -> Option<u8> {
    let (content, _) = message::take(answer, 0x30)?;
    let (number, rest) = message::take(content, 0x02)?;
    let (response, _) = message::take(rest, 0x78).filter(|_| number == [1])?;
    let (code, _) = message::take(response, 0x0a)?;
    code.first().copied().filter(|_| code.len() == 1)
}

/// What a connection that broke is: TLS says why in its own words.
pub(super) fn broken(error: io::Error) -> Trouble {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => Trouble::Certificate(why.to_string()),
        Some(error) => Trouble::Tls(error.to_string()),
        None => Trouble::Cut,
    }
}

/// Likewise of the handshake, where breaking off is no good sign either.
pub(super) fn no_tls(error: io::Error) -> Trouble {
    match broken(error) {
        Trouble::Cut => Trouble::Tls("the connection broke off while it was agreed on".to_owned()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_start_tls_is_read_in_every_width() {
        assert_eq!(result_code(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), Some(0));
        let long = b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x34\x04\x00\x04\x00";
        assert_eq!(result_code(long), Some(0x34));
        for other in [&b"\x30\x00"[..], b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00", b""] {
            assert_eq!(result_code(other), None);
        }
    }
}
