//! The keys and what is derived of them.
//!
//! Each key gives one subkey per purpose by HKDF-SHA-256 with a label, so that what is made for one purpose says
//! nothing about another.

use std::fmt;

use aws_lc_rs::hkdf::{self, HKDF_SHA256};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use patron::Pin;
use subtle::{Choice, ConstantTimeEq as _};

use crate::RosterError;
use crate::mac::MacKey;

/// Which key something was made under: a public name that says nothing about the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(crate) [u8; 8]);

impl KeyId {
    /// Reads an id from bytes that a generation carries in the clear.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a row stands: a keyed hash of its ID, so that the file says nothing about who is in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowIndex(pub [u8; 32]);

impl RowIndex {
    /// How much of it is its own: what no two rows of a generation share, since it is their nonce, and under which they are
    /// found.
    pub(crate) const KEY: usize = 12;

    /// Under what its row is found.
    pub(crate) fn key(&self) -> &[u8; Self::KEY] {
        self.0.first_chunk().unwrap_or(&[0; Self::KEY])
    }
}

/// A keyed hash of one accepted PIN of one person. Compared in constant time only:
///
/// ```compile_fail
/// fn same(a: roster::Verifier, b: roster::Verifier) -> bool { a == b }
/// ```
#[derive(Clone, Copy)]
pub struct Verifier(pub(crate) [u8; 32]);

impl Verifier {
    /// Whether both are of the same PIN, person and rule, in constant time.
    pub fn same_as(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }

    /// A verifier that no PIN has: of random bytes, for decoys.
    pub(crate) fn random() -> Result<Self, RosterError> {
        random_bytes().map(Self)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(…)")
    }
}

/// One key and its subkeys.
pub struct Key {
    id: KeyId,
    index: MacKey,
    pin: MacKey,
    attempts: MacKey,
    person: MacKey,
    record: MacKey,
    pseudonym: hkdf::Prk,
    seal: hkdf::Prk,
}

impl Key {
    /// Derives the subkeys of 32 secret bytes.
    pub(crate) fn derive(bytes: &[u8; 32]) -> Result<Self, RosterError> {
        let root = hkdf::Salt::new(HKDF_SHA256, b"hallpass key 1").extract(bytes);
        let subkey = |label: &[u8]| expand(&root, label);
        let mac = |label| subkey(label).map(|key| MacKey::new(&key));
        let prk = |label| subkey(label).map(|key| hkdf::Prk::new_less_safe(HKDF_SHA256, &key));
        let mut id = [0; 8];
        id.copy_from_slice(subkey(b"key id")?.first_chunk::<8>().ok_or(RosterError::Crypto("short key"))?);
        Ok(Self {
            id: KeyId(id),
            index: mac(b"card index")?,
            pin: mac(b"PIN")?,
            attempts: mac(b"attempts")?,
            person: mac(b"person")?,
            record: mac(b"source record")?,
            pseudonym: prk(b"pseudonym")?,
            seal: prk(b"seal")?,
        })
    }

    /// The key's public name.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Where the row of an ID stands: HMAC-SHA-256 over (ID space, 0, ID).
    pub fn row_index(&self, space: &str, id: &str) -> RowIndex {
        RowIndex(self.index.of(&[space.as_bytes(), &[0], id.as_bytes()]))
    }

    /// Where a generation's decoy stands. No ID space is empty, so no student can stand there.
    pub fn decoy_index(&self) -> RowIndex {
        RowIndex(self.index.of(&[&[0], b"decoy"]))
    }

    /// The verifier of a PIN, bound to the person and to the rule it was made under.
    pub fn verifier(&self, space: &str, id: &str, rule_version: &str, pin: &Pin) -> Verifier {
        self.verifier_of_bytes(space, id, rule_version, pin.expose())
    }

    /// The same for a PIN that a rule made.
    pub fn verifier_of_bytes(&self, space: &str, id: &str, rule_version: &str, pin: &[u8]) -> Verifier {
        // Spaces, IDs and versions hold no NUL, so that no two inputs run together.
        Verifier(self.pin.of(&[space.as_bytes(), &[0], id.as_bytes(), &[0], rule_version.as_bytes(), &[0], pin]))
    }

    /// Under which name the attempts at a card are counted, in a table of their own.
    pub fn attempts_key(&self, space: &str, id: &str) -> [u8; 16] {
        self.attempts.truncated(&[space.as_bytes(), &[0], id.as_bytes()])
    }

    /// A mark of a birth date for telling two people of one ID apart during a sync; it is in no row, and only in the sealed
    /// records of a source that can say what changed.
    pub fn person_mark(&self, space: &str, id: &str, birth_date: &[u8]) -> [u8; 16] {
        self.person.truncated(&[space.as_bytes(), &[0], id.as_bytes(), &[0], birth_date])
    }

    /// Under which name a source's record of a person is kept.
    pub fn record_key(&self, source_id: &str) -> [u8; 16] {
        self.record.truncated(&[source_id.as_bytes()])
    }

    /// The key of a month's pseudonyms.
    pub fn pseudonym_key(&self, month: Month) -> Result<PseudonymKey, RosterError> {
        let key = expand(&self.pseudonym, format!("{:04}-{:02}", month.year, month.month).as_bytes())?;
        Ok(PseudonymKey(MacKey::new(&key)))
    }

    /// 32 bytes for sealing under a label of its own.
    pub(crate) fn sealing_key(&self, label: &[u8]) -> Result<[u8; 32], RosterError> {
        expand(&self.seal, label)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// The keys of a key file; the first is the current one.
#[derive(Debug)]
pub struct Keyring {
    current: Key,
    older: Vec<Key>,
}

impl Keyring {
    /// `None` where there is no key at all.
    pub fn new(keys: Vec<Key>) -> Option<Self> {
        let mut keys = keys.into_iter();
        Some(Self { current: keys.next()?, older: keys.collect() })
    }

    /// The key that new things are made under.
    pub const fn current(&self) -> &Key {
        &self.current
    }

    /// The key of an id, current or older.
    pub fn find(&self, id: KeyId) -> Option<&Key> {
        self.all().find(|key| key.id == id)
    }

    /// All keys, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

/// A month of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of a moment.
    pub fn of(now: Timestamp) -> Self {
        let date = TimeZone::UTC.to_datetime(now).date();
        Self { year: date.year(), month: date.month() }
    }

    /// The month before.
    #[must_use]
    pub const fn before(self) -> Self {
        if self.month == 1 { Self { year: self.year - 1, month: 12 } } else { Self { month: self.month - 1, ..self } }
    }
}

/// The key of one month's pseudonyms.
pub struct PseudonymKey(MacKey);

impl PseudonymKey {
    /// The pseudonym of a student, or of a raw card where no ID space is known (`space` is empty then).
    pub fn pseudonym(&self, space: &str, id: &str) -> Pseudonym {
        Pseudonym(self.0.truncated(&[space.as_bytes(), &[0], id.as_bytes()]))
    }
}

/// A name in the logs that nobody without the key can trace back, and nobody at all over months.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pseudonym([u8; 8]);

impl Pseudonym {
    /// The same as a number, for tables in memory.
    pub const fn bits(self) -> u64 {
        u64::from_be_bytes(self.0)
    }

    /// The 16 hex digits of the logs.
    pub fn hex(self) -> [u8; 16] {
        hex(self.0)
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// 32 random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], RosterError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| RosterError::Crypto("no random bytes"))?;
    Ok(bytes)
}

fn expand(prk: &hkdf::Prk, label: &[u8]) -> Result<[u8; 32], RosterError> {
    let mut key = [0; 32];
    prk.expand(&[label], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| RosterError::Crypto("key derivation"))?;
    Ok(key)
}

/// Bytes as hexadecimal digits, small letters.
pub(crate) fn hex(bytes: [u8; 8]) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [b'0'; 16];
    for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::derive(&[7; 32]).unwrap()
    }

    #[test]
    fn the_same_id_in_two_spaces_stands_in_two_places() {
        assert_ne!(key().row_index("a", "1"), key().row_index("b", "1"));
        assert_ne!(key().row_index("a", "1"), Key::derive(&[8; 32]).unwrap().row_index("a", "1"));
    }

    #[test]
    fn a_verifier_is_bound_to_person_rule_and_key() {
        let pin = Pin::parse("0201").unwrap();
        let mine = key().verifier("a", "1", "birth-date MMDD", &pin);
        let same = |other: Verifier| bool::from(mine.same_as(&other));
        assert!(same(key().verifier("a", "1", "birth-date MMDD", &pin)));
        assert!(!same(key().verifier("a", "2", "birth-date MMDD", &pin)));
        assert!(!same(key().verifier("b", "1", "birth-date MMDD", &pin)));
        assert!(!same(key().verifier("a", "1", "last-digits 4", &pin)));
        assert!(!same(Key::derive(&[8; 32]).unwrap().verifier("a", "1", "birth-date MMDD", &pin)));
    }

    #[test]
    fn a_pseudonym_changes_each_month() {
        let november = Month::of("2026-11-30T23:59:59Z".parse().unwrap());
        let december = Month::of("2026-12-01T00:00:00Z".parse().unwrap());
        assert_eq!(december.before(), november);
        let of = |month| key().pseudonym_key(month).unwrap().pseudonym("a", "1");
        assert_ne!(of(november), of(december));
        assert_eq!(of(november).to_string().as_bytes(), of(november).hex());
    }

    #[test]
    fn january_comes_after_december() {
        let january = Month::of("2027-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(january.before(), Month::of("2026-12-31T12:00:00Z".parse().unwrap()));
    }
}
