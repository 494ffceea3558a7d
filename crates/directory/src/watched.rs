//! What is looked for in every byte of a file before it is taken for CSV.

use std::io::{self, Read};

use crate::Fault;

/// The longest row, in bytes. It bounds what a quote that is never closed can make us hold.
const LONGEST_ROW: u64 = 1 << 20;

/// UTF-8's byte order mark, which an importer must ignore. The CSV parser does so only where it comes whole and with
/// something behind it.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A row of its own after the last one, unless a quoted cell is still open there: then it becomes part of that cell.
/// So it tells whether the file ended inside one, in exactly the CSV parser's own opinion. No file can hold it,
/// as NUL bytes are refused.
const END: &[u8] = b"\n\0\n";

/// The content of the only cell of the end row.
pub(crate) const END_CELL: &[u8] = b"\0";

/// A fault found while reading, on its way through `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Stop(pub Fault);

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
pub(crate) struct Watched<R> {
    read: R,
    begun: bool,
    /// What may still be read before a row must have ended.
    left: u64,
    last: u8,
    /// Whether the first line ended in CR and LF, once it has ended.
    crlf: Option<bool>,
    /// What of the end row is still to be given.
    end: &'static [u8],
}

impl<R: Read> Watched<R> {
    pub fn new(read: R) -> Self {
        Self { read, begun: false, left: LONGEST_ROW, last: b'\n', crlf: None, end: END }
    }

    /// A row has ended.
    pub fn row_ended(&mut self) {
        self.left = LONGEST_ROW;
    }

    /// Whether the last byte read ended a line.
    pub fn ended_with_newline(&self) -> bool {
        matches!(self.last, b'\n' | b'\r')
    }

    /// Whether lines end in CR and LF, as far as the first one tells.
    pub fn has_crlf(&self) -> bool {
        self.crlf == Some(true)
    }

    /// Reads the beginning of the file, without a byte order mark.
    fn begin(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < MARK.len() {
            match self.read.read(buffer.get_mut(read..).unwrap_or_default())? {
                0 => break,
                more => read += more,
            }
        }
        if !buffer.starts_with(MARK) || read < MARK.len() {
            return Ok(read);
        }
        buffer.copy_within(MARK.len()..read, 0);
        match read - MARK.len() {
            0 => self.read.read(buffer),
            rest => Ok(rest),
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match std::mem::replace(&mut self.begun, true) {
            true => self.read.read(buffer)?,
            false => self.begin(buffer)?,
        };
        if read == 0 {
            return self.end.read(buffer);
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.contains(&0) {
            return Err(Stop(Fault::Binary).into());
        }
        self.left = self.left.checked_sub(read as u64).ok_or(Stop(Fault::RowTooLong))?;
        if self.crlf.is_none() {
            let before = std::iter::once(&self.last).chain(bytes);
            self.crlf = before.zip(bytes).find(|(_, byte)| **byte == b'\n').map(|(before, _)| *before == b'\r');
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte at a time, as a pipe may give them.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let some = buffer.len().min(1);
            self.0.read(&mut buffer[..some])
        }
    }

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let mut watched = Watched::new(Drip(bytes));
        let mut buffer = [0; 16];
        while let Ok(read @ 1..) = watched.read(&mut buffer) {
            all.extend(&buffer[..read]);
        }
        all
    }

    #[test]
    fn a_byte_order_mark_is_left_out_even_where_it_comes_in_pieces() {
        assert_eq!(read(b"\xef\xbb\xbfa,b"), b"a,b\n\0\n");
        assert_eq!(read(b"\xef\xbb\xbf"), b"\n\0\n");
        assert_eq!(read(b"\xef\xbb"), b"\xef\xbb\n\0\n");
    }
}
