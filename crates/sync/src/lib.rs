//! From a source to a published generation.
//!
//! [`run()`] is the whole way, and keeps its report ([`history`]): the source is read as a stream by the connector of its kind (`source`), each person becomes a row with verifiers and the birth
//! date is forgotten ([`mod@derive`]), rows are sorted in sealed runs on disk ([`runs`]), merged so that one ID is one row
//! ([`merge`]), counted, compared with what is published ([`change`], [`guard`]), and only then published. Who vanished may be
//! held for a while ([`hold`]). Where a source says what changed, the stream of people is made of that and of the records
//! that the published roster keeps ([`delta`], `base`, `kept`). [`report`] is what the sysadmin reads of it, with what the configuration names and the
//! roster does not know ([`cross_check`]). [`timetable`] says when a district is due, and [`resting`] keeps a schedule from a delivery that still grows.

mod base;
pub mod change;
mod counted;
pub mod cross_check;
pub mod delta;
pub mod derive;
mod derived;
pub mod guard;
pub mod history;
pub mod hold;
mod kept;
pub mod losses;
pub mod merge;
pub mod report;
pub mod request;
pub mod resting;
pub mod run;
pub mod runs;
mod source;
pub mod timetable;

pub use delta::DeltaCounts;
pub use guard::{Cause, SchoolLoss};
pub use history::run;
pub use report::Report;
pub use request::{Mode, Outcome, Request, SyncError};
pub use resting::Looks;
pub use source::ldap::live_settings;
pub use timetable::Timetable;
