//! What is kept of logins at a directory: how many wrong passwords were passed on, and sealed verifiers of good ones.

use crate::keyring::random_bytes;
use crate::seal::Seal;
use crate::{Key, RosterError, RowIndex, State};

/// How many passwords of one student were passed on to the directory and not taken there, so that a restart does not
/// begin anew. When, and never which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardRecord {
    /// The student's key in the attempts table.
    pub key: [u8; 16],
    /// The ID space, so that a district's end can end its records.
    pub space: String,
    /// How many; 0: nothing stands against the student.
    pub count: u8,
    /// Seconds since 1970 of the last one.
    pub last: u32,
}

/// The hash of a password that the directory once took, for when it is away.
#[derive(Clone, PartialEq, Eq)]
pub struct OfflineVerifier {
    /// Argon2id, as a PHC string.
    pub hash: String,
    /// Seconds since 1970 at which the directory took it.
    pub good_at: u32,
}

impl std::fmt::Debug for OfflineVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OfflineVerifier(…, {})", self.good_at)
    }
}

impl State {
    /// All passwords on record that were passed on and not taken.
    pub fn forwarded(&self) -> Result<Vec<ForwardRecord>, RosterError> {
        let mut records = Vec::new();
        self.each_of_space(self.forwards(), |space, key, record| {
            if let [count, last @ ..] = record
                && let Ok(last) = last.try_into()
            {
                records.push(ForwardRecord { key, space, count: *count, last: u32::from_be_bytes(last) });
            }
        })?;
        Ok(records)
    }

    /// Writes what changed since the last time, in one transaction.
    pub fn save_forwarded(&self, records: &[ForwardRecord]) -> Result<(), RosterError> {
        self.write(|txn| {
            for record in records {
                let name = name(&record.space, &record.key);
                if record.count == 0 {
                    self.forwards().delete(txn, &name)?;
                } else {
                    let [a, b, c, d] = record.last.to_be_bytes();
                    self.forwards().put(txn, &name, &[record.count, a, b, c, d])?;
                }
            }
            Ok(())
        })
    }

    /// The verifier of a student's last good password; `None`: there is none, or it was sealed under another key.
    pub fn offline_verifier(
        &self,
        key: &Key,
        space: &str,
        student: [u8; 16],
    ) -> Result<Option<OfflineVerifier>, RosterError> {
        let Some(record) = self.record(self.offline(), &name(space, &student))? else { return Ok(None) };
        let Some((salt, sealed)) = record.split_first_chunk::<SALT>() else { return Ok(None) };
        let mut plain = Vec::new();
        if Seal::of_offline(key, space, salt)?.open(&place(student), sealed, &mut plain).is_err() {
            return Ok(None);
        }
        let Some((good_at, hash)) = plain.split_first_chunk::<4>() else { return Ok(None) };
        let hash = String::from_utf8_lossy(hash).into_owned();
        Ok(Some(OfflineVerifier { hash, good_at: u32::from_be_bytes(*good_at) }))
    }

    /// Keeps the verifier of a student's good password in place of the one before.
    pub fn keep_offline_verifier(
        &self,
        key: &Key,
        space: &str,
        student: [u8; 16],
        verifier: &OfflineVerifier,
    ) -> Result<(), RosterError> {
        // A key of its own for each record: its nonce is the student's, and the same one each time.
        let salt = random_bytes::<SALT>()?;
        let mut record = salt.to_vec();
        let plain = [&verifier.good_at.to_be_bytes(), verifier.hash.as_bytes()].concat();
        Seal::of_offline(key, space, &salt)?.seal(&place(student), &plain, &mut record)?;
        self.write(|txn| self.offline().put(txn, &name(space, &student), &record))
    }

    /// Forgets every verifier that `serves` says no to, by ID space and seconds since 1970 of the last good login, and those
    /// that this key does not open. Returns how many.
    pub fn sweep_offline_verifiers(&self, key: &Key, serves: impl Fn(&str, u32) -> bool) -> Result<usize, RosterError> {
        let mut students = Vec::new();
        self.each_of_space(self.offline(), |space, student, _| students.push((space, student)))?;
        let mut swept = Vec::new();
        for (space, student) in students {
            let kept = self.offline_verifier(key, &space, student)?;
            if kept.is_none_or(|kept| !serves(&space, kept.good_at)) {
                swept.push(name(&space, &student));
            }
        }
        if !swept.is_empty() {
            self.write(|txn| swept.iter().try_for_each(|name| self.offline().delete(txn, name).map(drop)))?;
        }
        Ok(swept.len())
    }

    /// Forgets the verifier of a student.
    pub fn forget_offline_verifier(&self, space: &str, student: [u8; 16]) -> Result<(), RosterError> {
        self.write_if(|txn| self.offline().delete(txn, &name(space, &student))).map(drop)
    }
}

/// Bytes that make the key of a record.
const SALT: usize = 16;

fn name(space: &str, student: &[u8; 16]) -> Vec<u8> {
    [space.as_bytes(), student].concat()
}

fn place(student: [u8; 16]) -> RowIndex {
    let mut index = [0; 32];
    for (to, from) in index.iter_mut().zip(student) {
        *to = from;
    }
    RowIndex(index)
}
