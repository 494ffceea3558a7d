//! Bundles in, generations out: what is published, what is refused, and what serves on.

use std::fs;
use std::time::Duration;

use crate::library::{Library, SPACE, birth_date, card, keyring};
use jiff::Timestamp;
use patron::{CardRules, PinRules};
use roster::{Row, Store};
use site::After;
use sync::{Cause, Mode, Outcome, SyncError};

const BORN: &str = "2012-02-01";

fn students(ids: std::ops::Range<u32>) -> impl Iterator<Item = (u32, &'static str)> {
    ids.map(|id| (id, BORN))
}

#[test]
fn half_a_file_is_refused_and_the_last_roster_serves_on() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    library.deliver(students(1_000_000..1_000_050));
    assert_eq!(library.refusal(Mode::Manual), Cause::Gone(50, 100));
    assert!(library.row(1_000_099).is_some());
}

#[test]
fn force_publishes_what_the_guard_refused() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    library.deliver(students(1_000_000..1_000_050));
    assert!(matches!(library.sync(Mode::Forced).unwrap(), Outcome::Published(report, None) if report.forced));
    assert!(library.row(1_000_099).is_none());
}

#[test]
fn a_doubled_file_is_refused() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    library.deliver(students(1_000_000..1_000_200));
    assert_eq!(library.refusal(Mode::Manual), Cause::New(100, 100));
}

#[test]
fn swapped_days_and_months_are_refused_though_every_row_is_there() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    library.deliver((1_000_000..1_000_100).map(|id| (id, if id % 10 == 0 { "2012-01-02" } else { BORN })));
    assert_eq!(library.refusal(Mode::Manual), Cause::PinChanged(10, 100));
}

#[test]
fn eaten_zeros_leave_the_pattern_and_are_refused() {
    let mut library = Library::new();
    library.district.cards = CardRules::new(vec![card("", "0[0-9]{6}", &[], SPACE)]);
    library.deliver(students(1_000_000..1_000_100));
    // Written without the zero, as a spreadsheet does: not one row makes a card.
    assert_eq!(library.refusal(Mode::Manual), Cause::Nobody);
}

#[test]
fn birth_dates_in_another_form_are_refused_also_at_a_first_sync() {
    let library = Library::new();
    library.deliver((1_000_000..1_000_100).map(|id| (id, "23/04/2012")));
    assert_eq!(library.refusal(Mode::Manual), Cause::NoPins(100));
}

#[test]
fn the_first_sync_is_guarded_by_what_is_expected() {
    let mut library = Library::new();
    library.district.source.as_mut().unwrap().guard.expect_students = Some(140..=160);
    library.deliver(students(1_000_000..1_000_100));
    assert_eq!(library.refusal(Mode::Manual), Cause::Students(100, 140, 160));
}

#[test]
fn a_small_roster_may_change_as_it_likes() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_020));
    library.publish();
    library.deliver(students(1_000_005..1_000_010));
    library.publish();
    assert!(library.row(1_000_000).is_none());
}

#[test]
fn one_id_with_two_birth_dates_is_ambiguous_and_with_one_is_one_person() {
    let library = Library::new();
    library.deliver([(1_000_001, BORN), (1_000_001, "2013-05-06"), (1_000_002, BORN), (1_000_002, BORN)]);
    library.publish();
    assert!(matches!(library.row(1_000_001), Some(Row::Ambiguous)));
    assert!(matches!(library.row(1_000_002), Some(Row::Student(row)) if row.verifiers.len() == 1));
}

#[test]
fn a_new_rule_compares_pins_under_the_previous_one() {
    let mut library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    // Another format, the same dates: no PIN "changed".
    library.district.pins = PinRules::new(vec![birth_date("MMDDYYYY")]);
    let Outcome::Published(report, None) = library.sync(Mode::Manual).unwrap() else { panic!() };
    assert!(report.rules_changed);
    assert_eq!(report.change.map(|change| (change.gone, change.new, change.pin_changed)), Some((0, 0, 0)));
    // A new rule and half a file at once: the guard still sees it.
    library.district.pins = PinRules::new(vec![birth_date("MMYYYY")]);
    library.deliver(students(1_000_050..1_000_100));
    assert_eq!(library.refusal(Mode::Manual), Cause::Gone(50, 100));
}

#[test]
fn a_roster_whose_key_is_gone_is_mended_by_the_next_sync() {
    let mut library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    let other = keyring(&library.folder, "other");
    let data = library.folder.path().join("data");
    drop(library.store);
    library.store = Store::open(&data, other).unwrap();
    assert!(library.store.serving("cms").is_err());
    let Outcome::Published(report, None) = library.sync(Mode::Scheduled).unwrap() else { panic!() };
    assert!(report.not_compared.unwrap().contains("not in the key file"));
    assert!(library.row(1_000_000).is_some());
}

#[test]
fn a_rollback_holds_the_schedule_until_a_person_syncs() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    library.deliver(students(1_000_001..1_000_101));
    library.publish();
    library.store.roll_back(&library.store.lock_district("cms").unwrap(), None).unwrap().unwrap();
    // With nothing new a sync by hand lifts nothing, and says so.
    for file in ["users.csv", "demographics.csv", "manifest.csv"] {
        fs::remove_file(library.inbox(file)).unwrap();
    }
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::StillHeld));
    library.deliver(students(1_000_002..1_000_102));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Held));
    assert!(library.row(1_000_000).is_some());
    library.publish();
    assert!(library.row(1_000_101).is_some());
}

#[test]
fn the_schedule_reads_nothing_twice() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Published(..)));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::NothingToDo));
    library.deliver(students(1_000_000..1_000_030));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Refused(_)));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::RefusedBefore));
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::Refused(_)), "a person is told again");
}

#[test]
fn what_was_refused_is_looked_at_again_where_the_rules_are_others() {
    let mut library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    let right = library.district.source.clone().unwrap();
    library.district.source.as_mut().unwrap().guard.expect_students = Some(1..=9);
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Refused(_)));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::RefusedBefore));
    library.district.source = Some(right);
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Published(..)));
}

#[test]
fn what_could_not_be_cleared_away_is_tried_again() {
    let mut library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    // As where a sync ended between publishing and deleting.
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Published(..)));
    assert!(library.inbox("demographics.csv").exists());
    library.district.source.as_mut().unwrap().after = After::Archive;
    // Where the archive should be, there is a file.
    fs::write(library.inbox("archive"), "").unwrap();
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::NotCleared(_)));
    assert!(library.inbox("demographics.csv").exists(), "nothing is lost");
    library.district.source.as_mut().unwrap().after = After::Delete;
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::NothingToDo));
    assert!(!library.inbox("demographics.csv").exists() && !library.inbox("users.csv").exists());
}

#[test]
fn a_dry_run_publishes_nothing_and_remembers_nothing() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    assert!(matches!(library.sync(Mode::DryRun).unwrap(), Outcome::DryRun(report) if report.people == 100));
    assert!(library.store.serving("cms").unwrap().is_none());
}

#[test]
fn an_empty_inbox_is_nothing_to_do_where_there_is_a_roster() {
    let mut library = Library::new();
    assert!(matches!(library.sync(Mode::Manual), Err(SyncError::EmptyInbox { .. })));
    library.district.source.as_mut().unwrap().after = After::Delete;
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    assert!(!library.inbox("users.csv").exists(), "deleted, once it was published");
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::NothingToDo));
}

#[test]
fn what_is_refused_is_not_deleted() {
    let mut library = Library::new();
    library.district.source.as_mut().unwrap().after = After::Delete;
    library.deliver((1_000_000..1_000_100).map(|id| (id, "no date")));
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::Refused(_)));
    assert!(library.inbox("users.csv").exists());
}

#[test]
fn no_birth_date_and_no_name_is_written() {
    let library = Library::new();
    library.deliver(students(1_000_000..1_000_100));
    library.publish();
    let generation = library.store.serving("cms").unwrap().unwrap();
    generation
        .for_each(|_, row| {
            if let Row::Student(row) = row {
                assert!(row.student.name.is_none() && row.student.email.is_none());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_schedule_leaves_a_delivery_that_changed_just_now_and_a_person_takes_it() {
    let mut library = Library::new();
    library.district.source.as_mut().unwrap().settle = Duration::from_secs(60);
    library.now = Timestamp::now();
    library.deliver(students(1_000_000..1_000_100));
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Growing));
    library.deliver(students(1_000_000..1_000_120));
    library.now += Duration::from_secs(100);
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Growing), "it grew between two looks");
    library.now += Duration::from_secs(100);
    assert!(matches!(library.sync(Mode::Scheduled).unwrap(), Outcome::Published(report, None) if report.people == 120));
    library.now = Timestamp::now();
    library.deliver(students(1_000_000..1_000_130));
    assert_eq!(library.publish().people, 130);
}
