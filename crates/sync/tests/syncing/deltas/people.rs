//! Who changes, comes and goes.

use super::*;

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
