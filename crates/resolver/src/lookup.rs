//! What stands where a card leads.

use patron::Reason;
use roster::{KeyId, PseudonymKey, Row, RowIndex, StudentRow, Verifier};

use crate::place::Place;
use crate::served::Served;
use crate::{Moment, Query, Rosters};

/// What was found there.
pub(crate) enum Found<'a> {
    Student {
        district: usize,
        served: &'a Served,
        row: StudentRow,
    },
    Ambiguous {
        district: usize,
    },
    /// In a district that the client does not serve, or, where that one is away, perhaps there.
    Elsewhere {
        known: bool,
    },
    /// Somebody has the number, and their card has another form.
    OtherForm,
    Nobody,
    /// Nobody can say, and why.
    Away(Reason),
}

/// An earlier number, and whose it is.
enum Alias {
    Of(String),
    /// Two districts know it, of two people.
    Several(usize),
}

/// Finds a card's place and what stands there; an earlier number leads on to today's. `month` is that of the pseudonym, where
/// one will be asked for.
pub(crate) fn find<'a>(
    rosters: &'a Rosters,
    query: &Query<'a>,
    month: Option<&PseudonymKey>,
    now: Moment,
) -> (Place<'a>, Found<'a>) {
    let mut place = Place::of_card(rosters, query);
    let (found, alias) = look_up(rosters, query, (&place, None), month, now);
    let found = match (found, alias) {
        (Found::Nobody, Some(Alias::Of(id))) => {
            let today = place.led_on_to(id);
            let typed = std::mem::replace(&mut place, today).id;
            look_up(rosters, query, (&place, Some(&typed)), month, now).0
        }
        (Found::Nobody, Some(Alias::Several(district))) => Found::Ambiguous { district },
        (found, _) => found,
    };
    (place, found)
}

/// Looks in every district that may have the card. Of several only those are read whose filter does not rule the card
/// out, and one at the least, so that a card which nobody has costs what another costs. `typed` is the number on
/// the card, where an earlier one led to the place.
fn look_up<'a>(
    rosters: &'a Rosters,
    query: &Query<'_>,
    (place, typed): (&Place<'_>, Option<&str>),
    month: Option<&PseudonymKey>,
    now: Moment,
) -> (Found<'a>, Option<Alias>) {
    let (mut found, mut switched_off) = (Found::Nobody, Found::Nobody);
    let counts = query.pin_that_counts().is_some();
    let mut search = Search { rosters, place, counts, month, now, index: None, alias: None, has_read: false };
    for (at, district) in place.districts.iter().enumerate() {
        let here = match rosters.served.get(*district) {
            Some(Ok(served)) => search.in_district(*district, served, at + 1 == place.districts.len()),
            Some(Err(_)) | None => Found::Away(Reason::Outage),
        };
        // So it is in nine of ten districts of a state-wide ID: nothing to weigh.
        if let Found::Nobody = here {
            continue;
        }
        let here = match here {
            found if query.client.districts.contains(district) => found,
            Found::Student { .. } | Found::Ambiguous { .. } => Found::Elsewhere { known: true },
            // That a stranger's district is away is none of the client's business.
            Found::Away(_) => Found::Elsewhere { known: false },
            found => found,
        };
        let here = match here {
            Found::Student { district, served, row } => {
                let on_card = (place.space, typed.unwrap_or(&place.id));
                let theirs = served.may_be(query.card.as_str(), on_card, &row.student);
                if theirs { Found::Student { district, served, row } } else { Found::OtherForm }
            }
            found => found,
        };
        let active = rosters.districts.get(*district).is_some_and(|rules| rules.eligibility.active);
        let so_far = if active { &mut found } else { &mut switched_off };
        *so_far = std::mem::replace(so_far, Found::Nobody).or(here, rosters, now);
    }
    let found = match (found, switched_off) {
        // Whether a district that is off could be read keeps nobody of another from being looked for.
        (Found::Nobody, Found::Away(_)) => Found::Nobody,
        (Found::Nobody, off) => off,
        (found, _) => found,
    };
    if place.claimed { (found, search.alias) } else { (Found::Nobody, None) }
}

/// One look through the districts of a place.
struct Search<'a, 'p> {
    rosters: &'a Rosters,
    place: &'p Place<'p>,
    /// Whether an attempt is counted.
    counts: bool,
    month: Option<&'p PseudonymKey>,
    now: Moment,
    /// The index of the row under the key that was asked for last.
    index: Option<(KeyId, RowIndex)>,
    alias: Option<Alias>,
    has_read: bool,
}

impl<'a> Search<'a, '_> {
    fn in_district(&mut self, district: usize, served: &'a Served, is_last: bool) -> Found<'a> {
        if served.is_stale(self.now) {
            return Found::Away(Reason::Stale);
        }
        let generation = &served.generation;
        let Some(index) = self.index_under(generation.key()) else { return Found::Away(Reason::Outage) };
        let alone = self.place.districts.len() == 1;
        if !alone && !generation.may_hold(&index) && (self.has_read || !is_last) {
            return Found::Nobody;
        }
        self.has_read = true;
        // What else will be needed is made while the row comes from memory.
        let name_attempts = || {
            if self.counts {
                self.place.attempts_key(self.rosters);
            }
        };
        let name_person = || {
            self.month.map(|month| self.place.pseudonym(month));
        };
        match generation.row_meanwhile(&index, [&name_attempts, &name_person]) {
            Ok(Some(Row::Student(row))) => Found::Student { district, served, row },
            Ok(Some(Row::Ambiguous)) => Found::Ambiguous { district },
            Ok(Some(Row::Alias(id))) => {
                self.alias = Some(match self.alias.take() {
                    None => Alias::Of(id),
                    Some(Alias::Of(known)) if known == id => Alias::Of(id),
                    Some(_) => Alias::Several(district),
                });
                Found::Nobody
            }
            Ok(Some(Row::Decoy(_)) | None) => Found::Nobody,
            Err(_) => Found::Away(Reason::Outage),
        }
    }

    fn index_under(&mut self, key_id: KeyId) -> Option<RowIndex> {
        match self.index {
            Some((known, index)) if known == key_id => Some(index),
            _ => {
                let key = self.rosters.keyring.find(key_id)?;
                Some(self.index.insert((key_id, key.row_index(self.place.space, &self.place.id))).1)
            }
        }
    }
}

impl Found<'_> {
    /// What two districts of one ID space come to together: the answer that confuses nobody.
    fn or(self, other: Self, rosters: &Rosters, now: Moment) -> Self {
        match (self, other) {
            (Self::Nobody, other) | (other, Self::Nobody) => other,
            // While one of them cannot be read, a hit elsewhere stands and a miss is an outage.
            (Self::Away(_), other) | (other, Self::Away(_)) => other,
            (Self::OtherForm, other) | (other, Self::OtherForm) => other,
            (Self::Elsewhere { .. }, other) | (other, Self::Elsewhere { .. }) => other,
            (Self::Ambiguous { district }, _) | (_, Self::Ambiguous { district }) => Self::Ambiguous { district },
            (Self::Student { district, served, row }, Self::Student { row: second, district: there, served: its }) => {
                // A child who moved is found where the account is active.
                let is_current = |row: &StudentRow| row.student.enabled && row.student.withdrawn.is_none();
                let first = match (is_current(&row), is_current(&second)) {
                    (true, false) => true,
                    (false, true) => false,
                    (false, false) => true,
                    (true, true) if !same_person(&row, &second) => return Self::Ambiguous { district },
                    // Enrolled twice: the one that may.
                    (true, true) => {
                        let may = |at: usize, served: &Served, row: &StudentRow| {
                            let rules = rosters.districts.get(at);
                            rules.is_some_and(|rules| served.judge(rules, &row.student, now).is_ok())
                        };
                        may(district, served, &row) || !may(there, its, &second)
                    }
                };
                if first {
                    Self::Student { district, served, row }
                } else {
                    Self::Student { district: there, served: its, row: second }
                }
            }
        }
    }

    /// Whether it is somebody whose PIN is at a directory.
    pub(crate) const fn is_at_directory(&self) -> bool {
        matches!(self, Self::Student { row, .. } if row.at_directory)
    }

    /// Where it was found.
    pub(crate) const fn district(&self) -> Option<usize> {
        match self {
            Self::Student { district, .. } | Self::Ambiguous { district } => Some(*district),
            Self::Elsewhere { .. } | Self::OtherForm | Self::Nobody | Self::Away(_) => None,
        }
    }

    /// Whether some person of a roster has the number: their wrong PINs are kept over a restart.
    pub(crate) const fn is_known(&self) -> bool {
        !matches!(self, Self::Nobody | Self::OtherForm | Self::Elsewhere { known: false })
    }
}

/// Whether both rows accept one PIN: only then may they be taken for one person.
fn same_person(one: &StudentRow, other: &StudentRow) -> bool {
    let shared = |verifier: &Verifier| other.verifiers.iter().any(|theirs| bool::from(theirs.same_as(verifier)));
    one.verifiers.iter().any(shared)
}

pub(crate) fn decoy<'a>(rosters: &'a Rosters, place: &Place<'_>) -> Option<(&'a Served, StudentRow)> {
    let served = place.districts.iter().find_map(|district| rosters.served.get(*district)?.as_ref().ok())?;
    match served.generation.decoy() {
        Ok(Row::Decoy(row)) => Some((served, row)),
        _ => None,
    }
}
