//! Days that come round each year: the beginning of a school year, the end of a term, a summer.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A day of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct YearDay {
    month: i8,
    day: i8,
}

impl YearDay {
    /// The usual beginning of a school year: 1 July.
    pub const JULY: Self = Self { month: 7, day: 1 };

    /// Reads `MM-DD`; 29 February is no day of every year.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "no day of every year";
        let (month, day) =
            text.split_once('-').filter(|(month, day)| month.len() == 2 && day.len() == 2).ok_or(EXPECTED)?;
        let (month, day) = (month.parse().map_err(|_| EXPECTED)?, day.parse().map_err(|_| EXPECTED)?);
        // 2026 has no 29 February.
        Date::new(2026, month, day).map(|_| Self { month, day }).map_err(|_| EXPECTED)
    }

    /// The day in one year.
    pub fn of(self, year: i16) -> Date {
        // Valid in every year; at the end of time it stays.
        Date::new(year, self.month, self.day).unwrap_or(Date::MAX)
    }

    /// The first such day on or after a date.
    pub fn from(self, date: Date) -> Date {
        let this_year = self.of(date.year());
        if this_year >= date { this_year } else { self.of(date.year().saturating_add(1)) }
    }

    /// The first such day after a date.
    pub fn after(self, date: Date) -> Date {
        let this_year = self.of(date.year());
        if this_year > date { this_year } else { self.of(date.year().saturating_add(1)) }
    }

    /// `MM-DD`.
    pub fn name(self) -> String {
        format!("{:02}-{:02}", self.month, self.day)
    }
}

/// A time of every year in which districts' rosters shrink and children go on reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summer {
    /// Its first day.
    pub from: YearDay,
    /// The first day after it.
    pub to: YearDay,
}

impl Summer {
    /// The first day after the summer that a date is in; `None`: it is in none.
    pub fn end_of(self, date: Date) -> Option<Date> {
        let end = self.to.after(date);
        // The summer that ends then began on the last such day before.
        let begin = self.from.of(end.year());
        let begin = if begin < end { begin } else { self.from.of(end.year().saturating_sub(1)) };
        (begin <= date).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn day(text: &str) -> YearDay {
        YearDay::parse(text).unwrap()
    }

    #[test]
    fn a_day_of_every_year_reads_and_others_do_not() {
        assert_eq!(day("06-15").name(), "06-15");
        for text in ["02-29", "6-15", "13-01", "04-31", "0615", "06-15-01", ""] {
            assert!(YearDay::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_next_such_day_may_be_today_or_next_year() {
        assert_eq!(day("07-01").from(date(2026, 7, 1)), date(2026, 7, 1));
        assert_eq!(day("07-01").after(date(2026, 7, 1)), date(2027, 7, 1));
        assert_eq!(day("07-01").from(date(2026, 7, 2)), date(2027, 7, 1));
    }

    #[test]
    fn a_summer_holds_its_first_day_and_not_the_day_after_it() {
        let summer = Summer { from: day("06-15"), to: day("09-15") };
        for (on, end) in [
            (date(2026, 6, 14), None),
            (date(2026, 6, 15), Some(date(2026, 9, 15))),
            (date(2026, 9, 14), Some(date(2026, 9, 15))),
            (date(2026, 9, 15), None),
        ] {
            assert_eq!(summer.end_of(on), end, "{on}");
        }
    }

    #[test]
    fn a_summer_may_go_over_the_turn_of_the_year() {
        let southern = Summer { from: day("12-15"), to: day("02-01") };
        assert_eq!(southern.end_of(date(2026, 12, 31)), Some(date(2027, 2, 1)));
        assert_eq!(southern.end_of(date(2027, 1, 31)), Some(date(2027, 2, 1)));
        assert_eq!(southern.end_of(date(2027, 2, 1)), None);
        assert_eq!(southern.end_of(date(2026, 12, 14)), None);
    }
}
