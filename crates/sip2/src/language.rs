//! The language of a patron.

use bytes::BytesMut;

use crate::fixed::{Fixed, Number};

/// A language in three digits: 000 not known, 001 English, 002 French, 008 Spanish, and so on. SIP2 2.00, "Language".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Language(u16);

impl Language {
    /// Not known, or not told.
    pub const UNKNOWN: Self = Self(0);
    /// English.
    pub const ENGLISH: Self = Self(1);
    /// Spanish.
    pub const SPANISH: Self = Self(8);

    /// A language of this number; above 999 [`Language::UNKNOWN`].
    pub const fn new(number: u16) -> Self {
        if number <= 999 { Self(number) } else { Self::UNKNOWN }
    }

    /// The number, 0 to 999.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// What is not digits is not known.
impl Fixed for Language {
    const WIDTH: usize = 3;

    fn read(bytes: &[u8]) -> Self {
        Self(Number::<3>::read(bytes).value().unwrap_or_default())
    }

    fn write(&self, out: &mut BytesMut) {
        Number::<3>::new(self.0).write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_is_not_digits_is_not_known() {
        assert_eq!(Language::read(b"eng"), Language::UNKNOWN);
        assert_eq!(Language::read(b"   "), Language::UNKNOWN);
        assert_eq!(Language::read(b"008"), Language::SPANISH);
    }

    #[test]
    fn a_language_is_three_digits() {
        let mut out = BytesMut::new();
        Language::ENGLISH.write(&mut out);
        assert_eq!(&out[..], b"001");
    }
}
