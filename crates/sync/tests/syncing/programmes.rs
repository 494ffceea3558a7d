//! What real programmes ask of a sync: rules by role, earlier numbers, people who are held, cards that end.

use std::fs;

use crate::library::{Library, Line, SPACE, birth_date, card, keyring};
use jiff::civil::date;
use patron::{
    CardEnd, CardForm, CardRules, CardSpec, ExpiryRule, ExpiryRules, IdSource, PinRule, PinRules, PinScheme, Role,
    Scope, Summer, YearDay,
};
use roster::{Row, Store, StudentRow};
use sync::{Cause, Mode};

const STAFF: &str = "district:cms/staff";

fn student(library: &Library, id: u32) -> StudentRow {
    match library.row(id) {
        Some(Row::Student(row)) => row,
        other => panic!("{other:?}"),
    }
}

fn of(role: Role) -> Scope {
    Scope { roles: vec![role], grades: vec![] }
}

fn thirty() -> impl Iterator<Item = Line> {
    (1_000_000..1_000_030).map(|id| Line::student(id, "2012-02-01"))
}

#[test]
fn a_teacher_and_a_student_of_one_number_are_two_people_with_pins_of_their_own_rules() {
    let mut library = Library::new();
    library.district.cards = CardRules::new(vec![
        card("", "[0-9]{7}", &[Role::Student], SPACE),
        card("t", "[0-9]{7}", &[Role::Teacher], STAFF),
    ]);
    let by_column = PinRule { scope: of(Role::Teacher), scheme: PinScheme::Column("password".into()) };
    library.district.pins = PinRules::new(vec![by_column, birth_date("MMDD")]);
    let pupil = Line::student(1_000_001, "2012-02-01");
    let teacher = Line { role: "teacher", grade: "", password: "s3cret", ..Line::student(1_000_001, "1980-03-02") };
    let aide = Line { role: "aide", ..teacher.clone() };
    library.deliver_lines([pupil, teacher, aide]);
    let report = library.publish();
    assert_eq!((report.people, report.ambiguous, report.no_rule), (2, 0, 1));
    let Some(Row::Student(teacher)) = library.row_in(STAFF, "1000001") else { panic!() };
    assert_eq!((teacher.student.role, teacher.pin_rule, student(&library, 1_000_001).pin_rule), (Role::Teacher, 0, 1));
}

#[test]
fn a_hashed_column_is_kept_as_it_is_and_no_verifier_is_made_of_it() {
    let mut library = Library::new();
    let scheme = PinScheme::HashedColumn("password".into());
    library.district.pins = PinRules::new(vec![PinRule { scope: Scope::default(), scheme }]);
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let line = |id, password| Line { password, ..Line::student(id, "2012-02-01") };
    library.deliver_lines([line(1_000_001, hash), line(1_000_002, "in the open")]);
    assert_eq!(library.publish().without_verifier, 1, "what is no hash is no PIN");
    let row = student(&library, 1_000_001);
    assert_eq!((row.hash.unwrap().as_str(), row.verifiers.len()), (hash, 0));
    let generation = library.store.serving("cms").unwrap().unwrap();
    assert!(generation.header().decoy_hashes[SPACE].starts_with("$2a$05$"));
}

#[test]
fn an_earlier_number_leads_to_the_person_and_to_nobody_where_two_had_it() {
    let mut library = Library::new();
    let spec = CardSpec::plain(IdSource::Identifier, "", "[0-9]{7}", SPACE);
    let aliases = vec![IdSource::Column("old".into())];
    library.district.cards = CardRules::new(vec![CardForm::new(CardSpec { aliases, ..spec }).unwrap()]);
    let line = |id, old| Line { old, ..Line::student(id, "2012-02-01") };
    library.deliver_lines([
        line(1_000_001, "0000001"),
        line(1_000_002, "0000002"),
        line(1_000_003, "0000002"),
        line(1_000_004, "1000003"),
        line(1_000_005, "eaten"),
    ]);
    let report = library.publish();
    assert!(matches!(library.row_in(SPACE, "0000001"), Some(Row::Alias(id)) if id == "1000001"));
    assert!(matches!(library.row_in(SPACE, "0000002"), Some(Row::Ambiguous)));
    assert!(matches!(library.row(1_000_003), Some(Row::Student(_))), "whoever has the number today");
    assert_eq!((report.people, report.aliases, report.ambiguous), (5, 1, 1));
}

#[test]
fn who_vanishes_is_held_for_the_days_of_grace_and_then_gone() {
    let mut library = Library::new();
    library.district.eligibility.grace = 3;
    library.deliver_lines(thirty());
    library.publish();
    let without_the_first = || thirty().skip(1);
    library.deliver_lines(without_the_first());
    let report = library.publish();
    assert_eq!((report.held, report.people, report.change.unwrap().gone), (1, 30, 1));
    assert_eq!(student(&library, 1_000_000).student.withdrawn, Some(date(2026, 11, 23)));
    library.today = date(2026, 11, 25);
    library.deliver_lines(without_the_first());
    let report = library.publish();
    assert_eq!((report.held, report.change.unwrap().gone), (1, 0), "counted once");
    assert_eq!(student(&library, 1_000_000).student.withdrawn, Some(date(2026, 11, 23)), "since the first day");
    library.today = date(2026, 11, 26);
    library.deliver_lines(without_the_first());
    library.publish();
    assert!(library.row(1_000_000).is_none());
}

#[test]
fn who_comes_back_is_no_longer_withdrawn() {
    let mut library = Library::new();
    library.district.eligibility.grace = 3;
    library.deliver_lines(thirty());
    library.publish();
    library.deliver_lines(thirty().skip(1));
    library.publish();
    library.deliver_lines(thirty());
    let report = library.publish();
    assert_eq!((student(&library, 1_000_000).student.withdrawn, report.change.unwrap().new), (None, 0));
}

#[test]
fn by_default_who_vanishes_is_gone_at_once() {
    let library = Library::new();
    library.deliver_lines(thirty());
    library.publish();
    library.deliver_lines(thirty().skip(1));
    assert_eq!(library.publish().held, 0);
    assert!(library.row(1_000_000).is_none());
}

#[test]
fn in_summer_half_a_roster_is_no_half_file_and_in_autumn_it_is() {
    let mut library = Library::new();
    let day = |text| YearDay::parse(text).unwrap();
    library.district.eligibility.summer = Some(Summer { from: day("06-15"), to: day("09-15") });
    library.today = date(2026, 7, 1);
    let rest = |from| (from..1_000_100).map(|id| Line::student(id, "2012-02-01"));
    library.deliver_lines(rest(1_000_000));
    library.publish();
    library.deliver_lines(rest(1_000_050));
    let report = library.publish();
    assert_eq!((report.held, report.people), (50, 100));
    library.today = date(2026, 9, 20);
    library.deliver_lines(rest(1_000_075));
    assert_eq!(library.refusal(Mode::Manual), Cause::Gone(25, 50));
}

#[test]
fn who_is_held_keeps_a_school_that_nobody_else_is_at() {
    let mut library = Library::new();
    library.district.eligibility.grace = 3;
    library.deliver_lines(thirty().chain([Line { school: "s9", ..Line::student(2_000_000, "2012-02-01") }]));
    library.publish();
    library.deliver_lines(thirty());
    library.publish();
    let generation = library.store.serving("cms").unwrap().unwrap();
    let school = student(&library, 2_000_000).student.schools[0];
    let school = &generation.header().schools[usize::from(school.0)];
    assert_eq!((school.source_id.as_str(), school.people), ("s9", 1));
}

#[test]
fn after_a_rotation_nobody_can_be_held_and_the_report_says_so() {
    let mut library = Library::new();
    library.district.eligibility.grace = 3;
    library.deliver_lines(thirty());
    library.publish();
    let rotated = keyring(&library.folder, "second");
    let data = library.store.folder().to_owned();
    // The second key in front, the first still there.
    let text =
        [fs::read(library.folder.path().join("second")).unwrap(), fs::read(library.folder.path().join("key")).unwrap()];
    drop(rotated);
    fs::write(library.folder.path().join("second"), text.concat()).unwrap();
    let scratch = Store::open(&library.folder.path().join("scratch"), keyring(&library.folder, "key")).unwrap();
    drop(std::mem::replace(&mut library.store, scratch));
    library.store = Store::open(&data, keyring(&library.folder, "second")).unwrap();
    library.deliver_lines(thirty().skip(1));
    let report = library.publish();
    assert!(report.not_held && report.held == 0);
    assert!(report.to_string().contains("nobody who vanished could be held"));
}

#[test]
fn a_cards_end_is_worked_out_at_each_sync_and_is_no_birthday() {
    let mut library = Library::new();
    let rule = ExpiryRule { scope: Scope::default(), end: CardEnd::Age(18), year_begins: YearDay::JULY, terms: vec![] };
    library.district.expiry = ExpiryRules::new(vec![rule.clone()]);
    library.deliver([(1_000_001, "2012-02-29"), (1_000_002, "2011-08-03")]);
    library.publish();
    for id in [1_000_001, 1_000_002] {
        assert_eq!(student(&library, id).student.expiry, Some(date(2030, 7, 1)));
    }
    // The same files under another rule are read again.
    library.district.expiry = ExpiryRules::new(vec![ExpiryRule { end: CardEnd::Graduation, ..rule }]);
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), sync::Outcome::Published(..)));
    assert_eq!(student(&library, 1_000_001).student.expiry, Some(date(2030, 7, 1)), "grade 9 in 2026");
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), sync::Outcome::NothingToDo));
}

#[test]
fn a_school_or_a_number_that_the_roster_does_not_know_is_told_with_its_line() {
    let mut library = Library::new();
    library.district.eligibility.schools = vec!["s1".into(), "1999".into()];
    let file = library.folder.path().join("opt-outs.txt");
    fs::write(&file, "1000001\n1999999\n12\n").unwrap();
    library.district.opt_out_file = Some(file.clone());
    library.deliver_lines(thirty());
    let report = library.publish();
    assert_eq!(report.unknown_schools, ["1999"]);
    let opt_outs = report.opt_outs.clone().unwrap();
    assert_eq!((opt_outs.lines, opt_outs.unknown, opt_outs.unclear), (2, (1, vec![2]), (1, vec![3])));
    let shown = report.to_string();
    assert!(shown.contains("no school of the roster is called 1999") && shown.contains("line 2"), "{shown}");
    assert!(!shown.contains("1999999") && !shown.contains("1000001"));
    fs::remove_file(&file).unwrap();
    library.deliver_lines(thirty());
    assert!(library.publish().to_string().contains("opt-out-file cannot be read"));
}
