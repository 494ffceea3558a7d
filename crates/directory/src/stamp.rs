//! What a file was like when it was found, so that only that very file is read and removed.

use std::fs::{self, Metadata};
use std::hash::Hasher as _;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::{BadData, Fault, Fingerprint, Refusal};

/// So much of each end of a file goes into its fingerprint.
const END: u64 = 4096;

/// A regular file, and its state when it was found.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    path: PathBuf,
    state: State,
    /// When it was last written, renamed or given another time, in seconds: who uploads may set its time of change, but
    /// not this one.
    touched: i64,
}

/// What a delivery was like at one look; while it grows, the next look is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// When any of its files last changed, in seconds since 1970.
    pub changed: i64,
    /// How many bytes they have together.
    pub bytes: u64,
}

impl Look {
    /// At files as they were found.
    pub(crate) fn at(stamps: &[Stamp]) -> Option<Self> {
        let changed = stamps.iter().map(|stamp| stamp.touched.max(stamp.state.modified.0)).max()?;
        Some(Self { changed, bytes: stamps.iter().map(Stamp::length).sum() })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Stamp {
    /// Looks at a path. `None`: nothing, or a folder, or a pipe that nobody writes to.
    ///
    /// A link is refused: who may write into the inbox could point it at any file that we can read.
    pub fn of(path: &Path) -> Result<Option<Self>, Refusal> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Err(BadData::file(name, Fault::SymbolicLink).into())
            }
            Ok(metadata) if metadata.is_file() => {
                Ok(Some(Self { path: path.to_owned(), state: State::of(&metadata), touched: metadata.ctime() }))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Refusal::unreadable(path)(error)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    pub fn length(&self) -> u64 {
        self.state.length
    }

    pub fn modified(&self) -> (i64, i64) {
        self.state.modified
    }

    /// Whether the path still leads to the file in the state in which it was found.
    pub fn is_current(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|metadata| State::of(&metadata) == self.state)
    }

    /// Opens the file, if it is still the one that was found.
    pub fn open(&self) -> Result<fs::File, Refusal> {
        let file = fs::File::open(&self.path).map_err(Refusal::unreadable(&self.path))?;
        // Asked of the open file, so that nothing can be put in its place between the look and the opening.
        let metadata = file.metadata().map_err(Refusal::unreadable(&self.path))?;
        if State::of(&metadata) != self.state {
            return Err(Refusal::Replaced { path: self.path.clone() });
        }
        Ok(file)
    }

    fn hash(&self, hasher: &mut SipHasher13) -> io::Result<()> {
        hasher.write(self.name().as_bytes());
        hasher.write_u8(0);
        hasher.write_u64(self.state.length);
        hasher.write_i64(self.state.modified.0);
        hasher.write_i64(self.state.modified.1);
        let mut file = fs::File::open(&self.path)?;
        for start in [0, self.state.length.saturating_sub(END)] {
            let mut end = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            (&mut file).take(END).read_to_end(&mut end)?;
            hasher.write(&end);
        }
        Ok(())
    }
}

/// The fingerprint of files as they were found, read in this way: a file that was refused is another one once the
/// district's configuration says how to read it.
pub(crate) fn fingerprint(stamps: &[Stamp], way: &str) -> Result<Fingerprint, Refusal> {
    // Without a key: it is compared with one that an earlier run wrote down.
    let mut hasher = SipHasher13::new();
    hasher.write(way.as_bytes());
    for stamp in stamps {
        stamp.hash(&mut hasher).map_err(Refusal::unreadable(&stamp.path))?;
    }
    Ok(Fingerprint(hasher.finish128().into()))
}
