//! demographics.csv: birth dates and nothing else. The only file that has them, and opened only for them.

use jiff::civil::Date;

use super::store::{File, Store};
use crate::births::{self, BirthDates, BirthRows};
use crate::cell::{self, STATUS};
use crate::change::modified;
use crate::header::Header;
use crate::notes::Notes;
use crate::table::{Layout, Row, Table};
use crate::{Change, Oddity, Refusal, What};

const FILE: &str = File::Demographics.name();

/// Where things stand in demographics.csv.
struct Columns {
    person: usize,
    birth: usize,
    status: Option<usize>,
    modified: Option<usize>,
}

impl Columns {
    fn find(header: &Header, notes: &mut Notes) -> Result<Self, Refusal> {
        // Early drafts of 1.1 named the person so.
        let person = match header.seek("userSourcedId", notes)? {
            Some(column) => {
                notes.warn(FILE, Oddity::OldColumn("sourcedId".to_owned()));
                column
            }
            None => header.need("sourcedId", notes)?,
        };
        Ok(Self {
            person,
            birth: header.need("birthDate", notes)?,
            status: header.seek("status", notes)?,
            modified: header.seek("dateLastModified", notes)?,
        })
    }

    /// Whose row it is, and their birth date as it is written; `None` of it: the row is taken back. No row at all: it
    /// cannot be read.
    fn of<'r>(&self, row: &Row<'r>, notes: &mut Notes) -> Option<(&'r [u8], Option<&'r [u8]>)> {
        let Some(is_active) = cell::is_active(row.optional(self.status)) else {
            notes.undecodable(FILE, row.line, Some("status"), STATUS);
            return None;
        };
        let (person, birth) = (row.cell(self.person), row.cell(self.birth));
        let (Some(person), true) = (person, birth.is_some() || !is_active) else {
            notes.undecodable(FILE, row.line, None, "a cell for sourcedId and one for birthDate");
            return None;
        };
        Some((person, birth.filter(|_| is_active)))
    }
}

/// Reads the file, which has to be there.
pub(super) fn read(store: &Store<'_>, today: Date, notes: &mut Notes) -> Result<BirthDates, Refusal> {
    store.read(File::Demographics, |source| {
        let mut table = Table::open(FILE, source, Layout::ONE_ROSTER)?;
        let columns = Columns::find(table.header(), notes)?;
        let mut rows = BirthRows::new(today);
        while let Some(row) = table.next(notes)? {
            match columns.of(&row, notes) {
                Some((person, Some(birth))) => rows.push(person, birth, FILE, row.line, notes),
                Some((_, None)) => notes.warn_row(FILE, row.line, Oddity::Withdrawn),
                None => {}
            }
        }
        table.refuse_without_rows()?;
        Ok(rows.sorted())
    })
}

/// Reads the birth dates of a delta. Returns the latest time of a change.
pub(super) fn changes(
    store: &Store<'_>,
    today: Date,
    notes: &mut Notes,
    sink: &mut dyn FnMut(Change),
) -> Result<i64, Refusal> {
    store.read(File::Demographics, |source| {
        let mut table = Table::open(FILE, source, Layout::ONE_ROSTER)?;
        let columns = Columns::find(table.header(), notes)?;
        let mut newest = 0;
        while let Some(row) = table.next(notes)? {
            let Some((person, birth)) = columns.of(&row, notes) else { continue };
            let modified = modified(row.optional(columns.modified));
            newest = newest.max(modified);
            let born = birth.and_then(|birth| births::read(birth, today, FILE, row.line, notes));
            match str::from_utf8(person) {
                Ok(person) if !person.is_empty() => {
                    sink(Change { source_id: person.to_owned(), modified, what: What::Born(born) });
                }
                _ => notes.undecodable(FILE, row.line, Some("sourcedId"), "the person's sourcedId"),
            }
        }
        Ok(newest)
    })
}
