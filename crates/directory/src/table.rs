//! The rows of one file.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind};

use crate::header::Header;
use crate::notes::Notes;
use crate::watched::{END_CELL, Stop, Watched};
use crate::{BadData, Fault, Oddity, Refusal};

/// Large enough that reading and unpacking don't show beside parsing, in bytes.
const BUFFER: usize = 256 << 10;

/// How the kinds of files with rows differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// What stands between two cells.
    pub delimiter: u8,
    /// Whether a column's name may follow that of its table: `STUDENTS.Student_Number`.
    pub table_names: bool,
    /// What a cell that is not UTF-8 should be, and how to mend it.
    pub text: &'static str,
}

impl Layout {
    /// As OneRoster has it.
    pub const ONE_ROSTER: Self =
        Self { delimiter: b',', table_names: false, text: "text in UTF-8; export again in UTF-8" };
}

/// One file, open for reading.
pub(crate) struct Source<'a> {
    pub read: Box<dyn Read + 'a>,
    /// The file that the system knows: the file itself, or the archive around it.
    pub path: &'a Path,
}

/// One file, row by row. One record is reused for all rows.
pub(crate) struct Table<'a> {
    file: String,
    path: PathBuf,
    csv: csv::Reader<Watched<Box<dyn Read + 'a>>>,
    header: Header,
    record: ByteRecord,
    rows: u64,
    /// The line of the row before, where it had fewer cells than the header.
    short: Option<u64>,
}

/// A row that is not blank, and not longer than the header.
pub(crate) struct Row<'a> {
    record: &'a ByteRecord,
    /// The line on which it begins; the header is line 1.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// A row that came from elsewhere than a file.
    pub fn new(record: &'a ByteRecord, line: u64) -> Self {
        Self { record, line }
    }

    /// A cell without blanks around it; `None` where the row ends before it.
    pub fn cell(&self, column: usize) -> Option<&'a [u8]> {
        self.record.get(column).map(<[u8]>::trim_ascii)
    }

    /// A cell that may be empty or missing.
    pub fn optional(&self, column: Option<usize>) -> &'a [u8] {
        column.and_then(|column| self.cell(column)).unwrap_or_default()
    }
}

impl<'a> Table<'a> {
    /// Reads the header.
    pub fn open(file: &str, source: Source<'a>, layout: Layout) -> Result<Self, Refusal> {
        let csv = csv::ReaderBuilder::new()
            .delimiter(layout.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(Watched::new(source.read));
        let mut table = Self {
            file: file.to_owned(),
            path: source.path.to_owned(),
            csv,
            header: Header::new(file, &ByteRecord::new(), layout),
            record: ByteRecord::new(),
            rows: 0,
            short: None,
        };
        if !table.advance()? {
            return Err(table.bad(Fault::Empty));
        }
        table.header = Header::new(file, &table.record, layout);
        Ok(table)
    }

    /// The columns.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Rows given so far, with those that were too long to be given.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next row. Blank rows are passed over with a warning, overlong ones are undecodable.
    pub fn next(&mut self, notes: &mut Notes) -> Result<Option<Row<'_>>, Refusal> {
        while self.advance()? {
            let line = self.line();
            let (cells, columns) = (self.record.len(), self.header.len());
            self.short = (cells < columns).then_some(line);
            if self.record.as_slice().is_empty() {
                notes.warn_row(&self.file, line, Oddity::BlankRow);
                continue;
            }
            if self.header.is(&self.record) {
                return Err(BadData::row(self.file.as_str(), line, Fault::HeaderAgain).into());
            }
            self.rows += 1;
            if cells > columns {
                // A comma too many moves every cell after it under the wrong column.
                if self.record.iter().skip(columns).any(|cell| !cell.trim_ascii().is_empty()) {
                    notes.undecodable(&self.file, line, None, "no more cells than the header has");
                    continue;
                }
                notes.warn_row(&self.file, line, Oddity::LongRow);
            }
            if cells < columns {
                notes.warn_row(&self.file, line, Oddity::ShortRow);
            }
            return Ok(Some(Row { record: &self.record, line }));
        }
        match self.short {
            Some(line) if !self.csv.get_ref().ended_with_newline() => self.truncated(line),
            _ => Ok(None),
        }
    }

    /// The refusal of a needed file without a row.
    pub fn refuse_without_rows(&self) -> Result<(), Refusal> {
        if self.rows == 0 { Err(self.bad(Fault::HeaderOnly)) } else { Ok(()) }
    }

    /// The line on which the record begins. The parser ends a record at the CR, so that of a CRLF the LF, which is
    /// what it counts, still lies before the next one.
    fn line(&self) -> u64 {
        let counted = self.record.position().map_or(1, csv::Position::line);
        let is_first = self.record.position().is_none_or(|position| position.byte() == 0);
        counted + u64::from(!is_first && self.csv.get_ref().has_crlf())
    }

    /// Reads a record; `false` at the end of a file that ends where a file may end.
    fn advance(&mut self) -> Result<bool, Refusal> {
        let read = self.csv.read_byte_record(&mut self.record);
        let line = self.line();
        let more = read.map_err(|error| {
            match error.into_kind() {
                ErrorKind::Io(error) => match Stop::fault(&error) {
                    Some(fault @ Fault::RowTooLong) => BadData::row(self.file.as_str(), line, fault).into(),
                    Some(fault) => self.bad(fault),
                    None => Refusal::unreadable(&self.path)(error),
                },
                // Not for byte records of any length; csv may add kinds.
                _ => self.bad(Fault::Binary),
            }
        })?;
        self.csv.get_mut().row_ended();
        if self.record.as_slice() == END_CELL {
            return Ok(false);
        }
        if !more || self.record.iter().next_back().is_some_and(|cell| cell.ends_with(b"\n\0\n")) {
            return self.truncated(self.line());
        }
        Ok(true)
    }

    fn truncated<T>(&self, line: u64) -> Result<T, Refusal> {
        Err(BadData::row(self.file.as_str(), line, Fault::Truncated).into())
    }

    fn bad(&self, fault: Fault) -> Refusal {
        BadData::file(self.file.as_str(), fault).into()
    }
}
