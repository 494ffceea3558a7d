//! What is noted down while a source is read.

use crate::{Oddity, Place, Undecodable, Warning};

/// So many places of undecodable rows are told: enough to see a pattern.
const FIRST: usize = 5;

/// Warnings and undecodable rows so far. Each thread of a reading keeps its own, and they are put together at the end.
#[derive(Default)]
pub(crate) struct Notes {
    pub warnings: Vec<Warning>,
    pub undecodable: Undecodable,
}

impl Notes {
    /// Notes an oddity of a whole file.
    pub fn warn(&mut self, file: &str, oddity: Oddity) {
        self.note(file, oddity, None);
    }

    /// Notes an oddity of a row.
    pub fn warn_row(&mut self, file: &str, row: u64, oddity: Oddity) {
        self.note(file, oddity, Some(row));
    }

    fn note(&mut self, file: &str, oddity: Oddity, first_row: Option<u64>) {
        // A dozen kinds at most: walking them is cheaper than a map, and keeps them in the order they were met.
        match self.warnings.iter_mut().find(|warning| warning.oddity == oddity && warning.file == file) {
            Some(warning) => warning.count += 1,
            None => self.warnings.push(Warning { file: file.to_owned(), oddity, first_row, count: 1 }),
        }
    }

    /// Notes a row that could not be decoded.
    pub fn undecodable(&mut self, file: &str, row: u64, column: Option<&str>, expected: &'static str) {
        self.undecodable.count += 1;
        if self.undecodable.first.len() < FIRST {
            let place = Place { file: file.to_owned(), row, column: column.map(str::to_owned), expected };
            self.undecodable.first.push(place);
        }
    }

    /// Puts the notes of another thread below these. It read other files.
    pub fn absorb(&mut self, other: Self) {
        self.warnings.extend(other.warnings);
        self.undecodable.count += other.undecodable.count;
        self.undecodable.first.extend(other.undecodable.first);
        self.undecodable.first.truncate(FIRST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_oddity_is_told_once_with_its_count() {
        let mut notes = Notes::default();
        for row in 2..1000 {
            notes.warn_row("users.csv", row, Oddity::ShortRow);
            notes.undecodable("users.csv", row, None, "text");
        }
        let [warning] = notes.warnings.as_slice() else { panic!("one warning") };
        assert_eq!((warning.first_row, warning.count), (Some(2), 998));
        assert_eq!((notes.undecodable.count, notes.undecodable.first.len()), (998, FIRST));
    }
}
