//! The two character sets that districts export in.

use std::io::{self, Read};

/// How a file's letters are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8. A row that is not is undecodable.
    #[default]
    Utf8,
    /// windows-1252. Every byte is a letter in it, so that nothing tells if it is wrong.
    Windows1252,
}

/// The letters of the bytes 80 to 9F (Encoding Standard, index windows-1252). The others are Latin-1's: their own number.
const EIGHTIES_AND_NINETIES: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2C6}', '\u{2030}',
    '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}',
    '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}',
    '\u{17E}', '\u{178}',
];

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Reads windows-1252 as UTF-8.
pub(super) struct Decoded<R> {
    read: R,
    raw: Vec<u8>,
    /// What was decoded, and how much of it was given.
    text: Vec<u8>,
    given: usize,
}

impl<R: Read> Decoded<R> {
    pub fn new(read: R) -> Self {
        Self { read, raw: vec![0; CHUNK], text: Vec::new(), given: 0 }
    }

    fn decode(&mut self) -> io::Result<()> {
        let read = self.read.read(&mut self.raw)?;
        let raw = self.raw.get(..read).unwrap_or_default();
        self.text.clear();
        self.given = 0;
        if raw.is_ascii() {
            self.text.extend_from_slice(raw);
            return Ok(());
        }
        for byte in raw {
            let high = byte.checked_sub(0x80).and_then(|at| EIGHTIES_AND_NINETIES.get(usize::from(at)));
            let letter = high.copied().unwrap_or(char::from(*byte));
            self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.decode()?;
        }
        let read = self.text.get(self.given..).unwrap_or_default().read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_windows_1252_is_read_even_through_a_small_buffer() {
        let mut decoded = Decoded::new(&b"Zo\xeb \x80 O\x92Brien \x9f\xff"[..]);
        let mut text = Vec::new();
        let mut buffer = [0; 2];
        while let read @ 1.. = decoded.read(&mut buffer).unwrap() {
            text.extend(&buffer[..read]);
        }
        assert_eq!(String::from_utf8(text).unwrap(), "Zoë € O’Brien Ÿÿ");
    }
}
