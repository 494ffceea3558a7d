//! A script played against a daemon.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::library::{Library, TIME_ZONE};
use crate::script::{Piece, Script, Step};
use crate::wire::{Wire, checksum};

/// How far a date on the wire may be from now.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(2);

/// One answer of the service.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Where it was expected, as `file:line`.
    pub place: String,
    /// Its bytes, without the CR.
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
                let bytes = wire.line();
                if let Err(difference) = compare(pieces, &bytes) {
                    panic!(
                        "{place}: {difference}\n  expected: {}\n  received: {}",
                        show_pieces(pieces),
                        bytes.escape_ascii()
                    );
                }
                replies.push(Reply { place, bytes });
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

/// The bytes to send: a CR is added unless the line has a terminator of its own.
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
    if !bytes.ends_with(b"\r") && !bytes.ends_with(b"\n") {
        bytes.push(b'\r');
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
