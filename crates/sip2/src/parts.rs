//! A frame taken apart: which message it is, its fixed part, its fields.

use std::borrow::Cow;
use std::fmt;

use crate::charset::Charset;
use crate::checksum::Found;
use crate::dialect::Dialect;
use crate::error::DecodeError;
use crate::field::Fields;
use crate::field_id::FieldId;
use crate::frame::Frame;
use crate::layout::Layout;
use crate::message::layout_of;

/// A frame taken apart without being understood: enough to show it to a person, or to make a
/// [`Request`](crate::Request) or [`Response`](crate::Response) of it.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    layout: &'static Layout,
    fixed: &'a [u8],
    fields: Fields<'a>,
    trailer: &'a [u8],
    charset: Charset,
}

/// One part of a message as a person may read it: a piece of the fixed part, an id'd field, or AY or AZ.
///
/// Its `Debug` leaves the text out.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The id of a field; `None` in the fixed part.
    pub id: Option<FieldId>,
    /// What it is called: "transaction date", "personal name".
    pub name: Cow<'static, str>,
    /// What it says. To be masked where [`Entry::is_secret`].
    pub text: Cow<'a, str>,
}

impl<'a> Parts<'a> {
    /// Takes a request or response apart.
    ///
    /// A fixed part that breaks off is filled up with what is unknown where no required field can come after it
    /// (99, 97, 93's answer); elsewhere a delimiter within the fixed part, or an end before its own, is an error.
    ///
    /// # Errors
    /// All of [`DecodeError`].
    pub fn of(frame: &'a Frame, dialect: &Dialect) -> Result<Self, DecodeError> {
        let layout = frame.command().and_then(layout_of).ok_or(DecodeError::UnknownCommand)?;
        let bytes = frame.as_bytes();
        let delimiter = dialect.delimiter.byte();
        let end = Found::at_end_of(bytes, delimiter).map_or(bytes.len(), |trailer| trailer.start);
        let (message, trailer) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        let body = message.get(2..).unwrap_or_default();

        let whole = body.split_at_checked(layout.fixed_width()).filter(|(fixed, _)| !fixed.contains(&delimiter));
        let (fixed, fields) = match whole {
            Some(split) => split,
            None if layout.may_be_short() => {
                let end = body.iter().position(|byte| *byte == delimiter).unwrap_or(body.len());
                body.split_at_checked(end).unwrap_or_default()
            }
            None => return Err(DecodeError::UnreadableFixedPart),
        };
        Ok(Self { layout, fixed, fields: Fields::within(fields, dialect)?, trailer, charset: dialect.charset })
    }

    /// The layout of the message that this is.
    pub const fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// The title of the message in the standard: "Patron Information Response".
    pub const fn title(&self) -> &'static str {
        self.layout.title
    }

    /// The id'd fields, AY and AZ apart.
    pub const fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    /// The fields that the standard requires and this message lacks.
    pub fn missing(&self) -> impl Iterator<Item = FieldId> {
        let rules = self.layout.fields.iter();
        rules.filter(|rule| rule.required && self.fields.find(rule.id).is_none()).map(|rule| rule.id)
    }

    /// Every part in the order of the message, named: the fixed part, the fields, AY and AZ.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> {
        let charset = self.charset;
        let mut rest = self.fixed;
        let fixed = self.layout.fixed.iter().map_while(move |part| {
            let bytes = rest.split_off(..part.width.min(rest.len())).filter(|bytes| !bytes.is_empty())?;
            let name = part.name.replace('_', " ").into();
            Some(Entry { id: None, name, text: charset.decode(bytes) })
        });
        let field =
            move |id: FieldId, value| Entry { id: Some(id), name: id.title().into(), text: charset.decode(value) };
        fixed
            .chain(self.fields.iter().map(move |it| field(it.id, it.value)))
            .chain(trailer_fields(self.trailer).into_iter().flatten().map(move |(id, value)| field(id, value)))
    }

    pub(crate) const fn fixed_bytes(&self) -> &'a [u8] {
        self.fixed
    }

    pub(crate) const fn charset(&self) -> Charset {
        self.charset
    }
}

/// AY and AZ, which no delimiter parts.
fn trailer_fields(trailer: &[u8]) -> [Option<(FieldId, &[u8])>; 2] {
    let at = trailer.windows(2).position(|pair| pair == b"AZ").unwrap_or(trailer.len());
    let (sequence, checksum) = trailer.split_at_checked(at).unwrap_or_default();
    [
        sequence.strip_prefix(b"AY").map(|value| (FieldId::SEQUENCE_NUMBER, value)),
        checksum.strip_prefix(b"AZ").map(|value| (FieldId::CHECKSUM, value)),
    ]
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.layout.title, self.fields)
    }
}

impl Entry<'_> {
    /// Whether the text is a password or PIN, and must not be shown.
    pub fn is_secret(&self) -> bool {
        self.id.is_some_and(FieldId::is_secret)
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn entries(frame: &'static [u8]) -> Vec<(String, String)> {
        let frame = Frame::new(Bytes::from_static(frame));
        let parts = Parts::of(&frame, &Dialect::default()).expect("a message");
        parts.entries().map(|entry| (entry.name.into_owned(), entry.text.into_owned())).collect()
    }

    fn refused(frame: &'static [u8]) -> Option<DecodeError> {
        Parts::of(&Frame::new(Bytes::from_static(frame)), &Dialect::default()).err()
    }

    #[test]
    fn names_every_part_of_a_message() {
        let named = [
            ("language", "001"),
            ("transaction date", "20261123    165126"),
            ("institution id", "MAIN"),
            ("patron identifier", "1001"),
            ("terminal password", ""),
            ("patron password", "1234"),
            ("sequence number", "1"),
            ("checksum", "F3A2"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(entries(b"2300120261123    165126AOMAIN|AA1001|AC|AD1234|AY1AZF3A2"), named);
    }

    #[test]
    fn marks_passwords() {
        let frame = Frame::new(Bytes::from_static(b"9300CNsip|COsecret|CPx|"));
        let parts = Parts::of(&frame, &Dialect::default()).expect("a message");
        let secret: Vec<_> = parts.entries().filter(Entry::is_secret).map(|entry| entry.text).collect();
        assert_eq!(secret, ["secret"]);
    }

    #[test]
    fn tells_apart_what_to_ignore_and_what_to_ask_for_again() {
        for unknown in [&b""[..], b"6", b"42AO|", b"login: ", b"\xC3\xA9"] {
            assert_eq!(refused(unknown), Some(DecodeError::UnknownCommand));
        }
        for unreadable in [&b"63"[..], b"63001", b"6300120261123|AOMAIN|AA1001|AD1234|", b"35AOMAIN|AA1001|"] {
            assert_eq!(refused(unreadable), Some(DecodeError::UnreadableFixedPart));
        }
    }

    #[test]
    fn quirk_4_a_fixed_part_without_fields_may_be_short_or_end_in_a_delimiter() {
        let status = ("status code".to_owned(), "0".to_owned());
        let width = ("max print width".to_owned(), "000".to_owned());
        let version = ("protocol version".to_owned(), "2.00".to_owned());
        assert_eq!(entries(b"9900002.00|"), [status.clone(), width.clone(), version]);
        assert_eq!(entries(b"990000"), [status.clone(), width.clone()]);
        assert_eq!(entries(b"990000|"), [status, width]);
    }

    #[test]
    fn says_which_required_fields_are_missing() {
        let frame = Frame::new(Bytes::from_static(b"2300020261123    165124AA1001|"));
        let parts = Parts::of(&frame, &Dialect::default()).expect("a message");
        let missing: Vec<_> = parts.missing().collect();
        assert_eq!(missing, [FieldId::INSTITUTION_ID, FieldId::TERMINAL_PASSWORD, FieldId::PATRON_PASSWORD]);
    }

    #[test]
    fn debug_shows_no_value() {
        let frame = Frame::new(Bytes::from_static(b"9300CNsip|COsecret|CPx|"));
        let parts = Parts::of(&frame, &Dialect::default()).expect("a message");
        assert_eq!(format!("{parts:?} {:?}", parts.entries().last()), "Login [CN, CO, CP] Some(location code)");
    }
}
