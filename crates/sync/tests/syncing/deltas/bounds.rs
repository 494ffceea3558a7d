//! What a delta needs, may hold, and may not do.

use super::*;

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
