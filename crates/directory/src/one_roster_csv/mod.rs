//! OneRoster CSV bundles, 1.1 and 1.2, in bulk and as deltas (1EdTech, OneRoster CSV Binding; reference: directories.md 2a).
//!
//! A bundle is a folder of CSV files or a zip of them. Columns are matched by name, and a file is read only where
//! something of it is wanted: demographics.csv, the most sensitive one, only for birth dates. Strict on what is
//! needed, a warning for the rest.
//!
//! - `inbox` which bundle a folder holds; `store` its files by name; `archive` the rules of a zip
//! - `manifest`, `orgs`, `roles`, `demographics`, `users` the files; `delta` the same files where they hold changes only

mod archive;
mod delta;
mod demographics;
mod inbox;
mod manifest;
mod orgs;
mod roles;
mod store;
#[cfg(test)]
mod tests;
mod users;

use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

pub use archive::{MOST_TIMES, MOST_UNPACKED};
pub use inbox::{find, find_next};

use self::manifest::{Manifest, Version};
use self::roles::Roles;
use self::store::{File, Store};
use self::users::Users;
use crate::births::BirthDates;
use crate::clearing;
use crate::notes::Notes;
use crate::schools::Schools;
use crate::stamp::{self, Look, Stamp};
use crate::table::{Layout, Table};
use crate::{
    BadData, Before, Change, Cleared, Directory, Extent, Fault, Fingerprint, Person, Reading, Refusal, Wanted,
};

/// One bundle, as it was when it was [found](find).
#[derive(Debug)]
pub struct Bundle {
    form: Form,
    /// The zip, or all CSV files of the folder, as they were found.
    stamps: Vec<Stamp>,
    /// Older bundles in the same folder. Each is the whole truth of an earlier day, so they go with this one: left
    /// behind, one of them would be the newest at the next sync.
    superseded: Vec<Stamp>,
    /// Whether it is the whole truth or holds changes only.
    extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Loose,
    Zip,
}

impl Bundle {
    /// The zip, or the folder with the files.
    pub fn path(&self) -> &Path {
        let first = self.stamps.first().map_or(Path::new(""), Stamp::path);
        match self.form {
            Form::Zip => first,
            Form::Loose => first.parent().unwrap_or(first),
        }
    }

    /// How many older bundles (zips, or loose files) lie beside it, to be cleared away with it.
    pub fn superseded(&self) -> usize {
        self.superseded.len()
    }

    fn read_as_found(&self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let mut notes = Notes::default();
        let mut needed = vec![File::Manifest, File::Orgs, File::Users, File::Roles];
        needed.extend(wanted.birth_date.then_some(File::Demographics));
        let store = Store::open(self, &needed, &mut notes)?;
        let manifest = Manifest::read(&store, &needed, Extent::Whole, &mut notes)?;
        if !store.has(File::Users) {
            return Err(BadData::file(File::Users.name(), Fault::Missing).into());
        }
        store.read(File::Users, |source| {
            let mut table = Table::open(File::Users.name(), source, Layout::ONE_ROSTER)?;
            let version = manifest.version(table.header(), store.has(File::Roles), &mut notes)?;
            let schools = orgs::read(&store, &mut notes)?;
            let (roles, birth_dates) = joins(&store, version, wanted, schools, &mut notes)?;
            let in_rows = version == Version::V1p1;
            Users::new(wanted, table.header(), roles, birth_dates, in_rows, &mut notes)?.read(&mut table, notes, sink)
        })
    }
}

/// What roles.csv and demographics.csv say, each read in a thread of its own where both are needed.
fn joins(
    store: &Store,
    version: Version,
    wanted: &Wanted,
    schools: Schools,
    notes: &mut Notes,
) -> Result<(Roles, Option<BirthDates>), Refusal> {
    thread::scope(|scope| {
        let births = wanted.birth_date.then(|| {
            scope.spawn(|| {
                let mut notes = Notes::default();
                demographics::read(store, wanted.today, &mut notes).map(|dates| (dates, notes))
            })
        });
        let roles = match version {
            Version::V1p1 => Roles::in_users(schools),
            Version::V1p2 => Roles::read(store, schools, wanted.today, wanted.records, notes)?,
        };
        let births = births.map(ScopedJoinHandle::join).transpose().unwrap_or_else(|panic| resume_unwind(panic));
        let dates = births.transpose()?.map(|(dates, theirs)| {
            notes.absorb(theirs);
            dates
        });
        Ok((roles, dates))
    })
}

impl Directory for Bundle {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let reading = self.read_as_found(wanted, sink);
        self.if_current(reading)
    }

    fn extent(&self) -> Extent {
        self.extent
    }

    fn changes(
        &mut self,
        wanted: &Wanted,
        before: &Before,
        sink: &mut dyn FnMut(Change),
    ) -> Result<Option<Reading>, Refusal> {
        let reading = delta::read(self, wanted, before, sink);
        self.if_current(reading).map(Some)
    }

    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        stamp::fingerprint(&self.stamps, "")
    }

    fn look(&self) -> Option<Look> {
        Look::at(&self.stamps)
    }

    /// Removes the files that were found, and older bundles beside them. Of loose CSV files only those with a name
    /// of OneRoster's are removed, whether they were needed or not: a demographics.csv must not be left behind.
    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        clearing::delete(self.to_clear())
    }

    /// Moves the same files that [`Directory::delete`] removes to a folder `archive` beside them. The folder gets
    /// mode 0700 and the files 0600; a number is added to names that are taken.
    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        clearing::archive(self.to_clear())
    }
}

impl Bundle {
    /// A bundle that was replaced half-way looks like any bad data: say what it was.
    fn if_current(&self, reading: Result<Reading, Refusal>) -> Result<Reading, Refusal> {
        match self.stamps.iter().find(|stamp| !stamp.is_current()) {
            Some(stamp) => Err(Refusal::Replaced { path: stamp.path().to_owned() }),
            None => reading,
        }
    }

    fn to_clear(&self) -> impl Iterator<Item = &Stamp> {
        let ours = |stamp: &&Stamp| self.form == Form::Zip || store::is_one_roster(stamp.name());
        self.stamps.iter().filter(ours).chain(&self.superseded)
    }
}
