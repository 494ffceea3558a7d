//! What changed in a source since an earlier reading, as far as it says so.
//!
//! A delta speaks in the source's own keys: a row that changed comes whole, one that went is a key and the word
//! `tobedeleted`, and what belongs to a person comes from several lists that change apart. Nothing is joined here. Each
//! row is handed on as one [`Change`], and whoever kept what was read earlier puts them together.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::role_set::RoleEntry;
use crate::{Person, School};

/// What a sync that keeps a source's records needs to know of each person besides.
#[derive(Clone)]
pub struct SourceRecord {
    /// The source's key of the person (OneRoster `sourcedId`).
    pub source_id: String,
    /// When the source last changed it, in milliseconds since 1970; 0: it does not say.
    pub modified: i64,
    /// Where their role and schools come from.
    pub roles: RoleSource,
    /// None of their roles has begun: they have no row yet.
    pub waits: bool,
}

/// Where a person's role and schools come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleSource {
    /// From their own row, without a beginning or an end.
    InRow,
    /// From these, each with its own times.
    Are(Vec<RoleEntry>),
    /// From a list that this delta does not repeat.
    Unsaid,
}

/// One row of a delta.
pub struct Change {
    /// The source's key of the person; empty for a role of which only its own key is said.
    pub source_id: String,
    /// When the source changed the row, in milliseconds since 1970; 0: it does not say.
    pub modified: i64,
    /// What it says.
    pub what: What,
}

/// What a row of a delta says.
pub enum What {
    /// The person is now like this; of their birth date it says nothing.
    Is(Box<Person>),
    /// The person is gone, or is nobody who may be kept.
    Gone,
    /// Their birth date; `None`: it is not known any more.
    Born(Option<Date>),
    /// They have this role.
    Role(RoleEntry),
    /// The role with this key is gone.
    RoleGone(u64),
}

/// What an earlier reading left behind, so that its numbers go on.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Its schools in their order.
    pub schools: Vec<School>,
    /// Its organisations that are no schools.
    pub others: Vec<String>,
    /// From when on changes are asked for, in milliseconds since 1970, where the source is asked.
    pub since: i64,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change(…)")
    }
}

/// `dateLastModified`, in milliseconds since 1970. Without a zone it is taken for UTC, as OneRoster has it; what cannot be
/// read is 0, as if it were not there.
pub(crate) fn modified(written: &[u8]) -> i64 {
    let Ok(text) = str::from_utf8(written) else { return 0 };
    let text = text.trim();
    // Most bulks give none, and an error takes longer to make than all else of a row.
    if text.is_empty() {
        return 0;
    }
    let read = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    });
    read.map_or(0, Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_servers_write_it_and_anything_else_is_none() {
        for text in
            ["2026-11-22T00:00:00.000Z", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00", "2026-11-21T19:00:00-05:00"]
        {
            assert_eq!(modified(text.as_bytes()), 1_795_305_600_000, "{text}");
        }
        for text in ["", "yesterday", "22.11.2026"] {
            assert_eq!(modified(text.as_bytes()), 0, "{text}");
        }
    }
}
