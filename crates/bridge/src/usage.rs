//! Uses on their way to the disk: who was counted this month already is known here, so that a request waits for nothing.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::counter::Counter;
use resolver::{Rosters, Used};
use roster::{Pseudonym, Use, UseMonth};

/// Uses that may wait to be written: four minutes of the keeper's work.
pub const WAITING: usize = 65_536;
/// Uses that the keeper writes each second.
///
/// Each is two rows of the state, some 50 us of a processor. So many are 900,000 people in an hour, each at one client:
/// more than come in a morning, and those who answer have the machine to themselves.
pub const A_SECOND: usize = 250;
/// Tables of those who were counted, so that requests do not wait for each other.
const SHARDS: usize = 16;
/// People in each table: a million and some in all, 16 MB. A full one begins anew, which costs a look at the disk for each.
const SHARD: usize = 1 << 16;

/// People who were counted: by numbers that are as good as random, so that their hashes are they themselves.
type Seen = HashSet<u64, BuildHasherDefault<ItIs>>;

/// The hash of a number that needs none: turned, for the set takes tags from the first bits and places from the last, and
/// those are the same in all of a table.
#[derive(Default)]
struct ItIs(u64);

impl Hasher for ItIs {
    fn finish(&self) -> u64 {
        self.0.rotate_right(16)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// The uses of this moment.
pub struct Uses {
    seen: [Mutex<Seen>; SHARDS],
    waiting: Mutex<VecDeque<Use>>,
    /// There is no room for another: known without the lock, since then everybody new comes here.
    full: AtomicBool,
    deferred: Counter,
}

impl Uses {
    /// No use yet; `deferred` counts those that found no room.
    pub fn new(deferred: Counter) -> Self {
        Self {
            seen: std::array::from_fn(|_| Mutex::default()),
            waiting: Mutex::default(),
            full: AtomicBool::new(false),
            deferred,
        }
    }

    /// Notes an admitted request, where it is the person's first of the month at this client that we know of.
    pub fn note(&self, rosters: &Rosters, used: &Used, client: &str, who: Pseudonym, month: UseMonth) {
        let Some(district) = rosters.districts().get(used.district) else { return };
        let key = key_of(who.bits(), [client, &district.id], month);
        self.note_once(key, || rosters.use_of(used, client, month));
    }

    fn note_once(&self, key: u64, make: impl FnOnce() -> Option<Use>) {
        // Whoever is forgotten here is only written once more: the marks on the disk decide who counts.
        let Some(shard) = self.seen.get(key as usize % SHARDS) else { return };
        if lock(shard).contains(&key) {
            return;
        }
        if self.full.load(Ordering::Relaxed) {
            // Not seen, then: the person's next use is counted instead.
            self.deferred.inc();
            return;
        }
        let Some(used) = make() else { return };
        let mut waiting = lock(&self.waiting);
        waiting.push_back(used);
        self.full.store(waiting.len() >= WAITING, Ordering::Relaxed);
        drop(waiting);
        let mut seen = lock(shard);
        if seen.len() >= SHARD {
            seen.clear();
        }
        seen.insert(key);
    }

    /// Takes at most so many, the oldest first.
    pub fn take(&self, most: usize) -> Vec<Use> {
        let mut waiting = lock(&self.waiting);
        let most = most.min(waiting.len());
        let taken = waiting.drain(..most).collect();
        self.full.store(waiting.len() >= WAITING, Ordering::Relaxed);
        taken
    }

    /// Whether any use waits.
    pub fn are_waiting(&self) -> bool {
        !lock(&self.waiting).is_empty()
    }

    /// Forgets who was counted: after a purge, and where a write failed.
    pub fn forget(&self) {
        self.seen.iter().for_each(|shard| lock(shard).clear());
    }
}

/// Nothing under these locks can leave a table half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One number for a person at a client in a month: the pseudonym is as good as random, so FNV-1a over the rest will do.
fn key_of(who: u64, ids: [&str; 2], month: UseMonth) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let names = ids.into_iter().flat_map(|id| id.bytes().chain([0]));
    let named = names.chain(month.number().to_be_bytes()).fold(OFFSET, step);
    who ^ named
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use patron::Role;
    use roster::{Keyring, Store, UsageKey, key_file};
    use tempfile::TempDir;

    use super::*;

    /// What makes small numbers as good as random here: odd, near 2^60 by the golden ratio.
    const SPREAD: u64 = 0x09e3_779b_97f4_a7c1;

    fn month(month: i8) -> UseMonth {
        UseMonth::of(date(2026, month, 1))
    }

    fn key() -> (TempDir, UsageKey) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        key_file::generate(&file, None).unwrap();
        let keyring: Arc<Keyring> = Arc::new(key_file::load(&file, None).unwrap());
        let store = Store::open(&folder.path().join("data"), keyring).unwrap();
        let key = UsageKey::of(&store.identity_key().unwrap());
        (folder, key)
    }

    fn used(key: &UsageKey, id: &str) -> Use {
        Use {
            district: "cms".to_owned(),
            client: "overdrive".to_owned(),
            month: month(11),
            person: key.mark("s", id, ""),
            at_client: key.mark("s", id, "overdrive"),
            school: None,
            grade: None,
            role: Role::Student,
        }
    }

    #[test]
    fn a_person_waits_once_a_month_for_each_client_and_district() {
        let keys = [
            key_of(7, ["overdrive", "cms"], month(11)),
            key_of(8, ["overdrive", "cms"], month(11)),
            key_of(7, ["vufind", "cms"], month(11)),
            key_of(7, ["overdrive", "duval"], month(11)),
            key_of(7, ["overdrive", "cms"], month(12)),
            key_of(7, ["overdrivec", "ms"], month(11)),
        ];
        let (_folder, key) = key();
        let uses = Uses::new(Counter::default());
        for again in keys.iter().chain(&keys) {
            uses.note_once(*again, || Some(used(&key, "1")));
        }
        assert_eq!(uses.take(100).len(), keys.len());
        uses.note_once(keys[0], || panic!("was counted"));
        uses.forget();
        uses.note_once(keys[0], || Some(used(&key, "1")));
        assert_eq!(uses.take(100).len(), 1);
    }

    #[test]
    fn over_the_bound_a_use_is_put_off_and_the_next_one_counts() {
        let (_folder, key) = key();
        let (deferred, used) = (Counter::default(), used(&key, "1"));
        let uses = Uses::new(deferred.clone());
        let person = |number: usize| (number as u64).wrapping_mul(SPREAD);
        for number in 0..=WAITING {
            uses.note_once(person(number), || Some(used.clone()));
        }
        assert_eq!(deferred.get(), 1);
        assert_eq!(uses.take(A_SECOND).len(), A_SECOND);
        // The one that found no room is still unknown; the others are known.
        uses.note_once(person(WAITING), || Some(used.clone()));
        uses.note_once(person(WAITING - 1), || panic!("was counted"));
        assert_eq!(uses.take(usize::MAX).len(), WAITING + 1 - A_SECOND);
        assert_eq!(deferred.get(), 1);
    }

    #[test]
    fn a_full_table_begins_anew_and_grows_no_further() {
        let (_folder, key) = key();
        let uses = Uses::new(Counter::default());
        for number in 0..=SHARD as u64 {
            uses.note_once(number.wrapping_mul(SPREAD * SHARDS as u64), || Some(used(&key, "1")));
            uses.take(1);
        }
        assert_eq!(lock(&uses.seen[0]).len(), 1);
    }

    #[test]
    fn where_the_identity_key_cannot_be_read_nobody_is_taken_for_counted() {
        let (_folder, key) = key();
        let uses = Uses::new(Counter::default());
        uses.note_once(1, || None);
        uses.note_once(1, || Some(used(&key, "1")));
        assert_eq!(uses.take(9).len(), 1);
    }
}
