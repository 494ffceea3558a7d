//! Whether a date and time in an answer is that of now.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How far the clocks of two systems may be apart, in seconds.
const CLOCKS: i64 = 120;
/// The zones of the world are a quarter of an hour apart,
const QUARTER: i64 = 15 * 60;
/// and at most 14 hours from UTC.
const FARTHEST: i64 = 14 * 60 * 60;

/// What comes after `YYYYMMDD    HHMMSS`, if that is now in some zone: the library's is not known here.
pub fn after_local(answer: &[u8], now: Timestamp) -> Option<&[u8]> {
    let (apart, after) = read(answer, b"    ", now)?;
    let is_now = (apart + CLOCKS).rem_euclid(QUARTER) <= 2 * CLOCKS && apart.abs() <= FARTHEST + CLOCKS;
    is_now.then_some(after)
}

/// What comes after `YYYYMMDD   ZHHMMSS`, if that is now.
pub fn after_utc(answer: &[u8], now: Timestamp) -> Option<&[u8]> {
    let (apart, after) = read(answer, b"   Z", now)?;
    (apart.abs() <= CLOCKS).then_some(after)
}

/// How many seconds a date in this zone is ahead of now in UTC, and what comes after it.
fn read<'a>(answer: &'a [u8], zone: &[u8], now: Timestamp) -> Option<(i64, &'a [u8])> {
    let (day, rest) = answer.split_at_checked(8)?;
    let (time, after) = rest.strip_prefix(zone)?.split_at_checked(6)?;
    let digits = String::from_utf8([day, time].concat()).ok()?;
    let date = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    Some((TimeZone::UTC.to_timestamp(date).ok()?.as_second() - now.as_second(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_local_time_is_within_two_minutes_of_now_in_any_zone() {
        for now in ["20261125    120000", "20261125    070159", "20261126    015800", "20261125    174500"] {
            assert_eq!(after_local(format!("{now}AO").as_bytes(), noon()), Some(&b"AO"[..]), "{now}");
        }
        for other in [
            "20261125    120300",
            "20261124    120000",
            "20261126    120000",
            "20261125   Z120000",
            "20261125    12000 ",
        ] {
            assert_eq!(after_local(other.as_bytes(), noon()), None, "{other}");
        }
    }

    #[test]
    fn a_time_in_utc_is_within_two_minutes_of_now() {
        assert_eq!(after_utc(b"20261125   Z115800", noon()), Some(&[][..]));
        for other in ["20261125   Z115759", "20261125   Z070000", "20261125    120000", "2026"] {
            assert_eq!(after_utc(other.as_bytes(), noon()), None, "{other}");
        }
    }
}
