//! What may be seen of a message: no password and no PIN, even where the delimiter is another one than was said.

use std::borrow::Cow;

use sip2::{Dialect, Entry, FieldId, Frame, Parts};

/// What stands for a secret.
pub const MASK: &str = "****";
/// The fields that hold secrets: of the terminal, the patron and the login.
const SECRET_IDS: [&str; 3] = ["AC", "AD", "CO"];
/// Punctuation that stands in names and addresses and so tells nothing of a delimiter.
const OF_TEXT: &str = "'-.,/&()@:";
/// The most characters shown of what is not SIP2.
const LONGEST_EXCERPT: usize = 80;

/// Knows the secrets of this run, and lets none of them be seen.
pub struct Discretion<'a> {
    /// Whoever typed the card number may see it, though it contain the PIN.
    card: Option<&'a str>,
    secrets: [&'a str; 2],
}

impl<'a> Discretion<'a> {
    /// Keeps these secrets.
    pub const fn new(card: Option<&'a str>, secrets: [&'a str; 2]) -> Self {
        Self { card, secrets }
    }

    /// A message field by field, a line each; one line only of what can't be told apart.
    pub fn decoded(&self, frame: &Frame, dialect: &Dialect) -> Vec<String> {
        let Ok(parts) = Parts::of(frame, dialect) else {
            return vec![self.excerpt(frame.as_bytes())];
        };
        let command = frame.command().unwrap_or_default().map(char::from);
        let mut lines = vec![format!("{} {}", String::from_iter(command), parts.title())];
        // A fixed part that runs over a delimiter of another kind ends anywhere, even in the middle of a PIN.
        let cut = |entry: &Entry<'_>| {
            entry.id.is_none()
                && entry.text.contains(|letter: char| "+*-.".find(letter).is_none() && letter.is_ascii_punctuation())
        };
        if parts.entries().any(|entry| cut(&entry)) {
            lines.push(format!(
                "    not shown: it seems to have another delimiter than {}",
                char::from(dialect.delimiter.byte())
            ));
            return lines;
        }
        let entries: Vec<_> = parts.entries().collect();
        let hides = entries.iter().any(|entry| self.value(entry) != entry.text);
        lines.extend(entries.iter().map(|entry| {
            let id = entry.id.map_or_else(|| "  ".to_owned(), |id| id.to_string());
            let value = match entry.id {
                // A checksum tells the sum of the digits of what is hidden.
                Some(FieldId::CHECKSUM) if hides => Cow::Borrowed(MASK),
                _ => self.value(entry),
            };
            format!("    {id} {:<24} {value}", entry.name)
        }));
        lines
    }

    /// A message or an expectation in one line, as it stands.
    pub fn line(&self, text: &str, dialect: &Dialect) -> String {
        let delimiter = char::from(dialect.delimiter.byte());
        let fields = text.split(delimiter).enumerate().map(|(number, field)| {
            // The first field stands behind the fixed part, and nothing tells where.
            let secret = SECRET_IDS.iter().filter_map(|id| field.find(id)).filter(|at| number == 0 || *at == 0).min();
            match secret.and_then(|at| field.split_at_checked(at + 2)) {
                Some((before, value)) if !value.is_empty() => Cow::Owned(format!("{before}{MASK}")),
                _ if self.card.is_some() && field.strip_prefix("AA") == self.card => Cow::Borrowed(field),
                _ => self.text(field),
            }
        });
        let line = fields.collect::<Vec<_>>().join(&delimiter.to_string());
        match line.rsplit_once("AZ") {
            Some((before, _)) if line != text => format!("{before}AZ{MASK}"),
            _ => line,
        }
    }

    /// The beginning of what is not SIP2; nothing of what could be a message with another delimiter.
    pub fn excerpt(&self, bytes: &[u8]) -> String {
        if let [b'0'..=b'9', b'0'..=b'9', ..] = bytes {
            return "a message that SIP2 does not know, or cut short".to_owned();
        }
        let said = String::from_utf8_lossy(bytes);
        let masked = self.text(&said);
        let excerpt: String = masked.chars().take(LONGEST_EXCERPT).collect();
        format!("not SIP2: {}", excerpt.escape_debug())
    }

    fn value<'e>(&self, entry: &'e Entry<'_>) -> Cow<'e, str> {
        match entry.id {
            _ if entry.is_secret() && !entry.text.is_empty() => Cow::Borrowed(MASK),
            Some(FieldId::PATRON_IDENTIFIER) if Some(&*entry.text) == self.card => Cow::Borrowed(&entry.text),
            None => Cow::Borrowed(&entry.text),
            Some(_) => self.text(&entry.text),
        }
    }

    /// A text without the secrets that are known, and without what looks like the field of one behind any delimiter.
    /// A value that holds a secret is masked whole: what was left could tell the rest.
    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret)) {
            return Cow::Borrowed(MASK);
        }
        let delimits =
            |before: &str| before.ends_with(|last: char| last.is_ascii_punctuation() && !OF_TEXT.contains(last));
        let fields = SECRET_IDS.iter().flat_map(|id| text.match_indices(id));
        let secret = fields.map(|(at, _)| at).filter(|at| text.get(..*at).is_some_and(delimits)).min();
        match secret.and_then(|at| text.get(..at + 2)) {
            Some(before) => Cow::Owned(format!("{before}{MASK}")),
            None => Cow::Borrowed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Discretion<'static> = Discretion::new(Some("1000201"), ["0201", "secret"]);

    fn decoded(bytes: &'static [u8]) -> String {
        KNOWN.decoded(&Frame::new(bytes.into()), &Dialect::default()).join("\n")
    }

    #[test]
    fn a_message_is_shown_field_by_field_with_its_secrets_masked() {
        let shown = decoded(b"6300120261123    165126          AOMAIN|AA1000201|AC|AD9999|AY1AZF3A2");
        for line in ["63 Patron Information", "AA patron identifier        1000201", "AD patron password          ****"]
        {
            assert!(shown.contains(line), "{shown}");
        }
        assert!(!shown.contains("9999"), "{shown}");
    }

    #[test]
    fn a_checksum_is_shown_only_where_it_cannot_tell_the_sum_of_a_pin() {
        assert!(!decoded(b"2300120261123    165126AO|AA1|AC|AD9999|AY1AZF3A2").contains("F3A2"));
        assert!(decoded(b"2300120261123    165126AO|AA1|AC|AD|AY1AZF3A2").contains("F3A2"));
    }

    #[test]
    fn no_pin_is_shown_where_the_delimiter_is_another_one() {
        for misread in [
            &b"6300120261123    165126          AOMAIN^AA1000201^AC^AD9999^AY1AZF3A2"[..],
            b"9300CNsip^CO9999^CPx^",
            b"6300120261123    165126AOMAIN^AA1000201^AD9999^AY1AZF3A2",
            b"6300120261123    165126AO^AA100^AD9999^",
            b"2399AD9999",
        ] {
            assert!(!decoded(misread).contains("99^") && !decoded(misread).contains("9999"), "{}", decoded(misread));
        }
    }

    #[test]
    fn a_known_secret_is_shown_in_no_value_of_any_answer() {
        let shown = decoded(b"941AF0201 is wrong|AGsecret|AEHallpass|");
        assert!(!shown.contains("0201") && !shown.contains("secret") && shown.contains("Hallpass"), "{shown}");
        assert_eq!(decoded(b"HTTP/1.1 400 no secret here"), "not SIP2: ****");
    }

    #[test]
    fn what_is_not_sip2_is_shown_in_part_and_harmless_to_a_terminal() {
        assert_eq!(decoded(b"\x1B[2JHTTP/1.1 400 Bad Request"), "not SIP2: \\u{1b}[2JHTTP/1.1 400 Bad Request");
        assert!(KNOWN.excerpt(&[b'x'; 500]).len() < 100);
    }

    #[test]
    fn a_line_keeps_its_fields_and_loses_its_secrets() {
        let line = |text| KNOWN.line(text, &Dialect::default());
        assert_eq!(line("64YY{now}AOMAIN|AA1000201|AD9999|AY1AZF3A2"), "64YY{now}AOMAIN|AA1000201|AD****|AY1AZ****");
        assert_eq!(line("64YY{now}AOMAIN|AA1000201|AD|AY1AZ{az}"), "64YY{now}AOMAIN|AA1000201|AD|AY1AZ{az}");
        assert_eq!(line("36YAD9999|AEDANA-CORA ADA|AD|..."), "36YAD****|AEDANA-CORA ADA|AD|...");
        assert_eq!(line("64AO^AD9999^AFx"), "64AO^AD****");
        assert_eq!(line("98Y|AFthe PIN 0201|"), "98Y|****|");
    }
}
