//! One column of a file, and what stands in it.

use patron::Grade;

use crate::notes::Notes;
use crate::table::Row;
use crate::{Oddity, Refusal};

/// A needed column: its place, and its name for messages.
pub(crate) struct Column {
    pub at: usize,
    pub name: String,
    /// What a cell has to be before anything else.
    pub text: &'static str,
}

/// Why a row was not read.
pub(crate) enum Unread<'a> {
    Undecodable { column: &'a str, expected: &'static str },
    Refused(Refusal),
}

impl Column {
    /// The cell. A row that ends before it cannot be read.
    pub fn bytes<'r>(&self, row: &Row<'r>) -> Result<&'r [u8], Unread<'_>> {
        row.cell(self.at).ok_or(self.undecodable("a cell; the row is too short"))
    }

    /// A cell that is not empty.
    pub fn filled<'r>(&self, row: &Row<'r>, expected: &'static str) -> Result<&'r [u8], Unread<'_>> {
        match self.bytes(row)? {
            [] => Err(self.undecodable(expected)),
            cell => Ok(cell),
        }
    }

    /// The text of a cell, without blanks around it.
    pub fn text<'r>(&self, row: &Row<'r>) -> Result<&'r str, Unread<'_>> {
        let cell = str::from_utf8(self.bytes(row)?);
        cell.map(str::trim).map_err(|_| self.undecodable(self.text))
    }

    /// An empty cell, or one that a short row does not reach, is none.
    pub fn optional_text<'r>(&self, row: &Row<'r>) -> Result<Option<&'r str>, Unread<'_>> {
        match row.cell(self.at) {
            Some(_) => self.text(row).map(|text| Some(text).filter(|text| !text.is_empty())),
            None => Ok(None),
        }
    }

    /// Something else stands in a cell.
    pub fn undecodable(&self, expected: &'static str) -> Unread<'_> {
        Unread::Undecodable { column: &self.name, expected }
    }
}

/// The first grade of a list that the vocabulary knows.
pub(crate) fn grade(list: &[u8], file: &str, line: u64, notes: &mut Notes) -> Option<Grade> {
    if list.is_empty() {
        return None;
    }
    let grade = str::from_utf8(list).ok().and_then(|list| list.split(',').find_map(Grade::parse));
    if grade.is_none() {
        notes.warn_row(file, line, Oddity::UnknownGrade);
    }
    grade
}
