//! What time it is, worked out once a second: a date in a zone costs more than the rest of a reply.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use resolver::Moment;
use roster::{KeyId, Keyring, Month, PseudonymKey, RosterError};

/// One second, as requests need it.
pub struct Tick {
    /// For the resolver.
    pub moment: Moment,
    /// In the library's zone, for the wire.
    pub local: DateTime,
    /// In UTC, for the clients that want that.
    pub zulu: DateTime,
    /// `2026-11-23T16:54:25Z`, for log lines.
    pub utc: String,
    /// The key of this month's pseudonyms.
    pub pseudonyms: Arc<PseudonymKey>,
    month: Month,
    key: KeyId,
}

/// The daemon's clock.
pub struct Clock {
    tick: ArcSwap<Tick>,
}

impl Clock {
    /// A clock in the library's zone.
    pub fn new(keyring: &Keyring, zone: &TimeZone) -> Result<Self, RosterError> {
        let now = Timestamp::now();
        let month = Month::of(now);
        let pseudonyms = Arc::new(keyring.current().pseudonym_key(month)?);
        let tick = ArcSwap::from_pointee(Tick::at(now, zone, (month, keyring.current().id()), pseudonyms));
        Ok(Self { tick })
    }

    /// Moves on to now; called each second.
    pub fn advance(&self, keyring: &Keyring, zone: &TimeZone) -> Result<(), RosterError> {
        let now = Timestamp::now();
        let month = Month::of(now);
        let last = self.tick.load();
        let key = keyring.current().id();
        let pseudonyms = if (month, key) == (last.month, last.key) {
            Arc::clone(&last.pseudonyms)
        } else {
            Arc::new(keyring.current().pseudonym_key(month)?)
        };
        self.tick.store(Arc::new(Tick::at(now, zone, (month, key), pseudonyms)));
        Ok(())
    }

    /// This second.
    pub fn now(&self) -> arc_swap::Guard<Arc<Tick>> {
        self.tick.load()
    }
}

impl Tick {
    fn at(now: Timestamp, zone: &TimeZone, (month, key): (Month, KeyId), pseudonyms: Arc<PseudonymKey>) -> Self {
        let local = zone.to_datetime(now);
        Self {
            moment: Moment { seconds: u32::try_from(now.as_second()).unwrap_or_default(), today: local.date() },
            local,
            zulu: TimeZone::UTC.to_datetime(now),
            utc: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            pseudonyms,
            month,
            key,
        }
    }
}
