//! The columns of one file, by name.

use csv::ByteRecord;

use crate::column::Column;
use crate::notes::Notes;
use crate::table::Layout;
use crate::{BadData, Fault, Oddity, Refusal};

/// The header row. The order of columns does not matter, nor do columns that nobody asks for.
#[derive(Debug)]
pub(crate) struct Header {
    file: String,
    names: ByteRecord,
    layout: Layout,
}

impl Header {
    pub fn new(file: &str, names: &ByteRecord, layout: Layout) -> Self {
        Self { file: file.to_owned(), names: names.clone(), layout }
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether a row is the header once more.
    pub fn is(&self, row: &ByteRecord) -> bool {
        self.names == *row
    }

    /// A column without which the file cannot be read, with its name for messages.
    pub fn column(&self, name: &str, notes: &mut Notes) -> Result<Column, Refusal> {
        Ok(self.named(self.need(name, notes)?, name))
    }

    /// The same for a column that may be missing, of which the district is told.
    pub fn wanted_column(&self, name: &str, notes: &mut Notes) -> Result<Option<Column>, Refusal> {
        Ok(self.want(name, notes)?.map(|at| self.named(at, name)))
    }

    fn named(&self, at: usize, name: &str) -> Column {
        Column { at, name: name.to_owned(), text: self.layout.text }
    }

    /// A column without which the file cannot be read.
    pub fn need(&self, name: &str, notes: &mut Notes) -> Result<usize, Refusal> {
        let missing = || self.refusal(name, Fault::NoColumn { nearest: self.nearest(name) });
        self.seek(name, notes)?.ok_or_else(missing)
    }

    /// A column that may be missing, of which the district is told.
    pub fn want(&self, name: &str, notes: &mut Notes) -> Result<Option<usize>, Refusal> {
        let column = self.seek(name, notes)?;
        if column.is_none() {
            notes.warn(&self.file, Oddity::NoColumn(name.to_owned()));
        }
        Ok(column)
    }

    /// A column that may be missing. Exactly its name, or else the one column that differs in letter case or blanks, or
    /// else, where tables are named, the one that is called so behind the last dot.
    pub fn seek(&self, name: &str, notes: &mut Notes) -> Result<Option<usize>, Refusal> {
        if let Some(column) = self.only(name, |theirs| theirs == name.as_bytes())? {
            return Ok(Some(column));
        }
        let column = self.only(name, |theirs| theirs.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))?;
        if column.is_some() {
            notes.warn(&self.file, Oddity::ColumnCase(name.to_owned()));
        }
        if column.is_none() && self.layout.table_names {
            return self.only(name, |theirs| own(theirs).eq_ignore_ascii_case(name.as_bytes()));
        }
        Ok(column)
    }

    fn only(&self, name: &str, is: impl Fn(&[u8]) -> bool) -> Result<Option<usize>, Refusal> {
        let mut columns = self.names.iter().enumerate().filter(|(_, theirs)| is(theirs)).map(|(column, _)| column);
        let first = columns.next();
        match columns.next() {
            Some(_) => Err(self.refusal(name, Fault::TwoColumns)),
            None => Ok(first),
        }
    }

    /// The name that was probably meant. A file without a header begins with a person, so only what nearly is the
    /// wanted name is ever shown.
    fn nearest(&self, name: &str) -> Option<String> {
        let wanted = name.to_ascii_lowercase();
        self.names
            .iter()
            .map(|theirs| if self.layout.table_names { own(theirs) } else { theirs.trim_ascii() })
            .filter_map(|theirs| std::str::from_utf8(theirs).ok())
            .filter(|theirs| theirs.len() < 2 * wanted.len() && !theirs.bytes().any(|byte| byte.is_ascii_digit()))
            .map(|theirs| (distance(&wanted, &theirs.to_ascii_lowercase()), theirs))
            .filter(|(distance, _)| distance * 3 <= wanted.len())
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, theirs)| theirs.to_owned())
    }

    fn refusal(&self, column: &str, fault: Fault) -> Refusal {
        BadData::column(self.file.as_str(), column, fault).into()
    }
}

/// A column's own name, without the table's before the last dot.
fn own(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'.').next().unwrap_or(name).trim_ascii()
}

/// How many letters must be added, removed or changed to get from one name to the other.
fn distance(from: &str, to: &str) -> usize {
    // One row of the usual table: the cost of turning what of `from` was seen into each beginning of `to`.
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (seen, letter) in from.bytes().enumerate() {
        let mut diagonal = seen;
        let mut left = seen + 1;
        let mut row = vec![left];
        for (other, above) in to.bytes().zip(costs.iter().skip(1)) {
            left = (diagonal + usize::from(letter != other)).min(left + 1).min(above + 1);
            diagonal = *above;
            row.push(left);
        }
        costs = row;
    }
    costs.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Header {
        Header::new("users.csv", &ByteRecord::from(names), Layout::ONE_ROSTER)
    }

    fn fault(result: Result<usize, Refusal>) -> Fault {
        let Err(Refusal::BadData(BadData { fault, .. })) = result else { panic!("refused") };
        fault
    }

    #[test]
    fn the_exact_name_wins_and_another_letter_case_is_told() {
        let mut notes = Notes::default();
        assert_eq!(header(&["Role", "role"]).need("role", &mut notes).unwrap(), 1);
        assert!(notes.warnings.is_empty());
        assert_eq!(header(&["x", " Role "]).need("role", &mut notes).unwrap(), 1);
        assert_eq!(notes.warnings[0].oddity, Oddity::ColumnCase("role".into()));
    }

    #[test]
    fn a_column_that_is_there_twice_is_refused() {
        for names in [["role", "role"], ["Role", "ROLE"]] {
            assert_eq!(fault(header(&names).need("role", &mut Notes::default())), Fault::TwoColumns);
        }
    }

    #[test]
    fn a_missing_column_is_told_with_the_nearest_name_there_is() {
        let names = ["sourcedId", "enableUser", "username"];
        let refused = fault(header(&names).need("enabledUser", &mut Notes::default()));
        assert_eq!(refused, Fault::NoColumn { nearest: Some("enableUser".into()) });
    }

    #[test]
    fn a_person_in_place_of_a_header_is_not_shown() {
        let names = ["u1", "true", "1000001", "Ada", "Byron", "identity7"];
        let refused = fault(header(&names).need("identifier", &mut Notes::default()));
        assert_eq!(refused, Fault::NoColumn { nearest: None });
    }

    #[test]
    fn a_table_before_the_name_is_passed_over_where_tables_are_named() {
        let names =
            ByteRecord::from(vec!["STUDENTS.Student_Number", "STUDENTS.DOB ", "SCHOOLS.Name", "GUARDIANS.name"]);
        let header = Header::new("s.txt", &names, Layout { table_names: true, ..Layout::ONE_ROSTER });
        let mut notes = Notes::default();
        assert_eq!(header.need("student_number", &mut notes).unwrap(), 0);
        assert_eq!(header.need("dob", &mut notes).unwrap(), 1);
        assert_eq!(header.need("SCHOOLS.Name", &mut notes).unwrap(), 2);
        assert_eq!(fault(header.need("Name", &mut notes)), Fault::TwoColumns);
        assert_eq!(
            fault(header.need("StudentNumber", &mut notes)),
            Fault::NoColumn { nearest: Some("Student_Number".into()) }
        );
        assert!(notes.warnings.is_empty());
        let strict = Header::new("s.txt", &names, Layout::ONE_ROSTER);
        assert_eq!(fault(strict.need("DOB", &mut notes)), Fault::NoColumn { nearest: None });
    }

    #[test]
    fn distances_count_letters() {
        for (from, to, letters) in [("", "abc", 3), ("role", "role", 0), ("role", "rolle", 1), ("date", "data", 1)] {
            assert_eq!(distance(from, to), letters, "{from} {to}");
        }
    }
}
