//! Rows that lie together: one value of a generation's LMDB.
//!
//! In a tree of single rows each step of a search through a page is a wait for memory. So a thousand rows are one value,
//! and a table leads to the one or two that can be those of an index. How to read the table stands in the key: to find a
//! row, memory is waited for twice, once for its place in the table and once for the row itself.
//!
//! ```text
//! key   = the first 12 bytes of the last row's index, base 8, shift 1, slots 2
//! block = the end of each slot's rows 4 each, rows
//! row   = length of what is sealed 4, index 32, sealed
//! ```
//!
//! Indexes are keyed hashes and spread evenly, so a row's slot is the distance of its first 8 bytes from `base`, shifted.
//! Numbers are big-endian. As LMDB's own pages, the table is not sealed, but held against the rows where it leads
//! to nobody; a row opens at its own index only.

use crate::RowIndex;
use crate::prefetch::prefetch;

/// The most rows of a block.
pub(crate) const ROWS: usize = 1024;

/// The length of a block's key.
pub(crate) const KEY: usize = RowIndex::KEY + 8 + 1 + 2;

/// A block, to be looked into.
pub(crate) struct Block<'b> {
    base: u64,
    shift: u32,
    ends: &'b [[u8; 4]],
    rows: &'b [u8],
}

/// Rows of a block, one after the other.
pub(crate) struct Rows<'b>(&'b [u8]);

/// Bytes that are no block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Appends the block of `rows`, which come in the order of their index: at least one, at most [`ROWS`]. Returns its key.
pub(crate) fn encode<'a>(
    rows: impl ExactSizeIterator<Item = (&'a RowIndex, &'a [u8])> + Clone,
    out: &mut Vec<u8>,
) -> Vec<u8> {
    let mut indexes = rows.clone().map(|(index, _)| index);
    let first = indexes.next().unwrap_or(&RowIndex([0; 32]));
    let last = indexes.last().unwrap_or(first);
    let (base, span) = (place(first), place(last).saturating_sub(place(first)));
    let most = rows.len().min(ROWS) as u64;
    let shift = (0..u64::BITS - 1).find(|shift| span >> shift < most).unwrap_or(u64::BITS - 1);
    let slots = (span >> shift) + 1;
    let (mut end, mut ahead) = (0, rows.clone().peekable());
    for slot in 0..slots {
        while let Some((_, sealed)) = ahead.next_if(|(index, _)| place(index).saturating_sub(base) >> shift == slot) {
            end += 4 + index_length() + sealed.len() as u32;
        }
        out.extend_from_slice(&end.to_be_bytes());
    }
    for (index, sealed) in rows {
        out.extend_from_slice(&(sealed.len() as u32).to_be_bytes());
        out.extend_from_slice(&index.0);
        out.extend_from_slice(sealed);
    }
    [last.key().as_slice(), &base.to_be_bytes(), &[shift as u8], &(slots as u16).to_be_bytes()].concat()
}

/// What decides where in a block a row lies.
fn place(index: &RowIndex) -> u64 {
    index.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

const fn index_length() -> u32 {
    size_of::<RowIndex>() as u32
}

impl<'b> Block<'b> {
    /// The block that stands under a key. Of its bytes none is read yet.
    pub(crate) fn of(key: &[u8; KEY], bytes: &'b [u8]) -> Result<Self, Malformed> {
        let (_, table) = key.split_first_chunk::<{ RowIndex::KEY }>().ok_or(Malformed)?;
        let (base, rest) = table.split_first_chunk().ok_or(Malformed)?;
        let ([shift, slots @ ..], _) = rest.split_first_chunk::<3>().ok_or(Malformed)?;
        let (ends, rows) = bytes.split_at_checked(4 * usize::from(u16::from_be_bytes(*slots))).ok_or(Malformed)?;
        Ok(Self { base: u64::from_be_bytes(*base), shift: u32::from(*shift), ends: ends.as_chunks().0, rows })
    }

    /// Asks for the memory where the table says where an index' row lies.
    pub(crate) fn prefetch_slot(&self, index: &RowIndex) {
        let end = self.slot(place(index)).ok().and_then(|slot| self.ends.get(slot.saturating_sub(1)..=slot));
        prefetch(end.unwrap_or_default().as_flattened());
    }

    /// Asks for the memory of the row itself.
    pub(crate) fn prefetch_rows(&self, index: &RowIndex) {
        if let Ok(rows) = self.slot(place(index)).and_then(|slot| self.rows_of(slot)) {
            prefetch(rows.0);
        }
    }

    /// The slot of a place that is not before the first row's.
    fn slot(&self, place: u64) -> Result<usize, Malformed> {
        let slot = place.checked_sub(self.base).and_then(|distance| distance.checked_shr(self.shift));
        usize::try_from(slot.ok_or(Malformed)?).map_err(|_| Malformed)
    }

    /// What is sealed at an index, which is not after the last row's.
    pub(crate) fn find(&self, index: &RowIndex) -> Result<Option<&'b [u8]>, Malformed> {
        if place(index) < self.base {
            return self.leads_to_nobody(0);
        }
        let slot = self.slot(place(index))?;
        let mut rows = self.rows_of(slot)?;
        while let Some((found, sealed)) = rows.next_row()? {
            if found == *index {
                return Ok(Some(sealed));
            }
        }
        self.leads_to_nobody(slot)
    }

    /// What is not there is an unknown card, and what is damaged an outage: so the table is held against the rows of a slot and
    /// of those beside it.
    fn leads_to_nobody<T>(&self, slot: usize) -> Result<Option<T>, Malformed> {
        for near in slot.saturating_sub(1)..self.ends.len().min(slot + 2) {
            let mut rows = self.rows_of(near)?;
            while let Some((index, _)) = rows.next_row()? {
                if self.slot(place(&index))? != near {
                    return Err(Malformed);
                }
            }
        }
        Ok(None)
    }

    /// The rows of a slot.
    fn rows_of(&self, slot: usize) -> Result<Rows<'b>, Malformed> {
        let end = |slot: usize| self.ends.get(slot).map(|end| u32::from_be_bytes(*end) as usize);
        let from = slot.checked_sub(1).map_or(Some(0), end).ok_or(Malformed)?;
        self.rows.get(from..end(slot).ok_or(Malformed)?).map(Rows).ok_or(Malformed)
    }

    /// All of them, in the order of their index.
    pub(crate) fn rows(&self) -> Rows<'b> {
        Rows(self.rows)
    }
}

impl<'b> Rows<'b> {
    /// The next row: its index, and what is sealed.
    pub(crate) fn next_row(&mut self) -> Result<Option<(RowIndex, &'b [u8])>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (length, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        let (index, rest) = rest.split_first_chunk().ok_or(Malformed)?;
        let (sealed, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(Malformed)?;
        self.0 = rest;
        Ok(Some((RowIndex(*index), sealed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose indexes spread as hashes do; each is sealed into its own number.
    fn rows(count: u64) -> Vec<(RowIndex, Vec<u8>)> {
        let mut rows: Vec<_> = (0..count)
            .map(|number| {
                let mut index = [0; 32];
                index[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
                index[31] = 7;
                (RowIndex(index), number.to_be_bytes()[..1 + number as usize % 8].to_vec())
            })
            .collect();
        rows.sort();
        rows
    }

    /// The key and the bytes of a block.
    fn encoded(rows: &[(RowIndex, Vec<u8>)]) -> ([u8; KEY], Vec<u8>) {
        let mut block = Vec::new();
        let key = encode(rows.iter().map(|(index, sealed)| (index, sealed.as_slice())), &mut block);
        (key.try_into().unwrap(), block)
    }

    #[test]
    fn each_row_is_found_and_no_other() {
        for count in [1, 2, 3, 100, ROWS as u64] {
            let rows = rows(count);
            let (key, bytes) = encoded(&rows);
            let block = Block::of(&key, &bytes).unwrap();
            for (index, sealed) in &rows {
                assert_eq!(block.find(index), Ok(Some(sealed.as_slice())), "of {count}");
                let mut other = *index;
                other.0[15] ^= 1;
                assert_eq!(block.find(&other), Ok(None), "of {count}");
            }
            assert_eq!(block.find(&RowIndex([0; 32])), Ok(None), "of {count}");
            let mut walk = block.rows();
            for (index, sealed) in &rows {
                assert_eq!(walk.next_row(), Ok(Some((*index, sealed.as_slice()))));
            }
            assert_eq!(walk.next_row(), Ok(None));
        }
    }

    #[test]
    fn a_slot_holds_few_rows_also_where_there_are_many() {
        let rows = rows(ROWS as u64);
        let (key, bytes) = encoded(&rows);
        let block = Block::of(&key, &bytes).unwrap();
        let ends = block.ends.iter().map(|end| u32::from_be_bytes(*end) as usize);
        let fullest = ends.clone().zip(std::iter::once(0).chain(ends)).map(|(to, from)| to - from).max();
        assert!(fullest.unwrap() < 10 * (4 + 32 + 8), "{fullest:?} bytes");
        assert!(block.ends.len() > ROWS / 4, "{} slots", block.ends.len());
    }

    #[test]
    fn bytes_that_are_no_block_are_told_from_a_row_that_is_not_there() {
        let rows = rows(40);
        let (key, bytes) = encoded(&rows);
        let asked = rows.last().unwrap().0;
        let found = |bytes: &[u8]| Block::of(&key, bytes).and_then(|block| block.find(&asked).map(|row| row.is_some()));
        assert_eq!(found(&bytes), Ok(true));
        for length in 0..bytes.len() {
            assert_eq!(found(&bytes[..length]), Err(Malformed), "{length}");
        }
    }

    #[test]
    fn no_flipped_bit_of_the_table_makes_somebody_nobody() {
        let mut rows = rows(40);
        // Of 64 bytes each, so that a bit of an end moves it to another row.
        rows.iter_mut().for_each(|(_, sealed)| sealed.resize(64 - 4 - 32, 0));
        let (key, bytes) = encoded(&rows);
        let slots = Block::of(&key, &bytes).unwrap().ends.len();
        for bit in 8 * RowIndex::KEY..8 * (KEY + 4 * slots) {
            let (mut key, mut bytes) = (key, bytes.clone());
            let damaged = key.iter_mut().chain(&mut bytes).nth(bit / 8).unwrap();
            *damaged ^= 0x80 >> (bit % 8);
            for (index, sealed) in &rows {
                let found = Block::of(&key, &bytes).and_then(|block| block.find(index));
                assert!(
                    matches!(found, Ok(Some(found)) if found == sealed) || found == Err(Malformed),
                    "{bit} {found:?}"
                );
            }
        }
    }

    #[test]
    fn rows_whose_first_bytes_are_the_same_are_told_apart() {
        let rows: Vec<_> = (0..50)
            .map(|number| {
                let mut index = [0xAB; 32];
                index[8] = number;
                (RowIndex(index), vec![number])
            })
            .collect();
        let (key, bytes) = encoded(&rows);
        let block = Block::of(&key, &bytes).unwrap();
        assert!(rows.iter().all(|(index, sealed)| block.find(index) == Ok(Some(sealed.as_slice()))));
        let mut none = rows[7].0;
        none.0[31] = 0;
        assert_eq!(block.find(&none), Ok(None));
        let widest = [(RowIndex([0; 32]), vec![1]), (RowIndex([0xFF; 32]), vec![2])];
        let (key, bytes) = encoded(&widest);
        let block = Block::of(&key, &bytes).unwrap();
        assert!(widest.iter().all(|(index, sealed)| block.find(index) == Ok(Some(sealed.as_slice()))));
    }
}
