//! What is asked of a source, and what it hands on.

use std::fmt;

use jiff::civil::{Date, date};
use patron::{IdSource, Student};
use zeroize::Zeroizing;

use crate::SourceRecord;

/// What a sync needs to know of each person. Nothing else is read, and a file that only holds more is not opened.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which attributes are student IDs, now or earlier.
    pub ids: Vec<IdSource>,
    /// Whether a PIN rule needs birth dates.
    pub birth_date: bool,
    /// The columns of PINs, where PIN rules read them.
    pub pin_columns: Vec<String>,
    /// Whether some client is released a name or its initials.
    pub name: bool,
    /// Whether some client is released the e-mail address.
    pub email: bool,
    /// The day in the library's zone: roles that have ended or not begun do not count, and no one is born after it.
    pub today: Date,
    /// Whether the source's own keys and times are wanted too, so that a later sync can take its changes alone.
    pub records: bool,
}

/// One row of a source, joined with what the source keeps of the person elsewhere.
///
/// It lives for as long as a verifier takes to make. `Debug` shows the row and no more.
pub struct Person {
    /// The IDs in the order of [`Wanted::ids`], without blanks around them; empty where the source has none, but never
    /// all of them. Their shape is the card rules' matter.
    pub ids: Vec<String>,
    /// What is kept of the person. Schools index [`Reading::schools`](crate::Reading::schools).
    pub student: Student,
    /// The birth date, where it is wanted and the source holds a single one that can be read.
    pub birth_date: Option<Date>,
    /// The cells of [`Wanted::pin_columns`] in their order, without blanks around them; empty where the source has
    /// none. Wiped when dropped.
    pub pins: Vec<Zeroizing<String>>,
    /// The line of the file on which the row begins, the header being line 1; or its number among the rows of a server.
    pub row: u64,
    /// What the source calls the person, where [`Wanted::records`] asks for it.
    pub record: Option<Box<SourceRecord>>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("row", &self.row).finish_non_exhaustive()
    }
}

/// Whether somebody in a school may be born on a day.
pub(crate) fn may_be_born(day: Date, today: Date) -> bool {
    const OLDEST: Date = date(1900, 1, 1);
    (OLDEST..=today).contains(&day)
}

#[cfg(test)]
mod tests {
    use patron::{PersonName, Role};

    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_person() {
        let name = PersonName { given: "Marker".into(), family: "Marker".into() };
        let student = Student { name: Some(name), email: Some("Marker".into()), ..Student::of(Role::Student) };
        let pins = vec![Zeroizing::new("Marker".into())];
        let person = Person {
            ids: vec!["Marker".into()],
            student,
            birth_date: Some(date(2012, 4, 23)),
            pins,
            row: 7,
            record: None,
        };
        assert_eq!(format!("{person:?}"), "Person { row: 7, .. }");
    }
}
