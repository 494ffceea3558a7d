//! A sync whose report is kept, for `hallpass roster status` and for the next sync to be held against.

use directory::Refusal;
use jiff::Timestamp;
use roster::{RosterError, RunCounts, RunEnd, RunRecord, Store, Trigger};

use crate::report::Report;
use crate::request::{Mode, Outcome, Request, SyncError};
use crate::run::run as run_unkept;

/// Reads a district's source and publishes it. `progress` is told the people read so far.
///
/// What comes of it is kept, unless it was a dry run or there was nothing to read.
pub fn run(store: &Store, request: &Request<'_>, progress: &dyn Fn(u64)) -> Result<Outcome, SyncError> {
    let started = Timestamp::now();
    let mut outcome = run_unkept(store, request, progress);
    let Some(mut record) = record_of(request, &outcome) else { return outcome };
    record.took = u64::try_from(Timestamp::now().duration_since(started).as_millis()).unwrap_or_default();
    let kept = store.state().keep_run(&request.district.id, record);
    // No reason to call a roster unpublished; whoever reads the report is told.
    if let (Err(error), Ok(Outcome::Published(report, _) | Outcome::Refused(report))) = (kept, &mut outcome) {
        report.not_kept = Some(error.to_string());
    }
    outcome
}

/// What the sync counted that published last, of those that read their source whole.
pub(crate) fn last_published(store: &Store, district: &str) -> Result<Option<RunCounts>, RosterError> {
    let runs = store.state().runs(district)?;
    Ok(runs
        .into_iter()
        .filter(|run| run.end == RunEnd::Published)
        .find_map(|run| run.counts.filter(|counts| !counts.changes_only)))
}

fn record_of(request: &Request<'_>, outcome: &Result<Outcome, SyncError>) -> Option<RunRecord> {
    let trigger = match request.mode {
        Mode::Scheduled => Trigger::Schedule,
        Mode::Manual => Trigger::Manual,
        Mode::Forced => Trigger::Forced,
        Mode::DryRun => return None,
    };
    let record = RunRecord { began_at: request.now.as_second(), trigger, ..RunRecord::default() };
    let of_report = |end, report: &Report, more: Option<String>| {
        let objection = report.objection.as_ref();
        RunRecord {
            end,
            cause: objection.map(|cause| cause.name().to_owned()).unwrap_or_default(),
            why: objection.map(ToString::to_string).unwrap_or_default(),
            counts: Some(report.counts()),
            notes: report.notes().into_iter().chain(more).collect(),
            ..record.clone()
        }
    };
    match outcome {
        Ok(Outcome::Published(report, trouble)) => {
            let trouble = trouble.as_ref();
            let left = trouble.map(|error| format!("warning: the source could not be cleared away: {error}"));
            Some(of_report(RunEnd::Published, report, left))
        }
        Ok(Outcome::Refused(report)) => Some(of_report(RunEnd::Refused, report, None)),
        Err(SyncError::NoSource(_) | SyncError::Roster(RosterError::Locked { .. })) => None,
        Err(error) => {
            let end = match error {
                SyncError::Source(Refusal::BadData(_)) => RunEnd::Refused,
                _ => RunEnd::Failed,
            };
            let cause = if matches!(error, SyncError::Roster(_)) { "store" } else { "source" };
            Some(RunRecord { end, cause: cause.to_owned(), why: error.to_string(), ..record })
        }
        Ok(
            Outcome::DryRun(_)
            | Outcome::Growing
            | Outcome::NothingToDo
            | Outcome::NotCleared(_)
            | Outcome::Held
            | Outcome::StillHeld
            | Outcome::RefusedBefore,
        ) => None,
    }
}
