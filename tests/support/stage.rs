//! A script played against a daemon.

use std::io::Read as _;
use std::net::TcpStream;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::library::{Library, TIME_ZONE};
use crate::script::{Piece, Script, Step};
use crate::wire::{PATIENCE, Wire, checksum};

/// How far a date on the wire may be from now.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(2);

/// What the client with the least room takes at once: Libki reads 1,024 bytes, once (reference/sip2.md, quirks 15 and 29).
const ROOM: usize = 1024;

/// One answer of the service.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Where it was expected, as `file:line`.
    pub place: String,
    /// Its bytes, without its terminator.
    pub bytes: Vec<u8>,
}

/// Plays all dialogues of a script and returns the answers. Panics at the first that is not as written.
pub fn play(script: &Script, library: &Library) -> Vec<Reply> {
    let mut replies = Vec::new();
    let mut open: Option<(Wire, String)> = None;
    for line in &script.lines {
        let place = format!("{}:{}", script.name, line.number);
        match (&line.step, &mut open) {
            (Step::Connect(client), _) => {
                end(open.take());
                open = Some((library.connect(client), place));
            }
            (Step::Send(pieces), Some((wire, _))) => wire.send(compose(pieces)),
            (Step::Expect(pieces), Some((wire, _))) => {
                let mut bytes = hear(wire.stream(), &place, |said| message_length(pieces, said));
                check(pieces, &bytes, &place);
                let text = bytes.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
                bytes.truncate(text);
                replies.push(Reply { place, bytes });
            }
            (Step::Bytes(pieces), Some((wire, _))) => {
                let bytes = hear(wire.stream(), &place, |_| Some(length(pieces)));
                check(pieces, &bytes, &place);
            }
            (Step::Closed, Some((wire, _))) => {
                let rest = wire.rest();
                assert!(rest.is_empty(), "{place}: before closing the service said {}", rest.escape_ascii());
                open = None;
            }
            (_, None) => panic!("{place}: the connection is closed; \"client: NAME\" opens another"),
        }
    }
    end(open);
    replies
}

/// Ends a dialogue: whatever was sent, nothing more than was written down may have been answered.
fn end(open: Option<(Wire, String)>) {
    if let Some((wire, place)) = open {
        let rest = wire.hang_up();
        assert!(rest.is_empty(), "the dialogue at {place}: in the end the service said {}", rest.escape_ascii());
    }
}

/// Waits until the service says something, and takes as much of it as `length` finds. That much must have come in one
/// piece: many clients read once. Bytes that were written at once can be read at once here, so a service that does so
/// never fails by chance.
#[track_caller]
fn hear(mut stream: &TcpStream, place: &str, length: impl FnOnce(&[u8]) -> Option<usize>) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut said = vec![0; 65_536];
    let come =
        stream.peek(&mut said).unwrap_or_else(|error| panic!("{place}: no answer within {PATIENCE:?} ({error})"));
    said.truncate(come);
    assert!(come > 0, "{place}: instead of an answer the service closed the connection");
    let wanted = length(&said).filter(|wanted| *wanted <= come);
    let wanted = wanted.unwrap_or_else(|| panic!("{place}: not whole, or not at once: {}", said.escape_ascii()));
    assert!(wanted <= ROOM, "{place}: an answer of {wanted} bytes, of which some clients read {ROOM}");
    stream.read_exact(&mut said[..wanted]).unwrap();
    said.truncate(wanted);
    said
}

/// How long the first message is: up to its CR, or its CR LF where one is expected.
fn message_length(expected: &[Piece], said: &[u8]) -> Option<usize> {
    let end = said.iter().position(|byte| *byte == b'\r')? + 1;
    let lf = matches!(expected.last(), Some(Piece::Bytes(bytes)) if bytes.ends_with(b"\n"));
    Some(end + usize::from(lf && said.get(end) == Some(&b'\n')))
}

/// How many bytes are expected.
fn length(expected: &[Piece]) -> usize {
    let one = |piece: &Piece| match piece {
        Piece::Bytes(literal) => literal.len(),
        Piece::Now | Piece::Utc => 18,
        Piece::Az => 4,
    };
    expected.iter().map(one).sum()
}

#[track_caller]
fn check(expected: &[Piece], received: &[u8], place: &str) {
    if let Err(difference) = compare(expected, received) {
        panic!("{place}: {difference}\n  expected: {}\n  received: {}", show_pieces(expected), received.escape_ascii());
    }
}

/// The bytes to send.
fn compose(pieces: &[Piece]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(literal) => bytes.extend_from_slice(literal),
            Piece::Now => bytes.extend_from_slice(wire_time(now()).as_bytes()),
            Piece::Utc => bytes.extend_from_slice(utc_time(utc()).as_bytes()),
            Piece::Az => {
                let sum = checksum(&bytes);
                bytes.extend_from_slice(sum.as_bytes());
            }
        }
    }
    bytes
}

fn compare(pieces: &[Piece], received: &[u8]) -> Result<(), String> {
    let mut at = 0;
    for piece in pieces {
        let rest = &received[at..];
        at += match piece {
            Piece::Bytes(literal) => {
                let same = literal.iter().zip(rest).take_while(|(a, b)| a == b).count();
                if same < literal.len() {
                    return Err(format!("differs after {:?}", String::from_utf8_lossy(&received[..at + same])));
                }
                literal.len()
            }
            Piece::Now => {
                check_time(rest.get(..18).ok_or("no room for a date")?, now(), wire_time)?;
                18
            }
            Piece::Utc => {
                check_time(rest.get(..18).ok_or("no room for a date")?, utc(), utc_time)?;
                18
            }
            Piece::Az => {
                let wanted = checksum(&received[..at]);
                if rest.get(..4) != Some(wanted.as_bytes()) {
                    return Err(format!("the checksum should be {wanted}"));
                }
                4
            }
        };
    }
    if at < received.len() {
        Err(format!("goes on with {:?}", received[at..].escape_ascii().to_string()))
    } else {
        Ok(())
    }
}

/// `YYYYMMDD`, four characters of zone, `HHMMSS` (SIP2 2.00, "Date/time format"), and about now.
fn check_time(bytes: &[u8], now: DateTime, write: fn(DateTime) -> String) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let digits = text.get(..8).zip(text.get(12..)).map(|(day, time)| format!("{day}{time}")).unwrap_or_default();
    let told = DateTime::strptime("%Y%m%d%H%M%S", digits).map_err(|_| format!("{text:?} is no date"))?;
    let apart = now.duration_until(told).abs();
    // The parser is lenient; the wire is not.
    if write(told).as_bytes() != bytes || apart > TOLERANCE {
        return Err(format!("{text:?} is not now, which is {:?}", write(now)));
    }
    Ok(())
}

fn now() -> DateTime {
    TimeZone::get(TIME_ZONE).unwrap().to_datetime(Timestamp::now())
}

fn utc() -> DateTime {
    TimeZone::UTC.to_datetime(Timestamp::now())
}

fn wire_time(time: DateTime) -> String {
    time.strftime("%Y%m%d    %H%M%S").to_string()
}

fn utc_time(time: DateTime) -> String {
    time.strftime("%Y%m%d   Z%H%M%S").to_string()
}

fn show_pieces(pieces: &[Piece]) -> String {
    let show = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => bytes.escape_ascii().to_string(),
        Piece::Now => "{now}".to_owned(),
        Piece::Utc => "{utc}".to_owned(),
        Piece::Az => "{az}".to_owned(),
    };
    pieces.iter().map(show).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::panic;

    use super::*;

    fn bytes(text: &str) -> Piece {
        Piece::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn a_message_matches_only_whole() {
        assert!(compare(&[bytes("941")], b"941").is_ok());
        for other in ["94", "940", "9411", ""] {
            assert!(compare(&[bytes("941")], other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn a_message_ends_where_its_terminator_does() {
        let (cr, crlf) = ([bytes("941\r")], [bytes("941\r\n")]);
        // What follows is the next message's, or a LF too many.
        assert_eq!(message_length(&cr, b"941\r98"), Some(4));
        assert_eq!(message_length(&cr, b"941\r\n"), Some(4));
        assert_eq!(message_length(&crlf, b"941\r\n98"), Some(5));
        assert_eq!(message_length(&crlf, b"941\r98"), Some(4));
        assert_eq!(message_length(&cr, b"941"), None);
        assert!(compare(&crlf, b"941\r").is_err());
    }

    #[test]
    fn what_comes_too_long_in_pieces_or_not_at_all_is_no_answer() {
        let hear_from = |said: &'static [u8]| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            listener.accept().unwrap().0.write_all(said).unwrap();
            panic::catch_unwind(move || hear(&stream, "trial.sip2:1", |said| message_length(&[], said)))
        };
        assert_eq!(hear_from(b"941\r98").unwrap(), b"941\r");
        const LONG: [u8; ROOM + 1] = {
            let mut long = [b'x'; ROOM + 1];
            long[ROOM] = b'\r';
            long
        };
        for said in [&b"941"[..], b"", &LONG] {
            assert!(hear_from(said).is_err(), "{}", said.escape_ascii());
        }
    }

    #[test]
    fn a_checksum_is_computed_over_what_came() {
        let expected = [bytes("941AY0AZ"), Piece::Az];
        assert!(compare(&expected, b"941AY0AZFDFD").is_ok());
        assert!(compare(&expected, b"941AY0AZFDFC").is_err());
        assert!(compare(&expected, b"941AY0AZfdfd").is_err());
    }

    #[test]
    fn only_the_librarys_now_is_now() {
        let check = |text: &str| check_time(text.as_bytes(), now(), wire_time);
        assert!(check_time(utc_time(utc()).as_bytes(), utc(), utc_time).is_ok());
        let long_ago = now().checked_sub(SignedDuration::from_mins(3)).unwrap();
        let elsewhere = TimeZone::UTC.to_datetime(Timestamp::now());
        assert!(check(&wire_time(now())).is_ok());
        assert!(check(&wire_time(long_ago)).is_err());
        assert!(check(&wire_time(elsewhere)).is_err());
        assert!(check(&wire_time(now()).replace("    ", "   Z")).is_err());
    }
}
