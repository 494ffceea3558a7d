//! The schools of a source, as people refer to them.

use std::collections::HashMap;

use patron::SchoolIndex;

use crate::notes::Notes;
use crate::{BadData, Before, Fault, Oddity, Refusal, School};

/// The table of schools, and what is known of each organisation that people refer to.
#[derive(Default)]
pub(crate) struct Schools {
    table: Vec<School>,
    /// By `sourcedId`. `None`: an organisation of another type.
    known: HashMap<String, Option<SchoolIndex>>,
    /// Whether the source lists its organisations at all.
    pub listed: bool,
    /// So many are of an earlier reading.
    before: usize,
}

impl Schools {
    /// The schools and other organisations of an earlier reading, whose places stay as they are.
    pub fn of_before(before: &Before) -> Self {
        let place =
            |(at, school): (usize, &School)| (school.source_id.clone(), u16::try_from(at).ok().map(SchoolIndex));
        let others = before.others.iter().map(|other| (other.clone(), None));
        Self {
            known: before.schools.iter().enumerate().map(place).chain(others).collect(),
            table: before.schools.clone(),
            before: before.schools.len(),
            listed: before.schools.iter().any(|school| !school.name.is_empty()),
        }
    }

    /// Adds an organisation that is listed. Only those of the type `school` are schools; of several under one key the
    /// first counts. One that an earlier reading knew gets its name of today.
    pub fn list(&mut self, file: &str, kind: &[u8], school: School) -> Result<(), Refusal> {
        let is_school = kind.eq_ignore_ascii_case(b"school");
        match self.known.get(&school.source_id).copied() {
            Some(Some(known)) if usize::from(known.0) < self.before && is_school => {
                if let Some(known) = self.table.get_mut(usize::from(known.0)) {
                    *known = school;
                }
            }
            Some(Some(_)) => {}
            _ if is_school => drop(self.add(file, school)?),
            _ => drop(self.known.insert(school.source_id, None)),
        }
        Ok(())
    }

    /// The school that a row of a file refers to; `None` for another kind of organisation.
    pub fn place(
        &mut self,
        source_id: &str,
        file: &str,
        line: u64,
        notes: &mut Notes,
    ) -> Result<Option<SchoolIndex>, Refusal> {
        if let Some(known) = self.known.get(source_id) {
            return Ok(*known);
        }
        if self.listed {
            notes.warn_row(file, line, Oddity::UnknownSchool);
        }
        let school = School { source_id: source_id.to_owned(), name: String::new(), identifier: None };
        self.add(file, school).map(Some)
    }

    /// The schools that a row of a file refers to, sorted.
    pub fn places<'a>(
        &mut self,
        orgs: impl IntoIterator<Item = &'a str>,
        file: &str,
        line: u64,
        notes: &mut Notes,
    ) -> Result<Vec<SchoolIndex>, Refusal> {
        let mut schools = Vec::new();
        for org in orgs.into_iter().map(str::trim).filter(|org| !org.is_empty()) {
            schools.extend(self.place(org, file, line, notes)?);
        }
        schools.sort_unstable();
        schools.dedup();
        Ok(schools)
    }

    /// The school of a row that names it itself, by its code, or by its name where there is no code; `None`: the row
    /// names none.
    pub fn named(&mut self, code: &str, name: &str, file: &str) -> Result<Option<SchoolIndex>, Refusal> {
        let key = if code.is_empty() { name } else { code };
        if key.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.known.get(key).copied() {
            let school = known.and_then(|known| self.table.get_mut(usize::from(known.0)));
            if let Some(school) = school.filter(|school| school.name.is_empty()) {
                school.name.push_str(name);
            }
            return Ok(known);
        }
        let school = School { source_id: key.to_owned(), name: name.to_owned(), identifier: None };
        self.add(file, school).map(Some)
    }

    /// The finished table.
    pub fn into_table(self) -> Vec<School> {
        self.table
    }

    /// The organisations that are no schools.
    pub fn others(&self) -> Vec<String> {
        let mut others: Vec<String> =
            self.known.iter().filter(|(_, place)| place.is_none()).map(|(id, _)| id.clone()).collect();
        others.sort_unstable();
        others
    }

    fn add(&mut self, file: &str, school: School) -> Result<SchoolIndex, Refusal> {
        // The last index stays free: it says "no school" where roles are kept.
        let index = u16::try_from(self.table.len()).ok().filter(|index| *index < u16::MAX);
        let index = index.map(SchoolIndex).ok_or_else(|| BadData::file(file, Fault::Schools))?;
        self.known.insert(school.source_id.clone(), Some(index));
        self.table.push(school);
        Ok(index)
    }
}
