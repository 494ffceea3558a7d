//! The data folder: its owner, its locks, what is open, what is left over.
//!
//! ```text
//! DATA-DIR/daemon.lock                       held by the daemon
//! DATA-DIR/state/                            LMDB: pointers, lockouts, refused files
//! DATA-DIR/generations/DISTRICT/lock         held by whoever syncs, rolls back or purges
//! DATA-DIR/generations/DISTRICT/ID/data.mdb  one generation
//! DATA-DIR/generations/DISTRICT/ID/records   what it was made of, where its source can say what changed
//! ```

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::{
    Generation, GenerationId, GenerationWriter, Header, IdentityKey, Keyring, Published, PublishedGeneration,
    RosterError, State,
};

/// An opened data folder. Once in a process: LMDB maps each environment once.
pub struct Store {
    folder: PathBuf,
    keyring: Mutex<Arc<Keyring>>,
    state: State,
    /// What is open somewhere in this process; closed when the last one lets go of it.
    open: Mutex<HashMap<GenerationId, Weak<Generation>>>,
}

/// How long closing a generation may take.
const CLOSING: Duration = Duration::from_secs(5);

/// The right to change one district's generations.
#[derive(Debug)]
pub struct DistrictLock {
    district: String,
    _file: File,
}

/// The right to be the daemon of this data folder.
#[derive(Debug)]
pub struct DaemonLock(#[expect(dead_code, reason = "held, never read: the lock ends with the file")] File);

impl Store {
    /// Opens the data folder, and makes it where it is missing. Only its owner may.
    pub fn open(folder: &Path, keyring: Arc<Keyring>) -> Result<Self, RosterError> {
        let fault = |problem: String| RosterError::DataFolder { path: folder.to_owned(), problem };
        if !folder.exists() {
            fs::DirBuilder::new().mode(0o700).create(folder).map_err(|error| {
                fault(format!(
                    "cannot be made ({error}); make it with `install -d -m 700 -o hallpass -g hallpass {}`",
                    folder.display()
                ))
            })?;
        }
        let metadata = fs::metadata(folder).map_err(|error| fault(format!("cannot be read ({error})")))?;
        if !metadata.is_dir() {
            return Err(fault("is not a folder; name one in `data-dir`".to_owned()));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(fault(format!(
                "belongs to user id {}; run as that user (or as root, which becomes that user)",
                metadata.uid()
            )));
        }
        fs::read_dir(folder).map_err(|error| fault(format!("cannot be read ({error}); `chmod 700` it")))?;
        let state = State::open(&folder.join("state"))?;
        Ok(Self { folder: folder.to_owned(), keyring: Mutex::new(keyring), state, open: Mutex::default() })
    }

    /// The small state.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The keys.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the keys of a key file that was read again: a rotation under a running daemon.
    pub fn set_keyring(&self, keyring: Keyring) {
        *self.keyring.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// The key of internal ids, made where there is none.
    pub fn identity_key(&self) -> Result<IdentityKey, RosterError> {
        IdentityKey::open(&self.state, &self.keyring())
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is served for a district: `None` where it never had a roster.
    pub fn serving(&self, district: &str) -> Result<Option<Arc<Generation>>, RosterError> {
        let Some(published) = self.state.published(district)? else { return Ok(None) };
        let damaged = RosterError::Damaged { district: district.to_owned(), what: "its pointer" };
        self.generation(district, published.serving().ok_or(damaged)?).map(Some)
    }

    /// A kept generation, opened once in this process.
    pub fn generation(&self, district: &str, record: &PublishedGeneration) -> Result<Arc<Generation>, RosterError> {
        let damaged = RosterError::Damaged { district: district.to_owned(), what: "its pointer" };
        let id = record.generation_id().ok_or(damaged)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&id).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let folder = self.generation_folder(district, id);
        if let Some(closing) = heed::env_closing_event(&folder) {
            // Somebody let go of it this very moment; LMDB maps nothing twice.
            closing.wait_timeout(CLOSING);
        }
        let generation = Arc::new(Generation::open(&folder, district, id, record.length, &self.keyring())?);
        open.retain(|_, generation| generation.strong_count() > 0);
        open.insert(id, Arc::downgrade(&generation));
        Ok(generation)
    }

    /// Takes the daemon's lock.
    pub fn lock_daemon(&self) -> Result<DaemonLock, RosterError> {
        let what = format!("data folder {}", self.folder.display());
        lock(&self.folder.join("daemon.lock"), &what).map(DaemonLock)
    }

    /// Takes a district's lock, and removes what a killed sync left.
    pub fn lock_district(&self, district: &str) -> Result<DistrictLock, RosterError> {
        let folder = self.district_folder(district);
        fs::create_dir_all(&folder).map_err(RosterError::io(&folder))?;
        let file = lock(&folder.join("lock"), &format!("the roster of {district}"))?;
        let lock = DistrictLock { district: district.to_owned(), _file: file };
        self.remove_leftovers(&lock)?;
        Ok(lock)
    }

    /// Starts a generation; `forms` as in [`GenerationWriter::create`].
    pub fn begin(&self, lock: &DistrictLock, forms: usize) -> Result<GenerationWriter, RosterError> {
        let id = GenerationId::fresh()?;
        let folder = self.generation_folder(&lock.district, id);
        GenerationWriter::create(&folder, &lock.district, id, self.keyring().current(), forms)
    }

    /// A folder for what a sync spills; removed with the next [`Store::lock_district`] at the latest.
    pub fn spill_folder(&self, lock: &DistrictLock) -> Result<PathBuf, RosterError> {
        let folder = self.district_folder(&lock.district).join("spill");
        fs::create_dir_all(&folder).map_err(RosterError::io(&folder))?;
        Ok(folder)
    }

    /// Finishes a generation, reads it whole, and only then publishes it. `source` is the fingerprint of what it was
    /// made of.
    pub fn publish(
        &self,
        lock: &DistrictLock,
        writer: GenerationWriter,
        header: &Header,
        source: &str,
    ) -> Result<Arc<Generation>, RosterError> {
        let id = writer.id();
        let length = writer.finish(header)?;
        let record = PublishedGeneration {
            id: id.to_string(),
            length,
            people: header.people,
            made_at: header.made_at,
            source: source.to_owned(),
        };
        let generation = self.generation(&lock.district, &record)?;
        generation.verify(&self.keyring())?;
        self.state.publish(&lock.district, record)?;
        self.remove_leftovers(lock)?;
        Ok(generation)
    }

    /// Serves an older kept generation, or the one before the served one, and holds scheduled publishing; the newest
    /// lifts the hold. `Ok(None)`: there is none such.
    pub fn roll_back(
        &self,
        lock: &DistrictLock,
        to: Option<GenerationId>,
    ) -> Result<Option<PublishedGeneration>, RosterError> {
        let Some(mut published) = self.state.published(&lock.district)? else { return Ok(None) };
        let at = match to {
            Some(id) => published.generations.iter().position(|kept| kept.generation_id() == Some(id)),
            None => published.generations.iter().position(|kept| kept.id == published.serving).map(|at| at + 1),
        };
        let Some(target) = at.and_then(|at| published.generations.get(at)).cloned() else { return Ok(None) };
        // Opened first: a generation that cannot be read is not served.
        self.generation(&lock.district, &target)?;
        published.held = at != Some(0);
        published.serving.clone_from(&target.id);
        self.state.put_published(&lock.district, &published)?;
        Ok(Some(target))
    }

    /// Ends a district: generations, lockouts, refused files, opt-outs. `spaces` are those of its card rules that no
    /// other district shares.
    pub fn purge(&self, lock: &DistrictLock, spaces: &[&str]) -> Result<Option<Published>, RosterError> {
        let published = self.state.published(&lock.district)?;
        self.state.purge(&lock.district, spaces)?;
        self.remove_leftovers(lock)?;
        Ok(published)
    }

    /// Removes what no pointer names.
    pub fn remove_leftovers(&self, lock: &DistrictLock) -> Result<(), RosterError> {
        let kept = self.state.published(&lock.district)?.map(|published| published.generations).unwrap_or_default();
        let folder = self.district_folder(&lock.district);
        for entry in fs::read_dir(&folder).map_err(RosterError::io(&folder))? {
            let entry = entry.map_err(RosterError::io(&folder))?;
            let name = entry.file_name();
            let is_kept = kept.iter().any(|generation| *generation.id == *name) || name == "lock";
            if !is_kept {
                fs::remove_dir_all(entry.path()).map_err(RosterError::io(&entry.path()))?;
            }
        }
        Ok(())
    }

    fn district_folder(&self, district: &str) -> PathBuf {
        self.folder.join("generations").join(district)
    }

    fn generation_folder(&self, district: &str, id: GenerationId) -> PathBuf {
        self.district_folder(district).join(id.to_string())
    }
}

impl DistrictLock {
    /// The district's id.
    pub fn district(&self) -> &str {
        &self.district
    }
}

fn lock(path: &Path, what: &str) -> Result<File, RosterError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(RosterError::io(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RosterError::Locked { what: what.to_owned() }),
        Err(TryLockError::Error(error)) => Err(RosterError::io(path)(error)),
    }
}
