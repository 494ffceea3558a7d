//! Durations, sizes and shares: always with their unit.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnitError {
    /// A number alone.
    #[error("the unit is missing")]
    NoUnit,
    /// No number before the unit.
    #[error("the number is missing or is not a plain one")]
    NoNumber,
    /// Another unit.
    #[error("unknown unit")]
    UnknownUnit,
    /// KB means 1000 to some and 1024 to others.
    #[error("KB and MB mean 1000 to some and 1024 to others")]
    Decimal,
    /// More than can be counted.
    #[error("too large")]
    TooLarge,
    /// Not between 0 and 100.
    #[error("no share of a hundred")]
    NoShare,
    /// A share finer than is counted.
    #[error("more than four digits behind the point")]
    TooFine,
}

/// Reads `250ms`, `5s`, `15m`, `1h` or `30d`.
pub(crate) fn duration(text: &str) -> Result<Duration, UnitError> {
    let (number, unit) = split(text)?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(UnitError::UnknownUnit),
    };
    number.checked_mul(unit).map(Duration::from_millis).ok_or(UnitError::TooLarge)
}

/// Reads `256B`, `4KiB` or `1MiB`, in bytes.
pub(crate) fn size(text: &str) -> Result<usize, UnitError> {
    let (number, unit) = split(text)?;
    let unit = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "KB" | "kB" | "MB" | "K" | "k" | "M" => return Err(UnitError::Decimal),
        _ => return Err(UnitError::UnknownUnit),
    };
    let bytes = number.checked_mul(unit).ok_or(UnitError::TooLarge)?;
    usize::try_from(bytes).map_err(|_| UnitError::TooLarge)
}

/// A plain number and its unit.
fn split(text: &str) -> Result<(u64, &str), UnitError> {
    let at = text.find(|letter: char| !letter.is_ascii_digit()).ok_or(UnitError::NoUnit)?;
    let (number, unit) = text.split_at_checked(at).ok_or(UnitError::NoNumber)?;
    if number.is_empty() {
        return Err(UnitError::NoNumber);
    }
    Ok((number.parse().map_err(|_| UnitError::TooLarge)?, unit))
}

/// A share of a whole, exact to a millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// A share of so many in a million, at most all of them.
    pub const fn of_a_million(parts: u32) -> Self {
        Self(if parts > 1_000_000 { 1_000_000 } else { parts })
    }

    /// How many in a million.
    pub const fn per_million(self) -> u32 {
        self.0
    }

    /// Whether `part` is more than this share of `whole`. Of nothing, one is already more.
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 1_000_000 > u128::from(whole) * u128::from(self.0)
    }

    /// Reads `20%` or `0.1%`.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let number = text.strip_suffix('%').ok_or(UnitError::NoUnit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return Err(UnitError::NoNumber);
        }
        if fraction.len() > 4 {
            return Err(UnitError::TooFine);
        }
        let whole: u32 = whole.parse().map_err(|_| UnitError::NoShare)?;
        let fraction: u32 = format!("{fraction:0<4}").parse().map_err(|_| UnitError::NoNumber)?;
        let parts = whole.checked_mul(10_000).and_then(|parts| parts.checked_add(fraction));
        parts.filter(|parts| *parts <= 1_000_000).map(Self).ok_or(UnitError::NoShare)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 10_000, self.0 % 10_000);
        if fraction == 0 {
            return write!(f, "{whole}%");
        }
        write!(f, "{whole}.{}%", format!("{fraction:04}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        for (text, millis) in
            [("250ms", 250), ("5s", 5_000), ("15m", 900_000), ("1h", 3_600_000), ("30d", 2_592_000_000), ("0d", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_duration_that_could_be_misread_is_none() {
        for (text, why) in [
            ("5", UnitError::NoUnit),
            ("m", UnitError::NoNumber),
            ("-5s", UnitError::NoNumber),
            ("5 s", UnitError::UnknownUnit),
            ("1.5h", UnitError::UnknownUnit),
            ("5M", UnitError::UnknownUnit),
            ("1h30m", UnitError::UnknownUnit),
            ("99999999999999999999s", UnitError::TooLarge),
            ("999999999999999999d", UnitError::TooLarge),
        ] {
            assert_eq!(duration(text), Err(why), "{text}");
        }
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!((size("256B"), size("4KiB"), size("1MiB")), (Ok(256), Ok(4096), Ok(1 << 20)));
        for (text, why) in [("4096", UnitError::NoUnit), ("4KB", UnitError::Decimal), ("4Kib", UnitError::UnknownUnit)]
        {
            assert_eq!(size(text), Err(why), "{text}");
        }
    }

    #[test]
    fn shares_read_back() {
        for text in ["0%", "0.1%", "20%", "33.3333%", "100%"] {
            assert_eq!(Share::parse(text).unwrap().to_string(), text);
        }
        for (text, why) in [
            ("20", UnitError::NoUnit),
            ("%", UnitError::NoNumber),
            (".5%", UnitError::NoNumber),
            ("-1%", UnitError::NoNumber),
            ("100.1%", UnitError::NoShare),
            ("0.00001%", UnitError::TooFine),
        ] {
            assert_eq!(Share::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_share_is_exceeded_only_from_the_next_one_on() {
        let fifth = Share::parse("20%").unwrap();
        assert!(!fifth.is_exceeded(20, 100));
        assert!(fifth.is_exceeded(21, 100));
        assert!(fifth.is_exceeded(1, 0));
    }
}
