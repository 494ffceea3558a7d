//! Syncs of a district whose inbox tests fill.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod deltas;
mod guarding;
mod library;
mod programmes;
mod publishing;
