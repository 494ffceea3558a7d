//! One published roster of one district: an LMDB environment that never changes again.

mod cursor;

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, WithoutTls};

pub use self::cursor::Cursor;
use crate::block::{self, Block, Malformed};
use crate::filter::Filter;
use crate::header::LAYOUT;
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

/// Where the header stands: after every row, and its seal has a nonce that the writer lets no row have.
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
        if header.layout != LAYOUT {
            return Err(damaged("another version made it"));
        }
        let filter = rows.get(&txn, &FILTER_KEY).map_err(RosterError::database(folder))?;
        let filter = filter.ok_or_else(|| damaged("it has no filter"))?;
        seal.open(&FILTER_INDEX, filter, &mut plain).map_err(|_| damaged("its filter"))?;
        let filter = Filter::decode(&plain).ok_or_else(|| damaged("its filter"))?;
        drop(txn);
        let mut generation = Self {
            id,
            key: key_id,
            district: district.to_owned(),
            folder: folder.to_owned(),
            env,
            rows,
            seal,
            header,
            decoy: (key.decoy_index(), Vec::new()),
            filter,
        };
        let txn = generation.env.read_txn().map_err(RosterError::database(folder))?;
        let decoy = match generation.block(&txn, &generation.decoy.0)? {
            Some(block) => generation.sealed(&block, &generation.decoy.0)?.map(<[u8]>::to_vec),
            None => None,
        };
        let decoy = decoy.ok_or_else(|| damaged("it has no decoy"))?;
        drop(txn);
        generation.decoy.1 = decoy;
        Ok(generation)
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
        self.row_meanwhile(index, [&|| (), &|| ()])
    }

    /// The same, with time put to use: of a large roster nothing is in the caches, and memory is waited for twice. Each
    /// wait is as long as an HMAC takes. What is done `meanwhile` may also not be done.
    pub fn row_meanwhile(&self, index: &RowIndex, meanwhile: [&dyn Fn(); 2]) -> Result<Option<Row>, RosterError> {
        let txn = self.env.read_txn().map_err(RosterError::database(&self.folder))?;
        let Some(block) = self.block(&txn, index)? else { return Ok(None) };
        let [first, second] = meanwhile;
        block.prefetch_slot(index);
        first();
        block.prefetch_rows(index);
        second();
        self.sealed(&block, index)?.map(|sealed| self.open_row(index, sealed)).transpose()
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
        Ok(Cursor::over(self, None, None))
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
        // Every row is opened, so it is done by two: half of the indexes begin below this.
        const MIDDLE: [u8; block::KEY] = [0x7F; block::KEY];
        let count = |mut cursor: Cursor<'_>| {
            let mut rows = 0;
            while cursor.next_row()?.is_some() {
                rows += 1;
            }
            Ok(rows)
        };
        let rows: u64 = thread::scope(|scope| {
            let first = scope.spawn(|| count(Cursor::over(self, None, Some(MIDDLE))));
            let second: Result<_, RosterError> = count(Cursor::over(self, Some(MIDDLE), None));
            Ok(first.join().map_err(|_| RosterError::Crypto("a thread of the sync panicked"))?? + second?)
        })?;
        if rows == self.header.rows { Ok(()) } else { Err(self.damaged("its rows are not as many as its header says")) }
    }

    /// The block where an index' row is, if it is anywhere: the first that does not end before it.
    fn block<'t>(&self, txn: &'t RoTxn<'_, WithoutTls>, index: &RowIndex) -> Result<Option<Block<'t>>, RosterError> {
        let found = self.rows.get_greater_than_or_equal_to(txn, index.key());
        let found = found.map_err(RosterError::database(&self.folder))?.and_then(block_key);
        found.map(|(key, bytes)| Block::of(key, bytes).map_err(|Malformed| self.damaged("its rows"))).transpose()
    }

    fn sealed<'b>(&self, block: &Block<'b>, index: &RowIndex) -> Result<Option<&'b [u8]>, RosterError> {
        block.find(index).map_err(|Malformed| self.damaged("its rows"))
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

/// What stands under the key of a block: those of header and filter have another length.
fn block_key<'t>((key, bytes): (&'t [u8], &'t [u8])) -> Option<(&'t [u8; block::KEY], &'t [u8])> {
    Some((key.try_into().ok()?, bytes))
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

#[cfg(test)]
mod tests {
    use patron::{CardRules, PinRules, Release};

    use super::*;
    use crate::{GenerationWriter, Key};

    const ID: GenerationId = GenerationId([1; 16]);

    /// A generation of these rows, all ambiguous, and what its file is long.
    fn made(folder: &Path, keyring: &Keyring, rows: &[RowIndex], layout: u8) -> u64 {
        let stored = Release::from_bits(0);
        let mut header = Header::under(&CardRules::new(vec![]), &PinRules::default(), String::new(), stored, 0);
        (header.layout, header.rows) = (layout, rows.len() as u64);
        let mut writer = GenerationWriter::create(folder, "cms", ID, keyring.current(), 1).unwrap();
        for index in rows {
            writer.push(*index, &Row::Ambiguous).unwrap();
        }
        writer.finish(&header).unwrap()
    }

    #[test]
    fn rows_that_another_version_laid_out_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::new(vec![Key::derive(&[7; 32]).unwrap()]).unwrap();
        let length = made(folder.path(), &keyring, &[], LAYOUT - 1);
        let error = Generation::open(folder.path(), "cms", ID, length, &keyring).unwrap_err();
        assert_eq!(error.to_string(), "the roster of cms is damaged (another version made it); sync cms again");
    }

    #[test]
    fn a_row_that_its_table_does_not_lead_to_is_found_before_publishing() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::new(vec![Key::derive(&[7; 32]).unwrap()]).unwrap();
        let key = keyring.current();
        let mut rows: Vec<_> = (0..40).map(|number| key.row_index("district:a", &number.to_string())).collect();
        rows.sort();
        let length = made(folder.path(), &keyring, &rows, LAYOUT);
        let verify = || {
            Generation::open(folder.path(), "cms", ID, length, &keyring)
                .and_then(|generation| generation.verify(&keyring))
        };
        verify().unwrap();
        // A block's key has the first eight bytes of its first row, then the shift.
        let first = rows[0].min(key.decoy_index()).0;
        let file = folder.path().join("data.mdb");
        let bytes = std::fs::read(&file).unwrap();
        let keys = bytes.windows(32).enumerate().filter(|(_, at)| at[..8] == first[..8] && **at != first);
        let mut damaged = bytes.clone();
        for (base, _) in keys {
            damaged[base + 8] += 1;
        }
        assert_ne!(damaged, bytes);
        std::fs::write(&file, damaged).unwrap();
        assert!(matches!(verify(), Err(RosterError::Damaged { .. })));
    }
}
