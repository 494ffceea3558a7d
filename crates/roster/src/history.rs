//! What a district's last syncs came to: counts, causes and places, never a name or an ID.

use std::ops::Bound;

use heed::types::Bytes;
use heed::{Database, RwTxn};
use serde::{Deserialize, Serialize};

use crate::RosterError;
use crate::state::State;

/// Runs kept for each district.
pub const KEPT_RUNS: usize = 30;
/// Notes kept of one run, and the longest of them in characters.
const NOTES: (usize, usize) = (40, 300);
/// Today's form of a record. A record of a later form is passed over; fields that one does not have are 0 or empty.
const FORM: u8 = 1;

/// One sync that read something, or tried to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// Of which form the record is; set when it is kept.
    pub form: u8,
    /// When it began, in seconds since 1970 (UTC).
    pub began_at: i64,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Who asked for it.
    pub trigger: Trigger,
    /// What became of it.
    pub end: RunEnd,
    /// The word of what stood in the way, as in the log; empty: nothing.
    pub cause: String,
    /// The same as a sentence.
    pub why: String,
    /// How many runs in a row came to nothing like this; the other times are those of the last one.
    pub times: u64,
    /// When the first of them began.
    pub since: i64,
    /// What was counted; nothing where the source could not be read.
    pub counts: Option<RunCounts>,
    /// Places of rows, and what somebody should look at.
    pub notes: Vec<String>,
}

/// Who asked for a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The schedule.
    #[default]
    Schedule,
    /// A person.
    Manual,
    /// A person who overrules the guard.
    Forced,
}

/// What became of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// A new generation is served.
    Published,
    /// The guard objected.
    Refused,
    /// It did not come so far.
    #[default]
    Failed,
}

/// What one run counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the report's own lines say what each is: `sync/src/report.rs`")]
pub struct RunCounts {
    pub rows: u64,
    pub people: u64,
    pub merged: u64,
    pub ambiguous: u64,
    pub without_pin: u64,
    pub without_birth_date: u64,
    pub without_id: u64,
    pub off_rule: u64,
    pub no_rule: u64,
    pub aliases: u64,
    pub held: u64,
    pub undecodable: u64,
    pub never_stored: u64,
    pub unknown_role: u64,
    pub withdrawn: u64,
    /// The rows are those of changes, and not of everybody.
    pub changes_only: bool,
    /// What changed; `None`: there was nothing to compare with.
    pub change: Option<ChangeCounts>,
}

/// What one run would change, or changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as those of the sync's own `Change`")]
pub struct ChangeCounts {
    pub published: u64,
    pub gone: u64,
    pub new: u64,
    pub pin_changed: u64,
    pub pin_lost: u64,
    pub shared: u64,
}

impl RunRecord {
    /// Whether this run came to nothing like the one before it.
    fn repeats(&self, before: &Self) -> bool {
        self.end != RunEnd::Published
            && (self.end, self.trigger, &self.cause, &self.why)
                == (before.end, before.trigger, &before.cause, &before.why)
    }
}

impl State {
    /// Keeps the record of a run that has ended, and forgets the oldest. One that came to nothing like the one before is counted
    /// with it, so that a server that is down for a day leaves the other records where they are.
    pub fn keep_run(&self, district: &str, mut run: RunRecord) -> Result<(), RosterError> {
        run.form = FORM;
        (run.times, run.since) = (1, run.began_at);
        run.notes.truncate(NOTES.0);
        run.notes.iter_mut().chain([&mut run.why]).for_each(shorten);
        self.write_if(|txn| {
            let table = *self.runs_table();
            let last = newest(&table, txn, district)?;
            let mut number = last.as_ref().map_or(0, |(number, _)| number.saturating_add(1));
            if let Some((its_number, before)) = last.filter(|(_, before)| run.repeats(before)) {
                (number, run.times, run.since) = (its_number, before.times.saturating_add(1), before.since);
            }
            // Numbers, texts and lists of them: this cannot fail.
            table.put(txn, &name(district, number), &serde_json::to_vec(&run).unwrap_or_default())?;
            let oldest = number.saturating_sub(KEPT_RUNS as u64 - 1);
            let (from, to) = (name(district, 0), name(district, oldest));
            table.delete_range(txn, &(Bound::Included(&from[..]), Bound::Excluded(&to[..]))).map(|_| true)
        })
        .map(drop)
    }

    /// The last runs of a district, the newest first.
    pub fn runs(&self, district: &str) -> Result<Vec<RunRecord>, RosterError> {
        let mut runs = Vec::new();
        self.each_run(district, |run| runs.push(run))?;
        runs.reverse();
        Ok(runs)
    }
}

fn newest(
    table: &Database<'static, Bytes, Bytes>,
    txn: &RwTxn<'_>,
    district: &str,
) -> heed::Result<Option<(u64, RunRecord)>> {
    let Some(last) = table.rev_prefix_iter(txn, &prefix(district))?.next() else { return Ok(None) };
    let (name, stored) = last?;
    let number = name.last_chunk().map_or(0, |number| u64::from_be_bytes(*number));
    Ok(Some((number, decode(stored).unwrap_or_default())))
}

/// `None`: of a later form.
pub(crate) fn decode(stored: &[u8]) -> Option<RunRecord> {
    serde_json::from_slice::<RunRecord>(stored).ok().filter(|run| run.form <= FORM)
}

/// No district's id holds a NUL, so none is the beginning of another's.
pub(crate) fn prefix(district: &str) -> Vec<u8> {
    [district.as_bytes(), &[0]].concat()
}

fn name(district: &str, number: u64) -> Vec<u8> {
    [&prefix(district)[..], &number.to_be_bytes()].concat()
}

fn shorten(note: &mut String) {
    if let Some((end, _)) = note.char_indices().nth(NOTES.1) {
        note.truncate(end);
        note.push_str("...");
    }
}
