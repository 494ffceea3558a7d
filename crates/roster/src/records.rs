//! The records that a generation was made of, kept beside it where its source can say what changed: a later sync makes
//! the next generation of these and the changes alone.
//!
//! A file of sealed blocks, in the order in which the records came; nothing looks one up. What a record holds is the
//! sync's matter. The generation's header says how many there must be, so that none can be taken away unnoticed.
//! A server never opens the file: it is no part of what answers a request.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::seal::Seal;
use crate::{GenerationId, Key, RosterError, RowIndex};

/// The name of the file in the generation's folder.
pub(crate) const FILE: &str = "records";
/// Bytes sealed together.
const BLOCK: usize = 64 << 10;

/// What a generation's header says of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// How many there are.
    pub count: u64,
    /// In how many sealed blocks.
    pub blocks: u64,
    /// Which source they are of.
    pub source: String,
    /// When that source was last read whole, in seconds since 1970.
    pub whole_at: i64,
    /// From when on it is asked for changes, in milliseconds since 1970; `None`: it does not say when.
    pub since: Option<i64>,
    /// The fingerprints of the deliveries that they are made of, the whole one first.
    pub applied: Vec<String>,
    /// The source's organisations that are no schools.
    pub others: Vec<String>,
}

/// Takes the records of a generation that is being made.
pub struct RecordsWriter {
    path: PathBuf,
    file: BufWriter<File>,
    seal: Seal,
    plain: Vec<u8>,
    count: u64,
    blocks: u64,
}

impl RecordsWriter {
    pub(crate) fn create(
        folder: &Path,
        district: &str,
        generation: GenerationId,
        key: &Key,
    ) -> Result<Self, RosterError> {
        let path = folder.join(FILE);
        let file = BufWriter::new(File::create_new(&path).map_err(RosterError::io(&path))?);
        let seal = Seal::of_records(key, district, generation)?;
        Ok(Self { path, file, seal, plain: Vec::with_capacity(BLOCK + 1024), count: 0, blocks: 0 })
    }

    /// Adds a record.
    pub fn push(&mut self, record: &[u8]) -> Result<(), RosterError> {
        let length = u16::try_from(record.len()).map_err(|_| RosterError::Crypto("a record is too long"))?;
        self.plain.extend_from_slice(&length.to_be_bytes());
        self.plain.extend_from_slice(record);
        self.count += 1;
        if self.plain.len() >= BLOCK { self.write_block() } else { Ok(()) }
    }

    /// Ends the file, on disk, and says how much is in it.
    pub fn finish(mut self) -> Result<Records, RosterError> {
        if !self.plain.is_empty() {
            self.write_block()?;
        }
        let (path, count, blocks) = (self.path, self.count, self.blocks);
        let file = self.file.into_inner().map_err(|error| RosterError::io(&path)(error.into_error()))?;
        file.sync_all().map_err(RosterError::io(&path))?;
        Ok(Records { count, blocks, ..Records::default() })
    }

    fn write_block(&mut self) -> Result<(), RosterError> {
        let mut sealed = Vec::with_capacity(self.plain.len() + 16);
        self.seal.seal(&place(self.blocks), &self.plain, &mut sealed)?;
        self.blocks += 1;
        self.plain.fill(0);
        self.plain.clear();
        let length = u32::try_from(sealed.len()).unwrap_or_default().to_be_bytes();
        let written = self.file.write_all(&length).and_then(|()| self.file.write_all(&sealed));
        written.map_err(RosterError::io(&self.path))
    }
}

/// Gives the records of a generation back, in their order.
pub struct RecordsReader {
    district: String,
    file: BufReader<File>,
    seal: Seal,
    plain: Vec<u8>,
    at: usize,
    block: u64,
    left: Records,
}

impl RecordsReader {
    pub(crate) fn open(
        folder: &Path,
        district: &str,
        generation: GenerationId,
        key: &Key,
        records: &Records,
    ) -> Result<Self, RosterError> {
        let path = folder.join(FILE);
        let file = BufReader::with_capacity(BLOCK + 1024, File::open(&path).map_err(RosterError::io(&path))?);
        let seal = Seal::of_records(key, district, generation)?;
        let left = Records { count: records.count, blocks: records.blocks, ..Records::default() };
        Ok(Self { district: district.to_owned(), file, seal, plain: Vec::new(), at: 0, block: 0, left })
    }

    /// The next record; `None` at the end, where all were there.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, RosterError> {
        let damaged = RosterError::Damaged { district: self.district.clone(), what: "its records" };
        if self.at == self.plain.len() {
            if self.left.blocks == 0 {
                return if self.left.count == 0 { Ok(None) } else { Err(damaged) };
            }
            self.read_block()?;
        }
        let rest = self.plain.get(self.at..).unwrap_or_default();
        let record = rest.split_first_chunk::<2>().and_then(|(length, rest)| {
            let length = usize::from(u16::from_be_bytes(*length));
            Some((length, rest.get(..length)?))
        });
        let (Some((length, record)), Some(left)) = (record, self.left.count.checked_sub(1)) else {
            return Err(damaged);
        };
        self.at += 2 + length;
        self.left.count = left;
        Ok(Some(record))
    }

    fn read_block(&mut self) -> Result<(), RosterError> {
        let damaged = || RosterError::Damaged { district: self.district.clone(), what: "its records" };
        let mut length = [0; 4];
        self.file.read_exact(&mut length).map_err(|_| damaged())?;
        let length = u32::from_be_bytes(length) as usize;
        // No record is longer than what its length can say.
        if length > 2 * BLOCK {
            return Err(damaged());
        }
        let mut sealed = vec![0; length];
        self.file.read_exact(&mut sealed).map_err(|_| damaged())?;
        self.plain.fill(0);
        self.seal.open(&place(self.block), &sealed, &mut self.plain).map_err(|_| damaged())?;
        self.block += 1;
        self.left.blocks -= 1;
        self.at = 0;
        Ok(())
    }
}

/// Where a block stands, as a seal has it: no two of a file share their first bytes, which are the nonce.
fn place(block: u64) -> RowIndex {
    let mut place = [0; 32];
    for (to, from) in place.iter_mut().zip(block.to_be_bytes()) {
        *to = from;
    }
    RowIndex(place)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const GENERATION: GenerationId = GenerationId([3; 16]);

    fn key() -> Key {
        Key::derive(&[7; 32]).unwrap()
    }

    fn written(folder: &Path, records: u32) -> Records {
        let mut writer = RecordsWriter::create(folder, "cms", GENERATION, &key()).unwrap();
        for number in 0..records {
            writer.push(format!("record {number:08} of nobody").as_bytes()).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(folder: &Path, records: &Records) -> Result<Vec<String>, RosterError> {
        let mut reader = RecordsReader::open(folder, "cms", GENERATION, &key(), records)?;
        let mut read = Vec::new();
        while let Some(record) = reader.next_record()? {
            read.push(String::from_utf8(record.to_vec()).unwrap());
        }
        Ok(read)
    }

    #[test]
    fn records_come_back_whole_and_in_order() {
        for count in [0, 1, 10_000] {
            let folder = tempfile::tempdir().unwrap();
            let records = written(folder.path(), count);
            assert_eq!(records.count, u64::from(count));
            let back = read(folder.path(), &records).unwrap();
            let expected: Vec<String> = (0..count).map(|number| format!("record {number:08} of nobody")).collect();
            assert!(back == expected, "{count}");
        }
    }

    #[test]
    fn records_that_are_cut_off_swapped_or_changed_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let records = written(folder.path(), 10_000);
        assert!(records.blocks > 2);
        let path = folder.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        assert!(!whole.windows(9).any(|bytes| bytes == b"of nobody"), "in the clear");
        let first = 4 + u32::from_be_bytes(*whole.first_chunk().unwrap()) as usize;
        let swapped = [&whole[first..2 * first], &whole[..first], &whole[2 * first..]].concat();
        let mut flipped = whole.clone();
        flipped[100] ^= 1;
        for broken in [&whole[..first], &whole[..whole.len() - 1], &whole[first..], &swapped, &flipped, b""] {
            fs::write(&path, broken).unwrap();
            assert!(read(folder.path(), &records).is_err());
        }
        fs::write(&path, &whole).unwrap();
        assert!(read(folder.path(), &Records { count: 9_999, ..records.clone() }).is_err(), "one too many");
        assert!(read(folder.path(), &Records { count: 10_001, ..records }).is_err(), "one too few");
    }
}
