//! One message of a script: as it is written, sent and expected.

use bytes::BytesMut;
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use sip2::{Dialect, Timestamp};

use super::clock;

/// A message as it stands in a script.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pieces: Vec<Piece>,
    /// Whether any rest may follow: `...` at the end of an expectation.
    is_open: bool,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The card number.
    Card,
    /// The PIN.
    Pin,
    /// 18 characters of date and time without a zone; expected: within two minutes of now, in whatever zone.
    Now,
    /// The same in UTC, with a `Z`.
    Utc,
    /// The checksum of all that stands before it.
    Az,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Mark(Mark),
}

/// What is put in place of the marks.
pub struct Filling {
    card: Vec<u8>,
    pin: Vec<u8>,
}

const MARKS: [(&str, Mark); 5] =
    [("{card}", Mark::Card), ("{pin}", Mark::Pin), ("{now}", Mark::Now), ("{utc}", Mark::Utc), ("{az}", Mark::Az)];
const REST: &str = "...";
impl Filling {
    /// Card and PIN in the dialect. What would end a field or a message becomes a blank.
    pub fn new(card: &str, pin: &str, dialect: &Dialect) -> Self {
        let delimiter = dialect.delimiter.byte();
        let encoded = |text: &str| {
            let mut out = BytesMut::new();
            dialect.charset.encode(text, &mut out);
            out.iter().map(|byte| if *byte == delimiter { b' ' } else { *byte }).collect()
        };
        Self { card: encoded(card), pin: encoded(pin) }
    }
}

impl Message {
    /// Reads a message that is to be sent.
    pub fn parse(mut text: &str) -> Result<Self, String> {
        let (mut pieces, mut bytes) = (Vec::new(), Vec::new());
        while let Some(first) = text.chars().next() {
            let mark = MARKS.iter().find_map(|(word, mark)| Some((*mark, text.strip_prefix(word)?)));
            if let Some((mark, rest)) = mark {
                pieces.extend((!bytes.is_empty()).then(|| Piece::Bytes(std::mem::take(&mut bytes))));
                pieces.push(Piece::Mark(mark));
                text = rest;
            } else if let Some(escaped) = text.strip_prefix('\\') {
                let (byte, rest) = unescaped(escaped)?;
                bytes.push(byte);
                text = rest;
            } else {
                bytes.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
                text = text.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        pieces.extend((!bytes.is_empty()).then_some(Piece::Bytes(bytes)));
        Ok(Self { pieces, is_open: false })
    }

    /// Reads a message that is expected.
    pub fn parse_expected(text: &str) -> Result<Self, String> {
        let is_open = text.ends_with(REST);
        Ok(Self { is_open, ..Self::parse(text.strip_suffix(REST).unwrap_or(text))? })
    }

    /// Whether a mark stands in it.
    pub fn has(&self, mark: Mark) -> bool {
        self.pieces.contains(&Piece::Mark(mark))
    }

    /// The bytes to send, with a CR unless there is a line end.
    pub fn composed(&self, filling: &Filling, now: Instant) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(plain) => bytes.extend_from_slice(plain),
                Piece::Mark(Mark::Card) => bytes.extend_from_slice(&filling.card),
                Piece::Mark(Mark::Pin) => bytes.extend_from_slice(&filling.pin),
                Piece::Mark(Mark::Now) => {
                    bytes.extend_from_slice(Timestamp::local(TimeZone::system().to_datetime(now)).as_bytes());
                }
                Piece::Mark(Mark::Utc) => {
                    bytes.extend_from_slice(Timestamp::utc(TimeZone::UTC.to_datetime(now)).as_bytes());
                }
                Piece::Mark(Mark::Az) => {
                    let checksum = checksum(&bytes);
                    bytes.extend_from_slice(checksum.as_bytes());
                }
            }
        }
        if !bytes.ends_with(b"\r") && !bytes.ends_with(b"\n") {
            bytes.push(b'\r');
        }
        bytes
    }

    /// Whether an answer, without its line end, is this one.
    pub fn is_met_by(&self, answer: &[u8], filling: &Filling, now: Instant) -> bool {
        let mut rest = answer;
        for piece in &self.pieces {
            let before = answer.get(..answer.len() - rest.len()).unwrap_or_default();
            let after = match piece {
                Piece::Bytes(plain) => rest.strip_prefix(plain.as_slice()),
                Piece::Mark(Mark::Card) => rest.strip_prefix(filling.card.as_slice()),
                Piece::Mark(Mark::Pin) => rest.strip_prefix(filling.pin.as_slice()),
                Piece::Mark(Mark::Az) => rest.strip_prefix(checksum(before).as_bytes()),
                Piece::Mark(Mark::Now) => clock::after_local(rest, now),
                Piece::Mark(Mark::Utc) => clock::after_utc(rest, now),
            };
            let Some(after) = after else { return false };
            rest = after;
        }
        self.is_open || rest.is_empty()
    }

    /// As it is written, for a person.
    pub fn written(&self) -> Vec<u8> {
        let mark = |mark: &Mark| MARKS.iter().find(|(_, known)| known == mark).map_or("", |(word, _)| *word);
        let piece = |piece: &Piece| match piece {
            Piece::Bytes(plain) => plain.clone(),
            Piece::Mark(it) => mark(it).into(),
        };
        let rest = if self.is_open { REST } else { "" };
        self.pieces.iter().flat_map(piece).chain(rest.bytes()).collect()
    }
}

/// SIP2 2.00, "Checksum": the two's complement of the low 16 bits of the sum of all bytes before it.
fn checksum(before: &[u8]) -> String {
    let sum = before.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    format!("{:04X}", sum.wrapping_neg())
}

/// The byte that an escape stands for, and what comes after it; `text` begins behind the backslash.
fn unescaped(text: &str) -> Result<(u8, &str), String> {
    let simple = [("r", b'\r'), ("n", b'\n'), ("\\", b'\\')];
    if let Some(found) = simple.iter().find_map(|(letter, byte)| Some((*byte, text.strip_prefix(letter)?))) {
        return Ok(found);
    }
    let digits = text.strip_prefix('x').ok_or("a backslash stands before r, n, xNN or another one only")?;
    let (digits, rest) = digits.split_at_checked(2).ok_or("\\x needs two hexadecimal digits")?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    Ok((byte.ok_or_else(|| format!("\\x{digits} is no byte"))?, rest))
}

#[cfg(test)]
mod tests {
    use sip2::{Charset, Delimiter};

    use super::*;

    fn filling(pin: &str) -> Filling {
        Filling::new("1000001", pin, &Dialect::default())
    }

    /// 2026-11-25, 12:00:00 UTC.
    fn noon() -> Instant {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    fn sent(text: &str) -> Vec<u8> {
        Message::parse(text).unwrap().composed(&filling("0201"), noon())
    }

    fn meets(expected: &str, answer: &[u8]) -> bool {
        Message::parse_expected(expected).unwrap().is_met_by(answer, &filling("0201"), noon())
    }

    #[test]
    fn escapes_are_bytes_and_a_bad_one_is_told() {
        assert_eq!(sent("a\\x00é\\\\\\r\\n"), b"a\0\xC3\xA9\\\r\n");
        for (text, why) in [("\\q", "a backslash"), ("\\", "a backslash"), ("\\x1", "two"), ("\\x+1", "no byte")] {
            assert!(Message::parse(text).unwrap_err().contains(why), "{text}");
        }
    }

    #[test]
    fn a_cr_is_sent_unless_there_is_a_line_end() {
        assert_eq!(sent("97AZ{az}"), b"97AZFEF5\r");
        assert_eq!(sent("97\\r"), b"97\r");
        assert_eq!(sent("AA{card}|AD{pin}|\\n"), b"AA1000001|AD0201|\n");
        assert_eq!(sent("{utc}"), b"20261125   Z120000\r");
    }

    #[test]
    fn what_is_filled_in_cannot_be_a_mark_or_end_a_field() {
        let message = Message::parse("AD{pin}|AZ{az}").unwrap();
        assert!(message.composed(&filling("{az}|{now}\r"), noon()).starts_with(b"AD{az} {now} |AZ"));
        let expected = Message::parse_expected("AD{pin}").unwrap();
        assert!(!expected.is_met_by(b"AD12x", &filling("12..."), noon()));
        let cp850 = Dialect { charset: Charset::Cp850, delimiter: Delimiter::new(b'^').unwrap(), ..Dialect::default() };
        assert_eq!(message.composed(&Filling::new("", "é|^", &cp850), noon())[..6], *b"AD\x82| |");
    }

    #[test]
    fn an_answer_is_expected_exactly_or_to_the_dots() {
        assert!(meets("94{card}", b"941000001") && meets("98...", b"98YNN") && meets("98...", b"98"));
        for (expected, answer) in [("98", "98Y"), ("98Y", "98"), ("94...", "98Y"), ("9...8", "98"), ("AD{pin}", "AD02")]
        {
            assert!(!meets(expected, answer.as_bytes()), "{expected}");
        }
    }

    #[test]
    fn an_expected_checksum_is_that_of_the_answer() {
        assert!(meets("941AY1AZ{az}", b"941AY1AZFDFC") && !meets("941AY1AZ{az}", b"941AY1AZFDFD"));
    }

    #[test]
    fn an_expectation_is_told_as_it_is_written() {
        let written = Message::parse_expected("64{now}AO|AD{pin}|AZ{az}...").unwrap().written();
        assert_eq!(written, b"64{now}AO|AD{pin}|AZ{az}...");
    }
}
