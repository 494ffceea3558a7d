//! orgs.csv: the schools. Optional; districts and departments in it are no schools.

use super::store::{File, Store};
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::schools::Schools;
use crate::table::{Layout, Table};
use crate::{Before, Oddity, Refusal, School};

const FILE: &str = File::Orgs.name();

/// Reads orgs.csv, where it is there.
pub(super) fn read(store: &Store<'_>, notes: &mut Notes) -> Result<Schools, Refusal> {
    let mut schools = Schools::default();
    if !store.has(File::Orgs) {
        return Ok(schools);
    }
    schools.listed = list(store, &mut schools, notes)? > 0;
    if !schools.listed {
        notes.warn(FILE, Oddity::HeaderOnly);
    }
    Ok(schools)
}

/// Reads the organisations of a delta into those that are known. One that is gone keeps its place: nobody is there.
pub(super) fn changes(store: &Store<'_>, before: &Before, notes: &mut Notes) -> Result<Schools, Refusal> {
    let mut schools = Schools::of_before(before);
    if store.has(File::Orgs) {
        list(store, &mut schools, notes)?;
    }
    Ok(schools)
}

/// Reads the rows of orgs.csv, and returns how many there were.
fn list(store: &Store<'_>, schools: &mut Schools, notes: &mut Notes) -> Result<u64, Refusal> {
    store.read(File::Orgs, |source| {
        let mut table = Table::open(FILE, source, Layout::ONE_ROSTER)?;
        let header = table.header();
        let source_id = header.need("sourcedId", notes)?;
        let name = header.need("name", notes)?;
        let kind = header.need("type", notes)?;
        let identifier = header.want("identifier", notes)?;
        let status = header.seek("status", notes)?;
        while let Some(row) = table.next(notes)? {
            let line = row.line;
            let text = |cell| std::str::from_utf8(cell).ok();
            let (Some(source_id), Some(name), Some(identifier), Some(kind)) = (
                row.cell(source_id).and_then(text).filter(|id| !id.is_empty()),
                text(row.optional(Some(name))),
                text(row.optional(identifier)),
                row.cell(kind),
            ) else {
                notes.undecodable(FILE, line, None, "a sourcedId, name and type in UTF-8");
                continue;
            };
            match cell::is_active(row.optional(status)) {
                Some(true) => {}
                Some(false) => {
                    notes.warn_row(FILE, line, Oddity::Withdrawn);
                    continue;
                }
                None => {
                    notes.undecodable(FILE, line, Some("status"), STATUS);
                    continue;
                }
            }
            let identifier = Some(identifier).filter(|text| !text.is_empty()).map(str::to_owned);
            let school = School { source_id: source_id.to_owned(), name: name.to_owned(), identifier };
            schools.list(FILE, kind, school)?;
        }
        Ok(table.rows())
    })
}
