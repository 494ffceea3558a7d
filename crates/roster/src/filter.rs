//! Whether a generation can have a row at all, without looking: where ten districts share one state-wide ID, nine of ten
//! look-ups find nothing.
//!
//! A Bloom filter in blocks of a cache line: 12 bits for each row, three probes, and one time in fifty a look-up that
//! finds nothing after all. It is sealed like a row: a damaged one must not make a student unknown.

use crate::RowIndex;

/// Words of a block: 512 bits.
const WORDS: usize = 8;
/// Bits for each row.
const BITS: usize = 12;

/// Which rows a generation may have.
pub(crate) struct Filter {
    blocks: Vec<[u64; WORDS]>,
}

/// What the filter keeps of a row: bits of its index that decide nothing else.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) fn of(index: &RowIndex) -> Self {
        let (_, rest) = index.0.split_at(RowIndex::KEY);
        Self(rest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    fn block(self, blocks: usize) -> usize {
        ((self.0 >> 32) as usize * blocks) >> 32
    }

    /// The three bits of a block: word and bit.
    fn bits(self) -> [(usize, u64); 3] {
        [0, 9, 18].map(|shift| {
            let bit = self.0 >> shift & 511;
            ((bit >> 6) as usize, 1 << (bit & 63))
        })
    }
}

impl Filter {
    /// The filter of these rows.
    pub(crate) fn of(marks: &[Mark]) -> Self {
        let mut blocks = vec![[0; WORDS]; (marks.len() * BITS).div_ceil(64 * WORDS).max(1)];
        let count = blocks.len();
        for mark in marks {
            for (word, bit) in mark.bits() {
                if let Some(word) = blocks.get_mut(mark.block(count)).and_then(|block| block.get_mut(word)) {
                    *word |= bit;
                }
            }
        }
        Self { blocks }
    }

    /// `false`: there is certainly no such row.
    pub(crate) fn may_hold(&self, index: &RowIndex) -> bool {
        let mark = Mark::of(index);
        let Some(block) = self.blocks.get(mark.block(self.blocks.len())) else { return true };
        mark.bits().into_iter().all(|(word, bit)| block.get(word).is_some_and(|word| word & bit != 0))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        self.blocks.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<8>() else { return None };
        let (blocks, []) = words.as_chunks::<WORDS>() else { return None };
        let blocks = blocks.iter().map(|block| block.map(u64::from_le_bytes)).collect::<Vec<_>>();
        (!blocks.is_empty()).then_some(Self { blocks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn index(number: u32) -> RowIndex {
        Key::derive(&[7; 32]).unwrap().row_index("district:a", &number.to_string())
    }

    #[test]
    fn every_row_is_held_and_few_others_are() {
        let key = Key::derive(&[7; 32]).unwrap();
        let index = |number: u32| key.row_index("district:a", &number.to_string());
        let marks: Vec<Mark> = (0..20_000).map(|number| Mark::of(&index(number))).collect();
        let filter = Filter::decode(&Filter::of(&marks).encode()).unwrap();
        assert!((0..20_000).all(|number| filter.may_hold(&index(number))));
        let others = (20_000..40_000).filter(|number| filter.may_hold(&index(*number))).count();
        assert!(others < 800, "{others} of 20,000");
    }

    #[test]
    fn a_filter_of_nobody_holds_nobody() {
        assert!(!Filter::of(&[]).may_hold(&index(1)));
    }

    #[test]
    fn bytes_that_are_no_filter_are_refused() {
        for length in [0, 63, 65] {
            assert!(Filter::decode(&vec![0; length]).is_none(), "{length}");
        }
    }
}
