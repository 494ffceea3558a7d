//! A generation being written, and the counts that its header gets.

use roster::{GenerationWriter, Header, RosterError, Row, RowIndex};

use crate::hold::Hold;

/// A generation being written, and how many are at each school.
pub(crate) struct Counted {
    writer: GenerationWriter,
    schools: Vec<u64>,
}

impl Counted {
    pub(crate) const fn new(writer: GenerationWriter) -> Self {
        Self { writer, schools: Vec::new() }
    }

    pub(crate) fn push(&mut self, header: &mut Header, index: RowIndex, row: &Row) -> Result<(), RosterError> {
        self.writer.push(index, row)?;
        header.rows += 1;
        let row = match row {
            Row::Student(row) => row,
            Row::Alias(_) => {
                header.aliases += 1;
                return Ok(());
            }
            Row::Ambiguous | Row::Decoy(_) => {
                header.ambiguous += 1;
                return Ok(());
            }
        };
        header.people += 1;
        header.held += u64::from(row.student.withdrawn.is_some());
        header.without_verifier += u64::from(!row.has_pin());
        let role = row.student.role.name();
        match header.roles.get_mut(role) {
            Some(people) => *people += 1,
            None => {
                header.roles.insert(role.to_owned(), 1);
            }
        }
        for school in &row.student.schools {
            let at = usize::from(school.0);
            if self.schools.len() <= at {
                self.schools.resize(at + 1, 0);
            }
            if let Some(people) = self.schools.get_mut(at) {
                *people += 1;
            }
        }
        Ok(())
    }

    /// Puts the schools into the header, also those that only held people are at.
    pub(crate) fn in_header(self, hold: Hold<'_>, header: &mut Header) -> GenerationWriter {
        header.schools = hold.into_schools();
        for (school, people) in header.schools.iter_mut().zip(self.schools) {
            school.people = people;
        }
        self.writer
    }
}
