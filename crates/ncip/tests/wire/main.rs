//! Messages in, answers out.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]
#![expect(clippy::print_stdout, reason = "a test says what it skips")]

mod properties;
mod quirks;
mod samples;
mod support;
