//! How a peer speaks, as far as the bytes are concerned.

use crate::charset::Charset;

/// What two ends of a connection must agree on before the first byte, since SIP2 has no way to negotiate it.
///
/// The default is UTF-8 (ASCII for nearly everyone), `|`, CR, and 64 fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The character set of id'd fields, both ways.
    pub charset: Charset,
    /// What ends each id'd field.
    pub delimiter: Delimiter,
    /// What ends each message that we write. Reading takes them all.
    pub terminator: Terminator,
    /// The most id'd fields a message may have before it is taken for an attack.
    pub max_fields: usize,
}

/// The character that ends an id'd field: `|` but for a few sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(u8);

/// What ends a message that we write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Terminator {
    /// Carriage return, as the standard has it.
    #[default]
    Cr,
    /// Carriage return and line feed, for the clients that wait for a line.
    CrLf,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            charset: Charset::Utf8,
            delimiter: Delimiter::default(),
            terminator: Terminator::default(),
            max_fields: 64,
        }
    }
}

impl Delimiter {
    /// A delimiter of one ASCII punctuation character; `None` for any other, which could be part of an id or a date.
    pub const fn new(byte: u8) -> Option<Self> {
        if byte.is_ascii_punctuation() { Some(Self(byte)) } else { None }
    }

    /// The delimiter as it is on the wire.
    pub const fn byte(self) -> u8 {
        self.0
    }
}

impl Default for Delimiter {
    fn default() -> Self {
        Self(b'|')
    }
}

impl Terminator {
    /// The terminator as it is on the wire.
    pub const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Cr => b"\r",
            Self::CrLf => b"\r\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_punctuation() {
        assert_eq!(Delimiter::new(b'^').map(Delimiter::byte), Some(b'^'));
        for byte in [b'A', b'0', b' ', b'\r', 0, 0xB3] {
            assert_eq!(Delimiter::new(byte), None);
        }
    }
}
