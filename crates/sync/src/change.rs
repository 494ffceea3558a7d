//! What changes between what is published and what would be.

use std::cmp::Ordering;
use std::sync::Arc;

use patron::Student;
use roster::generation::Cursor;
use roster::{Generation, RosterError, Row, RowIndex, StudentRow, Verifier};

use crate::hold::Hold;
use crate::losses::Losses;
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
    /// IDs that had a PIN and have none.
    pub pin_lost: u64,
    /// IDs that were one person's and are two people's.
    pub shared: u64,
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
        /// So far.
        losses: Losses,
    },
    /// Under other rules or another key: each row is looked up as it was then.
    LookedUp {
        /// The published rows.
        published: &'a Arc<Generation>,
        /// So far; `gone` is known at the end.
        change: Change,
        /// Published rows that are still there.
        still: u64,
        /// Everybody is gone until seen again.
        losses: Losses,
    },
}

impl<'a> Comparison<'a> {
    /// Compares with `published`, whose rows were made under the same rules.
    pub fn side_by_side(published: &'a Generation) -> Result<Self, RosterError> {
        let mut cursor = published.cursor()?;
        let ahead = cursor.next_row()?;
        let (change, losses) = (Change::default(), Losses::default());
        Ok(Self::SideBySide { published: Box::new(cursor), ahead, change, losses })
    }

    /// Compares with `published`, whose rows were made under other rules.
    pub fn looked_up(published: &'a Arc<Generation>) -> Result<Self, RosterError> {
        let header = published.header();
        let ids = header.rows.saturating_sub(header.aliases).saturating_sub(header.held);
        let change = Change { published: ids, ..Change::default() };
        let mut losses = Losses::default();
        published.for_each(|_, row| {
            if let Some(student) = person(&row) {
                losses.there(student);
                losses.gone(student);
            }
            Ok(())
        })?;
        Ok(Self::LookedUp { published, change, still: 0, losses })
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
            Self::SideBySide { published, ahead, change, losses } => loop {
                let order = ahead.as_ref().map_or(Ordering::Greater, |(index, _)| index.cmp(&merged.index));
                if order == Ordering::Greater {
                    change.new += u64::from(!is_alias(&merged.row));
                    return Ok(());
                }
                let Some((index, row)) = std::mem::replace(ahead, published.next_row()?) else { return Ok(()) };
                if order == Ordering::Equal {
                    if !is_alias(&row) && !is_held(&row) {
                        change.published += 1;
                        change.compare(&row, &merged.row, verifiers(&merged.row));
                        change.pin_lost += u64::from(has_pin(&row) && lacks_pin(&merged.row));
                        person(&row).into_iter().for_each(|student| losses.there(student));
                    }
                    return Ok(());
                }
                vanished(index, row, (change, losses), hold, held)?;
            },
            Self::LookedUp { published, change, still, losses } => {
                let found = match &merged.before {
                    Some((index, now)) => published.row(index)?.map(|row| (row, now)),
                    None => None,
                };
                match found {
                    Some((row, now)) => {
                        *still += u64::from(!is_held(&row));
                        // A PIN that the new rule makes of something else is not lost.
                        change.compare(&row, &merged.row, now);
                        person(&row).into_iter().for_each(|student| losses.still_there(student));
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
    ) -> Result<Option<(Change, Losses)>, RosterError> {
        match self {
            Self::First => Ok(None),
            Self::SideBySide { mut published, ahead, mut change, mut losses } => {
                let mut rest = ahead;
                while let Some((index, row)) = rest {
                    vanished(index, row, (&mut change, &mut losses), hold, held)?;
                    rest = published.next_row()?;
                }
                Ok(Some((change, losses)))
            }
            Self::LookedUp { change, still, losses, .. } => {
                Ok(Some((Change { gone: change.published.saturating_sub(still), ..change }, losses)))
            }
        }
    }
}

/// A published row that is not in the source.
fn vanished(
    index: RowIndex,
    row: Row,
    (change, losses): (&mut Change, &mut Losses),
    hold: &mut Hold<'_>,
    held: &mut dyn FnMut(RowIndex, StudentRow) -> Result<(), RosterError>,
) -> Result<(), RosterError> {
    let was_there = !is_alias(&row) && !is_held(&row);
    change.published += u64::from(was_there);
    let Row::Student(row) = row else {
        change.gone += u64::from(was_there);
        return Ok(());
    };
    // As the published header counts its schools: a held row is moved to the new one's.
    let student = row.student.clone();
    let goes_on = hold.held(row);
    let is_gone = was_there && !(goes_on.is_some() && hold.is_summer());
    change.gone += u64::from(is_gone);
    if was_there {
        losses.there(&student);
    }
    if is_gone {
        losses.gone(&student);
    }
    if let Some(row) = goes_on {
        change.held += 1;
        if !hold.is_summer() {
            losses.held(&student);
        }
        held(index, row)?;
    }
    Ok(())
}

impl Change {
    /// An ID that is there as before; `now` are its verifiers under the rules of the published roster.
    fn compare(&mut self, before: &Row, after: &Row, now: &[Verifier]) {
        match (before, after) {
            (Row::Student(_), Row::Ambiguous) => self.shared += 1,
            _ => self.pin_changed += u64::from(differ(verifiers(before), now)),
        }
    }
}

/// Somebody who is published and not held.
fn person(row: &Row) -> Option<&Student> {
    match row {
        Row::Student(row) if row.student.withdrawn.is_none() => Some(&row.student),
        _ => None,
    }
}

fn has_pin(row: &Row) -> bool {
    matches!(row, Row::Student(row) if row.has_pin())
}

fn lacks_pin(row: &Row) -> bool {
    matches!(row, Row::Student(row) if !row.has_pin())
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
