//! What a library system sends as the card (SIP2 AA, NCIP UserId).

use std::fmt;

/// The longest card number taken, in bytes. Library bar codes have at most 20 characters
/// (Polaris import); OneRoster identifiers fewer than 256.
const LONGEST: usize = 255;

/// A card number as typed, without the blanks around it.
///
/// It is never empty, holds no control characters, and is not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(Box<str>);

impl CardNumber {
    /// Takes what a library system sent. `None` where nothing usable was: empty, only blanks,
    /// over 255 bytes, or with control characters inside.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            return None;
        }
        Some(Self(text.into()))
    }

    /// The number as it goes on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_a_card_are_not_part_of_it_but_one_inside_is() {
        assert_eq!(CardNumber::parse("  P 1234 ").unwrap().as_str(), "P 1234");
    }

    #[test]
    fn nothing_usable_is_no_card() {
        for text in ["", "   ", "12\u{0}34", "12\n34", &"9".repeat(256)] {
            assert!(CardNumber::parse(text).is_none());
        }
    }

    #[test]
    fn debug_does_not_show_the_number() {
        assert!(!format!("{:?}", CardNumber::parse("1000001").unwrap()).contains("1000001"));
    }
}
