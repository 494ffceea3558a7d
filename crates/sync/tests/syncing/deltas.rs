//! Deltas of OneRoster files: whatever changes, they end where a bulk of the same day would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::library::{Library, SPACE, birth_date, card};
use patron::{CardRules, IdSource, PinRule, PinRules, PinScheme, Release, SchoolIndex, Scope};
use roster::{Row, StudentRow};
use site::After;
use sync::{Cause, DeltaCounts, Mode, Outcome, Report, SyncError};

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

#[test]
fn who_changes_comes_and_goes_and_nobody_else_is_touched() {
    let mut town = town(100);
    let library = library(&town);
    town.get_mut(&3).unwrap().enabled = false;
    town.get_mut(&4).unwrap().school = "s2";
    let new = Citizen { born: "2013-05-06", ..Citizen::of(2_000_000) };
    town.insert(700, new);
    town.remove(&9);
    let changed = [(3, &town[&3], Rows::User), (4, &town[&4], Rows::User), (700, &town[&700], Rows::All)];
    deliver(&library, DELTA, &changed, &[9]);
    let report = library.publish();
    let expected = DeltaCounts { carried: 97, changed: 2, new: 1, gone: 1, ..DeltaCounts::default() };
    assert_eq!(counts(&report), expected);
    assert_eq!(report.people, 100);
    assert_eq!(report.change.map(|change| (change.gone, change.new, change.pin_changed)), Some((1, 1, 0)));
    assert!(!student(&library, 1_000_003).student.enabled && library.row(1_000_009).is_none());
    // The birth date did not come with the user's row, and the PIN goes on.
    assert!(accepts(&library, 1_000_003, "0201") && accepts(&library, 2_000_000, "0506"));
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn a_birth_date_that_changes_alone_is_another_pin() {
    let mut town = town(100);
    let library = library(&town);
    town.get_mut(&5).unwrap().born = "2012-12-24";
    deliver(&library, DELTA, &[(5, &town[&5], Rows::Birth)], &[]);
    let report = library.publish();
    assert_eq!(report.change.map(|change| change.pin_changed), Some(1));
    assert!(accepts(&library, 1_000_005, "1224") && !accepts(&library, 1_000_005, "0201"));
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn another_id_has_no_pin_until_its_birth_date_comes_and_the_old_one_is_gone() {
    let mut town = town(100);
    let library = library(&town);
    town.get_mut(&5).unwrap().id = 3_000_000;
    deliver(&library, DELTA, &[(5, &town[&5], Rows::User)], &[]);
    let report = library.publish();
    assert_eq!((counts(&report).without_pin, report.without_verifier), (1, 1));
    assert!(library.row(1_000_005).is_none() && student(&library, 3_000_000).verifiers.is_empty());
    // With the birth date beside it, as most exports have it, there is one at once.
    town.get_mut(&6).unwrap().id = 3_000_001;
    deliver(&library, DELTA, &[(6, &town[&6], Rows::All)], &[]);
    let report = library.publish();
    assert_eq!(counts(&report).without_pin, 0);
    assert!(accepts(&library, 3_000_001, "0201"));
}

#[test]
fn two_people_of_one_id_are_told_apart_by_birth_dates_that_are_not_kept() {
    let mut town = town(100);
    let library = library(&town);
    // Another person with a number that is taken, and another birth date.
    let other = Citizen { born: "2009-09-09", ..Citizen::of(1_000_007) };
    town.insert(800, other);
    deliver(&library, DELTA, &[(800, &town[&800], Rows::All)], &[]);
    let report = library.publish();
    assert_eq!(report.ambiguous, 1);
    assert!(matches!(library.row(1_000_007), Some(Row::Ambiguous)));
    // They stay apart while only the user's row of one comes again, and are one again when the other leaves.
    town.get_mut(&7).unwrap().grade = "10";
    deliver(&library, DELTA, &[(7, &town[&7], Rows::User)], &[]);
    assert_eq!(library.publish().ambiguous, 1);
    town.remove(&800);
    deliver(&library, DELTA, &[], &[800]);
    assert_eq!(library.publish().ambiguous, 0);
    assert!(accepts(&library, 1_000_007, "0201"));
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn without_pins_the_mark_of_a_birth_date_and_the_end_of_a_card_go_on() {
    let mut town = town(100);
    let other = Citizen { born: "2009-09-09", ..Citizen::of(1_000_007) };
    town.insert(800, other);
    let library = library_of_no_pins(&town);
    assert!(matches!(library.row(1_000_007), Some(Row::Ambiguous)));
    // One of them comes again without the birth date: two people still.
    town.get_mut(&7).unwrap().grade = "10";
    town.get_mut(&8).unwrap().grade = "10";
    deliver(&library, DELTA, &[(7, &town[&7], Rows::User), (8, &town[&8], Rows::User)], &[]);
    library.publish();
    assert!(matches!(library.row(1_000_007), Some(Row::Ambiguous)));
    assert_eq!(student(&library, 1_000_008).student.expiry, Some(jiff::civil::date(2033, 7, 1)));
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn a_delta_that_comes_again_changes_nothing_and_one_that_comes_late_undoes_nothing() {
    let mut town = town(100);
    let library = library(&town);
    town.get_mut(&3).unwrap().enabled = false;
    deliver(&library, DELTA, &[(3, &town[&3], Rows::User)], &[8]);
    library.publish();
    let once = served(&library).len();
    deliver(&library, DELTA, &[(3, &town[&3], Rows::User)], &[8]);
    let report = library.publish();
    assert_eq!((served(&library).len(), counts(&report).older), (once, 0));
    // Of the day before: the account was enabled, and the pupil was there.
    let late = Way { time: "2026-11-21T10:00:00.000Z", ..DELTA };
    deliver(&library, late, &[(3, &Citizen::of(1_000_003), Rows::User), (8, &Citizen::of(1_000_008), Rows::All)], &[]);
    assert_eq!(counts(&library.publish()).older, 2);
    assert!(!student(&library, 1_000_003).student.enabled && library.row(1_000_008).is_none());
    // Who truly comes back is there again.
    let later = Way { time: "2026-11-23T10:00:00.000Z", ..DELTA };
    deliver(&library, later, &[(8, &Citizen::of(1_000_008), Rows::All)], &[]);
    library.publish();
    assert!(accepts(&library, 1_000_008, "0201"));
}

#[test]
fn a_birth_date_that_comes_late_is_passed_over() {
    let town = town(100);
    let library = library(&town);
    let born = |born| Citizen { born, ..Citizen::of(1_000_003) };
    deliver(&library, DELTA, &[(3, &born("2012-12-24"), Rows::Birth)], &[]);
    library.publish();
    let late = Way { time: "2026-11-21T10:00:00.000Z", ..DELTA };
    deliver(&library, late, &[(3, &born("2012-02-01"), Rows::Birth)], &[]);
    assert_eq!(counts(&library.publish()).older, 1);
    assert!(accepts(&library, 1_000_003, "1224"));
}

#[test]
fn one_row_of_a_delta_stands_for_both_that_a_bulk_had_of_one_key() {
    let town = town(100);
    let library = library(&town);
    deliver_bulk(&library, &town, false);
    let users = fs::read_to_string(library.inbox("users.csv")).unwrap() + "u3,,,true,s2,student,n3,1000003,09\n";
    fs::write(library.inbox("users.csv"), users).unwrap();
    assert_eq!(library.publish().merged, 1);
    // An account that is disabled must not go on by a second record of it.
    let disabled = Citizen { enabled: false, ..Citizen::of(1_000_003) };
    deliver(&library, DELTA, &[(3, &disabled, Rows::User)], &[]);
    let report = library.publish();
    assert_eq!((report.merged, counts(&report).gone), (0, 0));
    assert!(!student(&library, 1_000_003).student.enabled);
    deliver_bulk(&library, &town, false);
    let users = fs::read_to_string(library.inbox("users.csv")).unwrap() + "u3,,,true,s2,student,n3,1000003,09\n";
    fs::write(library.inbox("users.csv"), users).unwrap();
    library.publish();
    deliver(&library, DELTA, &[], &[3]);
    library.publish();
    assert!(library.row(1_000_003).is_none());
}

#[test]
fn a_pin_of_a_column_goes_on_where_only_the_birth_date_changes() {
    let mut town = town(100);
    let mut library = library_of_no_pins(&town);
    let scheme = PinScheme::Column("username".into());
    library.district.pins = PinRules::new(vec![PinRule { scope: Scope::default(), scheme }]);
    library.publish();
    town.get_mut(&5).unwrap().born = "2009-08-07";
    deliver(&library, DELTA, &[(5, &town[&5], Rows::Birth)], &[]);
    assert_eq!(library.publish().change.map(|change| change.pin_changed), Some(0));
    let row = student(&library, 1_000_005);
    let keyring = library.store.keyring();
    let pin = keyring.current().verifier_of_bytes(SPACE, "1000005", "column username", b"n5");
    assert!(bool::from(row.verifiers[0].same_as(&pin)));
    assert_eq!(row.student.expiry, Some(jiff::civil::date(2031, 7, 1)), "the new birth date's");
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn records_that_are_damaged_or_gone_need_a_bulk_and_the_roster_serves_on() {
    let town = town(100);
    let library = library(&town);
    let id = library.store.serving("cms").unwrap().unwrap().id().to_string();
    let file = library.folder.path().join("data/generations/cms").join(id).join("records");
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    deliver(&library, DELTA, &[(3, &town[&3], Rows::User)], &[]);
    for broken in [&flipped, &whole[..whole.len() - 1], &whole[..2], &[]] {
        fs::write(&file, broken).unwrap();
        needs_a_bulk(&library, "the records of the last roster cannot be read");
        assert!(accepts(&library, 1_000_003, "0201"));
    }
    fs::remove_file(&file).unwrap();
    needs_a_bulk(&library, "the records of the last roster cannot be read");
    deliver_bulk(&library, &town, false);
    library.publish();
    deliver(&library, DELTA, &[(3, &town[&3], Rows::User)], &[]);
    assert_eq!(counts(&library.publish()).changed, 1);
}

#[test]
fn a_time_from_the_future_shuts_no_later_change_out() {
    let mut town = town(100);
    let mut library = library(&town);
    let way = |time| Way { time, ..DELTA };
    town.get_mut(&3).unwrap().grade = "10";
    deliver(&library, way("2099-01-01T00:00:00.000Z"), &[(3, &town[&3], Rows::User)], &[]);
    library.publish();
    // The next day the pupil leaves, with a right time.
    library.now += std::time::Duration::from_secs(24 * 3600);
    deliver(&library, way("2026-11-24T10:00:00.000Z"), &[], &[3]);
    let report = library.publish();
    assert_eq!((counts(&report).older, library.row(1_000_003).is_none()), (0, true));
}

#[test]
fn one_person_of_a_delta_has_a_bounded_number_of_roles() {
    let town = town(100);
    let library = library(&town);
    deliver_bulk(&library, &town, true);
    library.publish();
    deliver(&library, Way { v1p2: true, ..DELTA }, &[(3, &town[&3], Rows::Role)], &[]);
    let mut roles = fs::read_to_string(library.inbox("roles.csv")).unwrap();
    for number in 0..50_000 {
        writeln!(roles, "x{number},active,,u3,secondary,student,,,s{}", number % 400).unwrap();
    }
    fs::write(library.inbox("roles.csv"), roles).unwrap();
    library.publish();
    assert!((250..=254).contains(&student(&library, 1_000_003).student.schools.len()));
}

#[test]
fn whoever_a_delta_takes_back_is_held_for_the_days_of_grace() {
    let town = town(100);
    let mut library = library(&town);
    library.district.eligibility.grace = 3;
    deliver(&library, DELTA, &[], &[9]);
    assert_eq!(library.publish().held, 1);
    // They have a row still and no record: each delta holds them on, until their time is over.
    for (day, held) in [(24, 1), (25, 1), (26, 0)] {
        library.today = jiff::civil::date(2026, 11, day);
        deliver(&library, DELTA, &[(day.try_into().unwrap(), &Citizen::of(1_000_000 + day as u32), Rows::User)], &[]);
        assert_eq!(library.publish().held, held, "{day}");
        assert_eq!(library.row(1_000_009).is_some(), held == 1);
    }
}

#[test]
fn a_row_that_cannot_be_read_takes_its_person_away_as_in_bulk() {
    let town = town(1500);
    let library = library(&town);
    let changed: Vec<_> = (3..40).map(|key| (key, &town[&key], Rows::User)).collect();
    deliver(&library, DELTA, &changed, &[]);
    let users = fs::read_to_string(library.inbox("users.csv")).unwrap().replacen(",true,", ",perhaps,", 1);
    fs::write(library.inbox("users.csv"), users).unwrap();
    let report = library.publish();
    // One of 37 rows would be too many for the guard; it is one of all that the roster is made of.
    assert_eq!((report.reading.undecodable.count, counts(&report).gone), (1, 1));
    assert!(library.row(1_000_003).is_none());
}

#[test]
fn the_guard_sees_the_whole_roster_that_a_delta_makes() {
    let town = town(100);
    let library = library(&town);
    let half: Vec<u32> = (0..50).collect();
    deliver(&library, DELTA, &[], &half);
    assert_eq!(library.refusal(Mode::Manual), Cause::Gone(50, 100));
    let swapped = Citizen { born: "2012-01-02", ..Citizen::of(0) };
    let births: Vec<_> = (0..10).map(|key| (key, &swapped, Rows::Birth)).collect();
    deliver(&library, DELTA, &births, &[]);
    assert_eq!(library.refusal(Mode::Manual), Cause::PinChanged(10, 100));
    assert!(accepts(&library, 1_000_000, "0201"), "the last roster serves on");
}

#[test]
fn a_manifest_alone_says_that_nothing_changed() {
    let town = town(100);
    let library = library(&town);
    deliver(&library, DELTA, &[], &[]);
    let report = library.publish();
    assert_eq!((counts(&report).carried, report.people), (100, 100));
    // So does a file that is a header alone.
    deliver(&library, DELTA, &[(1, &town[&1], Rows::User)], &[]);
    let header = fs::read_to_string(library.inbox("users.csv")).unwrap().lines().next().unwrap().to_owned() + "\n";
    fs::write(library.inbox("users.csv"), header).unwrap();
    assert_eq!(library.publish().people, 100);
    ends_where_a_bulk_would(&library, &town, false);
}

#[track_caller]
fn needs_a_bulk(library: &Library, why: &str) {
    let error = match library.sync(Mode::Manual) {
        Err(error @ SyncError::Source(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(error.contains(why) && error.contains("ask the district for a bulk export"), "{error}");
    assert!(library.inbox("manifest.csv").exists(), "the delivery stays");
}

#[test]
fn a_delta_without_anything_to_apply_it_to_waits_for_a_bulk() {
    let people = town(100);
    let mut library = Library::new();
    let source = library.district.source.as_mut().unwrap();
    (source.delta, source.after) = (true, After::Delete);
    let delta = |library: &Library| deliver(library, DELTA, &[(3, &people[&3], Rows::User)], &[]);
    delta(&library);
    needs_a_bulk(&library, "there is no roster yet");
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::RefusedBefore));
    deliver_bulk(&library, &people, false);
    library.publish();

    let pins = std::mem::replace(&mut library.district.pins, PinRules::new(vec![birth_date("MMDDYYYY")]));
    delta(&library);
    needs_a_bulk(&library, "a rule or the key has changed");
    library.district.pins = pins;
    library.district.cards = CardRules::new(vec![card("9", "[0-9]{7}", &[], SPACE)]);
    needs_a_bulk(&library, "a rule or the key has changed");
    library.district.cards = CardRules::new(vec![card("", "[0-9]{7}", &[], SPACE)]);
    library.publish();

    // After a rollback the records are not those of what is served.
    let lock = library.store.lock_district("cms").unwrap();
    library.store.roll_back(&lock, None).unwrap().unwrap();
    drop(lock);
    delta(&library);
    needs_a_bulk(&library, "an earlier roster is served");
    deliver_bulk(&library, &people, false);
    library.publish();
    delta(&library);
    assert_eq!(counts(&library.publish()).carried, 99);
    assert!(!library.inbox("manifest.csv").exists(), "cleared away once it is published");
}

#[test]
fn without_the_key_a_delta_is_refused_as_before_and_nothing_is_kept() {
    let people = town(100);
    let mut library = Library::new();
    deliver_bulk(&library, &people, false);
    library.publish();
    let header = library.store.serving("cms").unwrap().unwrap();
    assert!(header.header().records.is_none());
    deliver(&library, DELTA, &[(3, &people[&3], Rows::User)], &[]);
    let error = library.sync(Mode::Manual).unwrap_err().to_string();
    assert!(error.contains("calls the file a delta; set delta = true"), "{error}");
    library.district.source.as_mut().unwrap().delta = true;
    needs_a_bulk(&library, "was made without delta = true");
}

#[test]
fn what_else_is_stored_needs_a_bulk() {
    let people = town(100);
    let mut library = library(&people);
    deliver(&library, DELTA, &[(3, &people[&3], Rows::User)], &[]);
    library.stored = Release::from_bits(u8::MAX);
    needs_a_bulk(&library, "what may be shown to clients has changed");
}

#[test]
fn roles_of_1_2_come_go_begin_and_end_by_themselves() {
    let mut town = town(100);
    town.get_mut(&1).unwrap().times = ("", "2026-11-25");
    town.get_mut(&2).unwrap().times = ("2026-11-25", "");
    let mut library = library(&town);
    deliver_bulk(&library, &town, true);
    library.publish();
    assert!(library.row(1_000_001).is_some() && library.row(1_000_002).is_none());

    // Two days later: one role has ended and one has begun, and no delta says so.
    library.today = jiff::civil::date(2026, 11, 25);
    town.get_mut(&3).unwrap().school = "s2";
    let way = Way { v1p2: true, ..DELTA };
    deliver(&library, way, &[(3, &town[&3], Rows::Role)], &[]);
    library.publish();
    assert!(library.row(1_000_001).is_none() && accepts(&library, 1_000_002, "0201"));
    ends_where_a_bulk_would(&library, &town, true);

    // A role goes by its own key alone, and its person with it; a user's row alone leaves roles as they are.
    town.get_mut(&5).unwrap().grade = "10";
    deliver(&library, way, &[(5, &town[&5], Rows::User)], &[]);
    let roles = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n\
                 r4,tobedeleted,2026-11-22T10:00:00.000Z,,,,,,\n";
    fs::write(library.inbox("roles.csv"), roles).unwrap();
    library.publish();
    assert!(library.row(1_000_004).is_none() && student(&library, 1_000_005).student.grade.is_some());
    // It comes back as a role alone: the person is still known.
    let later = Way { time: "2026-11-24T10:00:00.000Z", ..way };
    deliver(&library, later, &[(4, &town[&4], Rows::Role)], &[]);
    library.publish();
    assert!(accepts(&library, 1_000_004, "0201"));
    ends_where_a_bulk_would(&library, &town, true);

    // A user without a role is nobody yet; who becomes a parent is nobody at all.
    town.insert(900, Citizen::of(5_000_000));
    deliver(&library, way, &[(900, &town[&900], Rows::User)], &[]);
    assert_eq!(counts(&library.publish()).unknown, 1);
    town.insert(900, Citizen::of(5_000_000));
    town.get_mut(&6).unwrap().role = "guardian";
    deliver(&library, way, &[(900, &town[&900], Rows::All), (6, &town[&6], Rows::Role)], &[]);
    library.publish();
    assert!(accepts(&library, 5_000_000, "0201") && library.row(1_000_006).is_none());
    ends_where_a_bulk_would(&library, &town, true);
}

#[test]
fn any_changes_of_a_month_end_where_a_bulk_would() {
    for v1p2 in [false, true] {
        let mut town = town(120);
        let library = library(&town);
        deliver_bulk(&library, &town, v1p2);
        library.publish();
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from((state >> 33) % u64::from(below)).unwrap()
        };
        for _ in 0..25 {
            let (mut changed, mut gone) = (BTreeMap::new(), Vec::new());
            for _ in 0..6 {
                let key = random(130);
                let Some(citizen) = town.get_mut(&key) else {
                    town.insert(key, Citizen { born: "2014-07-08", ..Citizen::of(1_000_000 + key) });
                    changed.insert(key, Rows::All);
                    gone.retain(|other| *other != key);
                    continue;
                };
                let rows = match random(7) {
                    0 => {
                        citizen.enabled = !citizen.enabled;
                        Rows::User
                    }
                    1 => {
                        citizen.grade = ["09", "10", ""][random(3) as usize];
                        Rows::User
                    }
                    2 => {
                        citizen.school = ["s1", "s2", "s3"][random(3) as usize];
                        if v1p2 { Rows::Role } else { Rows::User }
                    }
                    3 => {
                        citizen.born = ["2012-02-01", "2013-03-04", "", "2011-11-11"][random(4) as usize];
                        Rows::Birth
                    }
                    4 => {
                        citizen.role = ["student", "teacher", "guardian", "student"][random(4) as usize];
                        // A row of a parent is kept of nobody, so that whoever is one no more comes whole.
                        Rows::All
                    }
                    5 => {
                        citizen.id = 1_000_000 + random(130);
                        Rows::All
                    }
                    _ => {
                        town.remove(&key);
                        changed.remove(&key);
                        gone.push(key);
                        continue;
                    }
                };
                let told = changed.entry(key).or_insert(rows);
                *told = if *told == rows { rows } else { Rows::All };
            }
            let people: Vec<_> = changed.iter().map(|(key, rows)| (*key, &town[key], *rows)).collect();
            gone.retain(|key| !changed.contains_key(key));
            deliver(&library, Way { v1p2, time: "", ..DELTA }, &people, &gone);
            assert!(
                matches!(library.sync(Mode::Forced).unwrap(), Outcome::Published(report, None) if report.delta.is_some())
            );
        }
        ends_where_a_bulk_would(&library, &town, v1p2);
    }
}

#[test]
fn a_card_may_be_the_source_id_itself() {
    let mut library = Library::new();
    let form = patron::CardForm::new(patron::CardSpec::plain(IdSource::SourceId, "", "u[0-9]+", SPACE)).unwrap();
    library.district.cards = CardRules::new(vec![form]);
    library.district.source.as_mut().unwrap().delta = true;
    let mut town = town(50);
    deliver_bulk(&library, &town, false);
    library.publish();
    town.remove(&7);
    deliver(&library, DELTA, &[], &[7]);
    library.publish();
    assert!(library.row_in(SPACE, "u7").is_none() && library.row_in(SPACE, "u8").is_some());
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn deltas_that_lie_there_are_taken_the_oldest_first_after_the_newest_bulk() {
    use std::time::{Duration, SystemTime};
    let mut library = Library::new();
    let source = library.district.source.as_mut().unwrap();
    (source.delta, source.after) = (true, After::Keep);
    let town = town(100);
    let zips = library.folder.path().join("inbox");
    let disabled = Citizen { enabled: false, ..Citizen::of(1_000_003) };
    // Written in another order than they are to be taken in.
    type Delivery<'a> = (&'a str, u64, &'a dyn Fn(&Library));
    let later = Way { time: "", ..DELTA };
    let deliveries: [Delivery<'_>; 5] = [
        ("c-enabled.zip", 50, &|library| deliver(library, later, &[(3, &Citizen::of(1_000_003), Rows::User)], &[])),
        ("old-delta.zip", 10, &|library| deliver(library, later, &[], &[1, 2])),
        ("z-bulk.zip", 30, &|library| deliver_bulk(library, &town, false)),
        ("a-disabled.zip", 40, &|library| deliver(library, later, &[(3, &disabled, Rows::User)], &[5])),
        ("old-bulk.zip", 20, &|library| deliver_bulk(library, &self::town(40), false)),
    ];
    let kept = tempfile::tempdir().unwrap();
    for (name, age, write) in deliveries {
        write(&library);
        let path = kept.path().join(name);
        zip(&zips, &path);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + age);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }
    fs::remove_dir_all(&zips).unwrap();
    fs::rename(kept.path(), &zips).unwrap();

    let report = library.publish();
    assert!(report.delta.is_none() && (report.people, report.follow) == (100, 2), "the newest bulk");
    let report = library.publish();
    assert_eq!((report.delta.map(|delta| delta.gone), report.follow), (Some(1), 1));
    assert!(!student(&library, 1_000_003).student.enabled && library.row(1_000_005).is_none());
    assert_eq!(library.publish().follow, 0);
    assert!(student(&library, 1_000_003).student.enabled && library.row(1_000_001).is_some());
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::NothingToDo), "each is taken once");
}

/// Packs the files of a folder, as a district would.
fn zip(folder: &std::path::Path, to: &std::path::Path) {
    let mut zip = zip::ZipWriter::new(fs::File::create(to).unwrap());
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        zip.start_file(entry.file_name().to_str().unwrap(), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &fs::read(entry.path()).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}
