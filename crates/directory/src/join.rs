//! Joining the files of a bundle: a compact table from a source's key to what another file says.

use std::hash::{BuildHasher as _, RandomState};

use siphasher::sip128::SipHasher13;
use zeroize::{DefaultIsZeroes, Zeroize};

/// A table under construction.
///
/// The key is not kept, only 128 bits of keyed hash: no collision can be built, and by chance there is one in
/// 10^20 tables of a million rows. Memory is 16 bytes and a `T` for each row.
pub(crate) struct Rows<T: Cell> {
    hasher: SipHasher13,
    entries: Entries<T>,
}

/// A table from keys to all the values that were pushed for each, sorted.
///
/// The files of an export mostly name people in one order, so the next key that is asked for is mostly that of the next
/// row: it is looked at first, and lies beside the last one in memory. A table of a million rows does not fit a processor's
/// cache, and reading elsewhere in it is waiting for memory.
pub(crate) struct Join<T: Cell> {
    hasher: SipHasher13,
    entries: Entries<T>,
    /// Whether the key of an entry has others.
    is_shared: Vec<bool>,
    /// Where the entries are, bucket by bucket; in a bucket sorted by key and value.
    places: Vec<u32>,
    /// Where each bucket begins, and the end. Keys are uniform once hashed, so that their top bits divide the table
    /// evenly; there are as many bits as make buckets of one or two rows.
    starts: Vec<u32>,
    bits: u32,
    /// Where the next key may be.
    next: usize,
}

/// What a table can hold.
pub(crate) trait Cell: Copy + Default + Ord {}

impl<T: Copy + Default + Ord> Cell for T {}

/// The hash in four pieces: as `u128` it would align each row to 16 bytes and waste as many.
#[derive(Clone, Copy, Default)]
struct Entry<T> {
    hash: [u32; 4],
    value: T,
}

impl<T: Cell> DefaultIsZeroes for Entry<T> {}

/// Rows in the order in which they were pushed, in pieces: one piece that grew would leave half of the memory behind, and
/// unwiped birth dates in it.
struct Entries<T: Cell>(Vec<Vec<Entry<T>>>);

/// Rows in one piece.
const PIECE: usize = 1 << 14;

impl<T: Cell> Entries<T> {
    fn push(&mut self, entry: Entry<T>) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(entry),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(entry);
                self.0.push(piece);
            }
        }
    }

    fn get(&self, place: usize) -> Option<&Entry<T>> {
        self.0.get(place / PIECE)?.get(place % PIECE)
    }

    fn iter(&self) -> impl Iterator<Item = &Entry<T>> {
        self.0.iter().flatten()
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// They may be birth dates.
impl<T: Cell> Drop for Entries<T> {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl<T> Entry<T> {
    fn hash(&self) -> u128 {
        self.hash.iter().fold(0, |wide, piece| wide << 32 | u128::from(*piece))
    }
}

impl<T: Cell> Rows<T> {
    /// A table under a key of its own.
    pub fn new() -> Self {
        // The standard library's own source of hashing keys; siphasher has none.
        let random = || RandomState::new().hash_one(0u8);
        Self { hasher: SipHasher13::new_with_keys(random(), random()), entries: Entries(Vec::new()) }
    }

    /// Adds what the file says of a key.
    pub fn push(&mut self, key: &[u8], value: T) {
        let hash = u128::from(self.hasher.hash(key));
        let piece = |shift: u32| (hash >> shift) as u32;
        self.entries.push(Entry { hash: [piece(96), piece(64), piece(32), piece(0)], value });
    }

    /// Sorts the rows for looking up.
    pub fn sorted(self) -> Join<T> {
        let Self { hasher, entries } = self;
        let bits = entries.len().max(1).ilog2();
        let bucket_of = |entry: &Entry<T>| bucket_of(entry.hash(), bits);
        let mut starts = vec![0; (1 << bits) + 1];
        for entry in entries.iter() {
            if let Some(count) = starts.get_mut(bucket_of(entry)) {
                *count += 1;
            }
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        // Each start is still the end of its bucket, which is filled from there.
        let mut places = vec![0; entries.len()];
        for (place, entry) in (0..).zip(entries.iter()) {
            if let Some(start) = starts.get_mut(bucket_of(entry)) {
                *start -= 1;
                if let Some(to) = places.get_mut(*start as usize) {
                    *to = place;
                }
            }
        }
        let is_shared = vec![false; entries.len()];
        let mut join = Join { hasher, entries, is_shared, places, starts, bits, next: 0 };
        join.sort_buckets();
        join
    }
}

impl<T: Cell> Join<T> {
    /// All values of a key, in order. One key with very many rows takes as long as it has rows.
    pub fn of(&mut self, key: &[u8]) -> impl Iterator<Item = T> {
        let hash = u128::from(self.hasher.hash(key));
        let expected = self.next;
        let first = self.places_of(hash, expected).next();
        self.next = first.map_or(expected, |place| place + 1);
        self.places_of(hash, expected).filter_map(|place| Some(self.entries.get(place)?.value))
    }

    /// The places of all entries of a key: that which is `expected`, if it is its only one, or those of its bucket.
    fn places_of(&self, hash: u128, expected: usize) -> impl Iterator<Item = usize> {
        let is_of_key = move |place: &usize| self.entries.get(*place).is_some_and(|entry| entry.hash() == hash);
        let alone = Some(expected).filter(is_of_key).filter(|place| self.is_shared.get(*place) == Some(&false));
        let bucket = match (alone, self.starts.get(bucket_of(hash, self.bits)..)) {
            (None, Some([from, to, ..])) => self.places.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        };
        alone.into_iter().chain(bucket.iter().map(|place| *place as usize).filter(is_of_key))
    }

    /// Sorts each bucket by key and value, and marks whose key has several.
    fn sort_buckets(&mut self) {
        let Self { entries, is_shared, places, starts, .. } = self;
        let order = |place: &u32| entries.get(*place as usize).map(|entry| (entry.hash(), entry.value));
        for bounds in starts.windows(2) {
            let [from, to] = bounds else { continue };
            let bucket = places.get_mut(*from as usize..*to as usize).unwrap_or_default();
            bucket.sort_unstable_by_key(order);
            for pair in bucket.windows(2) {
                let [one, other] = pair else { continue };
                if order(one).map(|(hash, _)| hash) == order(other).map(|(hash, _)| hash) {
                    for place in [one, other] {
                        if let Some(shared) = is_shared.get_mut(*place as usize) {
                            *shared = true;
                        }
                    }
                }
            }
        }
    }
}

fn bucket_of(hash: u128, bits: u32) -> usize {
    hash.checked_shr(u128::BITS - bits).unwrap_or_default() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_sixteen_bytes_and_its_value() {
        assert_eq!(size_of::<Entry<u32>>(), 20);
    }

    #[test]
    fn each_key_has_all_its_values_in_order_and_no_others() {
        const KEYS: u32 = 20_000;
        assert!(KEYS as usize > PIECE, "several pieces");
        let mut rows = Rows::new();
        for key in 0..KEYS {
            rows.push(&key.to_be_bytes(), key + 1);
            if key % 10 == 0 {
                rows.push(&key.to_be_bytes(), key);
            }
        }
        let mut join = rows.sorted();
        let in_order = 0..KEYS;
        let another_order = (0..KEYS).rev();
        let scattered = (0..KEYS).map(|number| number.wrapping_mul(7919) % KEYS);
        for key in in_order.chain(another_order).chain(scattered) {
            let expected = if key % 10 == 0 { vec![key, key + 1] } else { vec![key + 1] };
            assert_eq!(join.of(&key.to_be_bytes()).collect::<Vec<_>>(), expected);
            assert_eq!(join.of(b"unknown").count(), 0);
        }
    }

    #[test]
    fn a_key_whose_rows_lie_apart_has_them_all_wherever_it_is_asked_for() {
        let mut rows = Rows::new();
        for (key, value) in [(b"a", 3), (b"b", 1), (b"a", 2), (b"c", 5), (b"a", 1)] {
            rows.push(key, value);
        }
        let mut join = rows.sorted();
        for _ in 0..2 {
            assert_eq!(join.of(b"a").collect::<Vec<_>>(), [1, 2, 3]);
            assert_eq!(join.of(b"b").collect::<Vec<_>>(), [1]);
            assert_eq!(join.of(b"a").collect::<Vec<_>>(), [1, 2, 3]);
            assert_eq!(join.of(b"c").collect::<Vec<_>>(), [5]);
        }
    }

    #[test]
    fn an_empty_table_knows_nobody() {
        assert_eq!(Rows::<u32>::new().sorted().of(b"a").count(), 0);
    }
}
