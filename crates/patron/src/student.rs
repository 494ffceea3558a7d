//! A row of a roster.

use std::fmt;

use jiff::civil::Date;

use crate::{Grade, Role};

/// A school of one generation: an index into the table of schools in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchoolIndex(pub u16);

/// A student, or a teacher or another member of staff, told apart by [`Role`].
///
/// What is not needed is not here: no birth date, no address, and a name only where some client may see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Student {
    /// What the person is to the school.
    pub role: Role,
    /// The grade, where the source names one of the vocabulary.
    pub grade: Option<Grade>,
    /// The schools, sorted; more than one with dual enrolment.
    pub schools: Vec<SchoolIndex>,
    /// `false`: an active record whose access is curtailed (OneRoster `enabledUser`).
    pub enabled: bool,
    /// The first day on which the card no longer works.
    pub expiry: Option<Date>,
    /// The day on which the row was first missing from the source; `None`: it is there.
    pub withdrawn: Option<Date>,
    /// The name, stored only where some client of the district is released it.
    pub name: Option<PersonName>,
    /// The e-mail address, likewise.
    pub email: Option<String>,
}

impl Student {
    /// Somebody of a role, enabled, of whom nothing else is known.
    pub const fn of(role: Role) -> Self {
        Self {
            role,
            grade: None,
            schools: Vec::new(),
            enabled: true,
            expiry: None,
            withdrawn: None,
            name: None,
            email: None,
        }
    }
}

impl fmt::Debug for Student {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Student").field("role", &self.role).field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

/// A person's name.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName {
    /// The given name.
    pub given: String,
    /// The family name.
    pub family: String,
}

impl PersonName {
    /// `Family, Given`: VuFind splits SIP2 AE at the last comma.
    pub fn inverted(&self) -> String {
        match (self.family.as_str(), self.given.as_str()) {
            ("", given) => given.to_owned(),
            (family, "") => family.to_owned(),
            (family, given) => format!("{family}, {given}"),
        }
    }

    /// `G. F.`
    pub fn initials(&self) -> String {
        let first = |part: &str| part.chars().next().map(|letter| format!("{letter}."));
        [first(&self.given), first(&self.family)].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(given: &str, family: &str) -> PersonName {
        PersonName { given: given.into(), family: family.into() }
    }

    #[test]
    fn a_name_is_written_family_first() {
        assert_eq!(name("Zoë", "Ångström").inverted(), "Ångström, Zoë");
        assert_eq!(name("Cher", "").inverted(), "Cher");
    }

    #[test]
    fn initials_take_the_first_letter_of_each_part() {
        assert_eq!(name("Zoë", "Ångström").initials(), "Z. Å.");
    }

    #[test]
    fn debug_shows_no_name() {
        assert!(!format!("{:?}", name("Zoë", "Ångström")).contains("Zo"));
    }
}
