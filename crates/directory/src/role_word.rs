//! A role as a district writes it.

use patron::Role;

/// What a word for a role makes of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleWord {
    /// May hold a card, as far as we know.
    Holds(Role),
    /// A parent, guardian or relative.
    NeverStored,
    /// A word that is not of the vocabulary.
    Unknown,
}

impl RoleWord {
    /// Reads OneRoster's word, in any letter case.
    pub fn parse(word: &[u8]) -> Self {
        const NEVER: [&str; 3] = ["parent", "guardian", "relative"];
        match str::from_utf8(word).ok().and_then(Role::parse_oneroster) {
            Some(role) => Self::Holds(role),
            None if NEVER.iter().any(|never| word.eq_ignore_ascii_case(never.as_bytes())) => Self::NeverStored,
            None => Self::Unknown,
        }
    }
}
