//! The way of one request: card, row, guard, PIN, eligibility.

use patron::{CardNumber, Pin, Reason, Verdict};
use roster::{Pseudonym, PseudonymKey, Verifier};
use subtle::Choice;

use crate::guard::{Attempt, AttemptsKey};
use crate::lookup::{Found, Place, decoy, locate, look_up};
use crate::release::seen;
use crate::rosters::Served;
use crate::{Guard, Moment, PinPolicy, Query, Rosters, Standing, Used};

/// Answers queries. One for the life of the daemon: its guard remembers.
pub struct Resolver {
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
    /// Who was admitted, for the reports; `None` for every other verdict.
    pub used: Option<Used>,
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

impl Resolver {
    /// A resolver with what the guard remembers.
    pub const fn new(guard: Guard) -> Self {
        Self { guard }
    }

    /// The attempt budgets.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The verdict on a query. Counts a wrong PIN against the card.
    pub fn resolve(&self, rosters: &Rosters, query: &Query<'_>, now: Moment, month: &PseudonymKey) -> Answer {
        let place = locate(rosters, query);
        let found = look_up(rosters, query, &place);
        let used = Used::of(&found);
        let verdict = match query.pin_that_counts() {
            Some(pin) => self.verify(rosters, query, pin, &place, found, now),
            None => recognise(rosters, query, &place, found, now),
        };
        Answer {
            used: used.filter(|_| matches!(verdict, Verdict::Admit(_))).map(|used| used.by(place.id)),
            verdict,
            district: place.claimed.then(|| place.districts.first().copied()).flatten(),
            pseudonym: month.pseudonym(place.space, place.id),
        }
    }

    /// The same way, told station by station to its verdict, counting nothing.
    pub fn explain(&self, rosters: &Rosters, query: &Query<'_>, now: Moment) -> (Vec<Step>, Verdict) {
        let place = locate(rosters, query);
        let mut steps = Vec::new();
        if place.claimed {
            steps.push(Step::Claimed { districts: place.districts.to_vec() });
        } else {
            steps.push(Step::Unclaimed);
        }
        let found = look_up(rosters, query, &place);
        let standing = self.guard.standing(&attempts_key(rosters, &place), now.seconds);
        steps.push(Step::Budget(standing));
        steps.push(match &found {
            Found::Student { .. } => Step::Row("student"),
            Found::Ambiguous { .. } => Step::Row("ambiguous"),
            Found::Elsewhere { .. } => Step::NotTheClients,
            Found::Nobody => Step::Row("nobody"),
            Found::Outage => Step::Row("outage"),
        });
        let verdict = match query.pin_that_counts() {
            None => recognise(rosters, query, &place, found, now),
            Some(_) if standing.locked && !matches!(found, Found::Outage) => Verdict::Refuse(Reason::Locked),
            Some(pin) => {
                let right = is_right(rosters, &place, &found, pin);
                // Where there is no row, there is nothing that the PIN could be compared with.
                steps.push(Step::Pin(matches!(found, Found::Student { .. }).then_some(right)));
                judge(rosters, query, &place, found, if right { Attempt::Right } else { Attempt::Wrong }, now)
            }
        };
        steps.push(Step::Ended(verdict.reason()));
        (steps, verdict)
    }

    /// Forgets what stands against a card. Returns whether anything did.
    pub fn unlock(&self, rosters: &Rosters, card: &CardNumber) -> bool {
        let claim = rosters.cards.claim(card.as_str());
        let (space, id) = claim.map_or(("", card.as_str()), |claim| (claim.space, claim.id));
        self.guard.unlock(&rosters.keyring.current().attempts_key(space, id))
    }

    /// The pseudonym of a card under one month's key.
    pub fn pseudonym(&self, rosters: &Rosters, card: &CardNumber, month: &PseudonymKey) -> Pseudonym {
        let claim = rosters.cards.claim(card.as_str());
        let (space, id) = claim.map_or(("", card.as_str()), |claim| (claim.space, claim.id));
        month.pseudonym(space, id)
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
        let known = !matches!(found, Found::Nobody | Found::Elsewhere { known: false });
        // Where there is no row to verify, a decoy is opened and verified: every refusal costs the same.
        let decoy = if let Found::Student { .. } = found { None } else { decoy(rosters, place) };
        let verify = || match &decoy {
            Some((served, verifiers)) => {
                // Computed, and thrown away: a decoy admits nobody.
                std::hint::black_box(matches(rosters, place, served, verifiers, pin));
                false
            }
            None => is_right(rosters, place, &found, pin),
        };
        let key = attempts_key(rosters, place);
        let attempt = self.guard.attempt(&key, known.then_some(place.space), pin, now.seconds, verify);
        judge(rosters, query, place, found, attempt, now)
    }
}

/// A card without a PIN: recognised where the client may, and never verified or counted.
fn recognise(rosters: &Rosters, query: &Query<'_>, place: &Place<'_>, found: Found<'_>, now: Moment) -> Verdict {
    if let Found::Outage = found {
        return Verdict::Refuse(Reason::Outage);
    }
    if query.client.pin == PinPolicy::Required {
        return Verdict::Refuse(Reason::NoPin);
    }
    match judge(rosters, query, place, found, Attempt::Right, now) {
        Verdict::Admit(patron) => Verdict::Recognise(patron),
        other => other,
    }
}

/// The verdict on what was found and what came of the PIN. Eligibility is looked at only after a right one.
fn judge(
    rosters: &Rosters,
    query: &Query<'_>,
    place: &Place<'_>,
    found: Found<'_>,
    attempt: Attempt,
    now: Moment,
) -> Verdict {
    let refuse = Verdict::Refuse;
    let (district, served, row) = match (found, attempt) {
        (Found::Outage, _) => return refuse(Reason::Outage),
        (_, Attempt::Locked) => return refuse(Reason::Locked),
        (Found::Nobody, _) => return refuse(Reason::UnknownCard),
        (Found::Elsewhere { .. }, _) => return refuse(Reason::OtherDistrict),
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
        Ok(()) => Verdict::Admit(seen(rosters, query, place, (rules, served), row)),
    }
}

fn is_right(rosters: &Rosters, place: &Place<'_>, found: &Found<'_>, pin: &Pin) -> bool {
    match found {
        Found::Student { served, row, .. } => {
            served.without_pin || matches(rosters, place, served, &row.verifiers, pin)
        }
        Found::Ambiguous { .. } | Found::Elsewhere { .. } | Found::Nobody | Found::Outage => false,
    }
}

/// Every verifier is compared, in constant time: which form was typed shows nowhere.
fn matches(rosters: &Rosters, place: &Place<'_>, served: &Served, verifiers: &[Verifier], pin: &Pin) -> bool {
    let Some(key) = rosters.keyring.find(served.generation.key()) else { return false };
    let typed = key.verifier(place.space, place.id, &served.pin_version, pin);
    verifiers.iter().fold(Choice::from(0), |any, verifier| any | verifier.same_as(&typed)).into()
}

fn attempts_key(rosters: &Rosters, place: &Place<'_>) -> AttemptsKey {
    rosters.keyring.current().attempts_key(place.space, place.id)
}
