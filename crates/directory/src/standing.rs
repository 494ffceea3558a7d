//! What a role makes of a person, and what several roles make of one together.

use patron::{Role, SchoolIndex};

/// What a role makes of a person. They sort as they count: of several the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// May hold a card, as far as we know.
    Holds(Role),
    /// A parent, guardian or relative.
    NeverStored,
    /// A word that is not of the vocabulary.
    Unknown,
    /// A role that was taken back, has ended or has not begun.
    Past,
}

impl Standing {
    /// Reads a role's name.
    pub fn parse(word: &[u8]) -> Self {
        const NEVER: [&str; 3] = ["parent", "guardian", "relative"];
        match str::from_utf8(word).ok().and_then(Role::parse_oneroster) {
            Some(role) => Self::Holds(role),
            None if NEVER.iter().any(|never| word.eq_ignore_ascii_case(never.as_bytes())) => Self::NeverStored,
            None => Self::Unknown,
        }
    }

    /// Roles by their code, and behind them what is no role.
    const fn code(self) -> u8 {
        match self {
            Self::Holds(role) => role.code(),
            Self::NeverStored => 253,
            Self::Unknown => 254,
            Self::Past => 255,
        }
    }

    fn from_code(code: u8) -> Self {
        match code {
            253 => Self::NeverStored,
            254 => Self::Unknown,
            _ => Role::from_code(code).map_or(Self::Past, Self::Holds),
        }
    }
}

/// One role of a person in 4 bytes. They sort as they count: primary roles first, and of several the one that comes
/// first in [`Role`], so that no order of rows changes who a person is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoleRow {
    secondary: bool,
    standing: u8,
    school: u16,
}

impl RoleRow {
    pub const fn new(secondary: bool, standing: Standing, school: Option<SchoolIndex>) -> Self {
        let school = match school {
            Some(SchoolIndex(index)) => index,
            None => u16::MAX,
        };
        Self { secondary, standing: standing.code(), school }
    }

    /// Whether it may hold a card.
    pub fn may_hold(self) -> bool {
        matches!(Standing::from_code(self.standing), Standing::Holds(_))
    }

    /// The same role when it is over, or has not begun.
    pub const fn past(self) -> Self {
        Self { standing: Standing::Past.code(), ..self }
    }

    /// The role as it is kept.
    pub fn bytes(self) -> [u8; 4] {
        let [high, low] = self.school.to_be_bytes();
        [u8::from(self.secondary), self.standing, high, low]
    }

    /// Reads what [`RoleRow::bytes`] wrote.
    pub const fn of_bytes([secondary, standing, high, low]: [u8; 4]) -> Self {
        Self { secondary: secondary != 0, standing, school: u16::from_be_bytes([high, low]) }
    }
}

/// What a person's roles, sorted, make of them, with the schools of the roles that may hold a card, sorted. `None`:
/// there is none.
pub(crate) fn settle(rows: impl IntoIterator<Item = RoleRow>) -> Option<(Standing, Vec<SchoolIndex>)> {
    let mut found = None;
    let mut schools = Vec::new();
    for row in rows {
        let standing = Standing::from_code(row.standing);
        let holds = matches!(standing, Standing::Holds(_));
        if holds && row.school != u16::MAX {
            schools.push(SchoolIndex(row.school));
        }
        found = match found {
            Some(first @ Standing::Holds(_)) => Some(first),
            Some(Standing::NeverStored) if !holds => Some(Standing::NeverStored),
            Some(Standing::Unknown) if standing == Standing::Past => Some(Standing::Unknown),
            _ => Some(standing),
        };
    }
    schools.sort_unstable();
    schools.dedup();
    found.map(|standing| (standing, schools))
}
