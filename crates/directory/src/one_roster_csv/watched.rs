//! What is looked for in every byte of a file before it is taken for CSV.

use std::io::{self, Read};

use crate::Fault;

/// The longest row, in bytes. It bounds what a quote that is never closed can make us hold.
const LONGEST_ROW: u64 = 1 << 20;

/// A row of its own after the last one, unless a quoted cell is still open there: then it becomes part of that cell.
/// So it tells whether the file ended inside one, in exactly the CSV parser's own opinion. No file can hold it,
/// as NUL bytes are refused.
const END: &[u8] = b"\n\0\n";

/// The content of the only cell of the end row.
pub(super) const END_CELL: &[u8] = b"\0";

/// A fault found while reading, on its way through `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Stop(pub Fault);

impl Stop {
    /// The fault, where the error is one of ours.
    pub fn fault(error: &io::Error) -> Option<Fault> {
        error.get_ref()?.downcast_ref().map(|Self(fault)| fault.clone())
    }
}

impl From<Stop> for io::Error {
    fn from(stop: Stop) -> Self {
        Self::other(stop)
    }
}

/// Reads text, refuses NUL bytes and endless rows, and adds [`END`].
pub(super) struct Watched<R> {
    read: R,
    /// What may still be read before a row must have ended.
    left: u64,
    last: u8,
    /// What of the end row is still to be given.
    end: &'static [u8],
}

impl<R: Read> Watched<R> {
    pub fn new(read: R) -> Self {
        Self { read, left: LONGEST_ROW, last: b'\n', end: END }
    }

    /// A row has ended.
    pub fn row_ended(&mut self) {
        self.left = LONGEST_ROW;
    }

    /// Whether the last byte read ended a line.
    pub fn ended_with_newline(&self) -> bool {
        matches!(self.last, b'\n' | b'\r')
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.read.read(buffer)?;
        if read == 0 {
            return self.end.read(buffer);
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.contains(&0) {
            return Err(Stop(Fault::Binary).into());
        }
        self.left = self.left.checked_sub(read as u64).ok_or(Stop(Fault::RowTooLong))?;
        self.last = bytes.last().copied().unwrap_or(self.last);
        Ok(read)
    }
}
