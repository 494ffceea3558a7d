//! Files of rows and columns with any header, as student information systems export them (reference: directories.md 2f).
//!
//! One row is one person at one school. The district's file in the configuration names the columns; only those that
//! something is wanted of are looked at. Strict on what is needed, a warning for the rest.
//!
//! - `inbox` which file a folder holds; `mapping` what its columns and words mean
//! - `beginning` what divides the cells; `charset` from windows-1252 to UTF-8
//! - `people` the rows

mod beginning;
mod charset;
mod inbox;
mod mapping;
mod people;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use charset::Charset;
pub use inbox::find;
pub use mapping::{Columns, EnabledWords, Mapping};

pub(crate) use people::{People, Rows};

use self::beginning::Beginning;
use crate::clearing;
use crate::notes::Notes;
use crate::stamp::{self, Look, Stamp};
use crate::table::{Source, Table};
use crate::{Cleared, Directory, Fingerprint, Oddity, Person, Reading, Refusal, Wanted};

/// One exported file, as it was when it was [found](find).
#[derive(Debug)]
pub struct Export {
    stamp: Stamp,
    mapping: Mapping,
    /// Older files in the same folder. Each is the whole truth of an earlier day, so they go with this one: left
    /// behind, one of them would be the newest at the next sync.
    superseded: Vec<Stamp>,
}

impl Export {
    /// The file.
    pub fn path(&self) -> &Path {
        self.stamp.path()
    }

    /// How many older files lie beside it, to be cleared away with it.
    pub fn superseded(&self) -> usize {
        self.superseded.len()
    }

    fn read_as_found(&self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let beginning = Beginning::of(&self.stamp, &self.mapping)?;
        let layout = beginning.layout(&self.stamp, &self.mapping)?;
        let source = Source { read: beginning.and_the_rest(), path: self.stamp.path() };
        let mut table = Table::open(self.stamp.name(), source, layout)?;
        let mut notes = Notes::default();
        for key in self.mapping.unnamed(wanted) {
            notes.warn(self.stamp.name(), Oddity::NoColumn(format!("source.columns.{key}")));
        }
        People::new(self.stamp.name(), &self.mapping, wanted, table.header(), &mut notes)?.read(&mut table, notes, sink)
    }

    fn to_clear(&self) -> impl Iterator<Item = &Stamp> {
        std::iter::once(&self.stamp).chain(&self.superseded)
    }
}

impl Directory for Export {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let reading = self.read_as_found(wanted, sink);
        // A file that was replaced half-way looks like any bad data: say what it was.
        match self.stamp.is_current() {
            true => reading,
            false => Err(Refusal::Replaced { path: self.stamp.path().to_owned() }),
        }
    }

    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        stamp::fingerprint(std::slice::from_ref(&self.stamp), &format!("{:?}", self.mapping))
    }

    fn look(&self) -> Option<Look> {
        Look::at(std::slice::from_ref(&self.stamp))
    }

    /// Removes the file that was found, and older ones beside it.
    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        clearing::delete(self.to_clear())
    }

    /// Moves the same files that [`Directory::delete`] removes to a folder `archive` beside them, for nobody else to read.
    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        clearing::archive(self.to_clear())
    }
}
