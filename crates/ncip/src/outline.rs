//! A message for people: its elements, one a line, with what they say and without their secrets.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::error::ReadError;
use crate::{charset, limits, reader};

/// What stands for a secret.
const MASK: &str = "****";
/// The elements that hold secrets. `ProblemValue` is where Koha's server puts the PIN that it was sent.
const SECRETS: [&str; 4] =
    ["AuthenticationInputData", "FromAgencyAuthentication", "FromSystemAuthentication", "ProblemValue"];

/// An element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In how many elements it stands; the root in none.
    pub depth: usize,
    /// Its local name.
    pub name: String,
    /// The text in it, without the blanks around it; a secret is masked.
    pub text: String,
}

/// The elements of a message, in order; scheme and value of version 1 as two.
///
/// # Errors
///
/// Bytes that are no NCIP message, or more than a message may be.
pub fn outline(bytes: &[u8]) -> Result<Vec<Line>, ReadError> {
    if bytes.len() > limits::MESSAGE {
        return Err(ReadError::TooLarge);
    }
    let text = charset::decode(bytes)?;
    // Whatever the policy refuses is not shown either.
    reader::read(&text)?;
    let mut reader = Reader::from_str(&text);
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|_| ReadError::NotWellFormed)?;
        let said = match event {
            Event::Eof => break,
            Event::Start(start) => {
                lines.push(line(&start, open.len()));
                open.push(lines.len() - 1);
                continue;
            }
            Event::Empty(start) => {
                lines.push(line(&start, open.len()));
                continue;
            }
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Text(text) => text.into_inner().into_owned(),
            Event::CData(text) => text.into_inner().into_owned(),
            Event::GeneralRef(name) => reader::resolve(&name).map(String::from).unwrap_or_default(),
            _ => continue,
        };
        if let Some(line) = open.last().and_then(|at| lines.get_mut(*at)) {
            line.text.push_str(&said);
        }
    }
    for line in &mut lines {
        let said = line.text.trim_ascii();
        let secret = SECRETS.contains(&line.name.as_str()) && !said.is_empty();
        line.text = if secret { MASK.to_owned() } else { said.to_owned() };
    }
    Ok(lines)
}

fn line(start: &BytesStart<'_>, depth: usize) -> Line {
    Line { depth, name: start.local_name().as_ref().to_owned(), text: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_told_in_order_and_secrets_are_not() {
        let text = "<n:NCIPMessage><n:Value> A&amp;<![CDATA[<]]>1 </n:Value>\n<Ext/><AuthenticationInput>\
                    <AuthenticationInputData>0201</AuthenticationInputData></AuthenticationInput>\
                    <ProblemValue>0201</ProblemValue><FromAgencyAuthentication/></n:NCIPMessage>";
        let lines = outline(text.as_bytes()).unwrap();
        let told: Vec<String> =
            lines.iter().map(|line| format!("{} {} {}", line.depth, line.name, line.text)).collect();
        assert_eq!(
            told,
            [
                "0 NCIPMessage ",
                "1 Value A&<1",
                "1 Ext ",
                "1 AuthenticationInput ",
                "2 AuthenticationInputData ****",
                "1 ProblemValue ****",
                "1 FromAgencyAuthentication ",
            ]
        );
        assert_eq!(outline(b"<html/>"), Err(ReadError::NotNcip));
    }
}
