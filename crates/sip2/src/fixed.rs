//! Parts of a message that have a width instead of an id.

use std::fmt;

use bytes::{BufMut, BytesMut};

/// A value of a fixed number of characters. Reading never fails: peers pad, shorten and misuse these parts, and
/// a message is not to be lost over one of them.
pub(crate) trait Fixed: Default {
    /// How many characters it has.
    const WIDTH: usize;

    /// Reads at most `WIDTH` bytes.
    fn read(bytes: &[u8]) -> Self;

    /// Appends `WIDTH` bytes.
    fn write(&self, out: &mut BytesMut);
}

/// `Y` or `N`; what is neither reads as `N`.
impl Fixed for bool {
    const WIDTH: usize = 1;

    fn read(bytes: &[u8]) -> Self {
        matches!(bytes, [b'Y' | b'y', ..])
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_u8(if *self { b'Y' } else { b'N' });
    }
}

/// Whether what was asked for was done: `1` or `0`; what is neither reads as no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted(pub bool);

impl Fixed for Accepted {
    const WIDTH: usize = 1;

    fn read(bytes: &[u8]) -> Self {
        Self(matches!(bytes, [b'1' | b'Y', ..]))
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_u8(if self.0 { b'1' } else { b'0' });
    }
}

/// `Y`, `N` or `U`; what is none of them reads as `U`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YesNoUnknown {
    /// `Y`.
    Yes,
    /// `N`.
    No,
    /// `U`.
    #[default]
    Unknown,
}

impl Fixed for YesNoUnknown {
    const WIDTH: usize = 1;

    fn read(bytes: &[u8]) -> Self {
        match bytes {
            [b'Y', ..] => Self::Yes,
            [b'N', ..] => Self::No,
            _ => Self::Unknown,
        }
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_u8(match self {
            Self::Yes => b'Y',
            Self::No => b'N',
            Self::Unknown => b'U',
        });
    }
}

/// A number of `WIDTH` digits, zero unless set, or blanks where it is not known.
///
/// Blanks among the digits are passed over: some clients pad with them (` 80`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<const WIDTH: usize>(Option<u16>);

impl<const WIDTH: usize> Number<WIDTH> {
    /// All blanks: not known, or not told.
    pub const UNKNOWN: Self = Self(None);

    /// The largest number of so many digits, as far as this type goes.
    const LARGEST: u16 = match WIDTH {
        0 => 0,
        1 => 9,
        2 => 99,
        3 => 999,
        _ => 9999,
    };

    /// A number; one that is too large for the digits is cut to all nines.
    pub const fn new(number: u16) -> Self {
        Self(Some(if number < Self::LARGEST { number } else { Self::LARGEST }))
    }

    /// The number; `None` where it is not known.
    pub const fn value(self) -> Option<u16> {
        self.0
    }
}

impl<const WIDTH: usize> Default for Number<WIDTH> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<const WIDTH: usize> Fixed for Number<WIDTH> {
    const WIDTH: usize = WIDTH;

    fn read(bytes: &[u8]) -> Self {
        let mut digits = bytes.iter().filter(|byte| **byte != b' ').peekable();
        if digits.peek().is_none() {
            return Self::UNKNOWN;
        }
        let number = digits.try_fold(0_u16, |number, byte| {
            byte.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(u16::from(byte - b'0')))
        });
        number.map_or(Self::UNKNOWN, Self::new)
    }

    fn write(&self, out: &mut BytesMut) {
        let mut digits = [b' '; WIDTH];
        if let Some(mut number) = self.0 {
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        out.put_slice(&digits);
    }
}

/// A currency of ISO 4217 in three letters, such as `USD`; blanks where none is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    /// A currency of three capital letters; `None` of anything else.
    pub const fn new(code: [u8; 3]) -> Option<Self> {
        let [a, b, c] = code;
        let capitals = a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase();
        if capitals { Some(Self(code)) } else { None }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self([b' '; 3])
    }
}

impl Fixed for Currency {
    const WIDTH: usize = 3;

    fn read(bytes: &[u8]) -> Self {
        bytes.first_chunk().copied().and_then(Self::new).unwrap_or_default()
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The version of SIP that an end speaks: `x.xx`, `2.00` unless set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProtocolVersion([u8; 4]);

impl ProtocolVersion {
    /// SIP 2.00.
    pub const V2_00: Self = Self(*b"2.00");

    /// Whether the end speaks SIP 1, which knows neither BL, CQ nor BX. Whatever can't be read counts as 1,
    /// as elsewhere.
    pub const fn is_version_1(self) -> bool {
        !matches!(self.0, [b'2', b'.', ..])
    }
}

impl Default for ProtocolVersion {
    fn default() -> Self {
        Self::V2_00
    }
}

impl Fixed for ProtocolVersion {
    const WIDTH: usize = 4;

    fn read(bytes: &[u8]) -> Self {
        let mut version = [b' '; 4];
        for (place, byte) in version.iter_mut().zip(bytes) {
            *place = if byte.is_ascii_graphic() { *byte } else { b' ' };
        }
        Self(version)
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

impl fmt::Debug for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: impl Fixed) -> Vec<u8> {
        let mut out = BytesMut::new();
        value.write(&mut out);
        out.to_vec()
    }

    #[test]
    fn quirk_4_numbers_may_be_padded_with_blanks() {
        assert_eq!(Number::<3>::read(b" 80"), Number::new(80));
        assert_eq!(Number::<3>::read(b"80 "), Number::new(80));
        assert_eq!(Number::<3>::read(b"000"), Number::new(0));
    }

    #[test]
    fn a_number_that_is_not_told_is_blank() {
        assert_eq!(Number::<4>::read(b"    "), Number::UNKNOWN);
        assert_eq!(Number::<4>::read(b"12x4"), Number::UNKNOWN);
        assert_eq!(written(Number::<4>::UNKNOWN), b"    ");
    }

    #[test]
    fn a_number_has_its_width() {
        assert_eq!(written(Number::<4>::new(7)), b"0007");
        assert_eq!(written(Number::<3>::new(1000)), b"999");
        assert_eq!(written(Number::<4>::default()), b"0000");
    }

    #[test]
    fn what_is_neither_yes_nor_no_is_the_careful_answer() {
        assert!(!bool::read(b" "));
        assert_eq!(Accepted::read(b"x"), Accepted(false));
        assert_eq!(YesNoUnknown::read(b""), YesNoUnknown::Unknown);
    }

    #[test]
    fn versions_that_cannot_be_read_count_as_1() {
        assert!(!ProtocolVersion::read(b"2.0E").is_version_1());
        assert!(ProtocolVersion::read(b"1.00").is_version_1());
        assert!(ProtocolVersion::read(b"x").is_version_1());
    }
}
