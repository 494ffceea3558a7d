//! The small state beside the generations: which one each district serves, lockouts, refused files, opt-outs.

use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use heed::types::{Bytes, Str};
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RwTxn, WithoutTls};
use serde::{Deserialize, Serialize};

use crate::generation::open_env;
use crate::history::{self, RunRecord};
use crate::{GenerationId, OptOutMark, RosterError};

/// The state's map never grows. 1,000,000 locked students have 100 MB; 1,000,000 who use three clients have 400 MB of
/// marks, and 50,000,000 twenty GB. What is not written takes no room on disk or in memory.
const MAP_SIZE: usize = 1 << 36;
/// Generations kept for each district.
pub const KEPT: usize = 3;

/// What a district serves and could go back to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Published {
    /// The one that is served.
    pub serving: String,
    /// A rollback holds: scheduled syncs publish nothing until a manual one.
    pub held: bool,
    /// All that are kept, the newest first.
    pub generations: Vec<PublishedGeneration>,
}

impl Published {
    /// The record of the generation that is served.
    pub fn serving(&self) -> Option<&PublishedGeneration> {
        self.generations.iter().find(|generation| generation.id == self.serving)
    }
}

/// One kept generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedGeneration {
    /// Its name, 32 hex digits.
    pub id: String,
    /// The length of its file: compared before it is mapped.
    pub length: u64,
    /// Its people.
    pub people: u64,
    /// When it was made, in seconds since 1970 (UTC).
    pub made_at: i64,
    /// The fingerprint of the file it was made of: the same file is not read twice.
    #[serde(default)]
    pub source: String,
}

impl PublishedGeneration {
    /// The name as a [`GenerationId`].
    pub fn generation_id(&self) -> Option<GenerationId> {
        GenerationId::parse(&self.id)
    }
}

/// The attempts at one student's card that outlive a restart: when, never what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The student's key in the attempts table.
    pub key: [u8; 16],
    /// The ID space, so that a district's end can end its lockouts.
    pub space: String,
    /// Seconds since 1970 of the last right PIN: what came before no longer counts in the short window.
    pub cleared: u32,
    /// Seconds since 1970 of each distinct wrong PIN, oldest first; empty: nothing stands against the card.
    pub at: Vec<u32>,
}

/// The state environment: written by the daemon and by commands, each change one transaction.
pub struct State {
    folder: PathBuf,
    env: Env<WithoutTls>,
    rosters: Database<'static, Str, Bytes>,
    attempts: Database<'static, Bytes, Bytes>,
    refused: Database<'static, Str, Bytes>,
    keys: Database<'static, Str, Bytes>,
    opt_outs: Database<'static, Str, Bytes>,
    marks: Database<'static, Bytes, Bytes>,
    usage: Database<'static, Bytes, Bytes>,
    forwards: Database<'static, Bytes, Bytes>,
    offline: Database<'static, Bytes, Bytes>,
    runs: Database<'static, Bytes, Bytes>,
}

/// The name of the sealed identity key.
const IDENTITY: &str = "identity";

impl State {
    /// Opens or makes the state in `folder`. Once in a process.
    pub(crate) fn open(folder: &Path) -> Result<Self, RosterError> {
        fs::create_dir_all(folder).map_err(RosterError::io(folder))?;
        let fault = || RosterError::database(folder);
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(MAP_SIZE).max_dbs(16).max_readers(64);
        let env = open_env(&mut options, EnvFlags::empty(), folder)?;
        // Left by a process that was killed while it read.
        env.clear_stale_readers().map_err(fault())?;
        let txn = env.write_txn().map_err(fault())?;
        let ([rosters, refused, keys, opt_outs], [attempts, marks, usage, forwards, offline, runs]) = env
            .create_databases_and_commit(txn, |opener, txn| {
                let mut by_name = |name| opener.create_database::<Str, Bytes>(txn, Some(name));
                let named = [by_name("rosters")?, by_name("refused")?, by_name("keys")?, by_name("opt-outs")?];
                let mut by_key = |name| opener.create_database::<Bytes, Bytes>(txn, Some(name));
                let keyed = [
                    by_key("attempts")?,
                    by_key("marks")?,
                    by_key("usage")?,
                    by_key("forwards")?,
                    by_key("offline")?,
                    by_key("runs")?,
                ];
                Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit((named, keyed)))
            })
            .map_err(fault())?
            .commit()
            .ok_or(RosterError::OutOfOrder)?;
        Ok(Self {
            folder: folder.to_owned(),
            env,
            rosters,
            attempts,
            refused,
            keys,
            opt_outs,
            marks,
            usage,
            forwards,
            offline,
            runs,
        })
    }

    /// Changes with each write by any process: a look that costs nothing.
    pub fn last_change(&self) -> usize {
        self.env.info().last_txn_id
    }

    /// What a district serves; `None`: it never had a roster.
    pub fn published(&self, district: &str) -> Result<Option<Published>, RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        let bytes = self.rosters.get(&txn, district).map_err(self.fault())?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()))
    }

    /// Puts a new generation in front and serves it; lifts a hold, and forgets the oldest.
    pub(crate) fn publish(&self, district: &str, new: PublishedGeneration) -> Result<(), RosterError> {
        let mut generations = self.published(district)?.map(|published| published.generations).unwrap_or_default();
        let serving = new.id.clone();
        generations.insert(0, new);
        generations.truncate(KEPT);
        self.put_published(district, &Published { serving, held: false, generations })
    }

    /// Changes what is served without adding a generation: a rollback or its end.
    pub(crate) fn put_published(&self, district: &str, published: &Published) -> Result<(), RosterError> {
        let bytes = serde_json::to_vec(published).unwrap_or_default();
        self.write(|txn| self.rosters.put(txn, district, &bytes))
    }

    /// The fingerprint of the file that a district's last sync refused.
    pub fn refused(&self, district: &str) -> Result<Option<Vec<u8>>, RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        Ok(self.refused.get(&txn, district).map_err(self.fault())?.map(<[u8]>::to_vec))
    }

    /// Remembers or forgets a refused file.
    pub fn set_refused(&self, district: &str, fingerprint: Option<&[u8]>) -> Result<(), RosterError> {
        self.write(|txn| match fingerprint {
            Some(bytes) => self.refused.put(txn, district, bytes),
            None => self.refused.delete(txn, district).map(|_| ()),
        })
    }

    /// The last good list of a district's opt-outs; `None`: there never was one.
    pub fn opt_outs(&self, district: &str) -> Result<Option<Vec<OptOutMark>>, RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        let bytes = self.opt_outs.get(&txn, district).map_err(self.fault())?;
        Ok(bytes.map(|bytes| bytes.as_chunks::<16>().0.iter().map(|mark| OptOutMark(*mark)).collect()))
    }

    /// Keeps a district's list of opt-outs.
    pub fn set_opt_outs(&self, district: &str, marks: &[OptOutMark]) -> Result<(), RosterError> {
        let bytes: Vec<u8> = marks.iter().flat_map(|mark| mark.0).collect();
        self.write(|txn| self.opt_outs.put(txn, district, &bytes))
    }

    /// The sealed identity key, where there is one.
    pub(crate) fn identity(&self) -> Result<Option<Vec<u8>>, RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        Ok(self.keys.get(&txn, IDENTITY).map_err(self.fault())?.map(<[u8]>::to_vec))
    }

    /// Keeps the sealed identity key.
    pub(crate) fn set_identity(&self, sealed: &[u8]) -> Result<(), RosterError> {
        self.write(|txn| self.keys.put(txn, IDENTITY, sealed))
    }

    /// All attempts on record.
    pub fn attempts(&self) -> Result<Vec<AttemptRecord>, RosterError> {
        let mut records = Vec::new();
        self.each_of_space(&self.attempts, |space, key, times| {
            let mut times = times.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes));
            let cleared = times.next().unwrap_or_default();
            records.push(AttemptRecord { key, space, cleared, at: times.collect() });
        })?;
        Ok(records)
    }

    /// Writes what changed since the last time, in one transaction.
    pub fn save_attempts(&self, records: &[AttemptRecord]) -> Result<(), RosterError> {
        self.write(|txn| {
            for record in records {
                let name = [record.space.as_bytes(), &record.key].concat();
                if record.at.is_empty() {
                    self.attempts.delete(txn, &name)?;
                } else {
                    let times: Vec<u8> =
                        std::iter::once(&record.cleared).chain(&record.at).flat_map(|at| at.to_be_bytes()).collect();
                    self.attempts.put(txn, &name, &times)?;
                }
            }
            Ok(())
        })
    }

    /// The marks of uses; see `usage.rs`.
    pub(crate) const fn marks(&self) -> &Database<'static, Bytes, Bytes> {
        &self.marks
    }

    /// The counts of uses; see `usage.rs`.
    pub(crate) const fn usage(&self) -> &Database<'static, Bytes, Bytes> {
        &self.usage
    }

    /// Passwords that were passed on to directories; see `live.rs`.
    pub(crate) const fn forwards(&self) -> &Database<'static, Bytes, Bytes> {
        &self.forwards
    }

    /// Sealed verifiers of good passwords; see `live.rs`.
    pub(crate) const fn offline(&self) -> &Database<'static, Bytes, Bytes> {
        &self.offline
    }

    /// The records of runs; see `history.rs`.
    pub(crate) const fn runs_table(&self) -> &Database<'static, Bytes, Bytes> {
        &self.runs
    }

    /// Shows each record of a district's runs, the oldest first.
    pub(crate) fn each_run(&self, district: &str, show: impl FnMut(RunRecord)) -> Result<(), RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        let stored = self.runs.prefix_iter(&txn, &history::prefix(district)).map_err(self.fault())?;
        let stored = stored.collect::<heed::Result<Vec<_>>>().map_err(self.fault())?;
        stored.into_iter().filter_map(|(_, stored)| history::decode(stored)).for_each(show);
        Ok(())
    }

    /// Shows every count of uses whose name begins so.
    pub(crate) fn each_usage(&self, prefix: &[u8], mut show: impl FnMut(&[u8], &[u8])) -> Result<(), RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        for record in self.usage.prefix_iter(&txn, prefix).map_err(self.fault())? {
            let (name, stored) = record.map_err(self.fault())?;
            show(name, stored);
        }
        Ok(())
    }

    /// Ends a district: its pointer, its refused file, its opt-outs, who used it, its runs, and the lockouts of its ID `spaces` that no
    /// other district shares.
    pub(crate) fn purge(&self, district: &str, spaces: &[&str]) -> Result<(), RosterError> {
        self.write(|txn| {
            self.rosters.delete(txn, district)?;
            self.refused.delete(txn, district)?;
            self.opt_outs.delete(txn, district)?;
            for table in [&self.marks, &self.usage, &self.runs] {
                // The names of a district's records begin with its id and a NUL, so they end before its id and a 1.
                let (from, to) = ([district.as_bytes(), &[0]].concat(), [district.as_bytes(), &[1]].concat());
                let range = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
                table.delete_range(txn, &range)?;
            }
            for table in [&self.attempts, &self.forwards, &self.offline] {
                let mut names = Vec::new();
                for space in spaces {
                    for entry in table.prefix_iter(txn, space.as_bytes())? {
                        let (name, _) = entry?;
                        if name.len() == space.len() + 16 {
                            names.push(name.to_vec());
                        }
                    }
                }
                names.iter().try_for_each(|name| table.delete(txn, name).map(|_| ()))?;
            }
            Ok(())
        })
    }

    /// Reads one record of a table.
    pub(crate) fn record(
        &self,
        table: &Database<'static, Bytes, Bytes>,
        name: &[u8],
    ) -> Result<Option<Vec<u8>>, RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        Ok(table.get(&txn, name).map_err(self.fault())?.map(<[u8]>::to_vec))
    }

    /// Shows every record of a table whose names end in a key of 16 bytes: the ID space, the key, the record.
    pub(crate) fn each_of_space(
        &self,
        table: &Database<'static, Bytes, Bytes>,
        mut show: impl FnMut(String, [u8; 16], &[u8]),
    ) -> Result<(), RosterError> {
        let txn = self.env.read_txn().map_err(self.fault())?;
        for entry in table.iter(&txn).map_err(self.fault())? {
            let (name, record) = entry.map_err(self.fault())?;
            let Some((space, key)) = name.split_last_chunk::<16>() else { continue };
            show(String::from_utf8_lossy(space).into_owned(), *key, record);
        }
        Ok(())
    }

    pub(crate) fn write(&self, change: impl FnOnce(&mut RwTxn<'_>) -> heed::Result<()>) -> Result<(), RosterError> {
        self.write_if(|txn| change(txn).map(|()| true)).map(drop)
    }

    /// The same where `change` says that it changed anything, with the transaction's number as [`State::last_change`] tells
    /// it.
    pub(crate) fn write_if(
        &self,
        change: impl FnOnce(&mut RwTxn<'_>) -> heed::Result<bool>,
    ) -> Result<Option<usize>, RosterError> {
        let mut txn = self.env.write_txn().map_err(self.fault())?;
        if !change(&mut txn).map_err(self.fault())? {
            // LMDB gives an empty transaction no number of its own.
            return Ok(None);
        }
        let number = txn.id();
        txn.commit().map_err(self.fault())?;
        Ok(Some(number))
    }

    fn fault(&self) -> impl FnOnce(heed::Error) -> RosterError {
        RosterError::database(&self.folder)
    }
}
