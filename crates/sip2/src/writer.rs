//! Values onto the wire, so that no value can break a message.

use bytes::{BufMut, BytesMut};

use crate::charset::{Charset, Spelling, displayable};
use crate::dialect::Dialect;
use crate::field_id::FieldId;

/// The most characters of one value. SIP2 2.00, "Variable-length fields".
const LONGEST_VALUE: usize = 255;

/// Appends one message to a buffer.
pub(crate) struct Writer<'b> {
    pub(crate) out: &'b mut BytesMut,
    dialect: &'b Dialect,
    /// Whether free text must not spell an answer; see [`Writer::text`].
    is_response: bool,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(out: &'b mut BytesMut, dialect: &'b Dialect, is_response: bool) -> Self {
        Self { out, dialect, is_response }
    }

    /// Writes a field whose value the caller knows to be plain: a flag, a count, a date.
    pub(crate) fn plain(&mut self, id: FieldId, write: impl FnOnce(&mut BytesMut)) {
        self.out.put_slice(&id.to_bytes());
        write(self.out);
        self.out.put_u8(self.dialect.delimiter.byte());
    }

    /// Writes a field of text.
    ///
    /// A delimiter or a control character in it becomes a blank, since SIP2 has no way to escape them, and what is
    /// beyond 255 characters is cut off. In responses, `BLN` and `CQY` are torn apart by a blank, because Libki
    /// looks for them anywhere in a message to learn whether the patron is valid; the identifiers AA, AB and AO
    /// are left as they are, or they would not identify.
    pub(crate) fn text(&mut self, id: FieldId, value: &str) {
        let start = self.out.len();
        let delimiter = self.dialect.delimiter.byte();
        let guarded = self.is_response && !id.is_identifier();
        self.out.put_slice(&id.to_bytes());
        if value.len() <= LONGEST_VALUE && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != delimiter) {
            self.out.put_slice(value.as_bytes());
            // The id counts too: AB followed by LN is a BLN.
            let written = self.out.get(start..).unwrap_or_default();
            if guarded && written.windows(3).any(|three| three == b"BLN" || three == b"CQY") {
                self.out.truncate(start + 2);
                self.careful_text(value, guarded);
            }
        } else {
            self.careful_text(value, guarded);
        }
        self.out.put_u8(delimiter);
    }

    fn careful_text(&mut self, value: &str, guarded: bool) {
        let Dialect { charset, delimiter, .. } = *self.dialect;
        let mut value_writer = ValueWriter { out: self.out, delimiter: delimiter.byte(), guarded, room: LONGEST_VALUE };
        for character in value.chars() {
            value_writer.character(charset, character);
            if value_writer.room == 0 {
                break;
            }
        }
    }
}

/// Appends one value, character by character.
struct ValueWriter<'b> {
    out: &'b mut BytesMut,
    delimiter: u8,
    guarded: bool,
    room: usize,
}

impl ValueWriter<'_> {
    fn character(&mut self, charset: Charset, character: char) {
        match charset.spell(character) {
            Spelling::Byte(byte) => self.byte(byte),
            Spelling::Utf8(character) => self.put(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Spelling::Transliterated(ascii) => displayable(ascii).for_each(|byte| self.byte(byte)),
        }
    }

    fn byte(&mut self, byte: u8) {
        let would_answer = (byte == b'N' && self.out.ends_with(b"BL")) || (byte == b'Y' && self.out.ends_with(b"CQ"));
        if self.guarded && would_answer {
            self.put(b" ");
        }
        self.put(if byte == self.delimiter { b" " } else { std::slice::from_ref(&byte) });
    }

    fn put(&mut self, character: &[u8]) {
        if let Some(room) = self.room.checked_sub(1) {
            self.room = room;
            self.out.put_slice(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(charset: Charset, id: FieldId, value: &str) -> Vec<u8> {
        let (mut out, dialect) = (BytesMut::new(), Dialect { charset, ..Dialect::default() });
        Writer::new(&mut out, &dialect, true).text(id, value);
        out.to_vec()
    }

    #[test]
    fn a_plain_value_goes_out_as_it_is() {
        assert_eq!(written(Charset::Ascii, FieldId::PERSONAL_NAME, "Lee, Ann"), b"AELee, Ann|");
    }

    #[test]
    fn a_value_cannot_end_its_field_or_its_message() {
        assert_eq!(written(Charset::Utf8, FieldId::PERSONAL_NAME, "Lee|CQ\rY\n"), b"AELee CQ Y |");
    }

    #[test]
    fn a_value_has_at_most_255_characters_whatever_their_bytes() {
        assert_eq!(written(Charset::Ascii, FieldId::PERSONAL_NAME, &"a".repeat(300)).len(), 2 + 255 + 1);
        assert_eq!(written(Charset::Utf8, FieldId::PERSONAL_NAME, &"é".repeat(300)).len(), 2 + 2 * 255 + 1);
        assert_eq!(written(Charset::Ascii, FieldId::PERSONAL_NAME, &"ß".repeat(300)).len(), 2 + 255 + 1);
    }

    #[test]
    fn quirk_22_no_text_spells_the_answer_that_libki_looks_for() {
        assert_eq!(written(Charset::Ascii, FieldId::PERSONAL_NAME, "MCQYEEN, DEBLNA"), b"AEMCQ YEEN, DEBL NA|");
        assert_eq!(written(Charset::Ascii, FieldId::SCREEN_MESSAGE, "CQŸ"), b"AFCQ Y|");
        assert_eq!(written(Charset::Utf8, FieldId::SCREEN_MESSAGE, "é BLN"), "AFé BL N|".as_bytes());
    }

    #[test]
    fn quirk_22_nor_does_the_end_of_an_id_with_its_value() {
        let library_b = "PB".parse().expect("an id");
        assert_eq!(written(Charset::Ascii, library_b, "LN"), b"PBL N|");
    }

    #[test]
    fn quirk_20_an_identifier_is_given_back_as_it_is() {
        assert_eq!(written(Charset::Ascii, FieldId::PATRON_IDENTIFIER, "BLN1"), b"AABLN1|");
    }
}
