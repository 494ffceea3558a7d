//! What is asked of a sync, and what it came to.

use directory::Refusal;
use jiff::Timestamp;
use jiff::civil::Date;
use patron::Release;
use roster::RosterError;
use site::District;

use crate::report::Report;
use crate::resting::Looks;

/// Who asks for the sync, and how far it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The schedule: reads nothing twice, publishes nothing over a rollback.
    Scheduled,
    /// A person: reads again what was refused, lifts a rollback's hold.
    Manual,
    /// A person who overrules the guard.
    Forced,
    /// A person who only wants the report.
    DryRun,
}

/// One district's sync.
pub struct Request<'a> {
    /// The district.
    pub district: &'a District,
    /// What must be stored so that its clients can be shown it.
    pub stored: Release,
    /// Who asks.
    pub mode: Mode,
    /// Now.
    pub now: Timestamp,
    /// Today in the library's zone.
    pub today: Date,
    /// What earlier scheduled looks saw.
    pub looks: &'a Looks,
}

/// What a sync came to.
#[derive(Debug)]
pub enum Outcome {
    /// A new generation is served. The second field: what went wrong when the source was cleared away afterwards.
    Published(Report, Option<Refusal>),
    /// `--dry-run`: it would have been published, but for the objection in the report.
    DryRun(Report),
    /// The guard objected; the last good roster serves on.
    Refused(Report),
    /// The files in the inbox changed just now: they may still be uploaded, and are left for a later scheduled look.
    Growing,
    /// Nothing new in the inbox.
    NothingToDo,
    /// Nothing new in the inbox, but what was published before, and still cannot be cleared away.
    NotCleared(Refusal),
    /// A rollback holds scheduled syncs until a manual one.
    Held,
    /// Nothing new in the inbox for a manual one, and so a rollback still holds.
    StillHeld,
    /// The same file was refused before; it is not read again until it, the rules or the roster change.
    RefusedBefore,
}

/// Why a sync did not run through.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The source was not taken.
    #[error(transparent)]
    Source(#[from] Refusal),
    /// What we keep could not be read or written.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The district has no `[source]`.
    #[error("district {0} has no [source]; add one to its file")]
    NoSource(String),
    /// The inbox is empty and there is no roster to serve.
    #[error("{path}: empty, and district {district} has no roster yet; the district must deliver a bundle")]
    EmptyInbox {
        /// The district's id.
        district: String,
        /// The inbox.
        path: String,
    },
}
