//! demographics.csv: birth dates and nothing else. The only file that has them, and opened only for them.

use jiff::civil::Date;

use super::store::{File, Store};
use crate::births::{BirthDates, BirthRows};
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::table::{Layout, Table};
use crate::{Oddity, Refusal};

/// Reads the file, which has to be there.
pub(super) fn read(store: &Store<'_>, today: Date, notes: &mut Notes) -> Result<BirthDates, Refusal> {
    const FILE: &str = File::Demographics.name();
    store.read(File::Demographics, |source| {
        let mut table = Table::open(FILE, source, Layout::ONE_ROSTER)?;
        let header = table.header();
        // Early drafts of 1.1 named the person so.
        let person = match header.seek("userSourcedId", notes)? {
            Some(column) => {
                notes.warn(FILE, Oddity::OldColumn("sourcedId".to_owned()));
                column
            }
            None => header.need("sourcedId", notes)?,
        };
        let birth = header.need("birthDate", notes)?;
        let status = header.seek("status", notes)?;
        let mut rows = BirthRows::new(today);
        while let Some(row) = table.next(notes)? {
            let (Some(person), Some(birth)) = (row.cell(person), row.cell(birth)) else {
                notes.undecodable(FILE, row.line, None, "a cell for sourcedId and one for birthDate");
                continue;
            };
            match cell::is_active(row.optional(status)) {
                Some(true) => {}
                Some(false) => {
                    notes.warn_row(FILE, row.line, Oddity::Withdrawn);
                    continue;
                }
                None => {
                    notes.undecodable(FILE, row.line, Some("status"), STATUS);
                    continue;
                }
            }
            rows.push(person, birth, FILE, row.line, notes);
        }
        table.refuse_without_rows()?;
        Ok(rows.sorted())
    })
}
