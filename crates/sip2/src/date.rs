//! Dates: 18 characters, `YYYYMMDD`, four of zone, `HHMMSS`.

use std::fmt;

use bytes::{BufMut, BytesMut};
use jiff::civil::DateTime;

use crate::fixed::Fixed;

/// A date and time as SIP2 writes it, kept as it came. No message is refused because of its date.
///
/// SIP2 2.00, "Date format". All blanks, the default, is no date. Its `Debug` shows readable dates only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Timestamp([u8; 18]);

/// What stands between the day and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Four blanks: the library's own time.
    Local,
    /// Three blanks and `Z`.
    Utc,
    /// Three blanks and another letter of the military zones, such as `Q` for Atlantic time.
    Letter(u8),
    /// `0000`, as Palace sends it in its default dialect; meant as local time.
    Zeros,
    /// Anything else.
    Unreadable,
}

impl Timestamp {
    /// No date at all: 18 blanks.
    pub const BLANK: Self = Self([b' '; 18]);

    /// 18 zeros: in a 98, "this system sets no clocks".
    pub const ZEROS: Self = Self([b'0'; 18]);

    /// A time in the library's own zone, to the second. A year before 0 can't be said and is [`Timestamp::BLANK`].
    pub fn local(time: DateTime) -> Self {
        let Ok(year) = u16::try_from(time.year()) else { return Self::BLANK };
        let two = |number: i8| [b'0' + number.unsigned_abs() / 10, b'0' + number.unsigned_abs() % 10];
        let [c0, c1] = two((year / 100) as i8);
        let [y0, y1] = two((year % 100) as i8);
        let ([m0, m1], [d0, d1]) = (two(time.month()), two(time.day()));
        let ([h0, h1], [n0, n1], [s0, s1]) = (two(time.hour()), two(time.minute()), two(time.second()));
        Self([c0, c1, y0, y1, m0, m1, d0, d1, b' ', b' ', b' ', b' ', h0, h1, n0, n1, s0, s1])
    }

    /// A time in UTC, to the second.
    pub fn utc(time: DateTime) -> Self {
        let mut utc = Self::local(time);
        if utc != Self::BLANK {
            utc.0[11] = b'Z';
        }
        utc
    }

    /// The day and time without regard to the zone; `None` where they can't be read.
    pub fn civil(&self) -> Option<DateTime> {
        let [c0, c1, y0, y1, m0, m1, d0, d1, _, _, _, _, h0, h1, n0, n1, s0, s1] = self.0;
        let two = |tens: u8, ones: u8| {
            let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
            digits.then(|| (tens - b'0') as i8 * 10 + (ones - b'0') as i8)
        };
        let year = i16::from(two(c0, c1)?) * 100 + i16::from(two(y0, y1)?);
        DateTime::new(year, two(m0, m1)?, two(d0, d1)?, two(h0, h1)?, two(n0, n1)?, two(s0, s1)?, 0).ok()
    }

    /// The zone, as far as it can be read.
    pub const fn zone(&self) -> Zone {
        let [_, _, _, _, _, _, _, _, zone @ .., _, _, _, _, _, _] = self.0;
        match zone {
            [b' ', b' ', b' ', b' '] => Zone::Local,
            [b' ', b' ', b' ', b'Z'] => Zone::Utc,
            [b' ', b' ', b' ', letter] if letter.is_ascii_uppercase() => Zone::Letter(letter),
            [b'0', b'0', b'0', b'0'] => Zone::Zeros,
            _ => Zone::Unreadable,
        }
    }

    /// The 18 characters as they are on the wire.
    pub const fn as_bytes(&self) -> &[u8; 18] {
        &self.0
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::BLANK
    }
}

impl Fixed for Timestamp {
    const WIDTH: usize = 18;

    fn read(bytes: &[u8]) -> Self {
        let mut timestamp = Self::BLANK;
        for (place, byte) in timestamp.0.iter_mut().zip(bytes) {
            // A date is sent back as it came, and must not end the message.
            *place = if byte.is_ascii_graphic() { *byte } else { b' ' };
        }
        timestamp
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil() {
            Some(time) => write!(f, "{time} {:?}", self.zone()),
            None if *self == Self::BLANK => f.write_str("blank"),
            None => f.write_str("unreadable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_time_in_utc_says_so() {
        let time = Timestamp::utc(date(2026, 11, 23).at(16, 52, 2, 0));
        assert_eq!(time.as_bytes(), b"20261123   Z165202");
        assert_eq!(time.zone(), Zone::Utc);
    }

    #[test]
    fn writes_local_time_with_a_blank_zone() {
        let timestamp = Timestamp::local(date(2026, 11, 3).at(6, 5, 4, 0));
        assert_eq!(timestamp.as_bytes(), b"20261103    060504");
    }

    #[test]
    fn reads_every_form_of_zone() {
        for (bytes, zone) in [
            (b"20261123    165124", Zone::Local),
            (b"20261123   Z165124", Zone::Utc),
            (b"20261123   Q165124", Zone::Letter(b'Q')),
            (b"202611230000165124", Zone::Zeros),
            (b"20261123-500165124", Zone::Unreadable),
        ] {
            let timestamp = Timestamp::read(bytes);
            assert_eq!(timestamp.zone(), zone);
            assert_eq!(timestamp.civil(), Some(date(2026, 11, 23).at(16, 51, 24, 0)));
        }
    }

    #[test]
    fn a_date_that_cannot_be_read_is_kept_as_it_came() {
        for bytes in [b"20261323    165124", b"                  ", b"yesterday at noon "] {
            assert_eq!(Timestamp::read(bytes).civil(), None);
            assert_eq!(Timestamp::read(bytes).as_bytes(), bytes);
        }
    }

    #[test]
    fn a_short_date_is_filled_with_blanks() {
        assert_eq!(Timestamp::read(b"20261123").as_bytes(), b"20261123          ");
    }

    #[test]
    fn a_date_cannot_end_a_message() {
        assert_eq!(Timestamp::read(b"2026\r\n23\0   165124").as_bytes(), b"2026  23    165124");
    }

    #[test]
    fn debug_shows_no_date_that_may_be_something_else() {
        assert_eq!(format!("{:?}", Timestamp::read(b"Lee, Ann 1001     ")), "unreadable");
    }
}
