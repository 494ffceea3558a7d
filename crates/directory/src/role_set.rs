//! Roles with times of their own, kept from one reading to the next: a role ends without anybody saying so again.

use std::hash::Hasher as _;

use jiff::civil::Date;
use patron::{Role, SchoolIndex};
use siphasher::sip::SipHasher13;

use crate::standing::{RoleRow, Standing, settle};

/// One role of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleEntry {
    row: RoleRow,
    /// Of the role's own `sourcedId`; 0: it has none.
    key: u64,
    modified: i64,
    begins: Option<Date>,
    ends: Option<Date>,
}

/// What somebody's roles make of them on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// A holder of a card, at these schools.
    Holds(Role, Vec<SchoolIndex>),
    /// Nobody yet: such a role begins later.
    Waits(Role, Vec<SchoolIndex>),
    /// Nobody who is kept.
    Nobody,
}

impl RoleEntry {
    pub(crate) const fn new(row: RoleRow, key: u64, modified: i64, begins: Option<Date>, ends: Option<Date>) -> Self {
        Self { row, key, modified, begins, ends }
    }

    /// A role that was taken back.
    pub(crate) const fn over() -> Self {
        Self::new(RoleRow::new(false, Standing::Past, None), 0, 0, None, None)
    }

    /// The key of the role itself; 0: it has none.
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// Whether it is a role that may hold a card, whenever that is.
    pub fn may_hold(&self) -> bool {
        self.row.may_hold()
    }

    /// When the source changed it, in milliseconds since 1970; 0: it does not say.
    pub const fn modified(&self) -> i64 {
        self.modified
    }

    /// The same role, changed at that time at the latest, in milliseconds since 1970.
    #[must_use]
    pub fn not_after(self, latest: i64) -> Self {
        Self { modified: self.modified.min(latest), ..self }
    }

    /// The role as it counts on a day; `endDate` is the first day without it.
    pub(crate) fn on(&self, day: Date) -> RoleRow {
        if self.is_on(day) { self.row } else { self.row.past() }
    }

    /// Whether the role has begun on a day and not ended.
    pub(crate) fn is_on(&self, day: Date) -> bool {
        self.begins.is_none_or(|begins| begins <= day) && self.ends.is_none_or(|ends| day < ends)
    }

    /// The role once it has begun.
    fn once_begun(&self, day: Date) -> RoleRow {
        self.on(self.begins.map_or(day, |begins| begins.max(day)))
    }

    /// The bytes of an entry.
    pub const LENGTH: usize = 4 + 8 + 8 + 4 + 4;

    /// Appends the entry's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.row.bytes());
        out.extend_from_slice(&self.key.to_be_bytes());
        out.extend_from_slice(&self.modified.to_be_bytes());
        out.extend_from_slice(&day_bytes(self.begins));
        out.extend_from_slice(&day_bytes(self.ends));
    }

    /// Reads what [`RoleEntry::encode`] wrote.
    pub fn decode(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (row, rest) = bytes.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_first_chunk::<8>()?;
        let (modified, rest) = rest.split_first_chunk::<8>()?;
        let (begins, rest) = rest.split_first_chunk::<4>()?;
        Some(Self {
            row: RoleRow::of_bytes(*row),
            key: u64::from_be_bytes(*key),
            modified: i64::from_be_bytes(*modified),
            begins: day_of(*begins)?,
            ends: day_of(*rest.first_chunk()?)?,
        })
    }
}

impl Holding {
    /// What these roles make of somebody on a day.
    pub fn of(roles: &[RoleEntry], day: Date) -> Self {
        let settled = |on: fn(&RoleEntry, Date) -> RoleRow| {
            let mut rows: Vec<RoleRow> = roles.iter().map(|role| on(role, day)).collect();
            rows.sort_unstable();
            match settle(rows) {
                Some((Standing::Holds(role), schools)) => Some((role, schools)),
                _ => None,
            }
        };
        match (settled(RoleEntry::on), settled(RoleEntry::once_begun)) {
            (Some((role, schools)), _) => Self::Holds(role, schools),
            (None, Some((role, schools))) => Self::Waits(role, schools),
            (None, None) => Self::Nobody,
        }
    }
}

/// The key of a role with this `sourcedId`: the same at each reading. 0 is nobody's.
pub(crate) fn role_key(source_id: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(source_id);
    hasher.finish().max(1)
}

fn day_bytes(day: Option<Date>) -> [u8; 4] {
    day.map_or([0; 4], |day| {
        let [high, low] = day.year().to_be_bytes();
        [high, low, day.month().unsigned_abs(), day.day().unsigned_abs()]
    })
}

fn day_of(bytes: [u8; 4]) -> Option<Option<Date>> {
    let [high, low, month, day] = bytes;
    if month == 0 {
        return Some(None);
    }
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(i16::from_be_bytes([high, low]), month, day).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn role(standing: Standing, school: u16, begins: Option<Date>, ends: Option<Date>) -> RoleEntry {
        RoleEntry::new(RoleRow::new(false, standing, Some(SchoolIndex(school))), 7, 9, begins, ends)
    }

    const TODAY: Date = date(2026, 11, 26);

    #[test]
    fn an_entry_reads_back() {
        let whole = role(Standing::Holds(Role::Teacher), 700, Some(TODAY), Some(date(2027, 6, 30)));
        for entry in [whole, role(Standing::Unknown, 0, None, None), RoleEntry::default()] {
            let mut bytes = Vec::new();
            entry.encode(&mut bytes);
            assert_eq!(RoleEntry::decode(bytes.as_slice().try_into().unwrap()), Some(entry));
        }
    }

    #[test]
    fn a_role_begins_and_ends_by_itself() {
        let student = Standing::Holds(Role::Student);
        let later = role(student, 1, Some(date(2026, 11, 27)), Some(date(2026, 12, 1)));
        assert_eq!(Holding::of(&[later], TODAY), Holding::Waits(Role::Student, vec![SchoolIndex(1)]));
        assert_eq!(Holding::of(&[later], date(2026, 11, 27)), Holding::Holds(Role::Student, vec![SchoolIndex(1)]));
        assert_eq!(Holding::of(&[later], date(2026, 12, 1)), Holding::Nobody);
        let both = [later, role(student, 2, None, None)];
        assert_eq!(Holding::of(&both, TODAY), Holding::Holds(Role::Student, vec![SchoolIndex(2)]));
        assert_eq!(Holding::of(&[role(Standing::NeverStored, 1, None, None)], TODAY), Holding::Nobody);
        assert_eq!(Holding::of(&[], TODAY), Holding::Nobody);
    }
}
