//! What is asked of a source, and what it hands on.

use std::fmt;

use jiff::civil::Date;
use patron::{IdSource, Student};
use zeroize::Zeroizing;

/// What a sync needs to know of each person. Nothing else is read, and a file that only holds more is not opened.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which attribute is the student ID.
    pub id: IdSource,
    /// Whether a PIN rule needs birth dates.
    pub birth_date: bool,
    /// The column of a PIN, where a PIN rule reads one.
    pub pin_column: Option<String>,
    /// Whether some client is released a name or its initials.
    pub name: bool,
    /// Whether some client is released the e-mail address.
    pub email: bool,
    /// The day in the library's zone: roles that have ended or not begun do not count, and no one is born after it.
    pub today: Date,
}

/// One row of a source, joined with what the source keeps of the person elsewhere.
///
/// It lives for as long as a verifier takes to make. `Debug` shows the row and no more.
pub struct Person {
    /// The ID, without blanks around it; never empty. Its shape is the card rule's matter.
    pub id: String,
    /// What is kept of the person. Schools index [`Reading::schools`](crate::Reading::schools).
    pub student: Student,
    /// The birth date, where it is wanted and the source holds a single one that can be read.
    pub birth_date: Option<Date>,
    /// The cell of [`Wanted::pin_column`], without blanks around it; never empty. Wiped when dropped.
    pub pin: Option<Zeroizing<String>>,
    /// The line of the file on which the row begins; the header is line 1.
    pub row: u64,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("row", &self.row).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use patron::{PersonName, Role};

    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_person() {
        let name = PersonName { given: "Marker".into(), family: "Marker".into() };
        let student = Student {
            role: Role::Student,
            grade: None,
            schools: vec![],
            enabled: true,
            expiry: None,
            name: Some(name),
            email: Some("Marker".into()),
        };
        let pin = Some(Zeroizing::new("Marker".into()));
        let person = Person { id: "Marker".into(), student, birth_date: Some(date(2012, 4, 23)), pin, row: 7 };
        assert_eq!(format!("{person:?}"), "Person { row: 7, .. }");
    }
}
