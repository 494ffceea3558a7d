//! What changes between what is published and what would be.

use std::cmp::Ordering;
use std::sync::Arc;

use roster::generation::Cursor;
use roster::{Generation, RosterError, Row, RowIndex, Verifier};

use crate::merge::Merged;

/// Counts of the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// IDs that are published.
    pub published: u64,
    /// Published IDs that are no longer there.
    pub gone: u64,
    /// IDs that were not published.
    pub new: u64,
    /// IDs with a PIN in both, and not the same.
    pub pin_changed: u64,
}

/// Compares rows, which come in the order of the index, with a published generation.
pub enum Comparison<'a> {
    /// Nothing is published, or its key is gone: everything is new.
    First,
    /// Under the same rules: both are walked side by side.
    SideBySide {
        /// The published rows.
        published: Box<Cursor<'a>>,
        /// The next published row.
        ahead: Option<(RowIndex, Row)>,
        /// So far.
        change: Change,
    },
    /// Under other rules or another key: each row is looked up as it was then.
    LookedUp {
        /// The published rows.
        published: &'a Arc<Generation>,
        /// So far; `gone` is known at the end.
        change: Change,
        /// Published rows that are still there.
        still: u64,
    },
}

impl<'a> Comparison<'a> {
    /// Compares with `published`, whose rows were made under the same rules.
    pub fn side_by_side(published: &'a Generation) -> Result<Self, RosterError> {
        let mut cursor = published.cursor()?;
        let ahead = cursor.next_row()?;
        Ok(Self::SideBySide { published: Box::new(cursor), ahead, change: Change::default() })
    }

    /// Compares with `published`, whose rows were made under other rules.
    pub fn looked_up(published: &'a Arc<Generation>) -> Self {
        let change = Change { published: published.header().rows, ..Change::default() };
        Self::LookedUp { published, change, still: 0 }
    }

    /// Takes the next row.
    pub fn take(&mut self, merged: &Merged) -> Result<(), RosterError> {
        match self {
            Self::First => {}
            Self::SideBySide { published, ahead, change } => loop {
                let order = ahead.as_ref().map_or(Ordering::Greater, |(index, _)| index.cmp(&merged.index));
                match order {
                    Ordering::Less => change.gone += 1,
                    Ordering::Greater => {
                        change.new += 1;
                        return Ok(());
                    }
                    Ordering::Equal => {
                        let before = ahead.as_ref().map(|(_, row)| verifiers(row)).unwrap_or_default();
                        change.pin_changed += u64::from(differ(before, verifiers(&merged.row)));
                    }
                }
                change.published += 1;
                *ahead = published.next_row()?;
                if order == Ordering::Equal {
                    return Ok(());
                }
            },
            Self::LookedUp { published, change, still } => {
                let found = match &merged.before {
                    Some((index, now)) => published.row(index)?.map(|row| differ(verifiers(&row), now)),
                    None => None,
                };
                match found {
                    Some(differs) => {
                        *still += 1;
                        change.pin_changed += u64::from(differs);
                    }
                    None => change.new += 1,
                }
            }
        }
        Ok(())
    }

    /// The change, once every row was taken; `None` where there was nothing to compare with.
    pub fn end(self) -> Result<Option<Change>, RosterError> {
        match self {
            Self::First => Ok(None),
            Self::SideBySide { mut published, mut ahead, mut change } => {
                while ahead.is_some() {
                    change.gone += 1;
                    change.published += 1;
                    ahead = published.next_row()?;
                }
                Ok(Some(change))
            }
            Self::LookedUp { change, still, .. } => {
                Ok(Some(Change { gone: change.published.saturating_sub(still), ..change }))
            }
        }
    }
}

fn verifiers(row: &Row) -> &[Verifier] {
    match row {
        Row::Student(row) => &row.verifiers,
        Row::Alias(_) | Row::Ambiguous | Row::Decoy(_) => &[],
    }
}

/// Both have PINs and share none.
fn differ(before: &[Verifier], now: &[Verifier]) -> bool {
    !before.is_empty() && !now.is_empty() && !before.iter().any(|pin| now.iter().any(|other| pin.same_as(other).into()))
}
