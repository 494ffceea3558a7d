//! How many cards each client may look up without a PIN: whoever may look up cards can find out which there are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// Counts look-ups by client; there are as many entries as clients that look up.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<String, Instant>>);

impl Pace {
    /// Takes one of the look-ups that a client has in a minute. `false`: it has none left now.
    ///
    /// Each takes its share of the minute; what was not used is there at once, up to a minute's worth.
    pub fn take(&self, client: &str, per_minute: u32, now: Instant) -> bool {
        let share = MINUTE / per_minute.max(1);
        let mut taken_until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = taken_until.get(client).copied().unwrap_or(now).max(now) + share;
        if until > now + MINUTE {
            return false;
        }
        match taken_until.get_mut(client) {
            Some(known) => *known = until,
            None => drop(taken_until.insert(client.to_owned(), until)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_has_so_many_in_a_minute_and_its_own() {
        let (pace, now) = (Pace::default(), Instant::now());
        let taken = |client: &str, now| (0..100).filter(|_| pace.take(client, 6, now)).count();
        assert_eq!(taken("reshare", now), 6);
        assert_eq!(taken("reshare", now + Duration::from_secs(9)), 0);
        assert_eq!(taken("reshare", now + Duration::from_secs(10)), 1);
        assert_eq!(taken("other", now), 6);
        assert_eq!(taken("reshare", now + Duration::from_secs(3600)), 6, "an hour's are not saved up");
    }
}
