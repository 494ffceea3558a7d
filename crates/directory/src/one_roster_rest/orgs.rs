//! `/orgs`: the schools. Districts and departments among them are no schools.

use super::pages;
use super::requests::Requests;
use super::value::Row;
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::schools::Schools;
use crate::{Before, Oddity, Refusal, School};

const ORGS: &str = "orgs";

/// Reads all organisations.
pub(super) fn read(requests: &mut Requests<'_>, notes: &mut Notes) -> Result<Schools, Refusal> {
    let mut schools = Schools::default();
    schools.listed = list(requests, &mut schools, notes)? > 0;
    if !schools.listed {
        notes.warn(ORGS, Oddity::EmptyList);
    }
    Ok(schools)
}

/// The same into those that are known: they are few, and all of them are asked for also where only changes are wanted.
pub(super) fn revised(requests: &mut Requests<'_>, before: &Before, notes: &mut Notes) -> Result<Schools, Refusal> {
    let mut schools = Schools::of_before(before);
    list(requests, &mut schools, notes)?;
    Ok(schools)
}

fn list(requests: &mut Requests<'_>, schools: &mut Schools, notes: &mut Notes) -> Result<u64, Refusal> {
    let fields = "sourcedId,status,name,type,identifier";
    pages::each(requests, ORGS, fields, None, notes, &mut |row: Row, notes| {
        let (Some(source_id), Some(name), Some(kind), Some(identifier), Some(status)) =
            (row.source_id(), row.text("name"), row.text("type"), row.text("identifier"), row.text("status"))
        else {
            notes.undecodable(ORGS, row.number, None, "a sourcedId, name and type");
            return Ok(());
        };
        match cell::is_active(status.unwrap_or_default().as_bytes()) {
            Some(true) => {}
            Some(false) => return Ok(()),
            None => {
                notes.undecodable(ORGS, row.number, Some("status"), STATUS);
                return Ok(());
            }
        }
        let identifier = identifier.filter(|text| !text.is_empty());
        let school = School { source_id, name: name.unwrap_or_default(), identifier };
        schools.list(ORGS, kind.unwrap_or_default().as_bytes(), school)
    })
}
