//! What changed since an earlier pull, by the time of its last change that every entry carries.
//!
//! Two searches say it: who changed and is one of ours, and what changed and is none, for an entry that left the filter
//! may have been one. Who was deleted, or moved out of the base, shows in neither: a plain account may not read what a
//! directory keeps of these. Nor does who was taken out of a group: that changes the group (`memberOf` is worked out). They
//! are gone with the next whole pull. What a directory says is how things stand now,
//! never how they were: no answer is older than another, whichever of several servers gave it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::account;
use super::entry::{Entry, GUID};

/// What identifies an entry where it has no [`GUID`] (RFC 4530).
const UUID: &str = "entryUUID";

/// The attributes that a later question for changes builds on.
pub(super) const STAMPS: [&str; 4] = [GUID, UUID, Stamp::WhenChanged.attribute(), Stamp::ModifyTimestamp.attribute()];
/// Those that only say which entry it is.
pub(super) const KEYS: [&str; 2] = [GUID, UUID];

/// Where an entry says when it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Active Directory's own, of the server that is asked. It has the other too, and cannot search by it.
    WhenChanged,
    /// Everybody's (RFC 4512, 3.4).
    ModifyTimestamp,
}

impl Stamp {
    const fn attribute(self) -> &'static str {
        match self {
            Self::WhenChanged => "whenChanged",
            Self::ModifyTimestamp => "modifyTimestamp",
        }
    }

    /// The filters of those who changed since, in milliseconds since 1970: of the people, and of everything else.
    pub fn filters(self, people: &str, since: i64, today: Date) -> Option<[String; 2]> {
        let format = match self {
            Self::WhenChanged => "%Y%m%d%H%M%S.0Z",
            Self::ModifyTimestamp => "%Y%m%d%H%M%SZ",
        };
        let since = Timestamp::from_millisecond(since).ok()?.strftime(format);
        let since = format!("({}>={since})", self.attribute());
        // ldap3 takes a filter without its outermost brackets too.
        let people = if people.starts_with('(') { people.to_owned() } else { format!("({people})") };
        let ours = match self {
            // Those too whose account has ended by itself, without a change.
            Self::WhenChanged => format!("(|{since}{})", account::ended_by(today)),
            Self::ModifyTimestamp => since.clone(),
        };
        Some([format!("(&{people}{ours})"), format!("(&(!{people}){since})")])
    }
}

/// What an entry is called for as long as it exists; its name only where it has nothing better.
pub(super) fn key(entry: &Entry) -> String {
    let otherwise = || String::from_utf8_lossy(entry.values(UUID).first().unwrap_or(&entry.dn)).into_owned();
    entry.guid().unwrap_or_else(otherwise)
}

/// When an entry last changed, in milliseconds since 1970; 0: it does not say.
pub(super) fn modified(entry: &Entry) -> i64 {
    let stamps = [Stamp::WhenChanged, Stamp::ModifyTimestamp].into_iter();
    stamps.filter_map(|stamp| time(entry.values(stamp.attribute()).first()?)).next().unwrap_or_default()
}

/// GeneralizedTime in UTC (RFC 4517, 3.3.13), without its fraction.
fn time(written: &[u8]) -> Option<i64> {
    let (seconds, rest) = str::from_utf8(written).ok()?.split_at_checked(14)?;
    let is_utc = rest.strip_suffix('Z').is_some_and(|fraction| {
        fraction
            .strip_prefix(['.', ','])
            .map_or(fraction.is_empty(), |digits| digits.bytes().all(|b| b.is_ascii_digit()))
    });
    let time = DateTime::strptime("%Y%m%d%H%M%S", seconds).ok().filter(|_| is_utc)?;
    TimeZone::UTC.to_timestamp(time).ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_time_is_read_as_directories_write_it_and_anything_else_is_none() {
        for text in ["20261126172027.0Z", "20261126172027Z", "20261126172027.123456Z"] {
            assert_eq!(time(text.as_bytes()), Some(1_795_713_627_000), "{text}");
        }
        for text in ["", "20261126172027", "20261126172027+0100", "2026112617Z", "20261326172027Z", "20261126172027.xZ"]
        {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn who_changed_is_asked_for_and_what_left_the_filter_too() {
        let (since, today) = (1_795_713_627_999, date(2026, 11, 26));
        assert_eq!(
            Stamp::ModifyTimestamp.filters("objectClass=person", since, today).unwrap(),
            [
                "(&(objectClass=person)(modifyTimestamp>=20261126172027Z))",
                "(&(!(objectClass=person))(modifyTimestamp>=20261126172027Z))"
            ]
        );
        let people = "(&(objectCategory=person)(objectClass=user))";
        let [people, others] = Stamp::WhenChanged.filters(people, since, today).unwrap();
        // Active Directory's time of the midnight after tomorrow's.
        let ended = "(&(accountExpires>=1)(accountExpires<=134402976000000000))";
        let ours = format!("(|(whenChanged>=20261126172027.0Z){ended})");
        assert_eq!(people, format!("(&(&(objectCategory=person)(objectClass=user)){ours})"));
        assert_eq!(others, "(&(!(&(objectCategory=person)(objectClass=user)))(whenChanged>=20261126172027.0Z))");
    }

    #[test]
    fn an_entry_keeps_its_key_when_its_name_changes() {
        let entry = |dn: &str, attributes: &[(&str, &[&[u8]])]| key(&Entry::from((dn, attributes)));
        let both: &[(&str, &[&[u8]])] = &[("entryUUID", &[b"0-1"]), ("objectGUID", &[&[0x0A, 0xFF]])];
        assert_eq!(entry("cn=a", both), "0aff");
        assert_eq!(entry("cn=a", &both[..1]), entry("cn=b", &both[..1]));
        assert_eq!(entry("cn=a", &[]), "cn=a");
    }

    #[test]
    fn an_entry_says_when_it_changed_by_either_name() {
        let entry = |name: &str, value: &[u8]| modified(&Entry::from(("cn=a", &[(name, &[value][..])][..])));
        assert_eq!(entry("whenChanged", b"20261126172027.0Z"), 1_795_713_627_000);
        assert_eq!(entry("modifyTimestamp", b"20261126172027Z"), 1_795_713_627_000);
        assert_eq!(entry("modifyTimestamp", b"soon"), 0);
    }
}
