//! People on their way into runs, and into the records where a source can say what changed.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;

use directory::{Person, RoleSource, SourceRecord};
use roster::{RecordsWriter, RosterError, Row};

use crate::derive::{Carried, Deriver, Outcome, Underivable};
use crate::kept::{Kept, KeptSource};
use crate::runs::Runs;

/// What came of people so far.
pub(crate) struct Derived {
    pub runs: Runs,
    /// Where records go; `None`: none are kept.
    pub records: Option<RecordsWriter>,
    pub no_rule: u64,
    pub no_id: u64,
    pub off_pattern: u64,
    pub off_pattern_first: Vec<u64>,
    pub no_id_first: Vec<u64>,
    /// People without a birth date, where one is needed.
    pub undated_first: Vec<u64>,
    /// Of each ID space whose PINs are hashed.
    pub decoys: BTreeMap<String, String>,
    bytes: Vec<u8>,
    /// Now, in milliseconds since 1970: no record is of later.
    now: i64,
}

impl Derived {
    pub fn new(runs: Runs, records: Option<RecordsWriter>, now: i64) -> Self {
        Self {
            runs,
            records,
            no_rule: 0,
            no_id: 0,
            off_pattern: 0,
            off_pattern_first: Vec::new(),
            no_id_first: Vec::new(),
            undated_first: Vec::new(),
            decoys: BTreeMap::new(),
            bytes: Vec::new(),
            now,
        }
    }

    /// Takes all people of a whole reading.
    pub fn take_all(mut self, people: Receiver<Vec<Person>>, deriver: &Deriver<'_>) -> Result<Self, RosterError> {
        for mut person in people.into_iter().flatten() {
            let kept = person.record.take().filter(|_| self.records.is_some());
            let waits = kept.as_ref().is_some_and(|record| record.waits);
            let kept = kept.map(|record| of_record(*record, deriver, self.now));
            self.take(deriver, person, kept.as_ref(), waits, None)?;
        }
        Ok(self)
    }

    /// Takes one person: into the runs, unless they wait for a role to begin, and into the records as `kept` says.
    pub fn take(
        &mut self,
        deriver: &Deriver<'_>,
        person: Person,
        kept: Option<&KeptSource>,
        waits: bool,
        carried: Option<&Carried<'_>>,
    ) -> Result<(), RosterError> {
        let row = person.row;
        if person.birth_date.is_none() && carried.is_none() && deriver.needs_birth_date() {
            note(&mut self.undated_first, row);
        }
        let ids = kept.map(|_| person.ids.clone()).unwrap_or_default();
        let Self { runs, records, bytes, .. } = self;
        let outcome = deriver.derive(person, carried, &mut |record| {
            if let (Some(records), Some(kept), Row::Student(_)) = (records.as_mut(), kept, &record.row) {
                bytes.clear();
                Kept::encode(kept, &ids, &record.mark, &record.row, bytes);
                records.push(bytes)?;
            }
            if waits { Ok(()) } else { runs.push(&record) }
        })?;
        match outcome {
            Outcome::Taken => {}
            Outcome::Hashed(space, decoy) => {
                if !self.decoys.contains_key(space) {
                    self.decoys.insert(space.to_owned(), decoy.as_str().to_owned());
                }
            }
            Outcome::Not(Underivable::NoRule) => self.no_rule += 1,
            Outcome::Not(Underivable::NoId) => {
                self.no_id += 1;
                note(&mut self.no_id_first, row);
            }
            Outcome::Not(Underivable::OffPattern) => {
                self.off_pattern += 1;
                note(&mut self.off_pattern_first, row);
            }
        }
        Ok(())
    }

    /// Remembers somebody who is gone.
    pub fn remember_gone(&mut self, key: &[u8; 16], modified: i64) -> Result<(), RosterError> {
        let Some(records) = &mut self.records else { return Ok(()) };
        self.bytes.clear();
        Kept::encode_gone(key, modified, &mut self.bytes);
        records.push(&self.bytes)
    }
}

/// Remembers the first rows only.
fn note(first: &mut Vec<u64>, row: u64) {
    const PLACES: usize = 10;
    if first.len() < PLACES {
        first.push(row);
    }
}

fn of_record(record: SourceRecord, deriver: &Deriver<'_>, now: i64) -> KeptSource {
    KeptSource {
        key: deriver.rules().key.record_key(&record.source_id),
        modified: record.modified.min(now),
        born_modified: 0,
        roles: match record.roles {
            RoleSource::Are(roles) => Some(roles.into_iter().map(|role| role.not_after(now)).collect()),
            RoleSource::InRow | RoleSource::Unsaid => None,
        },
    }
}
