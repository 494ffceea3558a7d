//! Whether a directory is asked at all. Pure: what came of each question goes in.

/// So many failures one after the other, and it is not asked any more.
const FAILURES: u8 = 3;

/// Counts failures of one directory; open: it is not asked until somebody saw it answer.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u8,
    open: bool,
}

impl Breaker {
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// It answered.
    pub(crate) const fn succeed(&mut self) {
        self.failures = 0;
        self.open = false;
    }

    /// It did not. Returns whether that opened the breaker.
    pub(crate) const fn fail(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = !self.open && self.failures >= FAILURES;
        self.open |= opens;
        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_open_it_and_an_answer_between_them_counts_anew() {
        let mut breaker = Breaker::default();
        assert!(!breaker.fail() && !breaker.fail());
        breaker.succeed();
        assert!(!breaker.fail() && !breaker.fail());
        assert!(!breaker.is_open());
        assert!(breaker.fail(), "the third");
        assert!(breaker.is_open());
        assert!(!breaker.fail(), "it was open before");
        breaker.succeed();
        assert!(!breaker.is_open());
    }
}
