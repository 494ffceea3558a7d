//! `/demographics`: birth dates and nothing else. Asked for only where they are wanted.

use jiff::civil::Date;

use super::pages;
use super::requests::Requests;
use super::value::Row;
use crate::births::{BirthDates, BirthRows};
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::{BadData, Fault, Refusal};

const DEMOGRAPHICS: &str = "demographics";

/// Reads all birth dates.
pub(super) fn read(requests: &mut Requests<'_>, today: Date, notes: &mut Notes) -> Result<BirthDates, Refusal> {
    let mut births = BirthRows::new(today);
    let received = pages::each(requests, DEMOGRAPHICS, "sourcedId,status,birthDate", notes, &mut |row: Row, notes| {
        // The spelling of early drafts is met still.
        let birth = if row.field("birthdate").is_some() { row.text("birthdate") } else { row.text("birthDate") };
        let (Some(person), Some(birth), Some(status)) = (row.source_id(), birth, row.text("status")) else {
            notes.undecodable(DEMOGRAPHICS, row.number, None, "a sourcedId and a birthDate");
            return Ok(());
        };
        match cell::is_active(status.unwrap_or_default().as_bytes()) {
            Some(true) => {
                let birth = birth.unwrap_or_default();
                births.push(person.as_bytes(), birth.as_bytes(), DEMOGRAPHICS, row.number, notes);
            }
            Some(false) => {}
            None => notes.undecodable(DEMOGRAPHICS, row.number, Some("status"), STATUS),
        }
        Ok(())
    })?;
    if received == 0 {
        return Err(BadData::file(format!("{}/{DEMOGRAPHICS}", requests.settings.url), Fault::EmptyList).into());
    }
    Ok(births.sorted())
}
