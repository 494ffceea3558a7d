//! Who has used a card, as counts; and for each person a sealed mark that says in which months, and nothing else.
//!
//! A mark holds the first month of use and the last one counted. From the last it follows whether a use is the
//! person's first in its month, its quarter, its year, or at all: so one pass over new uses keeps all counts, and no
//! trail is needed. A mark's name is a keyed hash, its value is sealed; a count is sealed as well, with the name of what it
//! counts, since a small one is about somebody.

use std::collections::HashMap;

use heed::RwTxn;
use patron::{Grade, Role};
use serde::{Deserialize, Serialize};

use crate::keyring::random_bytes;
use crate::mac::MacKey;
use crate::seal::Seal;
use crate::state::State;
use crate::{IdentityKey, Period, RosterError, RowIndex, UseMonth};

/// The name of a mark: of a person, or of a person at one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark([u8; 16]);

/// One admitted request, as far as it is counted. No ID can be put in.
#[derive(Clone, Debug)]
pub struct Use {
    /// The district in which the person was found.
    pub district: String,
    /// The client that asked.
    pub client: String,
    /// The month of the library's zone.
    pub month: UseMonth,
    /// The person's mark.
    pub person: Mark,
    /// The person's mark at this client.
    pub at_client: Mark,
    /// The source's id of the person's first school, and its name.
    pub school: Option<(String, String)>,
    /// The person's grade.
    pub grade: Option<Grade>,
    /// The person's role.
    pub role: Role,
}

/// What people are counted by, below their district. Never two at once: where a grade of a school is counted, a child
/// soon stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dimension {
    /// The whole district.
    Total,
    /// By school.
    School,
    /// By grade.
    Grade,
    /// By role.
    Role,
}

/// How many different people used it: in a period, in one part of a district, at one client or at any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The period.
    pub period: Period,
    /// Which parts the district is in.
    pub dimension: Dimension,
    /// Which part: a school's source id, a grade, a role; empty for the total and for people without one.
    pub code: String,
    /// The part's name, for people.
    pub name: String,
    /// The client's id; empty: any of them.
    pub client: String,
    /// People, each counted once.
    pub people: u64,
}

/// A tally as it is kept.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    period: &'a str,
    dimension: Dimension,
    code: String,
    name: String,
    client: String,
    people: u64,
}

/// The keys of marks and tallies. They derive from the identity key, and so outlive a rotation.
pub struct UsageKey {
    names: MacKey,
    seal: [u8; 32],
}

/// Which tallies a use adds to, and how many people.
type Added<'a> = HashMap<(&'a str, Period, Dimension, &'a str, &'a str), (u64, &'a str)>;

const MARK: u8 = 1;
const TALLY: u8 = 2;
const NONCE: usize = 12;

impl UsageKey {
    /// The keys of an identity key.
    pub fn of(identity: &IdentityKey) -> Self {
        Self { names: MacKey::new(&identity.subkey(b"use names")), seal: identity.subkey(b"use seal") }
    }

    /// The mark of a person, at a client or, where `client` is empty, at any.
    pub fn mark(&self, space: &str, id: &str, client: &str) -> Mark {
        let parts = [&[MARK][..], space.as_bytes(), &[0], id.as_bytes(), &[0], client.as_bytes()];
        Mark(self.names.truncated(&parts))
    }

    fn tally_name(&self, period: Period, dimension: Dimension, code: &str, client: &str) -> [u8; 16] {
        let period = period.to_string();
        let parts = [&[TALLY, dimension as u8][..], period.as_bytes(), &[0], code.as_bytes(), &[0], client.as_bytes()];
        self.names.truncated(&parts)
    }

    fn seal(&self, district: &str) -> Result<Seal, RosterError> {
        Seal::of_usage(&self.seal, district)
    }
}

/// Seals under a fresh nonce, which stands before what is sealed; `name` binds it to its place.
fn sealed(seal: &Seal, kind: u8, name: [u8; 16], plain: &[u8]) -> Result<Vec<u8>, RosterError> {
    let nonce: [u8; NONCE] = random_bytes()?;
    let mut out = nonce.to_vec();
    seal.seal(&place(nonce, kind, name), plain, &mut out)?;
    Ok(out)
}

/// `None`: this was not written here under this key.
fn opened(seal: &Seal, kind: u8, name: [u8; 16], stored: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = stored.split_first_chunk::<NONCE>()?;
    let mut plain = Vec::new();
    seal.open(&place(*nonce, kind, name), sealed, &mut plain).ok()?;
    Some(plain)
}

fn place(nonce: [u8; NONCE], kind: u8, name: [u8; 16]) -> RowIndex {
    let mut index = [0; 32];
    for (to, from) in index.iter_mut().zip(nonce.into_iter().chain(name).chain([kind])) {
        *to = from;
    }
    RowIndex(index)
}

/// Where a record stands. No district's id holds a NUL, so none is the beginning of another's.
fn record(district: &str, name: [u8; 16]) -> Vec<u8> {
    [district.as_bytes(), &[0], &name].concat()
}

impl State {
    /// Counts uses, all of them in one transaction; uses of a district that has no roster any more count nothing.
    /// Returns the transaction's number as [`State::last_change`] tells it; `None`: everybody was counted before.
    pub fn count_uses(&self, key: &UsageKey, uses: &[Use]) -> Result<Option<usize>, RosterError> {
        let mut seals = HashMap::new();
        for used in uses {
            if let std::collections::hash_map::Entry::Vacant(entry) = seals.entry(used.district.as_str()) {
                // A purged district: what was still under way must not bring it back.
                let seal = self.published(&used.district)?.map(|_| key.seal(&used.district)).transpose()?;
                entry.insert(seal);
            }
        }
        let mut failed = None;
        let number = self.write_if(|txn| {
            let added = self.mark_uses(txn, &seals, uses, &mut failed)?;
            let any = !added.is_empty();
            self.add_tallies(txn, key, &seals, added, &mut failed)?;
            // Marks and counts go together, or not at all.
            Ok(any && failed.is_none())
        })?;
        failed.map_or(Ok(number), Err)
    }

    /// The counts of a district, in no order, and how many could not be read: those of a lost identity key.
    pub fn tallies(&self, key: &UsageKey, district: &str) -> Result<(Vec<Tally>, usize), RosterError> {
        let seal = key.seal(district)?;
        let (mut tallies, mut unreadable) = (Vec::new(), 0);
        self.each_usage(&[district.as_bytes(), &[0]].concat(), |name, stored| {
            let plain = name.last_chunk::<16>().and_then(|name| opened(&seal, TALLY, *name, stored));
            let kept = plain.as_deref().and_then(|plain| serde_json::from_slice::<Stored<'_>>(plain).ok());
            match kept.and_then(|kept| Period::parse(kept.period).map(|period| kept.tally(period))) {
                Some(tally) => tallies.push(tally),
                None => unreadable += 1,
            }
        })?;
        Ok((tallies, unreadable))
    }

    /// Moves the marks on, and says which counts grow by it.
    fn mark_uses<'a>(
        &self,
        txn: &mut RwTxn<'_>,
        seals: &HashMap<&str, Option<Seal>>,
        uses: &'a [Use],
        failed: &mut Option<RosterError>,
    ) -> heed::Result<Added<'a>> {
        let mut added = Added::new();
        for used in uses {
            let Some(Some(seal)) = seals.get(used.district.as_str()) else { continue };
            for (mark, client) in [(used.person, ""), (used.at_client, used.client.as_str())] {
                let at = record(&used.district, mark.0);
                let known = self.marks().get(txn, &at)?.and_then(|stored| opened(seal, MARK, mark.0, stored));
                let known = known.as_deref().and_then(months);
                let mut first_in_any = false;
                for period in Period::opened(known.map(|(_, last)| last), used.month) {
                    first_in_any = true;
                    for (dimension, code, name) in used.parts() {
                        let of = (used.district.as_str(), period, dimension, code, client);
                        let (people, last_name) = added.entry(of).or_insert((0, name));
                        (*people, *last_name) = (*people + 1, name);
                    }
                }
                if first_in_any {
                    let first = known.map_or(used.month, |(first, _)| first);
                    let plain = [first.number().to_be_bytes(), used.month.number().to_be_bytes()].concat();
                    match sealed(seal, MARK, mark.0, &plain) {
                        Ok(stored) => self.marks().put(txn, &at, &stored)?,
                        Err(error) => *failed = Some(error),
                    }
                }
            }
        }
        Ok(added)
    }

    fn add_tallies(
        &self,
        txn: &mut RwTxn<'_>,
        key: &UsageKey,
        seals: &HashMap<&str, Option<Seal>>,
        added: Added<'_>,
        failed: &mut Option<RosterError>,
    ) -> heed::Result<()> {
        for ((district, period, dimension, code, client), (people, part)) in added {
            let Some(Some(seal)) = seals.get(district) else { continue };
            let name = key.tally_name(period, dimension, code, client);
            let at = record(district, name);
            let known = self.usage().get(txn, &at)?.and_then(|stored| opened(seal, TALLY, name, stored));
            let known = known.as_deref().and_then(|plain| serde_json::from_slice::<Stored<'_>>(plain).ok());
            let known = known.map_or(0, |known| known.people);
            let period = period.to_string();
            let (code, part, client) = (code.to_owned(), part.to_owned(), client.to_owned());
            let stored = Stored { period: &period, dimension, code, name: part, client, people: known + people };
            // Strings and numbers: this cannot fail.
            let plain = serde_json::to_vec(&stored).unwrap_or_default();
            match sealed(seal, TALLY, name, &plain) {
                Ok(stored) => self.usage().put(txn, &at, &stored)?,
                Err(error) => *failed = Some(error),
            }
        }
        Ok(())
    }
}

/// The first month and the last one counted, of a mark.
fn months(plain: &[u8]) -> Option<(UseMonth, UseMonth)> {
    let ([first, last], []) = plain.as_chunks::<2>() else { return None };
    let month = |bytes: &[u8; 2]| UseMonth::from_number(u16::from_be_bytes(*bytes));
    Some((month(first), month(last)))
}

impl Use {
    /// The parts of the district that this person stands in, each with its code and name.
    fn parts(&self) -> [(Dimension, &str, &str); 4] {
        let (school, school_name) =
            self.school.as_ref().map_or(("", ""), |(code, name)| (code.as_str(), name.as_str()));
        let grade = self.grade.map_or("", Grade::name);
        [
            (Dimension::Total, "", ""),
            (Dimension::School, school, school_name),
            (Dimension::Grade, grade, grade),
            (Dimension::Role, self.role.name(), self.role.name()),
        ]
    }
}

impl Stored<'_> {
    fn tally(self, period: Period) -> Tally {
        let Self { dimension, code, name, client, people, .. } = self;
        Tally { period, dimension, code, name, client, people }
    }
}
