//! What a person is to the school.

use serde::{Deserialize, Serialize};

/// A role that may hold a card. Parents, guardians and relatives are no roles here: their rows are never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
#[expect(missing_docs, reason = "the words are OneRoster's own")]
pub enum Role {
    Student = 1,
    Teacher = 2,
    Aide = 3,
    Counselor = 4,
    Principal = 5,
    Proctor = 6,
    Administrator = 7,
    SiteAdministrator = 8,
    DistrictAdministrator = 9,
    SystemAdministrator = 10,
    /// Any other person the district employs, from sources that say no more than "staff".
    Staff = 11,
}

impl Role {
    /// All roles, for error messages and tables.
    pub const ALL: [Self; 11] = [
        Self::Student,
        Self::Teacher,
        Self::Aide,
        Self::Counselor,
        Self::Principal,
        Self::Proctor,
        Self::Administrator,
        Self::SiteAdministrator,
        Self::DistrictAdministrator,
        Self::SystemAdministrator,
        Self::Staff,
    ];

    /// The word in configuration, logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Teacher => "teacher",
            Self::Aide => "aide",
            Self::Counselor => "counselor",
            Self::Principal => "principal",
            Self::Proctor => "proctor",
            Self::Administrator => "administrator",
            Self::SiteAdministrator => "site-administrator",
            Self::DistrictAdministrator => "district-administrator",
            Self::SystemAdministrator => "system-administrator",
            Self::Staff => "staff",
        }
    }

    /// Reads the word of the configuration.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Reads the value of a OneRoster 1.1 or 1.2 `role` column, in any letter case (exports disagree about it).
    /// `None` for guardians, parents, relatives, and words we do not know.
    pub fn parse_oneroster(value: &str) -> Option<Self> {
        const NAMES: [(&str, Role); 11] = [
            ("student", Role::Student),
            ("teacher", Role::Teacher),
            ("aide", Role::Aide),
            ("counselor", Role::Counselor),
            ("principal", Role::Principal),
            ("proctor", Role::Proctor),
            ("administrator", Role::Administrator),
            ("siteAdministrator", Role::SiteAdministrator),
            ("districtAdministrator", Role::DistrictAdministrator),
            ("systemAdministrator", Role::SystemAdministrator),
            ("staff", Role::Staff),
        ];
        NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, role)| *role)
    }

    /// The number in a stored row; see [`Role::from_code`].
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads the number of a stored row.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
            assert_eq!(Role::from_code(role.code()), Some(role));
        }
    }

    #[test]
    fn parents_guardians_and_relatives_are_no_roles() {
        for word in ["parent", "guardian", "relative", "ext:volunteer", ""] {
            assert_eq!(Role::parse_oneroster(word), None);
        }
    }

    #[test]
    fn oneroster_words_are_read_in_any_case() {
        assert_eq!(Role::parse_oneroster("siteAdministrator"), Some(Role::SiteAdministrator));
        assert_eq!(Role::parse_oneroster("STUDENT"), Some(Role::Student));
    }
}
