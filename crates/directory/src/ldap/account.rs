//! Whether an account is enabled, as Active Directory writes it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The attribute whose bit 0x2 says that an account is disabled.
pub(super) const CONTROL: &str = "userAccountControl";

/// The attribute that says until when an account is good.
pub(super) const EXPIRES: &str = "accountExpires";

/// `ADS_UF_ACCOUNTDISABLE`.
const DISABLED: i64 = 0x2;

/// From 1601, where Windows begins to count, to 1970, in seconds.
const EPOCH: i64 = 11_644_473_600;
const DAY: i64 = 24 * 3600;

/// Reads [`CONTROL`]. Servers write it with a sign: the highest bit may be set.
pub(super) fn is_disabled(control: &str) -> Option<bool> {
    control.parse::<i64>().ok().map(|flags| flags & DISABLED != 0)
}

/// The filter of accounts that have ended by themselves, perhaps without a change: until the midnight after tomorrow, in
/// UTC, so that no zone misses one.
pub(super) fn ended_by(today: Date) -> String {
    let midnight =
        today.saturating_add(2.days()).to_zoned_datetime(TimeZone::UTC).map_or(0, |day| day.timestamp().as_second());
    format!("(&({EXPIRES}>=1)({EXPIRES}<={}))", (midnight + EPOCH) * 10_000_000)
}

/// Reads [`EXPIRES`], in 100 ns since 1601: whether the account has ended on that day, in the library's zone.
///
/// Administrators end accounts by the day, so that the moment is a midnight of the district's zone, less than 12 hours
/// from the one that begins the same day in UTC. The nearest is taken.
pub(super) fn has_expired(expires: &str, today: Date) -> Option<bool> {
    let ticks: i64 = expires.parse().ok().filter(|ticks| *ticks >= 0)?;
    // Both mean never.
    if ticks == 0 || ticks == i64::MAX {
        return Some(false);
    }
    let midnight = (ticks / 10_000_000 - EPOCH + DAY / 2).div_euclid(DAY) * DAY;
    // A moment beyond the calendar has not come either.
    let day = Timestamp::from_second(midnight).ok().map(|midnight| TimeZone::UTC.to_datetime(midnight).date());
    Some(day.is_some_and(|day| day <= today))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn one_bit_of_many_disables() {
        for (control, disabled) in
            [("512", false), ("514", true), ("66048", false), ("66050", true), ("-2147483646", true)]
        {
            assert_eq!(is_disabled(control), Some(disabled), "{control}");
        }
        assert_eq!((is_disabled(""), is_disabled("TRUE")), (None, None));
    }

    #[test]
    fn an_account_ends_with_the_midnight_that_was_set() {
        let today = date(2026, 11, 26);
        let at = |text: &str| {
            let moment: Timestamp = text.parse().unwrap();
            has_expired(&((moment.as_second() + EPOCH) * 10_000_000).to_string(), today).unwrap()
        };
        // The same midnight in New York, Berlin and UTC.
        for midnight in ["2026-11-26T05:00:00Z", "2026-11-25T23:00:00Z", "2026-11-26T00:00:00Z"] {
            assert!(at(midnight), "{midnight}");
        }
        for midnight in ["2026-11-27T05:00:00Z", "2026-11-26T23:00:00Z", "2026-11-27T00:00:00Z"] {
            assert!(!at(midnight), "{midnight}");
        }
    }

    #[test]
    fn never_is_written_in_two_ways() {
        let today = date(2026, 11, 26);
        for never in ["0", "9223372036854775807", "9223372036854775806"] {
            assert_eq!(has_expired(never, today), Some(false), "{never}");
        }
        assert_eq!(has_expired("1", today), Some(true));
        assert_eq!((has_expired("", today), has_expired("-1", today)), (None, None));
    }
}
