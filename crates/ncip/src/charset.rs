//! Bytes to text: UTF-8, UTF-16 with a byte order mark, ISO-8859-1 and windows-1252 (reference/ncip.md, quirk 12).

use std::ops::Deref;

use zeroize::Zeroizing;

use crate::error::ReadError;

/// How far the XML declaration is looked for.
const DECLARATION: usize = 256;
/// What windows-1252 has at 0x80 to 0x9F; U+0081 and its like are left as ISO-8859-1 has them.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A message's text: as it lies in the bytes, or made from them and wiped when dropped.
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Made(Zeroizing<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

/// The text of a message, without a byte order mark and blanks before it.
pub(crate) fn decode(bytes: &[u8]) -> Result<Text<'_>, ReadError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf_8(rest),
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        _ => match declared(bytes.trim_ascii_start()) {
            None => utf_8(bytes),
            Some(name) => {
                let is = |names: &[&str]| names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
                if is(&["utf-8", "utf8", "us-ascii", "ascii"]) {
                    utf_8(bytes)
                } else if is(&["windows-1252", "cp1252", "iso-8859-1", "latin1"]) {
                    // Who says ISO-8859-1 and sends 0x80 to 0x9F means windows-1252, as browsers know.
                    Ok(windows_1252(bytes))
                } else {
                    Err(ReadError::Charset)
                }
            }
        },
    }
}

fn utf_8(bytes: &[u8]) -> Result<Text<'_>, ReadError> {
    std::str::from_utf8(bytes).map(|text| Text::Borrowed(text.trim_ascii_start())).map_err(|_| ReadError::Charset)
}

fn windows_1252(bytes: &[u8]) -> Text<'_> {
    let character = |byte: &u8| match byte {
        0x80..=0x9F => WINDOWS.get(usize::from(byte - 0x80)).copied().unwrap_or_default(),
        _ => char::from(*byte),
    };
    // Three bytes are the most that one becomes: nothing is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 3));
    text.extend(bytes.trim_ascii_start().iter().map(character));
    Text::Made(text)
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Text<'_>, ReadError> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return Err(ReadError::Charset) };
    let mut text = Zeroizing::new(String::with_capacity(pairs.len() * 3));
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = character.map_err(|_| ReadError::Charset)?;
        if !(text.is_empty() && character.is_ascii_whitespace()) {
            text.push(character);
        }
    }
    Ok(Text::Made(text))
}

/// The encoding that an XML declaration names, with blanks around `=` as Aleph writes them.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let rest = rest.get(..rest.len().min(DECLARATION))?;
    let end = rest.windows(2).position(|two| two == b"?>")?;
    let rest = rest.get(..end)?;
    let at = rest.windows(8).position(|eight| eight == b"encoding")?;
    let rest = rest.get(at + 8..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    rest.split(|byte| byte == quote).next().filter(|_| matches!(quote, b'"' | b'\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, ReadError> {
        decode(bytes).map(|text| text.to_string())
    }

    #[test]
    fn quirk_12_all_the_charsets_that_are_sent_are_read() {
        let utf_16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
            [mark, &"\n<a>é😀</a>".encode_utf16().flat_map(unit).collect::<Vec<u8>>()].concat()
        };
        assert_eq!(text(&utf_16(b"\xFE\xFF", u16::to_be_bytes)).unwrap(), "<a>é😀</a>");
        assert_eq!(text(&utf_16(b"\xFF\xFE", u16::to_le_bytes)).unwrap(), "<a>é😀</a>");
        assert_eq!(text(b"\xEF\xBB\xBF<a>\xC3\xA9</a>").unwrap(), "<a>é</a>");
        for name in ["windows-1252", "ISO-8859-1"] {
            let sent =
                [format!("<?xml version = '1.0' encoding = '{name}'?>").as_bytes(), b"<a>\xE9\x80\x9F</a>"].concat();
            assert!(text(&sent).unwrap().ends_with("<a>é€Ÿ</a>"), "{name}");
        }
    }

    #[test]
    fn other_charsets_and_broken_bytes_are_refused() {
        for bytes in [
            &b"<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>"[..],
            b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
            b"<a>\xE9</a>",
            b"\xFE\xFF\x00<\x00",
            b"\xFE\xFF\xD8\x00\x00<",
        ] {
            assert_eq!(text(bytes), Err(ReadError::Charset), "{bytes:?}");
        }
    }
}
