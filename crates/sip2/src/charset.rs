//! Character sets: what a peer's bytes mean, and how to say a name in them.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use deunicode::deunicode_char;

/// The character set of a peer. SIP2 2.00 names code page 850 and leaves others to agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// What most systems of today send.
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// The code page of the MS-DOS of western Europe, and of the standard.
    Cp850,
    /// Seven bits, for clients that can't be trusted with more. Read as [`Charset::Utf8`].
    Ascii,
}

/// How one character is said in a character set.
pub(crate) enum Spelling {
    Byte(u8),
    Utf8(char),
    /// It has no place there: its nearest ASCII.
    Transliterated(&'static str),
}

impl Charset {
    /// The text that a peer's bytes mean. Borrows what is plain ASCII or UTF-8.
    ///
    /// Never fails: bytes that are not UTF-8 where they should be are read as Latin-1. A replacement character
    /// would make one PIN of many. Control characters are left out (some systems send them within fields).
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        if bytes.is_ascii()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return without_controls(Cow::Borrowed(text));
        }
        without_controls(match (self, std::str::from_utf8(bytes)) {
            (Self::Utf8 | Self::Ascii, Ok(text)) => Cow::Borrowed(text),
            (Self::Cp850, _) => Cow::Owned(bytes.iter().copied().map(from_cp850).collect()),
            _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        })
    }

    /// Appends a text. What can't be said is transliterated (`ł` becomes `l`, `北` becomes `Bei`), and a
    /// control character becomes a blank: no text can end a message early.
    pub fn encode(self, text: &str, out: &mut BytesMut) {
        for character in text.chars() {
            match self.spell(character) {
                Spelling::Byte(byte) => out.put_u8(byte),
                Spelling::Utf8(character) => out.put_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                Spelling::Transliterated(ascii) => out.extend(displayable(ascii)),
            }
        }
    }

    pub(crate) fn spell(self, character: char) -> Spelling {
        if character.is_control() {
            return Spelling::Byte(b' ');
        }
        if character.is_ascii() {
            return Spelling::Byte(character as u8);
        }
        let byte = match self {
            Self::Utf8 => return Spelling::Utf8(character),
            Self::Latin1 => u8::try_from(u32::from(character)).ok(),
            Self::Cp850 => to_cp850(character),
            Self::Ascii => None,
        };
        match byte {
            Some(byte) => Spelling::Byte(byte),
            None => Spelling::Transliterated(deunicode_char(character).unwrap_or("?")),
        }
    }

    /// The sum of the text's code points, as some count for a checksum; `None` where the bytes are not text.
    pub(crate) fn code_point_sum(self, bytes: &[u8]) -> Option<u16> {
        let add = |sum: u16, character: char| sum.wrapping_add(u32::from(character) as u16);
        match self {
            Self::Utf8 | Self::Ascii => Some(std::str::from_utf8(bytes).ok()?.chars().fold(0, add)),
            Self::Latin1 => Some(bytes.iter().copied().map(char::from).fold(0, add)),
            Self::Cp850 => Some(bytes.iter().copied().map(from_cp850).fold(0, add)),
        }
    }
}

/// The part of a transliteration that may be sent: deunicode gives line ends for some characters.
pub(crate) fn displayable(ascii: &str) -> impl Iterator<Item = u8> {
    ascii.bytes().filter(|byte| matches!(byte, b' '..=b'~'))
}

fn without_controls(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().filter(|character| !character.is_control()).collect())
    } else {
        text
    }
}

/// The upper half of code page 850, from 0x80.
const CP850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', // 0x80
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ', // 0x90
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»', // 0xA0
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐', // 0xB0
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤', // 0xC0
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀', // 0xD0
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´', // 0xE0
    '\u{AD}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{A0}', // 0xF0
];

fn from_cp850(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|at| CP850.get(usize::from(at))).copied().unwrap_or(char::from(byte))
}

fn to_cp850(character: char) -> Option<u8> {
    let at = CP850.iter().position(|candidate| *candidate == character)?;
    u8::try_from(at + 0x80).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(charset: Charset, text: &str) -> Vec<u8> {
        let mut out = BytesMut::new();
        charset.encode(text, &mut out);
        out.to_vec()
    }

    #[test]
    fn says_the_same_name_in_each_character_set() {
        assert_eq!(encoded(Charset::Utf8, "Zoë Łuń"), "Zoë Łuń".as_bytes());
        assert_eq!(encoded(Charset::Latin1, "Zoë Łuń"), b"Zo\xEB Lun");
        assert_eq!(encoded(Charset::Cp850, "Zoë Łuń"), b"Zo\x89 Lun");
        assert_eq!(encoded(Charset::Ascii, "Zoë Łuń"), b"Zoe Lun");
    }

    #[test]
    fn reads_the_same_name_in_each_character_set() {
        assert_eq!(Charset::Utf8.decode("Zoë".as_bytes()), "Zoë");
        assert_eq!(Charset::Latin1.decode(b"Zo\xEB"), "Zoë");
        assert_eq!(Charset::Cp850.decode(b"Zo\x89"), "Zoë");
    }

    #[test]
    fn borrows_what_is_ascii() {
        for charset in [Charset::Utf8, Charset::Latin1, Charset::Cp850, Charset::Ascii] {
            assert!(matches!(charset.decode(b"AA1001"), Cow::Borrowed("AA1001")));
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_stay_different_from_each_other() {
        assert_eq!(Charset::Utf8.decode(b"pin\xE9"), "piné");
        assert_eq!(Charset::Ascii.decode(b"pin\xE8"), "pinè");
    }

    #[test]
    fn quirk_18_every_character_can_be_said_to_every_client() {
        assert_eq!(encoded(Charset::Ascii, "北"), b"Bei ");
        assert_eq!(encoded(Charset::Ascii, "\u{10FFFF}"), b"?");
        for character in (0..=0x10_FFFF_u32).filter_map(char::from_u32) {
            let bytes = encoded(Charset::Ascii, character.encode_utf8(&mut [0; 4]));
            assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~')), "{character:?} gave {bytes:?}");
        }
    }

    #[test]
    fn no_control_character_goes_in_or_out() {
        assert_eq!(encoded(Charset::Latin1, "a\r\n\0\u{85}b"), b"a    b");
        assert_eq!(Charset::Utf8.decode(b"2010\x1B0412\x00"), "20100412");
    }
}
