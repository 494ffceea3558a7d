//! Questions to published rosters, and their verdicts.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod away;
mod hashed;
mod library;
mod live;
mod programmes;
mod town;
mod way;
