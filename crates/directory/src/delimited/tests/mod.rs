//! Tests of whole files; each writes its own.

mod inbox;
mod quirks;
mod refused;

use std::fs;
use std::path::Path;

use patron::DateShape;
use tempfile::TempDir;

use super::{Columns, Mapping, find};
use crate::battery::{self, Given, battery, least};
use crate::{BadData, Directory, Fault, Oddity, Person, Reading, Refusal, Wanted};

battery!(comma, |inbox, people| super::given(inbox, people, ",", "students.csv"));
battery!(tab, |inbox, people| super::given(inbox, people, "\t", "students.tsv"));
battery!(bar, |inbox, people| super::given(inbox, people, "|", "students.txt"));
battery!(semicolon, |inbox, people| super::given(inbox, people, ";", "STUDENTS.CSV"));

/// All columns by names of the district's own.
fn mapping() -> Mapping {
    let named = |name: &str| Some(name.to_owned());
    Mapping {
        dates: vec![DateShape::parse("YYYY-MM-DD").unwrap()],
        columns: Columns {
            id: named("Number"),
            role: named("Type"),
            enabled: named("Active"),
            grade: named("Grade"),
            school: named("School"),
            birth_date: named("Born"),
            given_name: named("First"),
            family_name: named("Last"),
            email: named("Mail"),
            ..Columns::default()
        },
        ..Mapping::default()
    }
}

/// The mapping of a file that only has numbers.
fn numbers() -> Mapping {
    Mapping { columns: Columns { id: Some("id".to_owned()), ..Columns::default() }, ..Mapping::default() }
}

fn given(inbox: &Path, people: &[Given], delimiter: &str, name: &str) -> Box<dyn Directory> {
    let mut rows = vec![vec!["Number", "Type", "Active", "Grade", "School", "Born", "First", "Last", "Mail", "pin"]];
    for Given { id, role, school, enabled, grade, birth_date, pin } in people {
        rows.push(vec![id, role, enabled, grade, school, birth_date, "Ada", "Byron", "ada@example.org", pin]);
    }
    let quoted = |cell: &&str| if cell.contains(delimiter) { format!("\"{cell}\"") } else { (*cell).to_owned() };
    let line = |row: Vec<&str>| row.iter().map(quoted).collect::<Vec<_>>().join(delimiter) + "\n";
    fs::write(inbox.join(name), rows.into_iter().map(line).collect::<String>()).unwrap();
    found(inbox, mapping())
}

fn found(inbox: &Path, mapping: Mapping) -> Box<dyn Directory> {
    Box::new(find(inbox, mapping).unwrap().unwrap())
}

fn inbox() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn read_with(text: impl AsRef<[u8]>, mapping: Mapping, wanted: &Wanted) -> Result<(Vec<Person>, Reading), Refusal> {
    let inbox = inbox();
    fs::write(inbox.path().join("students.csv"), text).unwrap();
    battery::read(&mut *found(inbox.path(), mapping), wanted)
}

/// The IDs of a file that only has numbers, and what reading it came to.
#[track_caller]
fn ids(text: impl AsRef<[u8]>) -> (Vec<String>, Reading) {
    let (people, reading) = read_with(text, numbers(), &least()).unwrap();
    (people.into_iter().map(|mut person| person.ids.remove(0)).collect(), reading)
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, mapping: Mapping, wanted: &Wanted) -> BadData {
    match read_with(text, mapping, wanted) {
        Err(Refusal::BadData(bad)) => bad,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

fn oddities(reading: &Reading) -> Vec<Oddity> {
    reading.warnings.iter().map(|warning| warning.oddity.clone()).collect()
}
