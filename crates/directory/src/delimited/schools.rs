//! The schools that rows name.

use std::collections::HashMap;

use patron::SchoolIndex;

use crate::{BadData, Fault, Refusal, School};

/// The table of schools so far, in the order in which rows named them.
#[derive(Default)]
pub(super) struct Schools {
    table: Vec<School>,
    known: HashMap<String, SchoolIndex>,
}

impl Schools {
    /// The school of a row, by its code, or by its name where there is no code; `None`: the row names none.
    pub fn place(&mut self, code: &str, name: &str, file: &str) -> Result<Option<SchoolIndex>, Refusal> {
        let key = if code.is_empty() { name } else { code };
        if key.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.known.get(key) {
            if let Some(school) = self.table.get_mut(usize::from(known.0)).filter(|school| school.name.is_empty()) {
                school.name.push_str(name);
            }
            return Ok(Some(*known));
        }
        let index = u16::try_from(self.table.len()).ok().filter(|index| *index < u16::MAX);
        let index = index.map(SchoolIndex).ok_or_else(|| BadData::file(file, Fault::Schools))?;
        self.known.insert(key.to_owned(), index);
        self.table.push(School { source_id: key.to_owned(), name: name.to_owned(), identifier: None });
        Ok(Some(index))
    }

    /// The finished table.
    pub fn into_table(self) -> Vec<School> {
        self.table
    }
}
