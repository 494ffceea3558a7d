//! From a source to a published generation.
//!
//! [`run()`] is the whole way, and keeps its report ([`kept`]): the source is read as a stream by the connector of its kind (`source`), each person becomes a row with verifiers and the birth
//! date is forgotten ([`mod@derive`]), rows are sorted in sealed runs on disk ([`runs`]), merged so that one ID is one row
//! ([`merge`]), counted, compared with what is published ([`change`], [`guard`]), and only then published. Who vanished may be
//! held for a while ([`hold`]). [`report`] is what the sysadmin reads of it, with what the configuration names and the
//! roster does not know ([`cross_check`]). [`timetable`] says when a district is due, and [`resting`] keeps a schedule from a delivery that still grows.

pub mod change;
mod counted;
pub mod cross_check;
pub mod derive;
pub mod guard;
pub mod hold;
pub mod kept;
pub mod losses;
pub mod merge;
pub mod report;
pub mod resting;
pub mod run;
pub mod runs;
mod source;
pub mod timetable;

pub use guard::{Cause, SchoolLoss};
pub use kept::run;
pub use report::Report;
pub use resting::Looks;
pub use run::{Mode, Outcome, Request, SyncError};
pub use source::ldap::live_settings;
pub use timetable::Timetable;
