//! Birth dates, kept by the person's key until the person is read.

use jiff::civil::Date;

use crate::Oddity;
use crate::cell;
use crate::join::{Join, Rows};
use crate::notes::Notes;
use crate::person::may_be_born;

/// Birth dates by `sourcedId` of the person.
pub(crate) struct BirthDates(Join<Packed>);

/// The same while they are read.
pub(crate) struct BirthRows {
    rows: Rows<Packed>,
    today: Date,
}

/// What is known of a person's birth date.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Birth {
    Known(Date),
    Unknown,
    /// Rows that name different ones.
    Disputed,
}

/// A date in three pieces, 4 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Packed(i16, i8, i8);

impl BirthRows {
    /// None yet; no one is born after `today`.
    pub fn new(today: Date) -> Self {
        Self { rows: Rows::new(), today }
    }

    /// Adds a birth date as it is written; one that cannot be is noted.
    pub fn push(&mut self, person: &[u8], birth: &[u8], file: &str, line: u64, notes: &mut Notes) {
        if let Some(birth) = read(birth, self.today, file, line, notes) {
            self.rows.push(person, Packed(birth.year(), birth.month(), birth.day()));
        }
    }

    /// Sorts them for looking up.
    pub fn sorted(self) -> BirthDates {
        BirthDates(self.rows.sorted())
    }
}

/// A birth date as it is written; one that cannot be is noted and is none.
pub(crate) fn read(birth: &[u8], today: Date, file: &str, line: u64, notes: &mut Notes) -> Option<Date> {
    let date = cell::date(birth).filter(|birth| may_be_born(*birth, today));
    if date.is_none() && !birth.is_empty() {
        notes.warn_row(file, line, Oddity::BirthDate);
    }
    date
}

impl BirthDates {
    /// The birth date of a person; one that is disputed is noted and counts as none.
    pub fn single(&mut self, source_id: &[u8], file: &str, line: u64, notes: &mut Notes) -> Option<Date> {
        match self.of(source_id) {
            Birth::Known(date) => Some(date),
            Birth::Disputed => {
                notes.warn_row(file, line, Oddity::BirthDates);
                None
            }
            Birth::Unknown => None,
        }
    }

    /// The birth date of a person.
    fn of(&mut self, source_id: &[u8]) -> Birth {
        let mut dates = self.0.of(source_id);
        let Some(first) = dates.next() else { return Birth::Unknown };
        if dates.any(|other| other != first) {
            return Birth::Disputed;
        }
        let Packed(year, month, day) = first;
        Date::new(year, month, day).map_or(Birth::Unknown, Birth::Known)
    }
}
