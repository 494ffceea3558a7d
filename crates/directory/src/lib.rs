//! A district's source of truth, read as a stream of people: one file per kind of source.
//!
//! Nothing is kept here and nothing is merged: each row that may hold a card is handed on as a [`Person`], everything
//! else is counted in a [`Reading`]. A source that cannot be trusted whole is a [`Refusal`], so that the last good
//! roster goes on serving; a broken file is never taken for an empty district.
//!
//! - [`person`] what is asked of a source, and what it hands on
//! - [`change`] what a delta hands on; [`role_set`] roles with times of their own, kept for one
//! - [`reading`] what reading it came to: counts, schools, warnings
//! - [`refusal`] why a source was not taken, and who can mend it
//! - [`delimited`] any other file of rows and columns
//! - [`ldap`] LDAP directories and Active Directory, asked over the network
//! - [`one_roster_csv`] OneRoster 1.1 and 1.2 CSV bundles, loose in a folder or zipped
//! - [`one_roster_rest`] OneRoster 1.1 and 1.2 servers
//! - [`sql`] a query on a PostgreSQL, MySQL or MariaDB server
//!
//! What kinds with files share: `inbox` the files of a folder, `stamp` whether they are still the same, `clearing` removing
//! them, `watched` what is looked for in every byte, `table` rows, `header` columns, `column` cells.
//!
//! No error, warning or `Debug` here holds a cell of a source: files, rows, columns and counts only.

#[cfg(test)]
mod battery;
mod births;
mod cell;
pub mod change;
mod clearing;
mod column;
pub mod delimited;
mod header;
mod inbox;
mod join;
pub mod ldap;
mod notes;
pub mod one_roster_csv;
pub mod one_roster_rest;
pub mod person;
pub mod reading;
pub mod refusal;
pub mod role_set;
mod schools;
mod secret;
pub mod sql;
mod stamp;
mod standing;
mod table;
mod watched;

pub use change::{Before, Change, RoleSource, SourceRecord, What};
pub use person::{Person, Wanted};
pub use reading::{Oddity, Place, Reading, School, Undecodable, Warning};
pub use refusal::{BadData, Fault, Refusal};
pub use role_set::{Holding, RoleEntry};
pub use secret::Secret;
pub use stamp::Look;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use jiff::civil::Date;

/// One district's source of truth.
pub trait Directory: Send {
    /// Reads the source from its beginning and hands each person to `sink`, on the caller's thread, in the source's
    /// order. Rows of the same person (dual enrolment) are handed on one by one.
    ///
    /// After a [`Refusal`] what `sink` was given must be thrown away: the fault may have shown only at the end.
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal>;

    /// What can be read of it.
    fn extent(&self) -> Extent {
        Extent::Whole
    }

    /// Reads what changed since `before` and hands on one change after the other; `None`: the source cannot say, and
    /// must be read whole. As after a refusal, what `sink` was given must then be thrown away.
    fn changes(
        &mut self,
        wanted: &Wanted,
        before: &Before,
        sink: &mut dyn FnMut(Change),
    ) -> Result<Option<Reading>, Refusal> {
        let _ = (wanted, before, sink);
        Ok(None)
    }

    /// Asks for the birth dates of a few people by the source's own keys: of those whom a delta names with another ID,
    /// and whose birth date it does not repeat. In the order asked; `None`: the source can't be asked so.
    fn birth_dates(&mut self, of: &[&str], wanted: &Wanted) -> Result<Option<Vec<Option<Date>>>, Refusal> {
        let _ = (of, wanted);
        Ok(None)
    }

    /// What tells this very state of the source from any other, so that a refused one is not tried again.
    fn fingerprint(&self) -> Result<Fingerprint, Refusal>;

    /// What the delivery is like, so that one that still grows is left; `None`: it is no delivery of files.
    fn look(&self) -> Option<Look> {
        None
    }

    /// Removes the source after it was published, for `after = "delete"`.
    fn delete(self: Box<Self>) -> Result<Cleared, Refusal>;

    /// Moves the source out of the way after it was published, for `after = "archive"`.
    fn archive(self: Box<Self>) -> Result<Cleared, Refusal>;
}

/// What can be read of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it, and nothing less.
    Whole,
    /// Only what changed: a delivery of changes.
    Changes,
    /// Either, as one asks.
    Either,
}

/// The identity of one state of a source: 128 bits over names, sizes, times of change and both ends of each file.
///
/// Displayed and read back as 32 hexadecimal digits. It recognises a file that was refused before; it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// For what cannot be known before it is read: like no other, so that it is never taken for one that was read, or
    /// refused, before. The standard library's own source of randomness.
    pub(crate) fn like_no_other() -> Self {
        let random = || u128::from(RandomState::new().hash_one(0u8));
        Self(random() << 64 | random())
    }

    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(text, 16).ok().filter(|_| hex).map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What deleting or archiving a source came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Files removed or moved.
    pub files: usize,
    /// Files left where they are because they were replaced after they were read: they are the next bundle.
    pub newer: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back() {
        let print = Fingerprint(0xfeed);
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        for text in ["", "feed", "+000000000000000000000000000feed"] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}
