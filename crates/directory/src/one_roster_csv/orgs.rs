//! orgs.csv: the schools. Optional; districts and departments in it are no schools.

use std::collections::HashMap;

use patron::SchoolIndex;

use super::cell::{self, STATUS};
use super::store::{File, Store};
use crate::notes::Notes;
use crate::table::{Layout, Table};
use crate::{BadData, Fault, Oddity, Refusal, School};

/// The table of schools, and what is known of each organisation that people refer to.
pub(super) struct Schools {
    table: Vec<School>,
    /// By `sourcedId`. `None`: an organisation of another type.
    known: HashMap<String, Option<SchoolIndex>>,
    /// Whether orgs.csv was there to list them.
    listed: bool,
}

impl Schools {
    /// Reads orgs.csv, where it is there.
    pub fn read(store: &Store<'_>, notes: &mut Notes) -> Result<Self, Refusal> {
        let mut schools = Self { table: Vec::new(), known: HashMap::new(), listed: false };
        if !store.has(File::Orgs) {
            return Ok(schools);
        }
        store.read(File::Orgs, |source| {
            let mut table = Table::open(File::Orgs.name(), source, Layout::ONE_ROSTER)?;
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
                    notes.undecodable(File::Orgs.name(), line, None, "a sourcedId, name and type in UTF-8");
                    continue;
                };
                match cell::is_active(row.optional(status)) {
                    Some(true) => {}
                    Some(false) => {
                        notes.warn_row(File::Orgs.name(), line, Oddity::Withdrawn);
                        continue;
                    }
                    None => {
                        notes.undecodable(File::Orgs.name(), line, Some("status"), STATUS);
                        continue;
                    }
                }
                if !kind.eq_ignore_ascii_case(b"school") {
                    schools.known.insert(source_id.to_owned(), None);
                } else if !schools.known.contains_key(source_id) {
                    schools.add(
                        File::Orgs,
                        School {
                            source_id: source_id.to_owned(),
                            name: name.to_owned(),
                            identifier: Some(identifier).filter(|text| !text.is_empty()).map(str::to_owned),
                        },
                    )?;
                }
            }
            schools.listed = table.rows() > 0;
            Ok(())
        })?;
        if !schools.listed {
            notes.warn(File::Orgs.name(), Oddity::HeaderOnly);
        }
        Ok(schools)
    }

    /// The school that a row of a file refers to; `None` for another kind of organisation.
    pub fn place(
        &mut self,
        source_id: &str,
        file: File,
        line: u64,
        notes: &mut Notes,
    ) -> Result<Option<SchoolIndex>, Refusal> {
        if let Some(known) = self.known.get(source_id) {
            return Ok(*known);
        }
        if self.listed {
            notes.warn_row(file.name(), line, Oddity::UnknownSchool);
        }
        let school = School { source_id: source_id.to_owned(), name: String::new(), identifier: None };
        self.add(file, school).map(Some)
    }

    /// The finished table.
    pub fn into_table(self) -> Vec<School> {
        self.table
    }

    fn add(&mut self, file: File, school: School) -> Result<SchoolIndex, Refusal> {
        // The last index stays free: it says "no school" where roles are kept.
        let index = u16::try_from(self.table.len()).ok().filter(|index| *index < u16::MAX);
        let index = index.map(SchoolIndex).ok_or_else(|| BadData::file(file.name(), Fault::Schools))?;
        self.known.insert(school.source_id.clone(), Some(index));
        self.table.push(school);
        Ok(index)
    }
}
