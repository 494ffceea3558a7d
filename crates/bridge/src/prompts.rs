//! `login:` and `password:` as a terminal asks for them, for the clients that were made for that (reference/sip2.md, quirk 9).

use std::future::poll_fn;
use std::io;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::connection::poll_read;

/// What is said once the password is right, as SIPServer and Koha say it.
const WELCOME: &[u8] = b"Login OK.  Initiating SIP\r\n";
const SORRY: &[u8] = b"Invalid login\r\n";
/// The longest name or password taken.
const LONGEST: usize = 256;

/// What was typed.
pub struct Typed {
    /// The login name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Asks for both. What comes after the second line stays in `input`.
pub async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, input: &mut BytesMut) -> io::Result<Typed> {
    stream.write_all(b"login: ").await?;
    let user = line(stream, input).await?;
    stream.write_all(b"password: ").await?;
    let password = line(stream, input).await?;
    Ok(Typed { user, password })
}

/// Says what came of it.
pub async fn tell<S: AsyncWrite + Unpin>(stream: &mut S, right: bool) -> io::Result<()> {
    stream.write_all(if right { WELCOME } else { SORRY }).await
}

/// A line that is not empty, ended by CR, LF or both.
async fn line<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> io::Result<String> {
    loop {
        let padding = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        input.advance(padding);
        if let Some(end) = input.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let line = input.split_to(end);
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        if input.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if poll_fn(|context| poll_read(stream, context, input)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn the_lines_end_in_any_way_and_what_follows_stays() {
        for end in ["\r", "\n", "\r\n", "\r\0"] {
            let (mut ours, mut theirs) = duplex(1024);
            let typed = format!("sip{end}secret{end}9900802.00\r");
            ours.write_all(typed.as_bytes()).await.unwrap();
            let mut input = BytesMut::new();
            let typed = ask(&mut theirs, &mut input).await.unwrap();
            assert_eq!((typed.user.as_str(), typed.password.as_str()), ("sip", "secret"));
            assert!(input.ends_with(b"9900802.00\r"));
            let mut asked = [0; 17];
            ours.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"login: password: ");
        }
    }

    #[tokio::test]
    async fn an_endless_line_ends_it() {
        let (mut ours, mut theirs) = duplex(1024);
        ours.write_all(&[b'x'; LONGEST + 1]).await.unwrap();
        assert!(ask(&mut theirs, &mut BytesMut::new()).await.is_err());
    }
}
