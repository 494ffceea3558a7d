//! The way of one request: card, row, guard, PIN, eligibility.

use patron::{CardNumber, HashedPin, Pin, Reason, Verdict};
use roster::{Pseudonym, PseudonymKey, StudentRow};
use subtle::Choice;

use crate::guard::{Attempt, AttemptsKey};
use crate::lookup::{Found, Place, decoy, find};
use crate::release::seen;
use crate::served::Served;
use crate::slow::{Aside, SlowLane};
use crate::{ClientKind, ClientRules, Guard, Moment, PinPolicy, Query, Rosters, Standing, Used};

/// Answers queries. One for the life of the daemon: its guard remembers.
pub struct Resolver {
    guard: Guard,
    slow: SlowLane,
}

/// A verdict with what the logs say of it.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// The district where the card was found, by index, or the only one that could have it.
    pub district: Option<usize>,
    /// Who it is about, for the logs.
    pub pseudonym: Pseudonym,
    /// Who was admitted, for the reports; `None` for every other verdict.
    pub used: Option<Used<'a>>,
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
    /// The number on the card is an earlier one of somebody.
    EarlierNumber,
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
    /// A resolver with what the guard remembers. PINs that the district hashed are checked where it is asked.
    pub fn new(guard: Guard) -> Self {
        Self::with_aside(guard, |work| work())
    }

    /// The same; PINs that the district hashed are checked by `aside`.
    pub fn with_aside(guard: Guard, aside: Aside) -> Self {
        Self { guard, slow: SlowLane::new(aside) }
    }

    /// The attempt budgets.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The verdict on a query. Counts a wrong PIN against the card.
    pub fn resolve<'a>(
        &self,
        rosters: &'a Rosters,
        query: &Query<'a>,
        now: Moment,
        month: &PseudonymKey,
    ) -> Answer<'a> {
        let (place, found) = find(rosters, query, now);
        let used = Used::of(&found);
        // Of a card that nobody has, several districts may be meant, and none is.
        let only = if let [only] = place.districts { Some(*only) } else { None };
        let district = found.district().or(only.filter(|_| place.claimed));
        let verdict = match query.pin_that_counts() {
            Some(pin) => self.verify(rosters, query, pin, &place, found, now),
            None => recognise(rosters, query, &place, found, now),
        };
        let pseudonym = month.pseudonym(place.space, &place.id);
        Answer {
            used: used.filter(|_| matches!(verdict, Verdict::Admit(_))).map(|used| used.by(place.space, place.id)),
            verdict,
            district,
            pseudonym,
        }
    }

    /// The same way, told station by station to its verdict, counting nothing.
    pub fn explain(&self, rosters: &Rosters, query: &Query<'_>, now: Moment) -> (Vec<Step>, Verdict) {
        let (place, found) = find(rosters, query, now);
        let mut steps = Vec::new();
        if place.claimed {
            steps.push(Step::Claimed { districts: place.districts.to_vec() });
        } else {
            steps.push(Step::Unclaimed);
        }
        let on_card = rosters.cards.claim(query.card.as_str()).map(|claim| claim.id);
        if on_card.is_some_and(|id| id != place.id) {
            steps.push(Step::EarlierNumber);
        }
        let standing = self.guard.standing(&attempts_key(rosters, &place), now.seconds);
        steps.push(Step::Budget(standing));
        steps.push(match &found {
            Found::Student { .. } => Step::Row("student"),
            Found::Ambiguous { .. } => Step::Row("ambiguous"),
            Found::Elsewhere { .. } => Step::NotTheClients,
            Found::OtherForm => Step::Row("somebody, whose role and grade have a card of another form"),
            Found::Nobody => Step::Row("nobody"),
            Found::Away(_) => Step::Row("cannot be read now"),
        });
        let verdict = match query.pin_that_counts() {
            None => recognise(rosters, query, &place, found, now),
            Some(_) if standing.locked && !matches!(found, Found::Away(_)) => Verdict::Refuse(Reason::Locked),
            Some(pin) => {
                let hash = if let Found::Student { row, .. } = &found { row.hash.as_ref() } else { None };
                let right = match hash {
                    Some(hash) => self.slow.verify(hash, pin).unwrap_or(false),
                    None => is_right(rosters, &place, &found, pin),
                };
                // Where there is no row, there is nothing that the PIN could be compared with.
                steps.push(Step::Pin(matches!(found, Found::Student { .. }).then_some(right)));
                judge(rosters, query, &place, found, if right { Attempt::Right } else { Attempt::Wrong }, now)
            }
        };
        steps.push(Step::Ended(verdict.reason()));
        (steps, verdict)
    }

    /// Forgets what stands against a card. Returns whether anything did.
    pub fn unlock(&self, rosters: &Rosters, card: &CardNumber, now: Moment) -> bool {
        let client = everybody(rosters);
        let (place, _) = find(rosters, &Query { card, pin: None, client: &client }, now);
        self.guard.unlock(&attempts_key(rosters, &place))
    }

    /// The pseudonym of a card under one month's key.
    pub fn pseudonym(&self, rosters: &Rosters, card: &CardNumber, now: Moment, month: &PseudonymKey) -> Pseudonym {
        let client = everybody(rosters);
        let (place, _) = find(rosters, &Query { card, pin: None, client: &client }, now);
        month.pseudonym(place.space, &place.id)
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
        if let Found::Away(why) = found {
            // Nobody can say, so nothing is counted.
            return Verdict::Refuse(why);
        }
        let known = found.is_known();
        // Where there is no row to verify, a decoy is opened and verified: every refusal costs the same.
        let decoy = if let Found::Student { .. } = found { None } else { decoy(rosters, place) };
        let key = attempts_key(rosters, place);
        let hash = match (&found, &decoy) {
            (Found::Student { row, .. }, _) => row.hash.clone(),
            (_, Some((served, _))) => served.decoy_hash(place.space),
            (_, None) => None,
        };
        if let Some(hash) = hash {
            let space = known.then_some(place.space);
            return match self.attempt_slowly(rosters, &key, (space, place), (pin, &hash), now) {
                Some(attempt) => judge(rosters, query, place, found, attempt, now),
                None => Verdict::Refuse(Reason::Outage),
            };
        }
        let verify = || match &decoy {
            Some((served, row)) => {
                // Computed, and thrown away: a decoy admits nobody.
                std::hint::black_box(matches(rosters, place, served, row, pin));
                false
            }
            None => is_right(rosters, place, &found, pin),
        };
        let attempt = self.guard.attempt(&key, known.then_some(place.space), pin, now.seconds, verify);
        judge(rosters, query, place, found, attempt, now)
    }

    /// One attempt at a PIN that the district hashed; `None`: there was no time to check it, and nothing is counted.
    fn attempt_slowly(
        &self,
        rosters: &Rosters,
        key: &AttemptsKey,
        (space, place): (Option<&str>, &Place<'_>),
        (pin, hash): (&Pin, &HashedPin),
        now: Moment,
    ) -> Option<Attempt> {
        let typed = rosters.keyring.current().verifier(place.space, &place.id, hash.as_str(), pin);
        if self.slow.knows(key, &typed) {
            return Some(self.guard.attempt(key, space, pin, now.seconds, || true));
        }
        let reserved = self.guard.reserve(key, now.seconds);
        // A locked card is checked all the same, so that it costs what any other costs.
        let right = self.slow.verify(hash, pin);
        if !reserved {
            return right.map(|_| Attempt::Locked);
        }
        let attempt = self.guard.settle(key, space, pin, now.seconds, right);
        if right? {
            self.slow.remember(*key, typed);
        }
        Some(attempt)
    }
}

/// A card without a PIN: recognised where the client may, and never verified or counted.
fn recognise(rosters: &Rosters, query: &Query<'_>, place: &Place<'_>, found: Found<'_>, now: Moment) -> Verdict {
    if let Found::Away(why) = found {
        return Verdict::Refuse(why);
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
        (Found::Away(why), _) => return refuse(why),
        (_, Attempt::Locked) => return refuse(Reason::Locked),
        (Found::Nobody | Found::OtherForm, _) => return refuse(Reason::UnknownCard),
        (Found::Elsewhere { .. }, _) => return refuse(Reason::OtherDistrict),
        (Found::Ambiguous { .. }, _) => return refuse(Reason::Ambiguous),
        (Found::Student { district, served, row }, _) => (district, served, row),
    };
    if attempt == Attempt::Wrong {
        let none = !row.has_pin() && !served.is_without_pin(row.pin_rule);
        return refuse(if none { Reason::NoVerifier } else { Reason::WrongPin });
    }
    if rosters.has_opted_out(place.districts, place.space, &place.id) {
        return refuse(Reason::OptedOut);
    }
    let Some(rules) = rosters.districts.get(district) else { return refuse(Reason::Outage) };
    if let Err(reason) = served.judge(rules, &row.student, now) {
        return refuse(reason);
    }
    let privileges = rules.privileges.of(row.student.role, row.student.grade);
    if query.client.kind == ClientKind::EResource && !privileges.digital {
        return refuse(Reason::Privilege);
    }
    Verdict::Admit(seen(rosters, query, place, (rules, served), row, privileges))
}

fn is_right(rosters: &Rosters, place: &Place<'_>, found: &Found<'_>, pin: &Pin) -> bool {
    match found {
        Found::Student { served, row, .. } => {
            served.is_without_pin(row.pin_rule) || matches(rosters, place, served, row, pin)
        }
        _ => false,
    }
}

/// Every verifier is compared, in constant time: which form was typed shows nowhere.
fn matches(rosters: &Rosters, place: &Place<'_>, served: &Served, row: &StudentRow, pin: &Pin) -> bool {
    let Some(key) = rosters.keyring.find(served.generation.key()) else { return false };
    let typed = key.verifier(place.space, &place.id, served.pin_version(row.pin_rule), pin);
    row.verifiers.iter().fold(Choice::from(0), |any, verifier| any | verifier.same_as(&typed)).into()
}

/// Nobody's rules: whoever runs a command may find every card.
fn everybody(rosters: &Rosters) -> ClientRules {
    ClientRules {
        id: String::new(),
        districts: (0..rosters.districts.len()).collect(),
        kind: ClientKind::SelfCheck,
        pin: PinPolicy::Required,
        release: patron::Release::default(),
    }
}

fn attempts_key(rosters: &Rosters, place: &Place<'_>) -> AttemptsKey {
    rosters.keyring.current().attempts_key(place.space, &place.id)
}
