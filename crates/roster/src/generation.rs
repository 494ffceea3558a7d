//! One published roster of one district: an LMDB environment that never changes again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, WithoutTls};

use crate::filter::Filter;
use crate::keyring::random_bytes;
use crate::seal::Seal;
use crate::{Header, KeyId, Keyring, RecordsReader, RosterError, Row, RowIndex};

/// The name of a generation: 128 random bits, never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GenerationId(pub(crate) [u8; 16]);

impl GenerationId {
    /// A fresh name.
    pub fn fresh() -> Result<Self, RosterError> {
        random_bytes().map(Self)
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the header stands: after every row, whose keys are shorter, and its seal has a nonce that the writer lets no row
/// have.
pub(crate) const HEADER_KEY: [u8; RowIndex::KEY + 1] = [0xFF; RowIndex::KEY + 1];
/// The place of the header in the associated data.
pub(crate) const HEADER_INDEX: RowIndex = RowIndex([0xFF; 32]);

/// Where the filter stands: after every row and before the header.
pub(crate) const FILTER_KEY: [u8; RowIndex::KEY + 1] = {
    let mut key = HEADER_KEY;
    key[RowIndex::KEY] = 0;
    key
};
/// The place of the filter in the associated data; its seal has a nonce that the writer lets no row have either.
pub(crate) const FILTER_INDEX: RowIndex = RowIndex([0xFE; 32]);

/// A generation, opened for reading.
pub struct Generation {
    id: GenerationId,
    key: KeyId,
    district: String,
    folder: PathBuf,
    env: Env<WithoutTls>,
    rows: Database<'static, Bytes, Bytes>,
    seal: Seal,
    header: Header,
    decoy: (RowIndex, Vec<u8>),
    filter: Filter,
}

impl Generation {
    /// Opens a generation; `length` is what the pointer record says of its file, and is compared before anything is
    /// mapped: a truncated file would be a bus error later.
    pub(crate) fn open(
        folder: &Path,
        district: &str,
        id: GenerationId,
        length: u64,
        keyring: &Keyring,
    ) -> Result<Self, RosterError> {
        let damaged = |what| RosterError::Damaged { district: district.to_owned(), what };
        let file = folder.join("data.mdb");
        let found = std::fs::metadata(&file).map_err(RosterError::io(&file))?.len();
        if found != length {
            return Err(damaged("the file has another length than when it was published"));
        }
        let env = open_read_only(folder, length)?;
        let error = RosterError::database(folder);
        let txn = env.read_txn().map_err(RosterError::database(folder))?;
        let rows = env
            .open_databases_and_commit(txn, |opener, txn| {
                opener.open_database::<Bytes, Bytes>(txn, None).map(CommitOrAbort::<_, ()>::Commit)
            })
            .map_err(error)?
            .commit()
            .flatten()
            .ok_or_else(|| damaged("there is no table in it"))?;
        let txn = env.read_txn().map_err(RosterError::database(folder))?;
        let stored = rows.get(&txn, &HEADER_KEY).map_err(RosterError::database(folder))?;
        let (key_id, sealed) =
            stored.and_then(|bytes| bytes.split_at_checked(8)).ok_or_else(|| damaged("it has no header"))?;
        let key_id = KeyId::from_slice(key_id).ok_or_else(|| damaged("its header"))?;
        let key = keyring
            .find(key_id)
            .ok_or_else(|| RosterError::MissingKey { district: district.to_owned(), key: key_id.to_string() })?;
        let seal = Seal::of_generation(key, district, id)?;
        let mut plain = Vec::new();
        seal.open(&HEADER_INDEX, sealed, &mut plain).map_err(|_| damaged("its header"))?;
        let header = Header::decode(&plain).ok_or_else(|| damaged("its header"))?;
        let decoy_index = key.decoy_index();
        let (decoy_key, rest) = decoy_index.split();
        let decoy = rows.get(&txn, decoy_key).map_err(RosterError::database(folder))?;
        let decoy =
            decoy.and_then(|stored| stored.strip_prefix(rest)).ok_or_else(|| damaged("it has no decoy"))?.to_vec();
        let filter = rows.get(&txn, &FILTER_KEY).map_err(RosterError::database(folder))?;
        let filter = filter.ok_or_else(|| damaged("it has no filter"))?;
        seal.open(&FILTER_INDEX, filter, &mut plain).map_err(|_| damaged("its filter"))?;
        let filter = Filter::decode(&plain).ok_or_else(|| damaged("its filter"))?;
        drop(txn);
        Ok(Self {
            id,
            key: key_id,
            district: district.to_owned(),
            folder: folder.to_owned(),
            env,
            rows,
            seal,
            header,
            decoy: (decoy_index, decoy),
            filter,
        })
    }

    /// The generation's name.
    pub const fn id(&self) -> GenerationId {
        self.id
    }

    /// The key that it was made under.
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// What the generation says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// `false`: there is certainly no row at an index, and no need to look.
    pub fn may_hold(&self, index: &RowIndex) -> bool {
        self.filter.may_hold(index)
    }

    /// The row at an index. One read transaction, opened and closed here: none may cross an await.
    pub fn row(&self, index: &RowIndex) -> Result<Option<Row>, RosterError> {
        let txn = self.env.read_txn().map_err(RosterError::database(&self.folder))?;
        let (key, rest) = index.split();
        let stored = self.rows.get(&txn, key).map_err(RosterError::database(&self.folder))?;
        stored.and_then(|stored| stored.strip_prefix(rest)).map(|sealed| self.open_row(index, sealed)).transpose()
    }

    /// The decoy: opened and decoded as any row, for cards that nobody has.
    pub fn decoy(&self) -> Result<Row, RosterError> {
        self.open_row(&self.decoy.0, &self.decoy.1)
    }

    /// Every row but the decoy, in the order of the index.
    pub fn for_each(&self, mut visit: impl FnMut(RowIndex, Row) -> Result<(), RosterError>) -> Result<(), RosterError> {
        let mut cursor = self.cursor()?;
        while let Some((index, row)) = cursor.next_row()? {
            visit(index, row)?;
        }
        Ok(())
    }

    /// A cursor over every row but the decoy, in the order of the index.
    pub fn cursor(&self) -> Result<Cursor<'_>, RosterError> {
        Ok(Cursor { generation: self, last: None, page: VecDeque::new(), ended: false })
    }

    /// The records that it was made of; `None`: it keeps none, or its key is gone.
    pub fn records(&self, keyring: &Keyring) -> Result<Option<RecordsReader>, RosterError> {
        let (Some(records), Some(key)) = (&self.header.records, keyring.find(self.key)) else { return Ok(None) };
        RecordsReader::open(&self.folder, &self.district, self.id, key, records).map(Some)
    }

    /// Reads everything once, as a sync does before it publishes: every row opens, and there are as many as the
    /// header says; so do its records.
    pub fn verify(&self, keyring: &Keyring) -> Result<(), RosterError> {
        if let Some(mut records) = self.records(keyring)? {
            while records.next_record()?.is_some() {}
        }
        let mut rows = 0;
        self.for_each(|_, _| {
            rows += 1;
            Ok(())
        })?;
        if rows == self.header.rows { Ok(()) } else { Err(self.damaged("its rows are not as many as its header says")) }
    }

    fn open_row(&self, index: &RowIndex, sealed: &[u8]) -> Result<Row, RosterError> {
        thread_local! {
            // Reused: a row is opened on every request.
            static PLAIN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        PLAIN.with_borrow_mut(|plain| {
            self.seal.open(index, sealed, plain).map_err(|_| self.damaged("a row"))?;
            let row = Row::decode(plain).ok_or_else(|| self.damaged("a row"));
            plain.fill(0);
            row
        })
    }

    fn damaged(&self, what: &'static str) -> RosterError {
        RosterError::Damaged { district: self.district.clone(), what }
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation").field("district", &self.district).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Walks a generation in pages, so that no read transaction stays open in between.
pub struct Cursor<'a> {
    generation: &'a Generation,
    last: Option<RowIndex>,
    page: VecDeque<(RowIndex, Row)>,
    ended: bool,
}

/// Rows read in one transaction of a [`Cursor`].
const PAGE: usize = 1024;

impl Cursor<'_> {
    /// The next row, or `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<(RowIndex, Row)>, RosterError> {
        while self.page.is_empty() && !self.ended {
            self.read_page()?;
        }
        Ok(self.page.pop_front())
    }

    fn read_page(&mut self) -> Result<(), RosterError> {
        let generation = self.generation;
        let fault = || RosterError::database(&generation.folder);
        let txn = generation.env.read_txn().map_err(fault())?;
        let last = self.last;
        let start = last.as_ref().map_or(Bound::Unbounded, |last| Bound::Excluded(last.split().0));
        let range = (start, Bound::Unbounded);
        let mut read = 0;
        for entry in generation.rows.range(&txn, &range).map_err(fault())?.take(PAGE) {
            let (key, stored) = entry.map_err(fault())?;
            read += 1;
            // The header's key is longer than a row's.
            let Some((index, sealed)) = RowIndex::joined(key, stored) else { continue };
            self.last = Some(index);
            if index != generation.decoy.0 {
                self.page.push_back((index, generation.open_row(&index, sealed)?));
            }
        }
        self.ended = read < PAGE;
        Ok(())
    }
}

fn open_read_only(folder: &Path, length: u64) -> Result<Env<WithoutTls>, RosterError> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(usize::try_from(length).unwrap_or(usize::MAX).next_multiple_of(1 << 16)).max_dbs(1);
    // A generation never changes after it was published, so there is nothing to lock against.
    open_env(&mut options, EnvFlags::READ_ONLY | EnvFlags::NO_LOCK | EnvFlags::NO_READ_AHEAD, folder)
}

/// The one place where an LMDB environment is opened.
///
/// Generations are immutable and written by one process under the district's lock, and the state is only ever written
/// through LMDB.
#[expect(unsafe_code, reason = "LMDB maps files, which nobody else may change under it, and here nobody does")]
pub(crate) fn open_env<T: heed::TlsUsage>(
    options: &mut EnvOpenOptions<T>,
    flags: EnvFlags,
    folder: &Path,
) -> Result<Env<T>, RosterError> {
    unsafe { options.flags(flags).open(folder) }.map_err(RosterError::database(folder))
}
