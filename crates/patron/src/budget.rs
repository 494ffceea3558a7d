//! How many guesses a student's card has.

use std::time::Duration;

/// The attempt budget of each canonical student: distinct wrong PINs, over two windows.
///
/// A day has its own cap because five tries in fifteen minutes alone are 480 a day, and a birth date has 365 values
/// where the school year is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Distinct wrong PINs in the window that lock.
    pub failures: u8,
    /// The sliding window.
    pub window: Duration,
    /// Distinct wrong PINs in 24 hours that lock.
    pub per_day: u8,
}

impl Budget {
    /// The most that `failures` and `per-day` can be: so many are kept for each student.
    pub const MOST: u8 = 10;
}

impl Default for Budget {
    fn default() -> Self {
        Self { failures: 5, window: Duration::from_secs(15 * 60), per_day: 10 }
    }
}
