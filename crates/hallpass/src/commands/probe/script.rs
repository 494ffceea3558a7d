//! Messages that somebody wrote down, with the answers that are expected.

use jiff::tz::TimeZone;
use sip2::Timestamp;

use super::peer::Peer;
use crate::failure::{DATA, Failure};

/// A script, line by line.
#[derive(Debug, PartialEq, Eq)]
pub struct Script(Vec<(usize, Step)>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Send(Vec<u8>),
    /// An answer; `None`: any.
    Expect(Option<Vec<u8>>),
    Closed,
}

/// What stands for a date in an expectation.
const NOW: &[u8] = b"{now}";

impl Script {
    /// Reads a script. The error begins with the line's number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let at = |why: String| format!("{number}: {why}");
            let step = match line.split_at_checked(2).unwrap_or((line, "")) {
                _ if line.trim().is_empty() || line.starts_with('#') => continue,
                ("> ", message) => Step::Send(unescaped(message).map_err(at)?),
                ("< ", message) => Step::Expect(Some(unescaped(message).map_err(at)?)),
                _ if line.trim_end() == "<" => Step::Expect(None),
                _ if line.trim_end() == "closed" => Step::Closed,
                _ => return Err(at("expected > MESSAGE, < ANSWER, <, closed or # COMMENT".to_owned())),
            };
            steps.push((number, step));
        }
        Ok(Self(steps))
    }

    /// Plays it. An answer that is not the expected one ends it.
    pub async fn play(&self, peer: &mut Peer, card: &str, pin: &str) -> Result<(), Failure> {
        for (number, step) in &self.0 {
            match step {
                Step::Send(message) => peer.send(&composed(message, card, pin)).await?,
                Step::Expect(expected) => {
                    let Some(frame) = peer.answer().await? else {
                        return Err(Failure::new(
                            DATA,
                            format!("line {number}: the service closed, and an answer was due"),
                        ));
                    };
                    let expected = expected.as_deref().map(|message| filled(message, card, pin));
                    if expected.is_some_and(|expected| !is_as(&expected, frame.as_bytes())) {
                        return Err(Failure::new(
                            DATA,
                            format!("line {number}: another answer than the one above was expected"),
                        ));
                    }
                }
                Step::Closed => {
                    if peer.answer().await?.is_some() {
                        return Err(Failure::new(DATA, format!("line {number}: the service should have closed")));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The bytes of a message to send, with its checksum and its end.
fn composed(message: &[u8], card: &str, pin: &str) -> Vec<u8> {
    let now = Timestamp::local(TimeZone::system().to_datetime(jiff::Timestamp::now()));
    let mut bytes = replaced(&filled(message, card, pin), NOW, now.as_bytes());
    if let Some(at) = find(&bytes, b"{az}") {
        let sum = bytes.iter().take(at).fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        bytes = replaced(&bytes, b"{az}", format!("{:04X}", sum.wrapping_neg()).as_bytes());
    }
    if !bytes.ends_with(b"\r") && !bytes.ends_with(b"\n") {
        bytes.push(b'\r');
    }
    bytes
}

fn filled(message: &[u8], card: &str, pin: &str) -> Vec<u8> {
    replaced(&replaced(message, b"{card}", card.as_bytes()), b"{pin}", pin.as_bytes())
}

/// Whether an answer is as expected: `{now}` is any date, `{az}` any four characters, `...` at the end any rest.
fn is_as(expected: &[u8], answer: &[u8]) -> bool {
    match expected {
        b"..." => true,
        [] => answer.is_empty(),
        [b'{', b'n', b'o', b'w', b'}', rest @ ..] => {
            answer.split_at_checked(18).is_some_and(|(_, after)| is_as(rest, after))
        }
        [b'{', b'a', b'z', b'}', rest @ ..] => answer.split_at_checked(4).is_some_and(|(_, after)| is_as(rest, after)),
        [byte, rest @ ..] => answer.split_first().is_some_and(|(first, after)| first == byte && is_as(rest, after)),
    }
}

fn replaced(bytes: &[u8], mark: &[u8], with: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = bytes;
    while let Some((before, after)) = find(rest, mark).and_then(|at| rest.split_at_checked(at)) {
        replaced.extend_from_slice(before);
        replaced.extend_from_slice(with);
        rest = after.get(mark.len()..).unwrap_or_default();
    }
    replaced.extend_from_slice(rest);
    replaced
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

/// `\\r`, `\\n`, `\\\\` and `\\xNN` as the bytes that they stand for.
fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match letters.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let digits: String = letters.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?);
            }
            _ => return Err("a backslash stands before r, n, xNN or another one".to_owned()),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_line_by_line_and_a_mistake_has_its_number() {
        let script = Script::parse("# how\n\n> 9900802.00\\r\\n\n< 98...\n<\nclosed\n").unwrap();
        let steps = [
            (3, Step::Send(b"9900802.00\r\n".to_vec())),
            (4, Step::Expect(Some(b"98...".to_vec()))),
            (5, Step::Expect(None)),
            (6, Step::Closed),
        ];
        assert_eq!(script, Script(steps.into()));
        assert_eq!(
            Script::parse("> 99\n? 98\n").unwrap_err(),
            "2: expected > MESSAGE, < ANSWER, <, closed or # COMMENT"
        );
        assert_eq!(Script::parse("> \\q").unwrap_err(), "1: a backslash stands before r, n, xNN or another one");
    }

    #[test]
    fn card_pin_and_checksum_are_filled_in() {
        let sent = composed(b"97AZ{az}", "", "");
        assert_eq!(sent, b"97AZFEF5\r");
        let sent = composed(b"AA{card}|AD{pin}|\n", "1000001", "0201");
        assert_eq!(sent, b"AA1000001|AD0201|\n");
    }

    #[test]
    fn an_answer_is_as_expected_whole_or_to_the_dots() {
        assert!(is_as(b"36Y{now}AOEPL|AY1AZ{az}", b"36Y20261125    120000AOEPL|AY1AZF000"));
        assert!(is_as(b"98...", b"98YNNNNN"));
        for (expected, answer) in
            [(&b"98"[..], &b"98Y"[..]), (b"98Y", b"98"), (b"94...", b"98Y"), (b"36Y{now}", b"36Y2026")]
        {
            assert!(!is_as(expected, answer));
        }
    }
}
