//! The way of one request: card, row, guard, PIN, eligibility.

use patron::{CardNumber, HashedPin, Pin, Reason, Verdict};
use roster::{ForwardRecord, Pseudonym, PseudonymKey, StudentRow};
use subtle::Choice;

use crate::guard::{Attempt, AttemptsKey};
use crate::live::forwards::Forwards;
use crate::live::offline::Offline;
use crate::lookup::{Found, decoy, find};
use crate::place::Place;
use crate::release::seen;
use crate::served::Served;
use crate::slow::{Aside, SlowLane};
use crate::{ClientKind, ClientRules, Guard, Heard, Hearing, Login, Moment, PinPolicy, Query, Rosters, Used};

/// Answers queries. One for the life of the daemon: its guard remembers.
pub struct Resolver {
    guard: Guard,
    pub(crate) slow: SlowLane,
    pub(crate) forwards: Forwards,
    pub(crate) offline: Offline,
}

/// What a question comes to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly always an answer, and never kept")]
pub enum Resolved<'a> {
    /// It is answered.
    Answer(Answer<'a>),
    /// The district's directory must be asked first, by [`Resolver::hear`]; then the same is asked again with what was heard.
    Ask(Box<Login>),
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

impl Resolver {
    /// A resolver with what the guard remembers. PINs that the district hashed are checked where it is asked.
    pub fn new(guard: Guard) -> Self {
        Self::with_aside(guard, |work| work())
    }

    /// The same; PINs that the district hashed are checked by `aside`.
    pub fn with_aside(guard: Guard, aside: Aside) -> Self {
        Self::with_live(guard, aside, Vec::new(), Offline::new(None).0)
    }

    /// The same with what is remembered of logins at directories.
    pub fn with_live(guard: Guard, aside: Aside, forwarded: Vec<ForwardRecord>, offline: Offline) -> Self {
        Self { guard, slow: SlowLane::new(aside), forwards: Forwards::new(forwarded), offline }
    }

    /// The attempt budgets.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The last good passwords.
    pub const fn offline(&self) -> &Offline {
        &self.offline
    }

    /// How many checks of PINs that the district hashed found no turn.
    pub fn slow_checks_turned_away(&self) -> u64 {
        self.slow.turned_away()
    }

    /// The wrong passwords that were passed on since the last call, for keeping. Called once a second.
    pub fn take_forwarded(&self, now: u32) -> Vec<ForwardRecord> {
        self.forwards.take_changed(now)
    }

    /// Forgets all that stands against the cards of an ID space, and what was good of them: the end of a district.
    pub fn forget_space(&self, space: &str) {
        self.guard.forget_space(space);
        self.forwards.forget_space(space);
        self.offline.forget_all();
    }

    /// The verdict on a query. Counts a wrong PIN against the card. `heard` is what a directory said, where one was asked.
    pub fn resolve<'a>(
        &self,
        rosters: &'a Rosters,
        query: &Query<'a>,
        heard: Option<Hearing>,
        now: Moment,
        month: &PseudonymKey,
    ) -> Resolved<'a> {
        let (place, found) = find(rosters, query, Some(month), now);
        if heard.is_none()
            && let Some(pin) = query.pin_that_counts()
            && let Some(login) = self.login(rosters, &place, &found, pin, now)
        {
            return Resolved::Ask(Box::new(login));
        }
        let heard = heard.map(|heard| heard.of(&place.attempts_key(rosters)));
        let used = Used::of(&found);
        // Of a card that nobody has, several districts may be meant, and none is.
        let only = if let [only] = place.districts { Some(*only) } else { None };
        let district = found.district().or(only.filter(|_| place.claimed));
        let verdict = match (query.pin_that_counts(), heard) {
            (Some(_), heard) if found.is_at_directory() => {
                // Nobody was asked where the configuration no longer says whom to ask.
                judge_heard(rosters, query, &place, found, heard.unwrap_or(Heard::Outage), now)
            }
            // Nor is anybody told apart from those who are there.
            (Some(_), Some(Heard::Outage)) if !matches!(found, Found::Student { .. }) => {
                Verdict::Refuse(Reason::Outage)
            }
            (Some(pin), _) => self.verify(rosters, query, pin, &place, found, now),
            (None, _) => recognise(rosters, query, &place, found, now),
        };
        let pseudonym = place.pseudonym(month);
        Resolved::Answer(Answer {
            used: used.filter(|_| matches!(verdict, Verdict::Admit(_))).map(|used| used.by(place.space, place.id)),
            verdict,
            district,
            pseudonym,
        })
    }

    /// Forgets what stands against a card. Returns whether anything did.
    pub fn unlock(&self, rosters: &Rosters, card: &CardNumber, now: Moment) -> bool {
        let client = everybody(rosters);
        let (place, _) = find(rosters, &Query { card, pin: None, client: &client }, None, now);
        self.guard.unlock(&place.attempts_key(rosters))
    }

    /// The pseudonym of a card under one month's key.
    pub fn pseudonym(&self, rosters: &Rosters, card: &CardNumber, now: Moment, month: &PseudonymKey) -> Pseudonym {
        let client = everybody(rosters);
        let (place, _) = find(rosters, &Query { card, pin: None, client: &client }, Some(month), now);
        place.pseudonym(month)
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
        let key = place.attempts_key(rosters);
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
        // Who has opted out is refused as a wrong PIN is, and so in the time that one takes.
        let may_show = !rosters.has_opted_out(place.districts, place.space, &place.id);
        if may_show && self.slow.knows(key, &typed) {
            match self.guard.attempt(key, space, pin, now.seconds, || true) {
                // Checked all the same: of a locked card, no PIN must be told from another by the time that it takes.
                Attempt::Locked => {}
                attempt => return Some(attempt),
            }
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

/// The verdict on what a directory said of somebody's PIN.
fn judge_heard(
    rosters: &Rosters,
    query: &Query<'_>,
    place: &Place<'_>,
    found: Found<'_>,
    heard: Heard,
    now: Moment,
) -> Verdict {
    let judge = |attempt| judge(rosters, query, place, found, attempt, now);
    match heard {
        Heard::Right => judge(Attempt::Right),
        // What came into the roster meanwhile was not asked about.
        Heard::Outage | Heard::Paused => Verdict::Refuse(Reason::Outage),
        Heard::Wrong => judge(Attempt::Wrong),
        Heard::Locked => judge(Attempt::Locked),
        Heard::Refused(reason) if reason.is_ineligible() => match judge(Attempt::Right) {
            Verdict::Admit(_) | Verdict::Recognise(_) => Verdict::Refuse(reason),
            // Who has opted out is told nothing more.
            refused @ Verdict::Refuse(_) => refused,
        },
        Heard::Refused(reason) => Verdict::Refuse(reason),
    }
}

/// A card without a PIN: recognised where the client may, and never verified or counted.
pub(crate) fn recognise(
    rosters: &Rosters,
    query: &Query<'_>,
    place: &Place<'_>,
    found: Found<'_>,
    now: Moment,
) -> Verdict {
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
pub(crate) fn judge(
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

pub(crate) fn is_right(rosters: &Rosters, place: &Place<'_>, found: &Found<'_>, pin: &Pin) -> bool {
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
