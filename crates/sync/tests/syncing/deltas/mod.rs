//! Deltas of OneRoster files: whatever changes, they end where a bulk of the same day would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::library::{Library, SPACE, birth_date, card};
use patron::{CardRules, IdSource, PinRule, PinRules, PinScheme, Release, SchoolIndex, Scope};
use roster::{Row, StudentRow};
use site::After;
use sync::{Cause, DeltaCounts, Mode, Outcome, Report, SyncError};

mod bounds;
mod people;
mod times;

/// A person of the town, as the district knows them.
#[derive(Clone, PartialEq, Eq)]
struct Citizen {
    id: u32,
    born: &'static str,
    role: &'static str,
    school: &'static str,
    grade: &'static str,
    enabled: bool,
    /// `beginDate` and `endDate` of the role, in 1.2.
    times: (&'static str, &'static str),
}

impl Citizen {
    const fn of(id: u32) -> Self {
        Self { id, born: "2012-02-01", role: "student", school: "s1", grade: "09", enabled: true, times: ("", "") }
    }
}

/// All people by their `sourcedId`.
type Town = BTreeMap<u32, Citizen>;

fn town(people: u32) -> Town {
    (0..people).map(|key| (key, Citizen::of(1_000_000 + key))).collect()
}

/// How a town is written: the version, whether as a delta, and the time of the change.
#[derive(Clone, Copy)]
struct Way {
    v1p2: bool,
    delta: bool,
    time: &'static str,
}

const BULK: Way = Way { v1p2: false, delta: false, time: "" };
const DELTA: Way = Way { v1p2: false, delta: true, time: "2026-11-22T10:00:00.000Z" };

/// Which of a person's rows are in a delta.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    All,
    User,
    Birth,
    Role,
}

/// Writes loose files in place of all that lay there: these people's rows, and those of people who are gone.
fn deliver(library: &Library, way: Way, people: &[(u32, &Citizen, Rows)], gone: &[u32]) {
    let inbox = library.folder.path().join("inbox");
    fs::remove_dir_all(&inbox).unwrap();
    fs::create_dir(&inbox).unwrap();
    let Way { v1p2, delta, time } = way;
    let status = if delta { "active" } else { "" };
    let in_row = if v1p2 { "" } else { "orgSourcedIds,role," };
    let mut users = format!("sourcedId,status,dateLastModified,enabledUser,{in_row}username,identifier,grades\n");
    let mut births = String::from("sourcedId,status,dateLastModified,birthDate\n");
    let mut roles =
        String::from("sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n");
    for (key, citizen, rows) in people {
        let Citizen { id, born, role, school, grade, enabled, times } = citizen;
        let in_row = if v1p2 { String::new() } else { format!("{school},{role},") };
        if matches!(rows, Rows::All | Rows::User) {
            writeln!(users, "u{key},{status},{time},{enabled},{in_row}n{key},{id},{grade}").unwrap();
        }
        if matches!(rows, Rows::All | Rows::Birth) {
            writeln!(births, "u{key},{status},{time},{born}").unwrap();
        }
        if matches!(rows, Rows::All | Rows::Role) {
            let (begins, ends) = times;
            writeln!(roles, "r{key},{status},{time},u{key},primary,{role},{begins},{ends},{school}").unwrap();
        }
    }
    // What is gone is a key and a word; the rest of the row is not there.
    for key in gone {
        writeln!(users, "u{key},tobedeleted,{time},,,,,").unwrap();
        writeln!(births, "u{key},tobedeleted,{time},").unwrap();
        writeln!(roles, "r{key},tobedeleted,{time},,,,,,").unwrap();
    }
    let (version, kind) = (if v1p2 { "1.2" } else { "1.1" }, if delta { "delta" } else { "bulk" });
    let mut manifest = format!("propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n");
    let mut files = vec![("users", users), ("demographics", births)];
    files.extend(v1p2.then_some(("roles", roles)));
    for (name, text) in files {
        // A file of a delta in which nothing changed is absent.
        let is_there = !delta || text.lines().count() > 1;
        writeln!(manifest, "file.{name},{}", if is_there { kind } else { "absent" }).unwrap();
        if is_there {
            fs::write(inbox.join(format!("{name}.csv")), text).unwrap();
        }
    }
    fs::write(inbox.join("manifest.csv"), manifest).unwrap();
}

fn deliver_bulk(library: &Library, town: &Town, v1p2: bool) {
    let people: Vec<_> = town.iter().map(|(key, citizen)| (*key, citizen, Rows::All)).collect();
    deliver(library, Way { v1p2, ..BULK }, &people, &[]);
}

/// A library whose PINs are a column of the source, so that nothing but the mark tells two people apart.
fn library_of_no_pins(town: &Town) -> Library {
    let mut library = Library::new();
    library.district.source.as_mut().unwrap().delta = true;
    // Birth dates are read for the age at which cards end.
    let end = patron::CardEnd::Age(21);
    let year = patron::YearDay::JULY;
    let rule = patron::ExpiryRule { scope: patron::Scope::default(), end, year_begins: year, terms: vec![] };
    library.district.expiry = patron::ExpiryRules::new(vec![rule]);
    library.district.pins = PinRules::new(vec![]);
    deliver_bulk(&library, town, false);
    library.publish();
    library
}

/// A library that takes deltas, with a published town.
fn library(town: &Town) -> Library {
    let mut library = Library::new();
    library.now = "2026-11-23T12:00:00Z".parse().unwrap();
    library.district.source.as_mut().unwrap().delta = true;
    deliver_bulk(&library, town, false);
    library.publish();
    library
}

fn counts(report: &Report) -> DeltaCounts {
    report.delta.unwrap()
}

/// Everybody who is served: where they stand, their schools by name, and the rest of the row.
fn served(library: &Library) -> Vec<([u8; 32], Vec<String>, Row)> {
    let generation = library.store.serving("cms").unwrap().unwrap();
    let name = |at: &SchoolIndex| generation.header().schools.get(usize::from(at.0)).unwrap().source_id.clone();
    let mut rows = Vec::new();
    generation
        .for_each(|index, row| {
            let schools = match &row {
                Row::Student(row) => row.student.schools.iter().map(name).collect(),
                _ => Vec::new(),
            };
            rows.push((index.0, schools, row));
            Ok(())
        })
        .unwrap();
    rows
}

fn same(one: &StudentRow, other: &StudentRow) -> bool {
    let (mut left, mut right) = (one.student.clone(), other.student.clone());
    (left.schools, right.schools) = (Vec::new(), Vec::new());
    left == right
        && one.verifiers.len() == other.verifiers.len()
        && one.verifiers.iter().zip(&other.verifiers).all(|(one, other)| one.same_as(other).into())
}

/// A bulk of the same town changes nothing that a delta has left.
#[track_caller]
fn ends_where_a_bulk_would(library: &Library, town: &Town, v1p2: bool) {
    let after_delta = served(library);
    deliver_bulk(library, town, v1p2);
    let report = library.publish();
    assert!(report.delta.is_none(), "a bulk");
    let after_bulk = served(library);
    assert_eq!(after_delta.len(), after_bulk.len());
    for (one, other) in after_delta.iter().zip(&after_bulk) {
        assert_eq!((one.0, &one.1), (other.0, &other.1));
        match (&one.2, &other.2) {
            (Row::Student(one), Row::Student(other)) => assert!(same(one, other), "{:?} {:?}", one, other),
            (one, other) => assert_eq!(std::mem::discriminant(one), std::mem::discriminant(other)),
        }
    }
}

fn student(library: &Library, id: u32) -> StudentRow {
    match library.row(id) {
        Some(Row::Student(row)) => row,
        other => panic!("{id}: {other:?}"),
    }
}

fn accepts(library: &Library, id: u32, pin: &str) -> bool {
    let keyring = library.store.keyring();
    let version = "birth-date MMDD";
    let pin = keyring.current().verifier_of_bytes(SPACE, &id.to_string(), version, pin.as_bytes());
    student(library, id).verifiers.iter().any(|known| known.same_as(&pin).into())
}
