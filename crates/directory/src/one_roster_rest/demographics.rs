//! `/demographics`: birth dates and nothing else. Asked for only where they are wanted.

use jiff::civil::Date;

use super::requests::Requests;
use super::value::Row;
use super::{Trouble, pages};
use crate::births::{self, BirthDates, BirthRows};
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::{BadData, Change, Fault, Refusal, Wanted, What};

const DEMOGRAPHICS: &str = "demographics";

/// Reads all birth dates.
pub(super) fn read(requests: &mut Requests<'_>, wanted: &Wanted, notes: &mut Notes) -> Result<Births, Refusal> {
    let mut births = BirthRows::new(wanted.today);
    let mut newest = 0;
    let fields = fields(wanted);
    let received = pages::each(requests, DEMOGRAPHICS, &fields, None, notes, &mut |row: Row, notes| {
        newest = newest.max(row.modified());
        if let Some((person, Some(birth))) = line(&row, notes) {
            births.push(person.as_bytes(), birth.as_bytes(), DEMOGRAPHICS, row.number, notes);
        }
        Ok(())
    })?;
    if received == 0 {
        return Err(BadData::file(format!("{}/{DEMOGRAPHICS}", requests.settings.url), Fault::EmptyList).into());
    }
    Ok(Births { dates: births.sorted(), newest })
}

/// All birth dates, and the latest time at which one was changed.
pub(super) struct Births {
    pub dates: BirthDates,
    pub newest: i64,
}

/// Reads those that changed since. Returns the latest time of a change.
pub(super) fn changes(
    requests: &mut Requests<'_>,
    wanted: &Wanted,
    since: &str,
    notes: &mut Notes,
    sink: &mut dyn FnMut(Change),
) -> Result<i64, Refusal> {
    let mut newest = 0;
    pages::each(requests, DEMOGRAPHICS, &fields(wanted), Some(since), notes, &mut |row: Row, notes| {
        let modified = row.modified();
        newest = newest.max(modified);
        if let Some((source_id, birth)) = line(&row, notes) {
            let birth = birth.as_deref().unwrap_or_default().as_bytes();
            let born = births::read(birth, wanted.today, DEMOGRAPHICS, row.number, notes);
            sink(Change { source_id, modified, what: What::Born(born) });
        }
        Ok(())
    })?;
    Ok(newest)
}

/// Asks for one person's birth date.
pub(super) fn of(requests: &mut Requests<'_>, source_id: &str, wanted: &Wanted) -> Result<Option<Date>, Refusal> {
    // The address is told in faults, and must not name anybody.
    let url = format!("{}/{DEMOGRAPHICS}", requests.settings.url);
    let answer = match requests.one(&url, source_id) {
        Ok(answer) => answer,
        Err(fault) if fault.trouble == Trouble::NotThere => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    let row = pages::single(&answer.body, DEMOGRAPHICS).map_err(|fault| BadData::file(url, fault))?;
    let line = row.and_then(|row| line(&row, &mut Notes::default()));
    let birth = line.and_then(|(_, birth)| birth).unwrap_or_default();
    Ok(births::read(birth.as_bytes(), wanted.today, DEMOGRAPHICS, 1, &mut Notes::default()))
}

fn fields(wanted: &Wanted) -> String {
    let modified = if wanted.records { ",dateLastModified" } else { "" };
    format!("sourcedId,status,birthDate{modified}")
}

/// Whose row it is, and their birth date; `None` of it: the row is taken back. No row at all: it cannot be read.
fn line(row: &Row, notes: &mut Notes) -> Option<(String, Option<String>)> {
    // The spelling of early drafts is met still.
    let birth = if row.field("birthdate").is_some() { row.text("birthdate") } else { row.text("birthDate") };
    let (Some(person), Some(birth), Some(status)) = (row.source_id(), birth, row.text("status")) else {
        notes.undecodable(DEMOGRAPHICS, row.number, None, "a sourcedId and a birthDate");
        return None;
    };
    match cell::is_active(status.unwrap_or_default().as_bytes()) {
        Some(true) => Some((person, Some(birth.unwrap_or_default()))),
        Some(false) => Some((person, None)),
        None => {
            notes.undecodable(DEMOGRAPHICS, row.number, Some("status"), STATUS);
            None
        }
    }
}
