//! A generation being made.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, PutFlags, WithoutTls};

use crate::block;
use crate::filter::{Filter, Mark};
use crate::generation::{FILTER_INDEX, FILTER_KEY, HEADER_INDEX, HEADER_KEY, open_env};
use crate::seal::Seal;
use crate::{GenerationId, Header, Key, RecordsWriter, RosterError, Row, RowIndex, StudentRow, Verifier};

/// Rows in one transaction: with all in one, a million rows held 191 MiB (reference/hot-path.md).
const BATCH: usize = 20 * block::ROWS;
/// How large a generation can grow: address space, not memory. 50,000,000 rows had 8.5 GB one by one, and have less in blocks.
const MAP_SIZE: usize = 1 << 36;

/// Writes a generation: rows in the order of their index, then the header, then to disk.
///
/// Until its pointer is published nothing reads it; what is left of an unfinished one is removed under the
/// district's lock.
pub struct GenerationWriter {
    id: GenerationId,
    key_id: [u8; 8],
    folder: PathBuf,
    env: Env<WithoutTls>,
    rows: Database<'static, Bytes, Bytes>,
    seal: Seal,
    decoy: Option<(RowIndex, Row)>,
    last: Option<RowIndex>,
    /// Rows of the transaction to come, sealed.
    batch: Vec<u8>,
    /// Where each of them lies there.
    entries: Vec<(RowIndex, Range<usize>)>,
    block: Vec<u8>,
    plain: Vec<u8>,
    marks: Vec<Mark>,
}

impl GenerationWriter {
    /// Starts a generation in `folder` (made here), for `district` and under `key`. `forms` is how many PINs the
    /// rule accepts for one student: the decoy has as many.
    pub fn create(
        folder: &Path,
        district: &str,
        id: GenerationId,
        key: &Key,
        forms: usize,
    ) -> Result<Self, RosterError> {
        fs::create_dir_all(folder).map_err(RosterError::io(folder))?;
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(MAP_SIZE).max_dbs(1);
        // Synced once, at the end: before that nobody reads it.
        let env = open_env(&mut options, EnvFlags::NO_SYNC | EnvFlags::NO_LOCK, folder)?;
        let txn = env.write_txn().map_err(RosterError::database(folder))?;
        let rows = env
            .create_databases_and_commit(txn, |opener, txn| {
                opener.create_database::<Bytes, Bytes>(txn, None).map(CommitOrAbort::<_, ()>::Commit)
            })
            .map_err(RosterError::database(folder))?
            .commit()
            .ok_or(RosterError::OutOfOrder)?;
        let decoys = (0..forms.max(1)).map(|_| Verifier::random()).collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            key_id: key.id().0,
            folder: folder.to_owned(),
            env,
            rows,
            seal: Seal::of_generation(key, district, id)?,
            decoy: Some((key.decoy_index(), Row::Decoy(StudentRow::decoy(decoys)))),
            last: None,
            batch: Vec::new(),
            entries: Vec::new(),
            block: Vec::new(),
            plain: Vec::new(),
            marks: Vec::new(),
        })
    }

    /// Adds a row. Each index must be greater than the one before, in its first 12 bytes: they are the nonce.
    pub fn push(&mut self, index: RowIndex, row: &Row) -> Result<(), RosterError> {
        if let Some((decoy, _)) = &self.decoy
            && *decoy < index
            && let Some((decoy, row)) = self.decoy.take()
        {
            self.append(decoy, &row)?;
        }
        self.marks.push(Mark::of(&index));
        self.append(index, row)
    }

    /// Writes the header, syncs file and folder, and closes. Returns the length of the file.
    pub fn finish(mut self, header: &Header) -> Result<u64, RosterError> {
        if let Some((decoy, row)) = self.decoy.take() {
            self.append(decoy, &row)?;
        }
        self.flush()?;
        let fault = || RosterError::database(&self.folder);
        let mut sealed = self.key_id.to_vec();
        self.seal.seal(&HEADER_INDEX, &header.encode(), &mut sealed)?;
        let mut filter = Vec::new();
        self.seal.seal(&FILTER_INDEX, &Filter::of(&self.marks).encode(), &mut filter)?;
        let mut txn = self.env.write_txn().map_err(fault())?;
        self.rows.put_with_flags(&mut txn, PutFlags::APPEND, &FILTER_KEY, &filter).map_err(fault())?;
        self.rows.put_with_flags(&mut txn, PutFlags::APPEND, &HEADER_KEY, &sealed).map_err(fault())?;
        txn.commit().map_err(fault())?;
        self.env.force_sync().map_err(fault())?;
        self.env.prepare_for_closing().wait();
        let sync = |path: &Path| fs::File::open(path).and_then(|file| file.sync_all()).map_err(RosterError::io(path));
        sync(&self.folder)?;
        if let Some(parent) = self.folder.parent() {
            sync(parent)?;
        }
        let file = self.folder.join("data.mdb");
        Ok(fs::metadata(&file).map_err(RosterError::io(&file))?.len())
    }

    /// Starts to keep the records that the generation is made of, under its own `district` and `key`.
    pub fn records(&self, district: &str, key: &Key) -> Result<RecordsWriter, RosterError> {
        RecordsWriter::create(&self.folder, district, self.id, key)
    }

    /// The name of the generation.
    pub const fn id(&self) -> GenerationId {
        self.id
    }

    fn append(&mut self, index: RowIndex, row: &Row) -> Result<(), RosterError> {
        let is_taken = [HEADER_INDEX, FILTER_INDEX].iter().any(|taken| taken.key() == index.key());
        if is_taken || self.last.is_some_and(|last| last.key() >= index.key()) {
            return Err(RosterError::OutOfOrder);
        }
        self.last = Some(index);
        self.plain.clear();
        row.encode(&mut self.plain);
        let start = self.batch.len();
        self.seal.seal(&index, &self.plain, &mut self.batch)?;
        self.entries.push((index, start..self.batch.len()));
        if self.entries.len() == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), RosterError> {
        let fault = || RosterError::database(&self.folder);
        let mut txn = self.env.write_txn().map_err(fault())?;
        for rows in self.entries.chunks(block::ROWS) {
            let sealed = rows.iter().map(|(index, at)| (index, self.batch.get(at.clone()).unwrap_or_default()));
            self.block.clear();
            let key = block::encode(sealed, &mut self.block);
            self.rows.put_with_flags(&mut txn, PutFlags::APPEND, &key, &self.block).map_err(fault())?;
        }
        txn.commit().map_err(fault())?;
        self.entries.clear();
        self.batch.clear();
        Ok(())
    }
}
