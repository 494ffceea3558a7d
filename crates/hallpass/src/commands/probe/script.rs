//! Messages that somebody wrote down, with the answers that are expected.

use jiff::Timestamp;

use super::message::{Filling, Mark, Message};
use super::peer::{Heard, Peer};
use crate::failure::{DATA, Failure};

/// A script, line by line, with the lines' numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Script(Vec<(usize, Step)>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Send(Message),
    /// An answer; `None`: any.
    Expect(Option<Message>),
    /// The service says nothing more and closes.
    Closed,
}

impl Script {
    /// Reads a script. The error begins with the line's number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let at = |why: String| format!("{number}: {why}");
            let step = match line.split_at_checked(2).unwrap_or((line, "")) {
                _ if line.trim().is_empty() || line.starts_with('#') => continue,
                _ if line.trim_end() == "<" => Step::Expect(None),
                _ if line.trim_end() == "closed" => Step::Closed,
                ("> ", message) => Step::Send(Message::parse(message).map_err(at)?),
                ("< ", message) => Step::Expect(Some(Message::parse_expected(message).map_err(at)?)),
                _ => return Err(at("not > MESSAGE, < ANSWER, <, closed or # COMMENT".to_owned())),
            };
            steps.push((number, step));
        }
        if steps.is_empty() { Err(" there is nothing in it to send".to_owned()) } else { Ok(Self(steps)) }
    }

    /// Whether a PIN is to be filled in.
    pub fn needs_pin(&self) -> bool {
        self.line_with(Mark::Pin).is_some()
    }

    /// The first line in which a card is to be filled in.
    pub fn needs_card(&self) -> Option<usize> {
        self.line_with(Mark::Card)
    }

    /// Plays it. An answer that is not the expected one ends it; those that no line is for are shown.
    pub async fn play(&self, peer: &mut Peer<'_>, filling: &Filling) -> Result<(), Failure> {
        let only_shows = self.0.iter().all(|(_, step)| matches!(step, Step::Send(_)));
        let (mut due, mut answers) = (0_usize, 0_usize);
        for (number, step) in &self.0 {
            match step {
                Step::Send(message) => {
                    peer.send(&message.composed(filling, Timestamp::now())).await?;
                    due += 1;
                    if only_shows {
                        due = 0;
                        answers += usize::from(shows_one(peer).await?);
                    }
                }
                Step::Expect(_) | Step::Closed => {
                    due = due.saturating_sub(1);
                    answers += 1;
                    let heard = peer.answer().await?;
                    if let Some(why) = step.missed(&heard, peer, filling) {
                        return Err(Failure::new(DATA, format!("line {number}: {why}")));
                    }
                    if matches!(step, Step::Closed) {
                        due = 0;
                    }
                }
            }
        }
        for _ in 0..due {
            answers += usize::from(shows_one(peer).await?);
        }
        if answers == 0 { Err(Failure::unavailable("no answer in 10 s")) } else { Ok(()) }
    }

    fn line_with(&self, mark: Mark) -> Option<usize> {
        let found = self.0.iter().find(|(_, step)| match step {
            Step::Send(message) | Step::Expect(Some(message)) => message.has(mark),
            Step::Expect(None) | Step::Closed => false,
        });
        found.map(|(number, _)| *number)
    }
}

impl Step {
    /// What was expected and what came, if that was something else.
    fn missed(&self, heard: &Heard, peer: &Peer<'_>, filling: &Filling) -> Option<String> {
        let expected = match (self, heard) {
            (Self::Expect(None), Heard::Message(_)) | (Self::Closed, Heard::Closed) | (Self::Send(_), _) => {
                return None;
            }
            (Self::Expect(Some(message)), Heard::Message(frame))
                if message.is_met_by(frame.as_bytes(), filling, Timestamp::now()) =>
            {
                return None;
            }
            (Self::Expect(Some(message)), _) => peer.discreet(&message.written()),
            (Self::Expect(None), _) => "any answer".to_owned(),
            (Self::Closed, _) => "the end of the connection".to_owned(),
        };
        let came = match heard {
            Heard::Message(frame) => format!("this came: {}", peer.discreet(frame.as_bytes())),
            Heard::Closed => peer.end(None),
            Heard::Nothing => "nothing came in 10 s".to_owned(),
        };
        Some(format!("expected {expected} but {came}"))
    }
}

/// Waits for an answer that is shown and not compared; whether one came.
async fn shows_one(peer: &mut Peer<'_>) -> Result<bool, Failure> {
    match peer.answer().await? {
        Heard::Message(frame) if frame.command().is_some_and(|command| command.iter().all(u8::is_ascii_digit)) => {
            Ok(true)
        }
        Heard::Message(_) => Err(Failure::new(DATA, "not SIP2: no message begins so")),
        Heard::Closed => Err(Failure::unavailable(peer.end(None))),
        Heard::Nothing => {
            println!("< nothing in 10 s");
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_line_by_line() {
        let script = Script::parse("# how\n\n> 9900802.00\\r\\n\n< 98...\n< \n<\nclosed\n").unwrap();
        let steps = [
            (3, Step::Send(Message::parse("9900802.00\\r\\n").unwrap())),
            (4, Step::Expect(Some(Message::parse_expected("98...").unwrap()))),
            (5, Step::Expect(None)),
            (6, Step::Expect(None)),
            (7, Step::Closed),
        ];
        assert_eq!(script, Script(steps.into()));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let lines = "not > MESSAGE, < ANSWER, <, closed or # COMMENT";
        for (text, why) in [
            ("> 99\n? 98\n", format!("2: {lines}")),
            ("#\n>98\n", format!("2: {lines}")),
            ("> 99\n< \\x9z\n", "2: \\x9z is no byte".to_owned()),
            ("# nothing\n", " there is nothing in it to send".to_owned()),
        ] {
            assert_eq!(Script::parse(text).unwrap_err(), why);
        }
    }

    #[test]
    fn it_is_known_beforehand_whether_card_and_pin_are_needed() {
        let script = Script::parse("> 99\n< 98...\n< 64{card}\n> 63AD{pin}|\n").unwrap();
        assert_eq!((script.needs_card(), script.needs_pin()), (Some(3), true));
        let script = Script::parse("> 63AA\\x7Bcard}|AD1|\n<\nclosed\n").unwrap();
        assert_eq!((script.needs_card(), script.needs_pin()), (None, false));
    }
}
