//! When a card ends, worked out at each sync.
//!
//! What is stored is the end of a term: from it no birthday can be read.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::calendar::YearDay;
use crate::{Grade, Role, Scope};

/// When cards end, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiryRule {
    /// Whose.
    pub scope: Scope,
    /// When.
    pub end: CardEnd,
    /// The day on which a school year begins.
    pub year_begins: YearDay,
    /// The days to which an end is rounded up; empty: the beginning of a school year.
    pub terms: Vec<YearDay>,
}

/// When a card ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardEnd {
    /// At an age in years.
    Age(u8),
    /// With the school year in which the twelfth grade is done.
    Graduation,
    /// So many years after the beginning of the school year in which the roster last named the person.
    Years(u8),
    /// On a day after the school year in which the roster last named the person: a card is activated year by year.
    Until(YearDay),
}

/// What a card's end is worked out from.
#[derive(Clone, Copy, Debug)]
pub struct ExpiryInputs {
    /// The birth date, where the source has one.
    pub birth_date: Option<Date>,
    /// The grade.
    pub grade: Option<Grade>,
    /// The day of the sync.
    pub today: Date,
}

/// The rules of a district: the first that is for somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpiryRules(Vec<ExpiryRule>);

impl ExpiryRules {
    /// The rules of a district.
    pub const fn new(rules: Vec<ExpiryRule>) -> Self {
        Self(rules)
    }

    /// Whether a source must deliver birth dates.
    pub fn need_birth_date(&self) -> bool {
        self.0.iter().any(|rule| matches!(rule.end, CardEnd::Age(_)))
    }

    /// The place of the rule that is for somebody, where it is one of age.
    pub fn of_age(&self, role: Role, grade: Option<Grade>) -> Option<usize> {
        let (at, rule) = self.0.iter().enumerate().find(|(_, rule)| rule.scope.covers(role, grade))?;
        matches!(rule.end, CardEnd::Age(_)).then_some(at)
    }

    /// The first day on which somebody's card no longer works; `None`: it has no end.
    pub fn expiry(&self, role: Role, inputs: &ExpiryInputs) -> Option<Date> {
        self.0.iter().find(|rule| rule.scope.covers(role, inputs.grade))?.expiry(inputs)
    }

    /// What the rules are called in a generation's header: other rules, other rows.
    pub fn version(&self) -> String {
        self.0.iter().map(|rule| format!("{rule:?};")).collect()
    }
}

impl ExpiryRule {
    fn expiry(&self, inputs: &ExpiryInputs) -> Option<Date> {
        match self.end {
            // A child of 29 February is so old on 28 February: the last day of that month.
            CardEnd::Age(age) => Some(self.rounded(inputs.birth_date?.checked_add(i32::from(age).years()).ok()?)),
            CardEnd::Graduation => {
                let years = inputs.grade?.years_to_graduation();
                self.year_end(inputs.today).checked_add(i32::from(years).years()).ok().map(|end| self.rounded(end))
            }
            CardEnd::Years(years) => {
                let began = self.year_end(inputs.today).checked_sub(1.year()).ok()?;
                Some(self.rounded(began.checked_add(i32::from(years).years()).ok()?))
            }
            CardEnd::Until(day) => Some(day.from(self.year_end(inputs.today))),
        }
    }

    /// The beginning of the next school year.
    fn year_end(&self, today: Date) -> Date {
        self.year_begins.after(today)
    }

    fn rounded(&self, end: Date) -> Date {
        let terms = if self.terms.is_empty() { std::slice::from_ref(&self.year_begins) } else { &self.terms };
        terms.iter().map(|term| term.from(end)).min().unwrap_or(end)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn rule(end: CardEnd) -> ExpiryRule {
        ExpiryRule { scope: Scope::default(), end, year_begins: YearDay::JULY, terms: vec![] }
    }

    fn expiry(end: CardEnd, grade: &str, born: Date, today: Date) -> Option<Date> {
        rule(end).expiry(&ExpiryInputs { birth_date: Some(born), grade: Grade::parse(grade), today })
    }

    const BORN: Date = date(2012, 2, 29);

    #[test]
    fn a_21st_birthday_is_rounded_up_to_the_end_of_the_school_year() {
        // directories.md 1.1, King County: a student's card expires at 21.
        for born in [BORN, date(2012, 6, 30), date(2011, 7, 2)] {
            assert_eq!(expiry(CardEnd::Age(21), "07", born, date(2026, 11, 25)), Some(date(2033, 7, 1)), "{born}");
        }
    }

    #[test]
    fn a_birthday_cannot_be_read_from_terms_either() {
        let terms = ["02-01", "07-01"].map(|day| YearDay::parse(day).unwrap()).to_vec();
        let rule = ExpiryRule { terms, ..rule(CardEnd::Age(18)) };
        let ends = (1..=12).map(|month| {
            let birth_date = Some(date(2012, month, 15));
            rule.expiry(&ExpiryInputs { birth_date, grade: None, today: date(2026, 11, 25) }).unwrap()
        });
        let mut ends: Vec<Date> = ends.collect();
        ends.sort_unstable();
        ends.dedup();
        assert_eq!(ends, [date(2030, 2, 1), date(2030, 7, 1), date(2031, 2, 1)]);
    }

    #[test]
    fn graduation_follows_from_the_grade_alone() {
        let on = |grade, today| expiry(CardEnd::Graduation, grade, BORN, today);
        assert_eq!(on("12", date(2026, 11, 25)), Some(date(2027, 7, 1)));
        assert_eq!(on("12", date(2027, 6, 30)), Some(date(2027, 7, 1)));
        assert_eq!(on("KG", date(2027, 7, 1)), Some(date(2040, 7, 1)), "a new school year has begun");
        assert_eq!(on("13", date(2026, 11, 25)), Some(date(2027, 7, 1)), "nobody stays for ever");
        assert_eq!(expiry(CardEnd::Graduation, "-", BORN, date(2026, 11, 25)), None);
    }

    #[test]
    fn years_count_from_the_school_year_in_which_the_roster_named_the_person() {
        assert_eq!(expiry(CardEnd::Years(10), "", BORN, date(2026, 11, 25)), Some(date(2036, 7, 1)));
    }

    #[test]
    fn a_card_updated_after_june_30_lasts_until_september_15_of_the_next_year() {
        // directories.md 1.1, PINES PLAY.
        let until = CardEnd::Until(YearDay::parse("09-15").unwrap());
        assert_eq!(expiry(until, "05", BORN, date(2026, 6, 30)), Some(date(2026, 9, 15)));
        assert_eq!(expiry(until, "05", BORN, date(2026, 7, 1)), Some(date(2027, 9, 15)));
        assert_eq!(expiry(until, "05", BORN, date(2027, 1, 5)), Some(date(2027, 9, 15)));
    }

    #[test]
    fn who_has_no_birth_date_has_no_end_by_age() {
        let inputs = ExpiryInputs { birth_date: None, grade: None, today: date(2026, 11, 25) };
        assert_eq!(rule(CardEnd::Age(21)).expiry(&inputs), None);
    }
}
