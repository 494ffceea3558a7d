//! Joining the files of a bundle: a compact table from a source's key to what another file says.

use std::hash::{BuildHasher as _, RandomState};

use siphasher::sip128::SipHasher13;
use zeroize::{DefaultIsZeroes, Zeroize as _};

/// A table under construction.
///
/// The key is not kept, only 128 bits of keyed hash: no collision can be built, and by chance there is one in
/// 10^20 tables of a million rows. Memory is 16 bytes and a `T` for each row.
pub(crate) struct Rows<T: Cell> {
    hasher: SipHasher13,
    entries: Vec<Entry<T>>,
}

/// A table from keys to all the values that were pushed for each, sorted.
pub(crate) struct Join<T: Cell> {
    hasher: SipHasher13,
    entries: Vec<Entry<T>>,
    /// Where each bucket begins, and the end. Keys are uniform once hashed, so that their top bits divide the table
    /// evenly; there are as many bits as make buckets of one or two rows, as looking up is waiting for memory.
    starts: Vec<u32>,
    bits: u32,
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
        Self { hasher: SipHasher13::new_with_keys(random(), random()), entries: Vec::new() }
    }

    /// Adds what the file says of a key.
    pub fn push(&mut self, key: &[u8], value: T) {
        let hash = u128::from(self.hasher.hash(key));
        let piece = |shift: u32| (hash >> shift) as u32;
        self.entries.push(Entry { hash: [piece(96), piece(64), piece(32), piece(0)], value });
    }

    /// Sorts the rows for looking up.
    pub fn sorted(mut self) -> Join<T> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| a.hash().cmp(&b.hash()).then_with(|| a.value.cmp(&b.value)));
        entries.shrink_to_fit();
        let bits = entries.len().max(1).ilog2();
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut from = 0;
        for bucket in 0..1 << bits {
            starts.push(from);
            let rest = entries.get(from as usize..).unwrap_or_default();
            from += rest.iter().take_while(|entry| bucket_of(entry.hash(), bits) == bucket).count() as u32;
        }
        starts.push(from);
        Join { hasher: self.hasher, entries, starts, bits }
    }
}

impl<T: Cell> Join<T> {
    /// All values of a key, in order. One key with very many rows takes as long as it has rows.
    pub fn of(&self, key: &[u8]) -> impl Iterator<Item = T> {
        let hash = u128::from(self.hasher.hash(key));
        let bucket = match self.starts.get(bucket_of(hash, self.bits)..) {
            Some([from, to, ..]) => self.entries.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        };
        bucket.iter().filter(move |entry| entry.hash() == hash).map(|entry| entry.value)
    }
}

fn bucket_of(hash: u128, bits: u32) -> usize {
    hash.checked_shr(u128::BITS - bits).unwrap_or_default() as usize
}

/// A table may hold birth dates.
impl<T: Cell> Drop for Join<T> {
    fn drop(&mut self) {
        self.entries.zeroize();
    }
}

/// Likewise where a refusal leaves it half built.
impl<T: Cell> Drop for Rows<T> {
    fn drop(&mut self) {
        self.entries.zeroize();
    }
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
        let mut rows = Rows::new();
        for key in 0..10_000u32 {
            rows.push(&key.to_be_bytes(), key + 1);
            if key % 10 == 0 {
                rows.push(&key.to_be_bytes(), key);
            }
        }
        let join = rows.sorted();
        for key in 0..10_000u32 {
            let expected = if key % 10 == 0 { vec![key, key + 1] } else { vec![key + 1] };
            assert_eq!(join.of(&key.to_be_bytes()).collect::<Vec<_>>(), expected);
        }
        assert_eq!(join.of(b"unknown").count(), 0);
    }

    #[test]
    fn an_empty_table_knows_nobody() {
        assert_eq!(Rows::<u32>::new().sorted().of(b"a").count(), 0);
    }
}
