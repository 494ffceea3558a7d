//! Whether a delivery has come to rest: files that are still being uploaded grow.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use directory::Look;
use jiff::Timestamp;

/// What scheduled looks saw, by district. It is kept in memory: after a restart the files' own times have to do.
#[derive(Debug, Default)]
pub struct Looks(Mutex<HashMap<String, Seen>>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    look: Look,
    /// Since when it has been like this, in seconds.
    since: i64,
}

impl Looks {
    /// Whether a delivery has not changed for so long. One that changed between two looks counts from the second of them,
    /// and so does one whose time of change lies ahead of our clock.
    pub fn rests(&self, district: &str, look: Look, settle: Duration, now: Timestamp) -> bool {
        let now = now.as_second();
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match looks.get(district) {
            Some(seen) if seen.look == look => seen.since,
            None if look.changed <= now => look.changed,
            _ => now,
        };
        looks.insert(district.to_owned(), Seen { look, since });
        // Times of files are whole seconds here: a second more, so that none is cut short.
        settle.is_zero() || u64::try_from(now.saturating_sub(since)).is_ok_and(|age| age > settle.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(10);

    fn rests(looks: &Looks, changed: i64, bytes: u64, now: i64) -> bool {
        looks.rests("cms", Look { changed, bytes }, SETTLE, Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn a_file_that_changed_just_now_does_not_rest_and_does_later() {
        let looks = Looks::default();
        assert!(!rests(&looks, 1000, 5, 1001));
        assert!(!rests(&looks, 1000, 5, 1010));
        assert!(rests(&looks, 1000, 5, 1011));
    }

    #[test]
    fn a_file_that_has_rested_is_taken_at_first_sight() {
        assert!(rests(&Looks::default(), 1000, 5, 5000));
        assert!(Looks::default().rests("cms", Look { changed: 1000, bytes: 5 }, Duration::ZERO, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn a_file_that_grew_between_two_looks_does_not_rest_whatever_its_time_says() {
        // A file server's clock is an hour behind.
        let looks = Looks::default();
        rests(&looks, 1000, 5, 4600);
        assert!(!rests(&looks, 1005, 6, 4605));
        assert!(!rests(&looks, 1005, 6, 4615));
        assert!(rests(&looks, 1005, 6, 4616));
    }

    #[test]
    fn a_file_from_the_future_rests_once_it_was_seen_for_long_enough() {
        let looks = Looks::default();
        assert!(!rests(&looks, 9000, 5, 1000));
        assert!(rests(&looks, 9000, 5, 1011));
    }

    #[test]
    fn districts_are_looked_at_apart() {
        let looks = Looks::default();
        rests(&looks, 1000, 5, 5000);
        assert!(looks.rests("other", Look { changed: 1000, bytes: 6 }, SETTLE, Timestamp::from_second(5000).unwrap()));
    }
}
