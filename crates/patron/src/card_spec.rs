//! What a form of card numbers consists of, as the configuration says it.

use serde::{Deserialize, Serialize};

use crate::{CheckDigit, IdSource, Scope};

/// A form as the configuration says it, and as a generation's header keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSpec {
    /// Where the source keeps the ID.
    pub id: IdSource,
    /// What stands before the ID: prefix, district code, infix of a role. May be empty, may hold blanks inside.
    pub before: String,
    /// What stands after it.
    pub after: String,
    /// The shape of the cleaned ID, before it is filled.
    pub pattern: String,
    /// Zeros before the ID.
    pub fill: Option<Fill>,
    /// The letter case of a card; cards are then read in any.
    pub case: Option<Case>,
    /// Characters of the ID that are kept; others are cut.
    pub keep: Option<Keep>,
    /// `@domain` that the source and students may write after the ID; it is not part of the card.
    pub domain: Option<String>,
    /// The digit at the end.
    pub check: Option<CheckDigit>,
    /// Who has such a card.
    pub scope: Scope,
    /// The space in which IDs are unique: districts that share a state-wide ID name the same one.
    pub namespace: String,
    /// Columns with earlier numbers of the same person, which go on working.
    pub aliases: Vec<IdSource>,
    /// Cards of this form are read and no longer made: an earlier form.
    pub retired: bool,
}

/// Zeros before an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fill {
    /// The ID has at least so many characters.
    Id(u8),
    /// The whole card has exactly so many.
    Total(u8),
}

/// The letter case of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Case {
    Upper,
    Lower,
}

/// Characters of an ID that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Keep {
    Digits,
    Alphanumeric,
}

impl CardSpec {
    /// A form of a literal prefix before an ID of a shape.
    pub fn plain(id: IdSource, prefix: &str, pattern: &str, namespace: &str) -> Self {
        Self {
            id,
            before: prefix.to_owned(),
            after: String::new(),
            pattern: pattern.to_owned(),
            fill: None,
            case: None,
            keep: None,
            domain: None,
            check: None,
            scope: Scope::default(),
            namespace: namespace.to_owned(),
            aliases: Vec::new(),
            retired: false,
        }
    }

    /// Characters of a card that are not the ID's.
    pub(crate) fn around(&self) -> usize {
        self.before.chars().count() + self.after.chars().count() + usize::from(self.check.is_some())
    }

    /// How many characters a filled ID has: at least, and whether that is all it may have.
    pub(crate) fn width(&self) -> Option<(usize, bool)> {
        match self.fill? {
            Fill::Id(least) => Some((usize::from(least), false)),
            Fill::Total(total) => Some((usize::from(total).saturating_sub(self.around()), true)),
        }
    }
}
