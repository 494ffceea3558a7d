//! The PROXY protocol, versions 1 and 2: where a connection comes from that a load balancer passes on.
//!
//! HAProxy, "The PROXY protocol", sections 2.1 and 2.2. The header is read to its last byte and no further.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a version 2 header begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest version 1 header, CR LF included.
const LONGEST_LINE: usize = 107;
/// The most that is taken of a version 2 header's addresses and extensions.
const LONGEST_BODY: u16 = 2048;

/// Reads a header. `None`: the balancer speaks for itself (`LOCAL`, `UNKNOWN`), as in its health checks.
pub async fn read_source<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        return read_binary(stream).await;
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == LONGEST_LINE {
            return Err(no_header());
        }
        line.push(stream.read_u8().await?);
    }
    parse_line(&line).ok_or_else(no_header)
}

/// `PROXY TCP4 203.0.113.9 10.0.0.10 56324 6001`. The outer `None`: no header.
fn parse_line(line: &[u8]) -> Option<Option<IpAddr>> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.split(' ');
    if words.next()? != "PROXY" {
        return None;
    }
    match words.next()? {
        "UNKNOWN" => Some(None),
        "TCP4" => words.next()?.parse::<Ipv4Addr>().ok().map(|source| Some(source.into())),
        "TCP6" => words.next()?.parse::<Ipv6Addr>().ok().map(|source| Some(source.into())),
        _ => None,
    }
}

async fn read_binary<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let (version_and_command, family) = (stream.read_u8().await?, stream.read_u8().await?);
    let length = stream.read_u16().await?;
    if length > LONGEST_BODY {
        return Err(no_header());
    }
    let mut body = vec![0; usize::from(length)];
    stream.read_exact(&mut body).await?;
    match (version_and_command, family >> 4) {
        // LOCAL; PROXY with an address that is neither IPv4 nor IPv6.
        (0x20, _) | (0x21, 0 | 3) => Ok(None),
        (0x21, 1) => body.first_chunk::<4>().map(|source| Some(IpAddr::from(*source))).ok_or_else(no_header),
        (0x21, 2) => body.first_chunk::<16>().map(|source| Some(IpAddr::from(*source))).ok_or_else(no_header),
        _ => Err(no_header()),
    }
}

fn no_header() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no PROXY header")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, and what is left for the next reader.
    async fn read(bytes: &[u8]) -> (io::Result<Option<IpAddr>>, Vec<u8>) {
        let mut stream = bytes;
        (read_source(&mut stream).await, stream.to_vec())
    }

    fn binary(version_and_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([version_and_command, family]);
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes.extend(b"9900802.00\r");
        bytes
    }

    #[tokio::test]
    async fn version_1_names_the_source_and_leaves_what_follows() {
        for (header, source) in [
            ("PROXY TCP4 203.0.113.9 10.0.0.10 56324 6001\r\n", Some("203.0.113.9")),
            ("PROXY TCP6 2001:db8::9 2001:db8::1 56324 6001\r\n", Some("2001:db8::9")),
            ("PROXY UNKNOWN\r\n", None),
        ] {
            let (read, rest) = read(format!("{header}9900802.00\r").as_bytes()).await;
            assert_eq!(read.unwrap(), source.map(|source| source.parse().unwrap()), "{header}");
            assert_eq!(rest, b"9900802.00\r");
        }
    }

    #[tokio::test]
    async fn version_2_names_the_source_and_leaves_what_follows() {
        let v4 = [203, 0, 113, 9, 10, 0, 0, 10, 0xDC, 4, 0x17, 0x71];
        let mut with_extension = v4.to_vec();
        with_extension.extend([0x04, 0, 1, 0]);
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:db8::9".parse::<Ipv6Addr>().unwrap().octets());
        for (header, source) in [
            (binary(0x21, 0x11, &v4), Some("203.0.113.9")),
            (binary(0x21, 0x11, &with_extension), Some("203.0.113.9")),
            (binary(0x21, 0x21, &v6), Some("2001:db8::9")),
            (binary(0x20, 0, &[]), None),
        ] {
            let (read, rest) = read(&header).await;
            assert_eq!(read.unwrap(), source.map(|source| source.parse().unwrap()));
            assert_eq!(rest, b"9900802.00\r");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let endless = [b"PROXY TCP4 ".to_vec(), vec![b'9'; 200]].concat();
        for bytes in [
            b"9300CNsip|COsecret|\r".to_vec(),
            b"PROXY TCP4 203.0.113.999 10.0.0.10 1 2\r\n".to_vec(),
            b"PROXY".to_vec(),
            endless,
            binary(0x31, 0x11, &[0; 12]),
            binary(0x21, 0x11, &[0; 3]),
            binary(0x21, 0x11, &[0; 4096]),
        ] {
            assert!(read(&bytes).await.0.is_err());
        }
    }
}
