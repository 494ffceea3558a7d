//! The rules of a zip: files at the root, taken by name; sizes are what was unpacked, never what a header says.

use std::fs;
use std::io::{self, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use zip::ZipArchive;
use zip::result::ZipError;

use super::store::{File, named};
use crate::notes::Notes;
use crate::stamp::Stamp;
use crate::table::Source;
use crate::watched::Stop;
use crate::{BadData, Fault, Refusal};

/// The most that one reading of an archive unpacks, in bytes: the bundle of every pupil of the United States fits.
pub const MOST_UNPACKED: u64 = 16 << 30;

/// The most times its packed size that a file may unpack to. Rosters reach 10 or 20, DEFLATE can do 1,032.
pub const MOST_TIMES: u64 = 200;

/// Below this, in bytes, no ratio is looked at.
const SMALL: u64 = 16 << 20;

/// A zip whose needed files are known to be plain files at its root.
pub(super) struct Archive<'a> {
    stamp: &'a Stamp,
    members: Vec<Member>,
    /// What may still be unpacked, shared by all threads.
    left: AtomicU64,
}

struct Member {
    file: File,
    index: usize,
    /// What may be unpacked of it, in bytes.
    most: u64,
}

impl<'a> Archive<'a> {
    /// Looks through the directory of an archive for the needed files.
    pub fn open(stamp: &'a Stamp, needed: &[File], notes: &mut Notes) -> Result<Self, Refusal> {
        let bad = |fault| Refusal::from(BadData::file(stamp.name(), fault));
        let zip = parse(stamp)?;
        if zip.has_duplicate_names() {
            return Err(bad(Fault::Twice));
        }
        let mut members: Vec<Member> = Vec::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_data(index).map_err(|_| bad(Fault::Archive))?;
            let Ok(path) = std::str::from_utf8(entry.name_raw()) else { continue };
            let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
            // macOS adds a folder of its own beside the files.
            if path.starts_with("__MACOSX/") {
                continue;
            }
            let Some(file) = named(name, needed, notes) else { continue };
            let of_file = |fault| Refusal::from(BadData::file(file.name(), fault));
            if path != name {
                return Err(of_file(Fault::Path));
            }
            if entry.is_symlink() {
                return Err(of_file(Fault::SymbolicLink));
            }
            if entry.encrypted() {
                return Err(of_file(Fault::Encrypted));
            }
            if members.iter().any(|member| member.file == file) {
                return Err(of_file(Fault::Twice));
            }
            // The header may lie about this size, but a member is never read beyond it or the archive's end.
            let packed = entry.compressed_size().min(stamp.length());
            members.push(Member { file, index, most: packed.saturating_mul(MOST_TIMES).max(SMALL) });
        }
        Ok(Self { stamp, members, left: AtomicU64::new(MOST_UNPACKED) })
    }

    pub fn has(&self, file: File) -> bool {
        self.members.iter().any(|member| member.file == file)
    }

    /// Reads a file. Each call opens the archive anew, so that threads don't share a position in it.
    pub fn read<T>(&self, file: File, with: impl FnOnce(Source<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let bad = |fault| Refusal::from(BadData::file(file.name(), fault));
        let member = self.members.iter().find(|member| member.file == file).ok_or_else(|| bad(Fault::Missing))?;
        let mut zip = parse(self.stamp)?;
        let unpacked = zip.by_index(member.index).map_err(|error| match error {
            ZipError::Io(error) if !is_damage(&error) => Refusal::unreadable(self.stamp.path())(error),
            _ => bad(Fault::Archive),
        })?;
        let read = Box::new(Capped { read: unpacked, member: member.most, left: &self.left });
        with(Source { read, path: self.stamp.path() })
    }
}

fn parse(stamp: &Stamp) -> Result<ZipArchive<BufReader<fs::File>>, Refusal> {
    ZipArchive::new(BufReader::with_capacity(64 << 10, stamp.open()?)).map_err(|error| match error {
        ZipError::Io(error) if !is_damage(&error) => Refusal::unreadable(stamp.path())(error),
        _ => BadData::file(stamp.name(), Fault::Archive).into(),
    })
}

/// Whether an error is about the bytes and not about reading them.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

/// Stops what unpacks to too much while it unpacks.
struct Capped<'a, R> {
    read: R,
    member: u64,
    left: &'a AtomicU64,
}

impl<R: Read> Read for Capped<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.read.read(buffer) {
            Err(error) if is_damage(&error) => return Err(Stop(Fault::Damaged).into()),
            read => read?,
        };
        let bytes = read as u64;
        self.member = self.member.checked_sub(bytes).ok_or(Stop(Fault::Ratio { limit: MOST_TIMES }))?;
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes))
            .map_err(|_| Stop(Fault::TooLarge { limit: MOST_UNPACKED }))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_limit_of_the_whole_archive() {
        let left = AtomicU64::new(1000);
        let mut capped = Capped { read: io::repeat(b'a'), member: u64::MAX, left: &left };
        let error = io::copy(&mut capped, &mut io::sink()).unwrap_err();
        assert_eq!(Stop::fault(&error), Some(Fault::TooLarge { limit: MOST_UNPACKED }));
    }
}
