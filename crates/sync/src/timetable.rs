//! When a district is due, as arithmetic: what time it is now is the caller's to say.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use site::{Due, Schedule};

/// The times of one district: its schedule, the zone that its times of day are in, and what tells it from others.
pub struct Timetable<'a> {
    schedule: &'a Schedule,
    zone: &'a TimeZone,
    /// By so much it is later than its schedule says.
    shift: SignedDuration,
}

impl<'a> Timetable<'a> {
    /// The times of the district whose name this is; another name is shifted by something else.
    pub fn new(schedule: &'a Schedule, zone: &'a TimeZone, district: &str) -> Self {
        let share = spread(district);
        let millis = u64::try_from(schedule.jitter.as_millis()).unwrap_or(u64::MAX);
        let shift = u64::try_from((u128::from(millis) * u128::from(share)) >> 32).unwrap_or_default();
        // In whole seconds, as it is kept when a sync began: one that began then is never due once more by its fraction.
        let shift = match schedule.due {
            Due::At(_) => Duration::from_secs(shift / 1000),
            Due::Every(_) => Duration::from_millis(shift),
        };
        Self { schedule, zone, shift: signed(shift) }
    }

    /// When it is due after a start, where its last sync began then: what was missed is due now.
    pub fn first(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let due = match (last, &self.schedule.due) {
            (Some(last), Due::Every(every)) => later(last, signed(*every)),
            (Some(last), Due::At(_)) => self.next_at(last),
            (None, Due::Every(_)) => later(now, self.shift),
            (None, Due::At(_)) => now,
        };
        self.not_before(due, now)
    }

    /// When it is due again, where the sync that begins now was due then.
    pub fn next(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        let next = match &self.schedule.due {
            // From when it was due, so that districts stay apart; unless it waited so long that it would be due at once.
            Due::Every(every) => Some(later(due, signed(*every))).filter(|next| *next > now),
            Due::At(_) => Some(self.next_at(now)),
        };
        let next = next.unwrap_or_else(|| match &self.schedule.due {
            Due::Every(every) => later(now, signed(*every)),
            Due::At(_) => now,
        });
        self.not_before(next, now)
    }

    /// The first moment from `due` or now on in which it is not quiet.
    pub fn not_before(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        let due = due.max(now);
        if !self.is_quiet(due) {
            return due;
        }
        // Minute by minute, so that it is right whatever the clocks do; no quiet lasts for two days.
        let minute = SignedDuration::from_mins(1);
        let whole = due.as_second().div_euclid(60) * 60;
        let mut end = Timestamp::from_second(whole).unwrap_or(due);
        for _ in 0..2 * 24 * 60 {
            end = later(end, minute);
            if !self.is_quiet(end) {
                break;
            }
        }
        let shifted = later(end, self.shift);
        // All would begin in the minute in which the quiet ends.
        if self.is_quiet(shifted) { end } else { shifted }
    }

    /// Whether no sync may begin at a moment.
    pub fn is_quiet(&self, at: Timestamp) -> bool {
        self.schedule.is_quiet(self.zone.to_datetime(at).time())
    }

    /// The first of the times of day, with the shift, after a moment. A time that a day has twice counts once, and one that
    /// it has not is an hour later.
    fn next_at(&self, after: Timestamp) -> Timestamp {
        let Due::At(times) = &self.schedule.due else { return after };
        let today = self.zone.to_datetime(after).date();
        let days = (-1..=2).filter_map(|days| today.checked_add(days.days()).ok());
        let moments = days.flat_map(|day| times.iter().filter_map(move |time| self.moment(day.to_datetime(*time))));
        moments.filter(|moment| *moment > after).min().unwrap_or_else(|| later(after, SignedDuration::from_hours(24)))
    }

    fn moment(&self, local: jiff::civil::DateTime) -> Option<Timestamp> {
        let moment = self.zone.to_timestamp(local).ok()?;
        let shifted = later(moment, self.shift);
        // A shift must not carry it into hours that are quiet from then on.
        Some(if self.is_quiet(shifted) { moment } else { shifted })
    }
}

/// A share of 2^32 that is as good as random and always the same for a name (FNV-1a, stirred as SplitMix64 does).
fn spread(name: &str) -> u32 {
    let mut hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((hash ^ (hash >> 31)) >> 32).unwrap_or_default()
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests;
