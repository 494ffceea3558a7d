//! What a sync of changes alone builds on: the published roster, with the records that it was made of.
//!
//! Where a server is asked for changes, it is asked from a cursor on that lies in the sealed header, so that cursor and
//! roster can never disagree: a rollback goes back with both, and is followed by a whole reading all the same. The cursor
//! is taken before the run, from the latest `dateLastModified` that the server itself has named, or from our clock where
//! that is earlier, less a day. Servers write the times of another clock, of another zone under the letter Z, or of the
//! evening before a nightly copy is shown; a day covers these, and what changed within it is read twice and costs nothing.

use std::sync::Arc;

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
    /// Behind the latest time that is known, in milliseconds.
    const MARGIN: i64 = 24 * 3600 * 1000;
    /// Deliveries that are remembered since the last whole one, where they stay in the inbox, and where they do not.
    const KEPT: usize = 1000;
    const CLEARED: usize = 50;

    /// The published roster of a district, or why nothing can be applied to it.
    pub fn of(store: &Store, request: &Request<'_>, source: &Source) -> Result<Result<Self, &'static str>, RosterError> {
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

    /// The same where a server may be asked for changes: it names times, and was read whole not too long ago.
    pub fn if_fresh(self, source: &Source, now: Timestamp) -> Result<Self, &'static str> {
        let age = now.as_second().saturating_sub(self.records.whole_at);
        if self.records.since.is_none() {
            return Err("the server gives no dateLastModified");
        }
        // A clock that was set back is no reason to go without.
        if !(0..source.full_every.as_secs().try_into().unwrap_or(i64::MAX)).contains(&age) {
            return Err("full-every has passed");
        }
        Ok(self)
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
        let latest = (reading.newest > 0).then(|| reading.newest.min(now.as_millisecond()) - Self::MARGIN);
        let before = base.map(|base| &base.records);
        let mut applied = before.map(|before| before.applied.clone()).unwrap_or_default();
        // A server's state is never met again.
        if source.kind.inbox().is_some() {
            applied.push(fingerprint.to_owned());
        }
        if source.after != After::Keep && applied.len() > Self::CLEARED {
            applied.remove(0);
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
