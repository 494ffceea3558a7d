//! The check digit at the end of a card number.
//!
//! Library bar codes of 14 digits (Codabar) and bank-like numbers use the same sum, modulo 10 with every second digit
//! doubled from the right (ISO/IEC 7812-1, annex B); they differ in their length.

use serde::{Deserialize, Serialize};

/// Which check digit a card ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckDigit {
    /// Modulo 10 over a card of any length.
    Luhn,
    /// The same over a library's 14 digits.
    Codabar,
}

impl CheckDigit {
    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Luhn => "luhn",
            Self::Codabar => "codabar",
        }
    }
}

/// The running sum over the digits read so far, for both answers to the question whether more follow an even number of
/// digits: the length of a card is not known before its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sum {
    /// Where the last digit read is not doubled: what a whole card is judged by.
    plain: u8,
    /// Where it is.
    doubled: u8,
}

impl Sum {
    /// The sum with one more character; what is no digit counts nothing and moves nothing.
    #[must_use]
    pub const fn with(self, byte: u8) -> Self {
        if !byte.is_ascii_digit() {
            return self;
        }
        let digit = byte - b'0';
        let twice = if digit > 4 { 2 * digit - 9 } else { 2 * digit };
        Self { plain: (self.doubled + digit) % 10, doubled: (self.plain + twice) % 10 }
    }

    /// The sum of a text.
    pub fn of(text: &str) -> Self {
        text.bytes().fold(Self::default(), Self::with)
    }

    /// Whether a whole card with its check digit is right.
    pub const fn is_right(self) -> bool {
        self.plain == 0
    }

    /// The check digit that makes what was read a right card.
    pub const fn missing_digit(self) -> char {
        (b'0' + (10 - self.doubled) % 10) as char
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_are_right_and_neighbours_are_not() {
        // 79927398713 is the usual example of texts about ISO/IEC 7812-1; the other was added up by hand.
        assert!(Sum::of("79927398713").is_right() && Sum::of("21234000012344").is_right());
        for wrong in ["79927398710", "79927398712", "97927398713"] {
            assert!(!Sum::of(wrong).is_right(), "{wrong}");
        }
    }

    #[test]
    fn the_missing_digit_makes_a_number_right() {
        assert_eq!(Sum::of("7992739871").missing_digit(), '3');
        for number in ["", "0", "123", "2123400001234"] {
            let whole = format!("{number}{}", Sum::of(number).missing_digit());
            assert!(Sum::of(&whole).is_right(), "{whole}");
        }
    }

    #[test]
    fn two_digits_that_change_places_are_noticed() {
        assert!(!Sum::of("21230400012344").is_right());
    }
}
