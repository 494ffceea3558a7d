//! All rows of a generation, in the order of their index.

use std::collections::VecDeque;

use super::{Generation, block_key};
use crate::block::{self, Block, Malformed};
use crate::{RosterError, Row, RowIndex};

/// Walks a generation block by block, so that no read transaction stays open in between.
pub struct Cursor<'a> {
    generation: &'a Generation,
    /// The key of the block that was read last.
    last: Option<[u8; block::KEY]>,
    /// The greatest key of a block that is read.
    until: Option<[u8; block::KEY]>,
    rows: VecDeque<(RowIndex, Row)>,
    ended: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor over the blocks whose keys are after one and not after another.
    pub(super) const fn over(
        generation: &'a Generation,
        after: Option<[u8; block::KEY]>,
        until: Option<[u8; block::KEY]>,
    ) -> Self {
        Self { generation, last: after, until, rows: VecDeque::new(), ended: false }
    }

    /// The next row, or `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<(RowIndex, Row)>, RosterError> {
        while self.rows.is_empty() && !self.ended {
            self.read_block()?;
        }
        Ok(self.rows.pop_front())
    }

    /// Reads the rows of a block, each of which must be where it is looked for.
    fn read_block(&mut self) -> Result<(), RosterError> {
        let generation = self.generation;
        let fault = || RosterError::database(&generation.folder);
        let malformed = |Malformed| generation.damaged("its rows");
        let txn = generation.env.read_txn().map_err(fault())?;
        let next = match &self.last {
            None => generation.rows.first(&txn),
            Some(last) => generation.rows.get_greater_than(&txn, last),
        };
        let next = next.map_err(fault())?.and_then(block_key);
        let Some((key, bytes)) = next.filter(|(key, _)| self.until.is_none_or(|until| **key <= until)) else {
            self.ended = true;
            return Ok(());
        };
        let block = Block::of(key, bytes).map_err(malformed)?;
        let mut rows = block.rows();
        while let Some((index, sealed)) = rows.next_row().map_err(malformed)? {
            if index.key().as_slice() > key.as_slice() || block.find(&index) != Ok(Some(sealed)) {
                return Err(generation.damaged("its rows"));
            }
            if index != generation.decoy.0 {
                self.rows.push_back((index, generation.open_row(&index, sealed)?));
            }
        }
        self.last = Some(*key);
        Ok(())
    }
}
