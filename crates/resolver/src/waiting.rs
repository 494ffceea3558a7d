//! A bound on those who wait for the same thing.

use std::sync::atomic::{AtomicUsize, Ordering};

/// One who waits, counted for as long as this lives.
pub(crate) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// Joins those who wait; `None`: there are so many already.
    pub(crate) fn join(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::AcqRel);
        let joined = Self(waiting);
        (before < most).then_some(joined)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
