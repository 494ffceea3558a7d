//! Whom a rule is about: roles and bands of grades.

use serde::{Deserialize, Serialize};

use crate::{Grade, Role};

/// Grades from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GradeBand {
    from: Grade,
    to: Grade,
}

impl GradeBand {
    /// Reads `05`, `KG-02` or `6-12`. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "no grade of the vocabulary: IT PR PK TK KG 01 to 13 PS UG Other";
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to) = (Grade::parse(from).ok_or(UNKNOWN)?, Grade::parse(to).ok_or(UNKNOWN)?);
        if from > to {
            return Err("the band ends before it begins");
        }
        Ok(Self { from, to })
    }

    /// Whether a grade is in the band.
    pub fn holds(self, grade: Grade) -> bool {
        self.from <= grade && grade <= self.to
    }

    /// The band as [`GradeBand::parse`] reads it.
    pub fn name(self) -> String {
        if self.from == self.to {
            self.from.name().to_owned()
        } else {
            format!("{}-{}", self.from.name(), self.to.name())
        }
    }
}

/// Whom a rule is about; an empty list does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The roles.
    pub roles: Vec<Role>,
    /// The grades: with any, somebody without a grade is not meant.
    pub grades: Vec<GradeBand>,
}

impl Scope {
    /// Whether somebody is meant.
    pub fn covers(&self, role: Role, grade: Option<Grade>) -> bool {
        let of_grade = || grade.is_some_and(|grade| self.grades.iter().any(|band| band.holds(grade)));
        (self.roles.is_empty() || self.roles.contains(&role)) && (self.grades.is_empty() || of_grade())
    }

    /// Whether everybody is meant.
    pub const fn is_everybody(&self) -> bool {
        self.roles.is_empty() && self.grades.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_holds_its_ends_and_what_is_between() {
        let band = GradeBand::parse("KG-2").unwrap();
        for (grade, inside) in [("PK", false), ("KG", true), ("01", true), ("02", true), ("03", false)] {
            assert_eq!(band.holds(Grade::parse(grade).unwrap()), inside, "{grade}");
        }
        assert_eq!(band.name(), "KG-02");
    }

    #[test]
    fn a_band_that_is_none_is_refused() {
        for text in ["", "fifth", "05-KG", "1-2-3", "-"] {
            assert!(GradeBand::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn somebody_without_a_grade_is_in_no_band() {
        let scope = Scope { roles: vec![], grades: vec![GradeBand::parse("01-12").unwrap()] };
        assert!(scope.covers(Role::Student, Grade::parse("7")));
        assert!(!scope.covers(Role::Teacher, None));
        assert!(Scope::default().covers(Role::Teacher, None));
    }
}
