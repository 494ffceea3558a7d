//! A generation as it is served: with what of its header, and of the live rules, every request needs.

use std::sync::Arc;

use patron::{CardRules, HashedPin, PinScheme, Reason, SchoolIndex, Student};
use roster::Generation;

use crate::{District, Moment, Unserved};

/// A generation that is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) generation: Arc<Generation>,
    /// The card rules that it was made under.
    pub(crate) cards: CardRules,
    pins: Vec<ServedPin>,
    /// The schools that the programme serves; `None`: all.
    schools: Option<Vec<SchoolIndex>>,
    /// Seconds since 1970 from which on it is too old.
    stale_at: i64,
}

/// A PIN rule that it was made under.
#[derive(Debug)]
struct ServedPin {
    /// Bound into each verifier.
    version: String,
    /// No PIN is needed: a district that accepted `scheme = "none"`.
    without: bool,
    /// The directory is asked.
    at_directory: bool,
}

impl Served {
    /// Takes what is needed out of the header.
    pub(crate) fn new(generation: Arc<Generation>, district: &District) -> Result<Self, Unserved> {
        let header = generation.header();
        let unreadable = || Unserved::Unreadable("its header holds rules this release cannot read; sync it".to_owned());
        let pins = header.pin_rules().ok_or_else(unreadable)?;
        let cards = header.card_rules().ok_or_else(unreadable)?;
        let eligibility = &district.eligibility;
        let schools = (!eligibility.schools.is_empty()).then(|| {
            let served = header
                .schools
                .iter()
                .enumerate()
                .filter(|(_, school)| eligibility.schools.iter().any(|code| school.is_called(code)));
            served.filter_map(|(at, _)| u16::try_from(at).ok().map(SchoolIndex)).collect()
        });
        let pin = |rule: &patron::PinRule| ServedPin {
            version: rule.version(),
            without: rule.scheme == PinScheme::None,
            at_directory: rule.scheme == PinScheme::Directory,
        };
        let age = eligibility.max_stale.map(|days| i64::from(days) * 24 * 3600);
        Ok(Self {
            cards,
            pins: pins.rules().iter().map(pin).collect(),
            schools,
            stale_at: age.map_or(i64::MAX, |age| header.made_at.saturating_add(age)),
            generation,
        })
    }

    /// What is bound into the verifiers of a row, by the place of its PIN rule.
    pub(crate) fn pin_version(&self, rule: u8) -> &str {
        self.pins.get(usize::from(rule)).map(|pin| pin.version.as_str()).unwrap_or_default()
    }

    /// Whether a row needs no PIN.
    pub(crate) fn is_without_pin(&self, rule: u8) -> bool {
        self.pins.get(usize::from(rule)).is_some_and(|pin| pin.without)
    }

    /// Whether any of its people's PINs are at the directory.
    pub(crate) fn asks_directory(&self) -> bool {
        self.pins.iter().any(|pin| pin.at_directory)
    }

    /// What an unknown card of a space is verified against, where its people's PINs are hashed.
    pub(crate) fn decoy_hash(&self, space: &str) -> Option<HashedPin> {
        HashedPin::parse(self.generation.header().decoy_hashes.get(space)?)
    }

    /// Whether it is older than the district lets it be.
    pub(crate) fn is_stale(&self, now: Moment) -> bool {
        i64::from(now.seconds) >= self.stale_at
    }

    /// Whether a card that reads `id` in `space` is of a form that a student may have.
    pub(crate) fn may_be(&self, card: &str, on_card: (&str, &str), student: &Student) -> bool {
        self.cards.is_one_for_all() || self.cards.may_be(card, on_card, student.role, student.grade)
    }

    /// What stands against a student of a district.
    pub(crate) fn judge(&self, district: &District, student: &Student, now: Moment) -> Result<(), Reason> {
        let at_a_school =
            self.schools.as_ref().is_none_or(|served| student.schools.iter().any(|school| served.contains(school)));
        district.eligibility.judge(student, at_a_school, now.today)
    }
}
