//! Generations, published, rolled back, damaged, and left over.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use patron::{BirthFormat, CardForm, CardRules, CardSpec, IdSource, PinRule, PinRules, PinScheme, Release, Scope};
use roster::{AttemptRecord, Header, Keyring, RosterError, Row, RowIndex, Store, StudentRow, key_file};
use tempfile::TempDir;

const SPACE: &str = "district:cms";

struct House {
    folder: TempDir,
    keyring: Arc<Keyring>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        key_file::generate(&key, None).unwrap();
        Self { keyring: Arc::new(key_file::load(&key, None).unwrap()), folder }
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("data"), Arc::clone(&self.keyring)).unwrap()
    }

    fn data_file(&self, id: &str) -> std::path::PathBuf {
        self.folder.path().join("data/generations/cms").join(id).join("data.mdb")
    }
}

fn rules() -> (CardRules, PinRule) {
    let card = CardForm::new(CardSpec::plain(IdSource::Identifier, "", "[0-9]{7}", SPACE)).unwrap();
    let scheme = PinScheme::BirthDate(vec![BirthFormat::parse("MMDD").unwrap()]);
    (CardRules::new(vec![card]), PinRule { scope: Scope::default(), scheme })
}

/// Publishes these IDs, all with the PIN 0201.
fn publish(store: &Store, ids: &[u32]) -> String {
    let lock = store.lock_district("cms").unwrap();
    let (cards, pin) = rules();
    let keyring = store.keyring();
    let key = keyring.current();
    let mut rows: Vec<(RowIndex, Row)> = ids
        .iter()
        .map(|id| {
            let id = id.to_string();
            let verifier = key.verifier_of_bytes(SPACE, &id, &pin.version(), b"0201");
            let row = StudentRow { verifiers: vec![verifier], ..StudentRow::decoy(vec![]) };
            (key.row_index(SPACE, &id), Row::Student(row))
        })
        .collect();
    rows.sort_by_key(|(index, _)| *index);
    let mut writer = store.begin(&lock, 1).unwrap();
    for (index, row) in &rows {
        writer.push(*index, row).unwrap();
    }
    let mut header = Header::under(&cards, &PinRules::new(vec![pin]), String::new(), Release::default(), 1_700_000_000);
    header.rows = rows.len() as u64;
    header.people = header.rows;
    store.publish(&lock, writer, &header, "").unwrap().id().to_string()
}

fn holds(store: &Store, id: u32) -> bool {
    let generation = store.serving("cms").unwrap().unwrap();
    let index = store.keyring().current().row_index(SPACE, &id.to_string());
    matches!(generation.row(&index).unwrap(), Some(Row::Student(_)))
}

#[test]
fn what_was_published_is_found_again_also_after_a_restart() {
    let house = House::new();
    let store = house.store();
    let ids: Vec<u32> = (1_000_000..1_003_000).collect();
    publish(&store, &ids);
    assert!(ids.iter().all(|id| holds(&store, *id)));
    assert!(!holds(&store, 2_000_000));
    drop(store);
    let store = house.store();
    assert!(holds(&store, 1_000_000));
    let generation = store.serving("cms").unwrap().unwrap();
    generation.verify(&store.keyring()).unwrap();
    assert!(matches!(generation.decoy().unwrap(), Row::Decoy(row) if row.verifiers.len() == 1));
}

#[test]
fn rows_of_several_blocks_are_all_found_and_walked_in_order() {
    let house = House::new();
    let store = house.store();
    let ids: Vec<u32> = (1_000_000..1_005_000).collect();
    publish(&store, &ids);
    assert!(ids.iter().all(|id| holds(&store, *id)));
    assert!(!(1_005_000..1_010_000).any(|id| holds(&store, id)));
    let generation = store.serving("cms").unwrap().unwrap();
    let mut walked = Vec::new();
    let mut cursor = generation.cursor().unwrap();
    while let Some((index, _)) = cursor.next_row().unwrap() {
        walked.push(index);
    }
    assert_eq!(walked.len(), ids.len());
    assert!(walked.is_sorted_by(|one, other| one < other));
}

#[test]
fn nothing_readable_stands_in_the_data_folder() {
    let house = House::new();
    publish(&house.store(), &[1_234_567]);
    fn walk(folder: &Path, found: &mut Vec<u8>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.extend(fs::read(path).unwrap()) }
        }
    }
    let mut bytes = Vec::new();
    walk(&house.folder.path().join("data"), &mut bytes);
    assert!(bytes.len() > 4096);
    assert!(!bytes.windows(7).any(|window| window == b"1234567"));
}

#[test]
fn three_generations_are_kept_and_the_fourth_goes() {
    let house = House::new();
    let store = house.store();
    let published: Vec<String> = (1..=4).map(|number| publish(&store, &[1_000_000 + number])).collect();
    assert!(!house.data_file(&published[0]).exists());
    assert!(house.data_file(&published[1]).exists());
    assert!(holds(&store, 1_000_004) && !holds(&store, 1_000_003));
}

#[test]
fn a_rollback_serves_the_one_before_and_holds_until_the_newest_is_served_again() {
    let house = House::new();
    let store = house.store();
    publish(&store, &[1_000_001]);
    let newest = publish(&store, &[1_000_002]);
    let lock = store.lock_district("cms").unwrap();
    store.roll_back(&lock, None).unwrap().unwrap();
    assert!(holds(&store, 1_000_001) && !holds(&store, 1_000_002));
    assert!(store.state().published("cms").unwrap().unwrap().held);
    assert!(store.roll_back(&lock, None).unwrap().is_none(), "there is nothing before the first");
    store.roll_back(&lock, roster::GenerationId::parse(&newest)).unwrap().unwrap();
    assert!(!store.state().published("cms").unwrap().unwrap().held);
    assert!(holds(&store, 1_000_002));
}

#[test]
fn an_unfinished_generation_is_removed_with_the_next_lock() {
    let house = House::new();
    let store = house.store();
    let published = publish(&store, &[1_000_001]);
    let lock = store.lock_district("cms").unwrap();
    let abandoned = store.begin(&lock, 1).unwrap().id().to_string();
    assert!(house.data_file(&abandoned).exists());
    drop(lock);
    drop(store.lock_district("cms").unwrap());
    assert!(!house.data_file(&abandoned).exists());
    assert!(house.data_file(&published).exists());
}

#[test]
fn a_district_is_changed_by_one_at_a_time() {
    let house = House::new();
    let store = house.store();
    let _held = store.lock_district("cms").unwrap();
    assert!(matches!(store.lock_district("cms"), Err(RosterError::Locked { .. })));
    store.lock_district("duval").unwrap();
}

#[test]
fn a_flipped_byte_in_a_row_is_refused_never_served() {
    let house = House::new();
    let store = house.store();
    let ids: Vec<u32> = (1_000_000..1_000_020).collect();
    let id = publish(&store, &ids);
    let index = store.keyring().current().row_index(SPACE, "1000007");
    drop(store);
    let bytes = fs::read(house.data_file(&id)).unwrap();
    // LMDB copies a page before it changes it, and the older copy lies about, unread.
    let copies: Vec<usize> =
        bytes.windows(32).enumerate().filter(|(_, window)| **window == index.0).map(|(at, _)| at + 32).collect();
    let file = OpenOptions::new().write(true).open(house.data_file(&id)).unwrap();
    let flip = |offset: usize, by: u8| {
        for copy in &copies {
            file.write_all_at(&[bytes[copy + offset] ^ by], (copy + offset) as u64).unwrap();
        }
    };
    // The sealed row follows its index: a kind, a role, a verifier, and the tag are 54 bytes.
    for offset in 0..54 {
        flip(offset, 0x10);
        let store = house.store();
        let generation = store.serving("cms").unwrap().unwrap();
        assert!(matches!(generation.row(&index), Err(RosterError::Damaged { .. })), "{offset}");
        assert!(matches!(generation.verify(&store.keyring()), Err(RosterError::Damaged { .. })));
        assert!(holds(&store, 1_000_008));
        flip(offset, 0);
    }
}

#[test]
fn a_truncated_file_is_refused_at_open() {
    let house = House::new();
    let store = house.store();
    let id = publish(&store, &[1_000_001]);
    drop(store);
    let file = OpenOptions::new().write(true).open(house.data_file(&id)).unwrap();
    file.set_len(file.metadata().unwrap().len() - 4096).unwrap();
    assert!(matches!(house.store().serving("cms"), Err(RosterError::Damaged { .. })));
}

#[test]
fn a_roster_under_a_key_that_is_gone_says_so() {
    let mut house = House::new();
    publish(&house.store(), &[1_000_001]);
    let other = house.folder.path().join("other");
    key_file::generate(&other, None).unwrap();
    house.keyring = Arc::new(key_file::load(&other, None).unwrap());
    let error = house.store().serving("cms").unwrap_err();
    assert!(matches!(error, RosterError::MissingKey { .. }));
    assert!(error.to_string().contains("sync cms again"));
}

#[test]
fn rows_out_of_order_are_never_written() {
    let house = House::new();
    let store = house.store();
    let lock = store.lock_district("cms").unwrap();
    let mut writer = store.begin(&lock, 1).unwrap();
    writer.push(RowIndex([5; 32]), &Row::Ambiguous).unwrap();
    assert!(matches!(writer.push(RowIndex([5; 32]), &Row::Ambiguous), Err(RosterError::OutOfOrder)));
    let mut same_nonce = [5; 32];
    same_nonce[31] = 6;
    assert!(matches!(writer.push(RowIndex(same_nonce), &Row::Ambiguous), Err(RosterError::OutOfOrder)));
}

#[test]
fn attempts_outlive_a_restart_and_end_with_their_district() {
    let house = House::new();
    let store = house.store();
    let record = |space: &str, key, at: &[u32]| AttemptRecord {
        key: [key; 16],
        space: space.into(),
        cleared: 50,
        at: at.to_vec(),
    };
    let cms = record(SPACE, 1, &[100, 200]);
    let other = record("district:cms-south", 2, &[300]);
    store.state().save_attempts(&[cms.clone(), other.clone()]).unwrap();
    drop(store);
    let store = house.store();
    let mut found = store.state().attempts().unwrap();
    found.sort_by_key(|record| record.key);
    assert_eq!(found, [cms, other.clone()]);
    let lock = store.lock_district("cms").unwrap();
    store.purge(&lock, &[SPACE]).unwrap();
    assert_eq!(store.state().attempts().unwrap(), [other]);
    assert!(store.serving("cms").unwrap().is_none());
}

#[test]
fn purging_leaves_no_generation_behind() {
    let house = House::new();
    let store = house.store();
    let id = publish(&store, &[1_000_001]);
    let lock = store.lock_district("cms").unwrap();
    store.purge(&lock, &[SPACE]).unwrap();
    assert!(!house.data_file(&id).exists());
}
