//! One request to one verdict: card, row, guard, PIN, eligibility.
//!
//! Nothing here waits: rosters are memory maps, and the guard is a table. Time comes in as a [`Moment`].
//!
//! - [`query`] what is asked, by which client's rules; [`rosters`] what it is answered from, district
//!   by district (`served`), and who has opted out ([`opted_out`])
//! - [`guard`] the attempt budgets, with [`attempts`] of one card; `place` where a card leads, `lookup` what stands there;
//!   [`resolve`] the way from one to the other
//! - [`live`] PINs that only the directory knows: a login that somebody else waits for
//! - [`explain`] the same way, told station by station
//! - [`slow`] PINs whose check takes long; `waiting` a bound on those who wait
//! - [`usage`] what of an admitted request is counted; [`release`] what of an admitted student that client sees

pub mod attempts;
pub mod explain;
pub mod guard;
pub mod live;
mod lookup;
pub mod opted_out;
mod place;
pub mod query;
pub mod release;
pub mod resolve;
pub mod rosters;
mod served;
mod shard;
pub mod slow;
pub mod usage;
mod waiting;

pub use attempts::Standing;
pub use explain::Step;
pub use guard::Guard;
pub use live::{Heard, Hearing, LiveDirectory, LiveLine, LiveRules, Login};
pub use query::{ClientKind, ClientRules, Moment, PinPolicy, Query};
pub use resolve::{Answer, Resolved, Resolver};
pub use rosters::{District, Rosters, Unserved};
pub use usage::Used;
