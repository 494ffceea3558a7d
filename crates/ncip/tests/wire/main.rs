//! Messages in, answers out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail loudly, and says what it skips"
)]

mod properties;
mod quirks;
mod samples;
mod support;
