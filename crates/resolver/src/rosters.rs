//! What requests are answered from: each district's live rules and the generation it serves.

use std::fmt;
use std::sync::Arc;

use patron::{CardBook, CardRule, Eligibility, PinScheme, Release, Role};
use roster::{Generation, IdentityKey, Keyring, RosterError, Store};

/// A district's live rules.
#[derive(Clone, Debug)]
pub struct District {
    /// The id: the stem of its file.
    pub id: String,
    /// The card rule of the configuration: in force where no generation says otherwise.
    pub card: CardRule,
    /// Who of its people may.
    pub eligibility: Eligibility,
    /// What of them may be released at most.
    pub ceiling: Release,
    /// The library that its students belong to (SIP2 AQ).
    pub home_library: Option<String>,
    /// The patron type (SIP2 PC) of each role.
    pub patron_types: Vec<(Role, String)>,
}

impl District {
    pub(crate) fn patron_type(&self, role: Role) -> Option<&str> {
        self.patron_types.iter().find(|(of, _)| *of == role).map(|(_, name)| name.as_str())
    }
}

/// Why a district cannot be answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// It never had a roster.
    NoRoster,
    /// Its roster cannot be read: the message of the error.
    Unreadable(String),
    /// The rules its roster was made under clash with those of another district since a reload.
    RulesClash,
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoster => f.write_str("no roster yet; sync it"),
            Self::Unreadable(why) => f.write_str(why),
            Self::RulesClash => {
                f.write_str("its roster was made under a card rule that now clashes with another district's; sync it")
            }
        }
    }
}

/// A generation with what of its header every request needs.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) generation: Arc<Generation>,
    /// Bound into each verifier.
    pub(crate) pin_version: String,
    /// No PIN is needed: a district that accepted `scheme = "none"`.
    pub(crate) without_pin: bool,
}

/// All districts with what they serve: one consistent view, swapped whole.
#[derive(Debug)]
pub struct Rosters {
    pub(crate) districts: Arc<[District]>,
    pub(crate) served: Vec<Result<Served, Unserved>>,
    pub(crate) cards: CardBook,
    /// The keys that the generations were made under.
    pub(crate) keyring: Arc<Keyring>,
    /// The key of internal ids; `None`: it cannot be read, and no client is given one.
    pub(crate) identity: Option<IdentityKey>,
}

impl Rosters {
    /// Opens what each district serves. A district that cannot be served does not keep the others from it.
    pub fn open(store: &Store, districts: Arc<[District]>) -> Self {
        let generations = districts.iter().map(|district| match store.serving(&district.id) {
            Ok(Some(generation)) => Ok(generation),
            Ok(None) => Err(Unserved::NoRoster),
            Err(error) => Err(Unserved::Unreadable(plain(&error))),
        });
        let generations = generations.collect();
        Self::assemble(districts, generations, store.keyring(), store.identity_key().ok())
    }

    fn assemble(
        districts: Arc<[District]>,
        generations: Vec<Result<Arc<Generation>, Unserved>>,
        keyring: Arc<Keyring>,
        identity: Option<IdentityKey>,
    ) -> Self {
        let mut served: Vec<Result<Served, Unserved>> =
            generations.into_iter().map(|generation| generation.and_then(Served::new)).collect();
        // A roster is served under the rules it was made under, until the next sync.
        let made_under: Vec<Option<CardRule>> = served
            .iter()
            .map(|served| served.as_ref().ok().and_then(|served| served.generation.header().card_rule()))
            .collect();
        let rules = districts
            .iter()
            .zip(&made_under)
            .map(|(district, made)| made.clone().unwrap_or_else(|| district.card.clone()));
        let cards = CardBook::new(rules).unwrap_or_else(|_| {
            // An old rule against a new one: the configuration is free of overlaps, so it decides, and a district
            // whose rows were made otherwise waits for its sync.
            for ((district, made), served) in districts.iter().zip(&made_under).zip(&mut served) {
                if made.as_ref().is_some_and(|made| *made != district.card) {
                    *served = Err(Unserved::RulesClash);
                }
            }
            CardBook::new(districts.iter().map(|district| district.card.clone())).unwrap_or_default()
        });
        Self { districts, served, cards, keyring, identity }
    }

    /// The districts, by index.
    pub fn districts(&self) -> &[District] {
        &self.districts
    }

    /// What a district serves, or why it does not.
    pub fn generation(&self, district: usize) -> Result<&Arc<Generation>, &Unserved> {
        match self.served.get(district) {
            Some(Ok(served)) => Ok(&served.generation),
            Some(Err(why)) => Err(why),
            None => Err(&Unserved::NoRoster),
        }
    }
}

impl Served {
    fn new(generation: Arc<Generation>) -> Result<Self, Unserved> {
        let header = generation.header();
        let unreadable = || Unserved::Unreadable("its header holds rules this release cannot read; sync it".to_owned());
        let pin = header.pin_rule().ok_or_else(unreadable)?;
        header.card_rule().ok_or_else(unreadable)?;
        Ok(Self { pin_version: pin.version(), without_pin: pin.scheme == PinScheme::None, generation })
    }
}

fn plain(error: &RosterError) -> String {
    error.to_string()
}
