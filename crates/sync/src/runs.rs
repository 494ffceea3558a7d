//! Records sorted outside memory: sealed runs on disk, read back in order.
//!
//! A run is 200,000 records sorted by index. One run alone never touches the disk; more are spilled, sealed under a
//! key that lives no longer than the sync, and merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use roster::seal::Seal;
use roster::{RosterError, RowIndex};

use crate::derive::Record;

/// Records in one run: with these a sync of any size stays under 128 MiB.
const RUN: usize = 200_000;
/// Bytes sealed together in a spilled run.
const BLOCK: usize = 64 << 10;

/// Takes records in any order.
pub struct Runs {
    folder: PathBuf,
    seal: Seal,
    /// Numbers the sealed blocks: no two have the same nonce.
    blocks: u64,
    bytes: Vec<u8>,
    entries: Vec<(RowIndex, u32, u32)>,
    spilled: Vec<(PathBuf, u64)>,
}

/// One record as bytes, with its index.
pub type Raw = (RowIndex, Vec<u8>);

impl Runs {
    /// Runs that spill into `folder`.
    pub fn new(folder: &Path) -> Result<Self, RosterError> {
        Ok(Self {
            folder: folder.to_owned(),
            seal: Seal::ephemeral()?,
            blocks: 0,
            bytes: Vec::new(),
            entries: Vec::new(),
            spilled: Vec::new(),
        })
    }

    /// Adds a record.
    pub fn push(&mut self, record: &Record) -> Result<(), RosterError> {
        let start = self.bytes.len();
        record.encode(&mut self.bytes);
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.entries.push((record.index, offset(start), offset(self.bytes.len())));
        if self.entries.len() == RUN { self.spill() } else { Ok(()) }
    }

    /// All records, sorted by index; equal ones in an order that does not depend on how they came.
    pub fn sorted(mut self) -> Result<Sorted, RosterError> {
        if !self.spilled.is_empty() {
            self.spill()?;
        }
        self.sort();
        let mut sorted = Sorted { seal: self.seal, sources: Vec::new(), heap: BinaryHeap::new() };
        if self.spilled.is_empty() {
            sorted.add(Source::Memory { bytes: self.bytes, entries: self.entries.into_iter() })?;
        }
        for (path, first_block) in self.spilled {
            let file = File::open(&path).map_err(io(&path))?;
            sorted.add(Source::Disk {
                file: BufReader::new(file),
                path,
                block: first_block,
                plain: Vec::new(),
                at: 0,
            })?;
        }
        Ok(sorted)
    }

    fn sort(&mut self) {
        let Self { bytes, entries, .. } = self;
        let record =
            |(_, start, end): &(RowIndex, u32, u32)| bytes.get(*start as usize..*end as usize).unwrap_or_default();
        entries.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| record(one).cmp(record(other))));
    }

    fn spill(&mut self) -> Result<(), RosterError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        self.sort();
        let path = self.folder.join(format!("run-{}", self.spilled.len()));
        let mut file = BufWriter::new(File::create(&path).map_err(io(&path))?);
        self.spilled.push((path.clone(), self.blocks));
        let mut block = Vec::with_capacity(BLOCK + 1024);
        for (index, start, end) in &self.entries {
            let record = self.bytes.get(*start as usize..*end as usize).unwrap_or_default();
            block.extend_from_slice(&index.0);
            block.extend_from_slice(&u16::try_from(record.len()).unwrap_or_default().to_be_bytes());
            block.extend_from_slice(record);
            if block.len() >= BLOCK {
                write_block(&self.seal, &mut self.blocks, &mut file, &mut block, &path)?;
            }
        }
        write_block(&self.seal, &mut self.blocks, &mut file, &mut block, &path)?;
        file.flush().map_err(io(&path))?;
        self.entries.clear();
        self.bytes.clear();
        Ok(())
    }
}

fn write_block(
    seal: &Seal,
    blocks: &mut u64,
    file: &mut impl std::io::Write,
    block: &mut Vec<u8>,
    path: &Path,
) -> Result<(), RosterError> {
    let mut sealed = Vec::with_capacity(block.len() + 16);
    seal.seal(&block_index(*blocks), block, &mut sealed)?;
    *blocks += 1;
    block.clear();
    let length = u32::try_from(sealed.len()).unwrap_or_default().to_be_bytes();
    file.write_all(&length).and_then(|()| file.write_all(&sealed)).map_err(io(path))
}

fn block_index(number: u64) -> RowIndex {
    let mut index = [0; 32];
    for (to, from) in index.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    RowIndex(index)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> RosterError {
    let path = path.to_owned();
    move |source| RosterError::Io { path, source }
}

/// Records in order.
pub struct Sorted {
    seal: Seal,
    sources: Vec<Source>,
    heap: BinaryHeap<Reverse<(Raw, usize)>>,
}

enum Source {
    Memory { bytes: Vec<u8>, entries: std::vec::IntoIter<(RowIndex, u32, u32)> },
    Disk { file: BufReader<File>, path: PathBuf, block: u64, plain: Vec<u8>, at: usize },
}

impl Sorted {
    /// The next record, or `None` at the end.
    pub fn next_raw(&mut self) -> Result<Option<Raw>, RosterError> {
        let Some(Reverse((raw, number))) = self.heap.pop() else { return Ok(None) };
        self.refill(number)?;
        Ok(Some(raw))
    }

    fn add(&mut self, source: Source) -> Result<(), RosterError> {
        self.sources.push(source);
        self.refill(self.sources.len() - 1)
    }

    fn refill(&mut self, number: usize) -> Result<(), RosterError> {
        let Some(source) = self.sources.get_mut(number) else { return Ok(()) };
        if let Some(raw) = source.next_raw(&self.seal)? {
            self.heap.push(Reverse((raw, number)));
        }
        Ok(())
    }
}

impl Source {
    fn next_raw(&mut self, seal: &Seal) -> Result<Option<Raw>, RosterError> {
        match self {
            Self::Memory { bytes, entries } => Ok(entries.next().map(|(index, start, end)| {
                (index, bytes.get(start as usize..end as usize).unwrap_or_default().to_vec())
            })),
            Self::Disk { file, path, block, plain, at } => {
                if *at == plain.len() {
                    let mut length = [0; 4];
                    match file.read_exact(&mut length) {
                        Ok(()) => {}
                        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
                        Err(error) => return Err(io(path)(error)),
                    }
                    let mut sealed = vec![0; u32::from_be_bytes(length) as usize];
                    file.read_exact(&mut sealed).map_err(io(path))?;
                    seal.open(&block_index(*block), &sealed, plain)
                        .map_err(|_| RosterError::Crypto("a spilled run"))?;
                    *block += 1;
                    *at = 0;
                }
                let broken = || RosterError::Crypto("a spilled run");
                let rest = plain.get(*at..).ok_or_else(broken)?;
                let (index, rest) = rest.split_first_chunk::<32>().ok_or_else(broken)?;
                let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(broken)?;
                let length = usize::from(u16::from_be_bytes(*length));
                let record = rest.get(..length).ok_or_else(broken)?.to_vec();
                *at += 34 + length;
                Ok(Some((RowIndex(*index), record)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use patron::{Role, Student};
    use roster::StudentRow;

    use super::*;

    fn record(number: u64) -> Record {
        // Scattered, so that no run is sorted before it is.
        let index = block_index(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let schools = vec![patron::SchoolIndex(u16::try_from(number % 1000).unwrap())];
        let student = Student { schools, ..Student::of(Role::Student) };
        let row = roster::Row::Student(StudentRow { student, ..StudentRow::decoy(vec![]) });
        Record { index, mark: [7; 16], row, before: None }
    }

    fn sorted_back(count: u64) -> Vec<(RowIndex, Record)> {
        let folder = tempfile::tempdir().unwrap();
        let mut runs = Runs::new(folder.path()).unwrap();
        for number in 0..count {
            runs.push(&record(number)).unwrap();
        }
        let mut sorted = runs.sorted().unwrap();
        let mut records = Vec::new();
        while let Some((index, bytes)) = sorted.next_raw().unwrap() {
            records.push((index, Record::decode(index, &bytes).unwrap()));
        }
        records
    }

    #[test]
    fn spilled_runs_come_back_whole_and_in_order() {
        let count = 2 * RUN as u64 + 17;
        let back = sorted_back(count);
        assert_eq!(back.len() as u64, count);
        assert!(back.is_sorted_by(|one, other| one.0 < other.0));
        let mut schools = [0_u64; 1000];
        for (_, record) in &back {
            let roster::Row::Student(row) = &record.row else { panic!("a student") };
            schools[usize::from(row.student.schools[0].0)] += 1;
        }
        assert!(schools.iter().all(|count| (400..=401).contains(count)));
    }

    #[test]
    fn one_run_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut runs = Runs::new(folder.path()).unwrap();
        runs.push(&record(1)).unwrap();
        assert!(runs.sorted().unwrap().next_raw().unwrap().is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_readable_is_spilled() {
        let folder = tempfile::tempdir().unwrap();
        let mut runs = Runs::new(folder.path()).unwrap();
        for number in 0..RUN as u64 {
            runs.push(&record(number)).unwrap();
        }
        let bytes = std::fs::read(folder.path().join("run-0")).unwrap();
        // The mark of every record would stand there sixteen times in a row.
        assert!(!bytes.windows(16).any(|window| window == [7; 16]));
    }
}
