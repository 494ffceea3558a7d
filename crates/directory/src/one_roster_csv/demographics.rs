//! demographics.csv: birth dates and nothing else. The only file that has them, and opened only for them.

use jiff::civil::Date;

use super::cell::{self, STATUS};
use super::store::{File, Store};
use crate::join::{Join, Rows};
use crate::notes::Notes;
use crate::person::may_be_born;
use crate::table::{Layout, Table};
use crate::{Oddity, Refusal};

/// Birth dates by `sourcedId` of the person.
pub(super) struct BirthDates(Join<Packed>);

/// What is known of a person's birth date.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Birth {
    Known(Date),
    Unknown,
    /// Rows that name different ones.
    Disputed,
}

/// A date in three pieces, 4 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Packed(i16, i8, i8);

impl BirthDates {
    /// Reads the file, which has to be there.
    pub fn read(store: &Store<'_>, today: Date, notes: &mut Notes) -> Result<Self, Refusal> {
        const FILE: &str = File::Demographics.name();
        store.read(File::Demographics, |source| {
            let mut table = Table::open(File::Demographics.name(), source, Layout::ONE_ROSTER)?;
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
            let mut rows = Rows::new();
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
                match cell::date(birth).filter(|birth| may_be_born(*birth, today)) {
                    Some(birth) => rows.push(person, Packed(birth.year(), birth.month(), birth.day())),
                    None if birth.is_empty() => {}
                    None => notes.warn_row(FILE, row.line, Oddity::BirthDate),
                }
            }
            table.refuse_without_rows()?;
            Ok(Self(rows.sorted()))
        })
    }

    /// The birth date of a person.
    pub fn of(&self, source_id: &[u8]) -> Birth {
        let mut dates = self.0.of(source_id);
        let Some(first) = dates.next() else { return Birth::Unknown };
        if dates.any(|other| other != first) {
            return Birth::Disputed;
        }
        let Packed(year, month, day) = first;
        Date::new(year, month, day).map_or(Birth::Unknown, Birth::Known)
    }
}
