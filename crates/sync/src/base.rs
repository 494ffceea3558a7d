//! What a sync of changes alone builds on: the published roster, with the records that it was made of.
//!
//! Where a server is asked for changes, it is asked from a cursor on that lies in the sealed header, so that cursor and
//! roster can never disagree: a rollback goes back with both, and is followed by a whole reading all the same. The cursor
//! is taken before the run, from the latest `dateLastModified` that the server itself has named, or from our clock where
//! that is earlier, less a day. Servers write the times of another clock, of another zone under the letter Z, or of the
//! evening before a nightly copy is shown; a day covers these, and what changed within it is read twice and costs nothing.

use std::sync::Arc;
use std::time::Duration;

use directory::{Before, Reading, School};
use jiff::Timestamp;
use roster::{Generation, Records, RosterError, Store};
use site::{After, Source};

use crate::request::Request;

/// A published roster that changes can be applied to.
pub(crate) struct Base {
    pub generation: Arc<Generation>,
    records: Records,
}

impl Base {
    pub const UNREADABLE: &str = "the records of the last roster cannot be read";
    /// Deliveries that are remembered since the last whole one, where they stay in the inbox, and where they do not.
    const KEPT: usize = 1000;
    const CLEARED: usize = 50;

    /// The published roster of a district, or why nothing can be applied to it.
    pub fn of(
        store: &Store,
        request: &Request<'_>,
        source: &Source,
    ) -> Result<Result<Self, &'static str>, RosterError> {
        let district = request.district;
        let (true, Some(of)) = (source.delta, source.kind.delta_source()) else { return Ok(Err("delta is not set")) };
        let Some(published) = store.state().published(&district.id)? else {
            return Ok(Err("there is no roster yet"));
        };
        if published.held || published.generations.first().is_none_or(|newest| newest.id != published.serving) {
            return Ok(Err("an earlier roster is served, after a rollback"));
        }
        let Ok(Some(generation)) = store.serving(&district.id) else {
            return Ok(Err("the last roster cannot be read"));
        };
        let header = generation.header();
        let Some(records) = header.records.clone() else {
            return Ok(Err("the last roster was made without delta = true"));
        };
        if records.applied.len() >= Self::KEPT {
            return Ok(Err("a thousand of them lie there since the last bulk"));
        }
        let same_rules = generation.key() == store.keyring().current().id()
            && header.card_rules().is_some_and(|cards| cards == district.cards)
            && header.pin_rules().is_some_and(|pins| pins == district.pins)
            && header.expiry == district.expiry.version();
        Ok(if !same_rules {
            Err("a rule or the key has changed since the last roster")
        } else if header.stored() != request.stored {
            Err("what may be shown to clients has changed since the last roster")
        } else if records.source != of {
            Err("the last roster is of another source")
        } else {
            Ok(Self { generation, records })
        })
    }

    /// The fingerprints of the deliveries that it is made of.
    pub fn applied(&self) -> &[String] {
        &self.records.applied
    }

    /// The same of a roster that nothing can be applied to, where it is not to be made again of them: deltas came after the
    /// whole one, which alone would bring back those who left. Without any that one may be read again.
    pub fn spent(store: &Store, request: &Request<'_>, source: &Source) -> Vec<String> {
        let serving = store.serving(&request.district.id).ok().flatten();
        let records = serving.and_then(|generation| generation.header().records.clone());
        let of = source.kind.delta_source();
        let applied = records.filter(|records| Some(&records.source) == of.as_ref()).map(|records| records.applied);
        applied.filter(|applied| source.delta && applied.len() > 1).unwrap_or_default()
    }

    /// The same where a server may be asked for changes: it names times, and was read whole not too long ago.
    pub fn if_fresh(self, source: &Source, now: Timestamp) -> Result<Self, &'static str> {
        stale(&self.records, source.full_every, now).map_or(Ok(self), Err)
    }

    /// What the source is told of it.
    pub fn before(&self) -> Before {
        let schools = self.generation.header().schools.iter().map(|school| School {
            source_id: school.source_id.clone(),
            name: school.name.clone(),
            identifier: school.identifier.clone(),
        });
        Before {
            schools: schools.collect(),
            others: self.records.others.clone(),
            since: self.records.since.unwrap_or_default(),
        }
    }

    /// What the header of the next roster says of its records; `base` is what that is made on, where it is.
    pub fn header(
        kept: Records,
        source: &Source,
        base: Option<&Self>,
        reading: &Reading,
        fingerprint: &str,
        now: Timestamp,
    ) -> Option<Records> {
        let latest = cursor(reading.newest, now);
        let before = base.map(|base| &base.records);
        let mut applied = before.map(|before| before.applied.clone()).unwrap_or_default();
        // A server's state is never met again.
        if source.kind.inbox().is_some() {
            applied.push(fingerprint.to_owned());
        }
        if source.after != After::Keep && applied.len() > Self::CLEARED {
            // The first is the whole one, which ends all that are older, and is never one of those that are forgotten.
            applied.remove(1);
        }
        Some(Records {
            source: source.kind.delta_source()?,
            whole_at: before.map_or(now.as_second(), |before| before.whole_at),
            since: before.and_then(|before| before.since).max(latest),
            applied,
            others: reading.others.clone(),
            ..kept
        })
    }
}

/// Why a server is not asked for changes to these records: it names no times, or was last read whole too long ago.
fn stale(records: &Records, full_every: Duration, now: Timestamp) -> Option<&'static str> {
    if records.since.is_none() {
        return Some("the source does not say when anything changed");
    }
    let age = now.as_second().saturating_sub(records.whole_at);
    // Where our clock was set back, nobody knows how old it is.
    let is_fresh = u64::try_from(age).is_ok_and(|age| age < full_every.as_secs());
    (!is_fresh).then_some("full-every has passed")
}

/// From when on the next changes are asked for, in milliseconds since 1970; `None`: no time was named.
fn cursor(newest: i64, now: Timestamp) -> Option<i64> {
    /// Behind the latest time that is known, in milliseconds.
    const MARGIN: i64 = 24 * 3600 * 1000;
    (newest > 0).then(|| newest.min(now.as_millisecond()) - MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    #[test]
    fn the_cursor_lies_a_day_before_the_servers_latest_time_or_our_clock() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let at = |hours: i64| (1_795_000_000 + hours * HOUR) * 1000;
        // A quiet summer: nothing has changed for weeks.
        assert_eq!(cursor(at(-1000), now), Some(at(-1024)));
        // A server that is ahead, or writes a date of the next century.
        assert_eq!(cursor(at(5), now), Some(at(-24)));
        assert_eq!(cursor(i64::MAX, now), Some(at(-24)));
        assert_eq!(cursor(0, now), None);
    }

    #[test]
    fn a_server_is_pulled_whole_once_full_every_has_passed_and_where_it_gives_no_times() {
        let records = Records { whole_at: 1_795_000_000, since: Some(1), ..Records::default() };
        let week = Duration::from_secs(7 * 24 * 3600);
        let after = |hours: i64, records: &Records| {
            stale(records, week, Timestamp::from_second(1_795_000_000 + hours * HOUR).unwrap())
        };
        assert_eq!((after(0, &records), after(167, &records)), (None, None));
        assert_eq!(after(168, &records), Some("full-every has passed"));
        assert_eq!(after(-1, &records), Some("full-every has passed"), "our clock was set back");
        assert!(after(1, &Records { since: None, ..records }).is_some());
    }
}
