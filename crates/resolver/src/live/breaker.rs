//! Whether a directory is asked at all. Pure: what came of each question goes in.

/// So many failures one after the other, and it is not asked any more.
const FAILURES: u8 = 3;

/// Counts failures of one directory; open: it is not asked until somebody saw it answer.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u8,
    open: bool,
    /// Whose question failed last. Some directories never say a clear word of some one account, and it may ask again and
    /// again: that is no reason not to ask for the others.
    last: Option<u64>,
}

impl Breaker {
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// It answered.
    pub(crate) const fn succeed(&mut self) {
        *self = Self { failures: 0, open: false, last: None };
    }

    /// It did not, to a question about `whom`. Returns whether that opened the breaker.
    pub(crate) fn fail(&mut self, whom: u64) -> bool {
        if self.last.replace(whom) != Some(whom) {
            self.failures = self.failures.saturating_add(1);
        }
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
        assert!(!breaker.fail(1) && !breaker.fail(2));
        breaker.succeed();
        assert!(!breaker.fail(1) && !breaker.fail(2));
        assert!(!breaker.is_open());
        assert!(breaker.fail(1), "the third");
        assert!(breaker.is_open());
        assert!(!breaker.fail(2), "it was open before");
        breaker.succeed();
        assert!(!breaker.is_open());
    }

    #[test]
    fn one_account_of_which_nothing_is_said_does_not_open_it() {
        let mut breaker = Breaker::default();
        assert!((0..100).all(|_| !breaker.fail(1)));
        assert!(!breaker.fail(2) && breaker.fail(1));
    }
}
