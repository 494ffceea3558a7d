//! Dialogues as plain text that a librarian can read; `transcripts/README.md` says how they are written.

use std::fs;
use std::path::Path;

/// A file of dialogues.
#[derive(Debug)]
pub struct Script {
    /// The file's name, for reports.
    pub name: String,
    /// Its lines, without comments.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// What is to be done.
    pub step: Step,
}

/// What a line is.
#[derive(Debug)]
pub enum Step {
    /// `client: NAME`: a new connection.
    Connect(String),
    /// `> ...`, which has a terminator, or `>> ...`: what the client sends, in one write.
    Send(Vec<Piece>),
    /// `< ...`: an answer of the service, with its terminator.
    Expect(Vec<Piece>),
    /// `<< ...`: these bytes, wherever they end.
    Bytes(Vec<Piece>),
    /// `closed`: the service says nothing more and closes.
    Closed,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// `{now}`: 18 characters of date and time in the library's zone.
    Now,
    /// `{utc}`: the same in UTC.
    Utc,
    /// `{az}`: the checksum of all bytes before it in the message.
    Az,
}

impl Script {
    /// Reads a file.
    pub fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(&name, &text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Reads a text; the error names file and line.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let lines: Vec<Line> = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(line, number)| match Step::parse(line) {
                Ok(step) => Ok(Line { number, step }),
                Err(error) => Err(format!("{name}:{number}: {error}")),
            })
            .collect::<Result<_, _>>()?;
        match lines.first() {
            Some(Line { step: Step::Connect(_), .. }) => Ok(Self { name: name.to_owned(), lines }),
            _ => Err(format!("{name}: a dialogue starts with \"client: NAME\"")),
        }
    }
}

impl Step {
    fn parse(line: &str) -> Result<Self, String> {
        if let Some(client) = line.strip_prefix("client: ") {
            return Ok(Self::Connect(client.trim().to_owned()));
        }
        if let Some(text) = line.strip_prefix("> ") {
            return pieces(text).map(ended).map(Self::Send);
        }
        if let Some(text) = line.strip_prefix("< ") {
            return pieces(text).map(ended).map(Self::Expect);
        }
        if let Some(text) = line.strip_prefix(">> ") {
            return pieces(text).map(Self::Send);
        }
        if let Some(text) = line.strip_prefix("<< ") {
            return pieces(text).map(Self::Bytes);
        }
        match line.trim_end() {
            ">" => Ok(Self::Send(ended(Vec::new()))),
            "closed" => Ok(Self::Closed),
            _ => Err(format!(
                "{line:?} is neither \"client: NAME\", \"> ...\", \">> ...\", \"< ...\", \"<< ...\", \"closed\" nor a comment"
            )),
        }
    }
}

/// A message with its CR, unless it has a terminator of its own.
fn ended(mut pieces: Vec<Piece>) -> Vec<Piece> {
    match pieces.last_mut() {
        Some(Piece::Bytes(bytes)) if bytes.ends_with(b"\r") || bytes.ends_with(b"\n") => {}
        Some(Piece::Bytes(bytes)) => bytes.push(b'\r'),
        _ => pieces.push(Piece::Bytes(b"\r".to_vec())),
    }
    pieces
}

fn pieces(mut text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut bytes = Vec::new();
    while let Some(first) = text.chars().next() {
        let special = [("{now}", Piece::Now), ("{utc}", Piece::Utc), ("{az}", Piece::Az)]
            .into_iter()
            .find(|(mark, _)| text.starts_with(mark));
        if let Some((mark, piece)) = special {
            if !bytes.is_empty() {
                pieces.push(Piece::Bytes(std::mem::take(&mut bytes)));
            }
            pieces.push(piece);
            text = &text[mark.len()..];
        } else if first == '\\' {
            let (byte, length) = escape(text)?;
            bytes.push(byte);
            text = &text[length..];
        } else {
            let length = first.len_utf8();
            bytes.extend_from_slice(&text.as_bytes()[..length]);
            text = &text[length..];
        }
    }
    if !bytes.is_empty() {
        pieces.push(Piece::Bytes(bytes));
    }
    Ok(pieces)
}

/// The byte that an escape stands for, and the escape's length.
fn escape(text: &str) -> Result<(u8, usize), String> {
    match text.as_bytes() {
        [_, b'r', ..] => Ok((b'\r', 2)),
        [_, b'n', ..] => Ok((b'\n', 2)),
        [_, b'\\', ..] => Ok((b'\\', 2)),
        [_, b'x', high, low, ..] => {
            let digits = [*high, *low];
            let digits = std::str::from_utf8(&digits).map_err(|_| "\\x needs two hexadecimal digits")?;
            let byte = u8::from_str_radix(digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?;
            Ok((byte, 4))
        }
        _ => Err("a backslash stands before r, n, xNN or another one only".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_marks_are_read() {
        let read = pieces("a\\r\\n\\x00\\\\{now}é{az}").unwrap();
        assert_eq!(
            read,
            [Piece::Bytes(b"a\r\n\0\\".to_vec()), Piece::Now, Piece::Bytes("é".as_bytes().to_vec()), Piece::Az]
        );
        assert!(pieces("\\q").is_err() && pieces("\\xg0").is_err() && pieces("\\").is_err());
    }

    #[test]
    fn a_message_ends_in_a_cr_unless_it_says_otherwise() {
        let text = "client: catalogue\n> 99\n> 99\\r\\n\n>\n>> 99\n< 94{az}\n< 94\\r\\n\n<< login:\\x20\n";
        let script = Script::parse("trial.sip2", text).unwrap();
        let said = |bytes: &[u8]| vec![Piece::Bytes(bytes.to_vec())];
        let steps: Vec<&Step> = script.lines.iter().skip(1).map(|line| &line.step).collect();
        let [Step::Send(usual), Step::Send(crlf), Step::Send(empty), Step::Send(part), answers @ ..] = &steps[..]
        else {
            panic!("{steps:?}")
        };
        let sent = [usual, crlf, empty, part];
        assert_eq!(sent.map(Clone::clone), [said(b"99\r"), said(b"99\r\n"), said(b"\r"), said(b"99")]);
        let [Step::Expect(usual), Step::Expect(crlf), Step::Bytes(prompt)] = answers else { panic!("{steps:?}") };
        assert_eq!(usual[1..], [Piece::Az, Piece::Bytes(b"\r".to_vec())]);
        assert_eq!([crlf, prompt].map(Clone::clone), [said(b"94\r\n"), said(b"login: ")]);
    }

    #[test]
    fn a_line_that_is_nothing_is_an_error_with_its_place() {
        for line in [">99", "=> 99", "<<", ">>> 99"] {
            let error = Script::parse("trial.sip2", &format!("# trial\nclient: catalogue\n{line}\n")).unwrap_err();
            assert!(error.starts_with("trial.sip2:3: "), "{error}");
        }
        assert!(Script::parse("trial.sip2", "> 99\n").is_err());
    }
}
