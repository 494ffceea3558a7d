//! School grades, as the CEDS vocabulary names them.

use serde::{Deserialize, Serialize};

/// A grade: `IT PR PK TK KG 01`..`13 PS UG Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grade(u8);

const NAMES: [&str; 21] = [
    "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "PS",
    "UG", "Other",
];

impl Grade {
    /// Reads one grade as exports write it: `KG`, `K`, `9`, `09`, `12`. `None` for a word outside the vocabulary.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let padded;
        let name = match text.as_bytes() {
            [digit @ b'1'..=b'9'] => {
                padded = format!("0{}", char::from(*digit));
                padded.as_str()
            }
            [b'k' | b'K'] => "KG",
            _ => text,
        };
        let at = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        u8::try_from(at).ok().map(Self)
    }

    /// The vocabulary's word.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("Other")
    }

    /// How many school years follow this one until the twelfth grade is done; none after it.
    pub fn years_to_graduation(self) -> u8 {
        const TWELFTH: u8 = 16;
        // Children before kindergarten are counted as if they came to it next year.
        const BEFORE_KINDERGARTEN: u8 = 3;
        TWELFTH.saturating_sub(self.0.max(BEFORE_KINDERGARTEN))
    }

    /// The number in a stored row; see [`Grade::from_code`].
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Reads the number of a stored row.
    pub fn from_code(code: u8) -> Option<Self> {
        (usize::from(code) < NAMES.len()).then_some(Self(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_are_read_as_exports_write_them() {
        for (written, name) in
            [("KG", "KG"), ("k", "KG"), ("9", "09"), ("09", "09"), (" 12 ", "12"), ("other", "Other")]
        {
            assert_eq!(Grade::parse(written).unwrap().name(), name);
        }
        assert_eq!(Grade::parse("fourth"), None);
    }

    #[test]
    fn the_years_to_graduation_count_down_to_none() {
        let years = |grade| Grade::parse(grade).unwrap().years_to_graduation();
        assert_eq!(
            [years("IT"), years("TK"), years("KG"), years("11"), years("12"), years("13")],
            [13, 13, 12, 1, 0, 0]
        );
    }

    #[test]
    fn grades_are_in_order_of_age() {
        assert!(Grade::parse("KG") < Grade::parse("01"));
        assert!(Grade::parse("9") < Grade::parse("12"));
    }
}
