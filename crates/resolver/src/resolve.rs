//! The way of one request: card, row, guard, PIN, eligibility.

use std::sync::Arc;

use patron::{CardNumber, Pin, Reason, Verdict};
use roster::{KeyId, Keyring, Pseudonym, PseudonymKey, Row, RowIndex, StudentRow, Verifier};
use subtle::Choice;

use crate::guard::{Attempt, AttemptsKey};
use crate::release::seen;
use crate::rosters::Served;
use crate::{Guard, Moment, PinPolicy, Query, Rosters, Standing};

/// Answers queries. One for the life of the daemon: its guard remembers.
pub struct Resolver {
    keyring: Arc<Keyring>,
    guard: Guard,
}

/// A verdict with what the logs say of it.
#[derive(Debug)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// The district whose card it is, by index, where a rule claims it.
    pub district: Option<usize>,
    /// Who it is about, for the logs.
    pub pseudonym: Pseudonym,
}

/// How far `explain` got, one station after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// No district's card rule claims the card.
    Unclaimed,
    /// The card rule of these districts claims it.
    Claimed {
        /// The districts that share the ID space, by index.
        districts: Vec<usize>,
    },
    /// None of those is one of the client's.
    NotTheClients,
    /// How the card stands with its attempt budget.
    Budget(Standing),
    /// What stands in the roster: `student`, `ambiguous`, nothing...
    Row(&'static str),
    /// Whether the PIN was right; `None`: not looked at.
    Pin(Option<bool>),
    /// Where it ended.
    Ended(Option<Reason>),
}

/// Where a card leads.
struct Place<'a> {
    /// The ID space, or none for a card that no rule claims.
    space: &'a str,
    id: &'a str,
    /// Where to look, by index.
    districts: &'a [usize],
    claimed: bool,
}

/// What was found there.
enum Found<'a> {
    Student {
        district: usize,
        served: &'a Served,
        row: StudentRow,
    },
    Ambiguous {
        district: usize,
    },
    /// In a district that the client does not serve.
    Elsewhere,
    Nobody,
    Outage,
}

impl Resolver {
    /// A resolver over these keys, with what the guard remembers.
    pub const fn new(keyring: Arc<Keyring>, guard: Guard) -> Self {
        Self { keyring, guard }
    }

    /// The attempt budgets.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The verdict on a query. Counts a wrong PIN against the card.
    pub fn resolve(&self, rosters: &Rosters, query: &Query<'_>, now: Moment, month: &PseudonymKey) -> Answer {
        let place = locate(rosters, query);
        let found = self.look_up(rosters, query, &place);
        let verdict = match query.pin {
            Some(pin) => self.verify(rosters, query, pin, &place, found, now),
            None => recognise(rosters, query, found, now),
        };
        Answer {
            verdict,
            district: place.claimed.then(|| place.districts.first().copied()).flatten(),
            pseudonym: month.pseudonym(place.space, place.id),
        }
    }

    /// The same way, told station by station, counting nothing.
    pub fn explain(&self, rosters: &Rosters, query: &Query<'_>, now: Moment) -> Vec<Step> {
        let place = locate(rosters, query);
        let mut steps = Vec::new();
        if place.claimed {
            steps.push(Step::Claimed { districts: place.districts.to_vec() });
        } else {
            steps.push(Step::Unclaimed);
        }
        let found = self.look_up(rosters, query, &place);
        let standing = self.guard.standing(&self.attempts_key(&place), now.seconds);
        steps.push(Step::Budget(standing));
        steps.push(match &found {
            Found::Student { .. } => Step::Row("student"),
            Found::Ambiguous { .. } => Step::Row("ambiguous"),
            Found::Elsewhere => Step::NotTheClients,
            Found::Nobody => Step::Row("nobody"),
            Found::Outage => Step::Row("outage"),
        });
        let verdict = match query.pin {
            None => recognise(rosters, query, found, now),
            Some(_) if standing.locked && !matches!(found, Found::Outage) => Verdict::Refuse(Reason::Locked),
            Some(pin) => {
                let right = self.is_right(&place, &found, pin);
                steps.push(Step::Pin(Some(right)));
                judge(rosters, query, found, if right { Attempt::Right } else { Attempt::Wrong }, now)
            }
        };
        steps.push(Step::Ended(verdict.reason()));
        steps
    }

    /// Forgets what stands against a card. Returns whether anything did.
    pub fn unlock(&self, rosters: &Rosters, card: &CardNumber) -> bool {
        let claim = rosters.cards.claim(card.as_str());
        let (space, id) = claim.map_or(("", card.as_str()), |claim| (claim.space, claim.id));
        self.guard.unlock(&self.keyring.current().attempts_key(space, id))
    }

    /// The pseudonym of a card under one month's key.
    pub fn pseudonym(&self, rosters: &Rosters, card: &CardNumber, month: &PseudonymKey) -> Pseudonym {
        let claim = rosters.cards.claim(card.as_str());
        let (space, id) = claim.map_or(("", card.as_str()), |claim| (claim.space, claim.id));
        month.pseudonym(space, id)
    }

    /// Looks in every district that may have the card: as many look-ups whether it is there or not.
    fn look_up<'a>(&self, rosters: &'a Rosters, query: &Query<'_>, place: &Place<'_>) -> Found<'a> {
        let mut found = Found::Nobody;
        let mut index: Option<(KeyId, RowIndex)> = None;
        for district in place.districts {
            let here = match rosters.served.get(*district) {
                Some(Ok(served)) => self.look_up_in(*district, served, place, &mut index),
                Some(Err(_)) | None => Found::Outage,
            };
            let here = match here {
                Found::Student { district, .. } | Found::Ambiguous { district }
                    if !query.client.districts.contains(&district) =>
                {
                    Found::Elsewhere
                }
                other => other,
            };
            found = found.or(here);
        }
        if place.claimed { found } else { Found::Nobody }
    }

    fn look_up_in<'a>(
        &self,
        district: usize,
        served: &'a Served,
        place: &Place<'_>,
        index: &mut Option<(KeyId, RowIndex)>,
    ) -> Found<'a> {
        let key_id = served.generation.key();
        let row_index = match index {
            Some((known, row_index)) if *known == key_id => *row_index,
            _ => {
                let Some(key) = self.keyring.find(key_id) else { return Found::Outage };
                index.insert((key_id, key.row_index(place.space, place.id))).1
            }
        };
        match served.generation.row(&row_index) {
            Ok(Some(Row::Student(row))) => Found::Student { district, served, row },
            Ok(Some(Row::Ambiguous)) => Found::Ambiguous { district },
            // Aliases come with the rules that make them; until then one is nobody's card.
            Ok(Some(Row::Alias(_) | Row::Decoy(_)) | None) => Found::Nobody,
            Err(_) => Found::Outage,
        }
    }

    fn verify(
        &self,
        rosters: &Rosters,
        query: &Query<'_>,
        pin: &Pin,
        place: &Place<'_>,
        found: Found<'_>,
        now: Moment,
    ) -> Verdict {
        if let Found::Outage = found {
            // Nobody can say, so nothing is counted.
            return Verdict::Refuse(Reason::Outage);
        }
        let known = !matches!(found, Found::Nobody);
        // Where there is no row to verify, a decoy is opened and verified: every refusal costs the same.
        let decoy = if let Found::Student { .. } = found { None } else { decoy(rosters, place) };
        let verify = || match &decoy {
            Some((served, verifiers)) => {
                // Computed, and thrown away: a decoy admits nobody.
                std::hint::black_box(self.matches(place, served, verifiers, pin));
                false
            }
            None => self.is_right(place, &found, pin),
        };
        let key = self.attempts_key(place);
        let attempt = self.guard.attempt(&key, known.then_some(place.space), pin, now.seconds, verify);
        judge(rosters, query, found, attempt, now)
    }

    fn is_right(&self, place: &Place<'_>, found: &Found<'_>, pin: &Pin) -> bool {
        match found {
            Found::Student { served, row, .. } => {
                served.without_pin || self.matches(place, served, &row.verifiers, pin)
            }
            Found::Ambiguous { .. } | Found::Elsewhere | Found::Nobody | Found::Outage => false,
        }
    }

    /// Every verifier is compared, in constant time: which form was typed shows nowhere.
    fn matches(&self, place: &Place<'_>, served: &Served, verifiers: &[Verifier], pin: &Pin) -> bool {
        let Some(key) = self.keyring.find(served.generation.key()) else { return false };
        let typed = key.verifier(place.space, place.id, &served.pin_version, pin);
        verifiers.iter().fold(Choice::from(0), |any, verifier| any | verifier.same_as(&typed)).into()
    }

    fn attempts_key(&self, place: &Place<'_>) -> AttemptsKey {
        self.keyring.current().attempts_key(place.space, place.id)
    }
}

impl Found<'_> {
    /// What two districts of one ID space come to together: the answer that confuses nobody.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nobody, other) | (other, Self::Nobody) => other,
            // While one of them cannot be read, a hit elsewhere stands and a miss is an outage.
            (Self::Outage, other) | (other, Self::Outage) => other,
            (Self::Elsewhere, other) | (other, Self::Elsewhere) => other,
            (Self::Student { district, served, row }, Self::Student { row: second, district: there, served: its }) => {
                if !same_person(&row, &second) {
                    Self::Ambiguous { district }
                } else if !row.student.enabled && second.student.enabled {
                    // A child who moved is found where the account is active.
                    Self::Student { district: there, served: its, row: second }
                } else {
                    Self::Student { district, served, row }
                }
            }
            (Self::Ambiguous { district }, _) | (_, Self::Ambiguous { district }) => Self::Ambiguous { district },
        }
    }
}

fn same_person(one: &StudentRow, other: &StudentRow) -> bool {
    let shared = |verifier: &Verifier| other.verifiers.iter().any(|theirs| bool::from(theirs.same_as(verifier)));
    one.verifiers.iter().any(shared)
}

fn locate<'a>(rosters: &'a Rosters, query: &Query<'a>) -> Place<'a> {
    let card = query.card.as_str();
    if let Some(claim) = rosters.cards.claim(card) {
        return Place { space: claim.space, id: claim.id, districts: claim.districts, claimed: true };
    }
    // Hashed raw, in no space, and looked up in the client's first district: never found, but looked for.
    let first = query.client.districts.first();
    let districts = first.and_then(|first| rosters.cards.space_of(*first)).map_or(&[][..], |(_, districts)| districts);
    Place { space: "", id: card, districts, claimed: false }
}

fn decoy<'a>(rosters: &'a Rosters, place: &Place<'_>) -> Option<(&'a Served, Vec<Verifier>)> {
    let served = place.districts.iter().find_map(|district| rosters.served.get(*district)?.as_ref().ok())?;
    match served.generation.decoy() {
        Ok(Row::Decoy(verifiers)) => Some((served, verifiers)),
        _ => None,
    }
}

/// A card without a PIN: recognised where the client may, and never verified or counted.
fn recognise(rosters: &Rosters, query: &Query<'_>, found: Found<'_>, now: Moment) -> Verdict {
    if let Found::Outage = found {
        return Verdict::Refuse(Reason::Outage);
    }
    if query.client.pin == PinPolicy::Required {
        return Verdict::Refuse(Reason::NoPin);
    }
    match judge(rosters, query, found, Attempt::Right, now) {
        Verdict::Admit(patron) => Verdict::Recognise(patron),
        other => other,
    }
}

/// The verdict on what was found and what came of the PIN. Eligibility is looked at only after a right one.
fn judge(rosters: &Rosters, query: &Query<'_>, found: Found<'_>, attempt: Attempt, now: Moment) -> Verdict {
    let refuse = Verdict::Refuse;
    let (district, served, row) = match (found, attempt) {
        (Found::Outage, _) => return refuse(Reason::Outage),
        (_, Attempt::Locked) => return refuse(Reason::Locked),
        (Found::Nobody, _) => return refuse(Reason::UnknownCard),
        (Found::Elsewhere, _) => return refuse(Reason::OtherDistrict),
        (Found::Ambiguous { .. }, _) => return refuse(Reason::Ambiguous),
        (Found::Student { district, served, row }, _) => (district, served, row),
    };
    if attempt == Attempt::Wrong {
        let reason =
            if row.verifiers.is_empty() && !served.without_pin { Reason::NoVerifier } else { Reason::WrongPin };
        return refuse(reason);
    }
    let Some(rules) = rosters.districts.get(district) else { return refuse(Reason::Outage) };
    match rules.eligibility.judge(&row.student, now.today) {
        Err(reason) => refuse(reason),
        // With a literal prefix, the card as typed is the canonical one.
        Ok(()) => Verdict::Admit(seen(row.student, query.card, rules, query.client.release)),
    }
}
