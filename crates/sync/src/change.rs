//! What changes between what is published and what would be.

use std::cmp::Ordering;
use std::sync::Arc;

use roster::generation::Cursor;
use roster::{Generation, RosterError, Row, RowIndex, StudentRow, Verifier};

use crate::hold::Hold;
use crate::merge::Merged;

/// Counts of the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// IDs that are published.
    pub published: u64,
    /// Published IDs that are no longer there; of those that are held in summer nothing is lost, and they do not count.
    pub gone: u64,
    /// IDs that are not in the source and are held.
    pub held: u64,
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
        let header = published.header();
        let ids = header.rows.saturating_sub(header.aliases).saturating_sub(header.held);
        let change = Change { published: ids, ..Change::default() };
        Self::LookedUp { published, change, still: 0 }
    }

    /// Takes the next row; `held` is handed what is held of those that stood before it.
    pub fn take(
        &mut self,
        merged: &Merged,
        hold: &mut Hold<'_>,
        held: &mut dyn FnMut(RowIndex, StudentRow) -> Result<(), RosterError>,
    ) -> Result<(), RosterError> {
        match self {
            Self::First => {}
            Self::SideBySide { published, ahead, change } => loop {
                let order = ahead.as_ref().map_or(Ordering::Greater, |(index, _)| index.cmp(&merged.index));
                if order == Ordering::Greater {
                    change.new += u64::from(!is_alias(&merged.row));
                    return Ok(());
                }
                let Some((index, row)) = std::mem::replace(ahead, published.next_row()?) else { return Ok(()) };
                if order == Ordering::Equal {
                    if !is_alias(&row) && !is_held(&row) {
                        change.published += 1;
                        change.pin_changed += u64::from(differ(verifiers(&row), verifiers(&merged.row)));
                    }
                    return Ok(());
                }
                change.vanished(index, row, hold, held)?;
            },
            Self::LookedUp { published, change, still } => {
                let found = match &merged.before {
                    Some((index, now)) => {
                        published.row(index)?.map(|row| (differ(verifiers(&row), now), is_held(&row)))
                    }
                    None => None,
                };
                match found {
                    Some((differs, was_held)) => {
                        *still += u64::from(!was_held);
                        change.pin_changed += u64::from(differs);
                    }
                    None => change.new += u64::from(!is_alias(&merged.row)),
                }
            }
        }
        Ok(())
    }

    /// The change, once every row was taken; `None` where there was nothing to compare with.
    pub fn end(
        self,
        hold: &mut Hold<'_>,
        held: &mut dyn FnMut(RowIndex, StudentRow) -> Result<(), RosterError>,
    ) -> Result<Option<Change>, RosterError> {
        match self {
            Self::First => Ok(None),
            Self::SideBySide { mut published, ahead, mut change } => {
                let mut rest = ahead;
                while let Some((index, row)) = rest {
                    change.vanished(index, row, hold, held)?;
                    rest = published.next_row()?;
                }
                Ok(Some(change))
            }
            Self::LookedUp { change, still, .. } => {
                Ok(Some(Change { gone: change.published.saturating_sub(still), ..change }))
            }
        }
    }
}

impl Change {
    /// A published row that is not in the source.
    fn vanished(
        &mut self,
        index: RowIndex,
        row: Row,
        hold: &mut Hold<'_>,
        held: &mut dyn FnMut(RowIndex, StudentRow) -> Result<(), RosterError>,
    ) -> Result<(), RosterError> {
        let was_there = !is_alias(&row) && !is_held(&row);
        self.published += u64::from(was_there);
        let goes_on = match row {
            Row::Student(row) => hold.held(row),
            Row::Alias(_) | Row::Ambiguous | Row::Decoy(_) => None,
        };
        self.gone += u64::from(was_there && !(goes_on.is_some() && hold.is_summer()));
        if let Some(row) = goes_on {
            self.held += 1;
            held(index, row)?;
        }
        Ok(())
    }
}

const fn is_alias(row: &Row) -> bool {
    matches!(row, Row::Alias(_))
}

const fn is_held(row: &Row) -> bool {
    matches!(row, Row::Student(row) if row.student.withdrawn.is_some())
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
