//! Uses, counted: each person once in a month, a quarter, a year and ever; and what of it lies on the disk.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::sync::Arc;

use jiff::civil::date;
use patron::{CardForm, CardRules, CardSpec, Grade, IdSource, PinRule, PinRules, PinScheme, Release, Role, Scope};
use roster::{Dimension, Header, Period, Store, UsageKey, Use, UseMonth, key_file};
use tempfile::TempDir;

const SPACE: &str = "district:cms";

fn store(folder: &TempDir) -> Store {
    let key = folder.path().join("key");
    if !key.exists() {
        key_file::generate(&key, None).unwrap();
    }
    Store::open(&folder.path().join("data"), Arc::new(key_file::load(&key, None).unwrap())).unwrap()
}

/// A district is counted for while it has a roster: an empty one will do.
fn publish(store: &Store, district: &str) {
    let card = CardForm::new(CardSpec::plain(IdSource::Identifier, "", "[0-9]{7}", SPACE)).unwrap();
    let pin = PinRule { scope: Scope::default(), scheme: PinScheme::None };
    let (cards, pins) = (CardRules::new(vec![card]), PinRules::new(vec![pin]));
    let lock = store.lock_district(district).unwrap();
    let writer = store.begin(&lock, 1).unwrap();
    let header = Header::under(&cards, &pins, String::new(), Release::default(), 1_700_000_000);
    store.publish(&lock, writer, &header, "").unwrap();
}

fn library() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    publish(&store, "cms");
    (folder, store)
}

fn key(store: &Store) -> UsageKey {
    UsageKey::of(&store.identity_key().unwrap())
}

/// A use by a ninth-grader of the school `north`.
fn by(store: &Store, id: &str, client: &str, month: (i16, i8)) -> Use {
    let key = key(store);
    Use {
        district: "cms".to_owned(),
        client: client.to_owned(),
        month: UseMonth::of(date(month.0, month.1, 15)),
        person: key.mark(SPACE, id, ""),
        at_client: key.mark(SPACE, id, client),
        school: Some(("school-n".to_owned(), "North High".to_owned())),
        grade: Grade::parse("09"),
        role: Role::Student,
    }
}

/// People in a period, a part of the district, at a client (empty: any).
fn people(store: &Store, period: &str, (dimension, code): (Dimension, &str), client: &str) -> u64 {
    let (tallies, unreadable) = store.state().tallies(&key(store), "cms").unwrap();
    assert_eq!(unreadable, 0);
    let period = Period::parse(period).unwrap();
    let found = tallies.iter().filter(|tally| {
        (tally.period, tally.dimension, &*tally.code, &*tally.client) == (period, dimension, code, client)
    });
    let counts: Vec<u64> = found.map(|tally| tally.people).collect();
    assert!(counts.len() <= 1, "{counts:?}");
    counts.first().copied().unwrap_or_default()
}

const TOTAL: (Dimension, &str) = (Dimension::Total, "");

#[test]
fn a_person_is_counted_once_in_each_period_however_often_and_where_they_come() {
    let (_folder, store) = library();
    let count = |uses: &[Use]| store.state().count_uses(&key(&store), uses).unwrap();
    let october = [by(&store, "1000001", "overdrive", (2026, 10)), by(&store, "1000002", "overdrive", (2026, 10))];
    count(&[&october[..], &october[..]].concat());
    count(&october);
    count(&[by(&store, "1000001", "vufind", (2026, 11)), by(&store, "1000001", "overdrive", (2027, 1))]);
    let totals = ["2026-10", "2026-11", "2026-Q4", "2026", "2027-01", "2027-Q1", "2027", "ever", "2025"]
        .map(|period| people(&store, period, TOTAL, ""));
    assert_eq!(totals, [2, 1, 2, 2, 1, 1, 1, 2, 0]);
    let at = |client, period| people(&store, period, TOTAL, client);
    assert_eq!([at("overdrive", "ever"), at("overdrive", "2026-11"), at("overdrive", "2027")], [2, 0, 1]);
    assert_eq!([at("vufind", "ever"), at("vufind", "2026"), at("vufind", "2026-10")], [1, 1, 0]);
}

#[test]
fn schools_grades_and_roles_each_add_up_to_their_district() {
    let (_folder, store) = library();
    let mut uses = Vec::new();
    for number in 0..60_u32 {
        let mut used = by(&store, &(1_000_000 + number).to_string(), "overdrive", (2026, 11));
        used.school = (number % 4 > 0).then(|| (format!("school-{}", number % 4), format!("School {}", number % 4)));
        used.grade = if number % 3 > 0 { Grade::parse(&(number % 3).to_string()) } else { None };
        used.role = if number % 5 > 0 { Role::Student } else { Role::Teacher };
        uses.push(used);
    }
    // Somebody who has moved since is not counted at the new school as well.
    uses.push(Use { school: Some(("school-9".to_owned(), "Nine".to_owned())), ..uses[7].clone() });
    store.state().count_uses(&key(&store), &uses).unwrap();
    let (tallies, _) = store.state().tallies(&key(&store), "cms").unwrap();
    for client in ["", "overdrive"] {
        for period in ["2026-11", "2026-Q4", "2026", "ever"] {
            assert_eq!(people(&store, period, TOTAL, client), 60);
            for dimension in [Dimension::School, Dimension::Grade, Dimension::Role] {
                let parts = tallies.iter().filter(|tally| {
                    (tally.dimension, tally.period, &*tally.client)
                        == (dimension, Period::parse(period).unwrap(), client)
                });
                assert_eq!(parts.map(|tally| tally.people).sum::<u64>(), 60, "{dimension:?} in {period}");
            }
        }
    }
    assert_eq!(people(&store, "ever", (Dimension::School, ""), ""), 15, "without a school");
    assert!(tallies.iter().any(|tally| tally.code == "school-2" && tally.name == "School 2"));
}

#[test]
fn marks_and_counts_outlive_a_restart_and_a_rotation_of_the_keys() {
    let (folder, store) = library();
    store.state().count_uses(&key(&store), &[by(&store, "1000001", "overdrive", (2026, 10))]).unwrap();
    drop(store);
    let file = folder.path().join("key");
    let old = fs::read_to_string(&file).unwrap();
    // A new key in front, taken over; then the old one gone.
    fs::write(&file, format!("hallpass-key-1 {}\n{old}", "5a".repeat(32))).unwrap();
    drop(self::store(&folder).identity_key().unwrap());
    fs::write(&file, format!("hallpass-key-1 {}\n", "5a".repeat(32))).unwrap();
    let store = self::store(&folder);
    store.state().count_uses(&key(&store), &[by(&store, "1000001", "overdrive", (2026, 12))]).unwrap();
    let totals = ["2026-10", "2026-12", "2026-Q4", "ever"].map(|period| people(&store, period, TOTAL, ""));
    assert_eq!(totals, [1, 1, 1, 1]);
}

#[test]
fn a_purge_ends_the_marks_and_counts_of_its_district_and_of_no_other() {
    let (_folder, store) = library();
    publish(&store, "cms-2");
    let here = by(&store, "1000001", "overdrive", (2026, 11));
    let there = Use { district: "cms-2".to_owned(), ..here.clone() };
    store.state().count_uses(&key(&store), &[here.clone(), there]).unwrap();
    store.purge(&store.lock_district("cms").unwrap(), &[SPACE]).unwrap();
    assert_eq!(store.state().tallies(&key(&store), "cms").unwrap().0, []);
    assert_eq!(store.state().tallies(&key(&store), "cms-2").unwrap().0.len(), 4 * 4 * 2);
    // What was still under way does not bring it back.
    store.state().count_uses(&key(&store), std::slice::from_ref(&here)).unwrap();
    assert_eq!(store.state().tallies(&key(&store), "cms").unwrap().0, []);
    // And no mark is left: after a new agreement the person is counted from the beginning.
    publish(&store, "cms");
    store.state().count_uses(&key(&store), &[here]).unwrap();
    assert_eq!(people(&store, "ever", TOTAL, ""), 1);
}

#[test]
fn a_batch_is_one_transaction() {
    let (_folder, store) = library();
    // The first look for the identity key makes one.
    let key = key(&store);
    let before = store.state().last_change();
    let uses: Vec<Use> = (0..500).map(|n| by(&store, &format!("{}", 1_000_000 + n), "vufind", (2026, 11))).collect();
    assert_eq!(store.state().count_uses(&key, &uses).unwrap(), Some(before + 1));
    assert_eq!(store.state().last_change(), before + 1);
    // Nothing new is no transaction: nobody takes it for a change.
    assert_eq!(store.state().count_uses(&key, &uses).unwrap(), None);
    assert_eq!(store.state().last_change(), before + 1);
}

#[test]
fn neither_ids_nor_what_is_counted_can_be_read_on_the_disk() {
    let (folder, store) = library();
    let uses: Vec<Use> = (0..300).map(|n| by(&store, &format!("{}", 1_000_000 + n), "vufind", (2026, 11))).collect();
    store.state().count_uses(&key(&store), &uses).unwrap();
    drop(store);
    let bytes = fs::read(folder.path().join("data/state/data.mdb")).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    // The search finds what is there.
    assert!(holds("cms"));
    for text in ["10000", "10002", "North", "school-n", "vufind", "2026-11", "student"] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn counts_under_a_lost_identity_key_are_told_not_added_up() {
    let (folder, store) = library();
    store.state().count_uses(&key(&store), &[by(&store, "1000001", "vufind", (2026, 11))]).unwrap();
    drop(store);
    fs::write(folder.path().join("key"), format!("hallpass-key-1 {}\n", "77".repeat(32))).unwrap();
    let store = self::store(&folder);
    assert_eq!(store.state().tallies(&key(&store), "cms").unwrap(), (vec![], 32));
}
