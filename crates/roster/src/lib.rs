//! What we keep: the keyring, generations of rows in LMDB, and the state beside them.
//!
//! - [`key_file`] the file with the keys; [`keyring`] what is derived of them: row indexes, PIN verifiers, pseudonyms;
//!   [`seal`] rows closed so that none can be swapped, moved or replayed into another roster
//! - [`row`] one person as bytes; [`header`] what a generation says of itself
//! - [`generation`] one published roster, read: its rows in `block`s, and a `filter` of what it can hold; [`writer`] one
//!   being made
//! - [`records`] what it was made of, where its source can say what changed
//! - [`state`] which generation is served, lockouts, refused files; [`identity`] the key of internal ids, sealed there
//! - [`history`] what the last syncs of each district came to
//! - [`opt_outs`] who does not want to be served, or the last that was known of it
//! - [`usage`] who has used a card: counts, and sealed marks; [`period`] over which months
//! - [`live`] what is kept of logins at a directory
//! - [`store`] the data folder: its owner, its locks, what is open, what is left over

mod block;
pub mod error;
mod filter;
pub mod generation;
pub mod header;
pub mod history;
pub mod identity;
pub mod key_file;
pub mod keyring;
pub mod live;
mod mac;
pub mod opt_outs;
pub mod period;
mod prefetch;
pub mod records;
pub mod row;
pub mod seal;
pub mod state;
pub mod store;
pub mod usage;
pub mod writer;

pub use error::RosterError;
pub use generation::{Generation, GenerationId};
pub use header::{Header, SchoolEntry};
pub use history::{ChangeCounts, RunCounts, RunEnd, RunRecord, Trigger};
pub use identity::{IdentityKey, OptOutMark};
pub use keyring::{Key, KeyId, Keyring, Month, Pseudonym, PseudonymKey, RowIndex, Verifier};
pub use live::{ForwardRecord, OfflineVerifier};
pub use opt_outs::{OptOutTrouble, OptOuts};
pub use period::{Period, UseMonth};
pub use records::{Records, RecordsReader, RecordsWriter};
pub use row::{Row, StudentRow};
pub use state::{AttemptRecord, Published, PublishedGeneration, State};
pub use store::{DistrictLock, Store};
pub use usage::{Dimension, Mark, Tally, UsageKey, Use};
pub use writer::GenerationWriter;
