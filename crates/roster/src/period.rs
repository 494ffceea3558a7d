//! The periods over which uses are counted: months, quarters and years of the library's zone, and ever.

use std::fmt;

use jiff::civil::Date;

/// A calendar month of the library's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UseMonth(u16);

impl UseMonth {
    /// The month of a day. Years before 0 are taken for 0.
    pub fn of(day: Date) -> Self {
        Self::new(day.year().unsigned_abs(), day.month().unsigned_abs())
    }

    const fn new(year: u16, month: u8) -> Self {
        Self(year.saturating_mul(12).saturating_add(month as u16 - 1))
    }

    /// Months since the year 0, as a mark holds them.
    pub const fn number(self) -> u16 {
        self.0
    }

    pub(crate) const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// The month before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    const fn year(self) -> u16 {
        self.0 / 12
    }

    /// 1 to 12.
    const fn month(self) -> u16 {
        self.0 % 12 + 1
    }

    /// 1 to 4.
    const fn quarter(self) -> u16 {
        self.0 % 12 / 3 + 1
    }
}

impl fmt::Display for UseMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

/// A span of time in which a person is counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// `2026-11`.
    Month(UseMonth),
    /// `2026-Q4`: the year, and 1 to 4.
    Quarter(u16, u16),
    /// `2026`.
    Year(u16),
    /// From the beginning.
    Ever,
}

impl Period {
    /// Reads `2026-11`, `2026-Q4`, `2026` or `ever`. `None`: that is no period.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str, length: usize| {
            let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        };
        // What a month's number can hold.
        let year_of = |digits: &str| number(digits, 4).filter(|year| (1..5000).contains(year));
        if text == "ever" {
            return Some(Self::Ever);
        }
        let Some((year, part)) = text.split_once('-') else { return year_of(text).map(Self::Year) };
        let year = year_of(year)?;
        match part.strip_prefix('Q') {
            Some(quarter) => Some(Self::Quarter(year, number(quarter, 1).filter(|q| (1..=4).contains(q))?)),
            None => {
                let month = u8::try_from(number(part, 2)?).ok().filter(|month| (1..=12).contains(month))?;
                Some(Self::Month(UseMonth::new(year, month)))
            }
        }
    }

    /// The month itself, its quarter, its year, and ever.
    pub const fn around(month: UseMonth) -> [Self; 4] {
        [Self::Month(month), Self::Quarter(month.year(), month.quarter()), Self::Year(month.year()), Self::Ever]
    }

    /// This period and the longer ones that hold it whole, the longest first.
    pub fn chain(self) -> Vec<Self> {
        match self {
            Self::Month(month) => Self::around(month).into_iter().rev().collect(),
            Self::Quarter(year, _) => vec![Self::Ever, Self::Year(year), self],
            Self::Year(_) => vec![Self::Ever, self],
            Self::Ever => vec![self],
        }
    }

    /// The first month that lies in it; `None`: it has no beginning.
    pub const fn first_month(self) -> Option<UseMonth> {
        match self {
            Self::Month(month) => Some(month),
            Self::Quarter(year, quarter) => Some(UseMonth(year * 12 + quarter * 3 - 3)),
            Self::Year(year) => Some(UseMonth(year * 12)),
            Self::Ever => None,
        }
    }

    /// The last month that lies in it; `None`: it has no end.
    pub const fn last_month(self) -> Option<UseMonth> {
        match self {
            Self::Month(month) => Some(month),
            Self::Quarter(year, quarter) => Some(UseMonth(year * 12 + quarter * 3 - 1)),
            Self::Year(year) => Some(UseMonth(year * 12 + 11)),
            Self::Ever => None,
        }
    }

    /// The periods in which a use in `month` is a person's first, where the last counted one was in `last`.
    pub(crate) fn opened(last: Option<UseMonth>, month: UseMonth) -> impl Iterator<Item = Self> {
        let known = last.map(Self::around);
        // A clock that was set back counts nobody twice.
        let late = last.is_some_and(|last| month <= last);
        Self::around(month)
            .into_iter()
            .filter(move |period| !late && !known.is_some_and(|known| known.contains(period)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(month) => month.fmt(f),
            Self::Quarter(year, quarter) => write!(f, "{year:04}-Q{quarter}"),
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Ever => f.write_str("ever"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn opened(last: Option<Date>, now: Date) -> Vec<String> {
        Period::opened(last.map(UseMonth::of), UseMonth::of(now)).map(|period| period.to_string()).collect()
    }

    #[test]
    fn periods_read_back_and_nothing_else_is_one() {
        for text in ["2026-11", "2026-01", "2026-Q4", "2026", "ever"] {
            assert_eq!(Period::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "26", "2026-0", "2026-00", "2026-13", "2026-Q0", "2026-Q5", "2026-q4", "+026", "2026-11-01"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_use_opens_its_month_quarter_year_and_ever() {
        assert_eq!(opened(None, date(2026, 11, 30)), ["2026-11", "2026-Q4", "2026", "ever"]);
    }

    #[test]
    fn a_later_use_opens_only_what_it_is_the_first_in() {
        let october = Some(date(2026, 10, 1));
        assert_eq!(opened(october, date(2026, 10, 31)), [""; 0]);
        assert_eq!(opened(october, date(2026, 12, 1)), ["2026-12"]);
        assert_eq!(opened(october, date(2027, 10, 1)), ["2027-10", "2027-Q4", "2027"]);
        assert_eq!(opened(Some(date(2026, 9, 30)), date(2026, 10, 1)), ["2026-10", "2026-Q4"]);
    }

    #[test]
    fn a_clock_that_was_set_back_counts_nobody_twice() {
        assert_eq!(opened(Some(date(2026, 11, 1)), date(2025, 3, 1)), [""; 0]);
    }

    #[test]
    fn a_period_has_a_first_and_a_last_month_and_lies_in_the_longer_ones() {
        let begins = |text: &str| Period::parse(text).unwrap().first_month().map(|month| month.to_string());
        assert_eq!(["2026-02", "2026-Q3", "2026"].map(|text| begins(text).unwrap()), ["2026-02", "2026-07", "2026-01"]);
        let ends = |text: &str| Period::parse(text).unwrap().last_month().map(|month| month.to_string());
        assert_eq!(ends("2026-02").as_deref(), Some("2026-02"));
        assert_eq!(ends("2026-Q1").as_deref(), Some("2026-03"));
        assert_eq!(ends("2026").as_deref(), Some("2026-12"));
        assert_eq!(ends("ever"), None);
        let chain: Vec<_> = Period::parse("2026-02").unwrap().chain().iter().map(ToString::to_string).collect();
        assert_eq!(chain, ["ever", "2026", "2026-Q1", "2026-02"]);
        assert_eq!(UseMonth::of(date(2027, 1, 31)).before().to_string(), "2026-12");
    }
}
