//! What requests are answered from: each district's live rules, the generation it serves, and who opted out of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use patron::{CardBook, CardRules, Eligibility, PrivilegeRules, Release};
use roster::{Generation, IdentityKey, Keyring, OptOutMark, RosterError, Store};

use crate::live::LiveLine;
use crate::opted_out::{OptedOut, Stamp};
use crate::served::Served;

/// A district's live rules.
#[derive(Clone, Debug)]
pub struct District {
    /// The id: the stem of its file.
    pub id: String,
    /// The card rules of the configuration: in force where no generation says otherwise.
    pub cards: CardRules,
    /// Who of its people may.
    pub eligibility: Eligibility,
    /// The list of those who opted out, where it has one.
    pub opt_out_file: Option<PathBuf>,
    /// What of them may be released at most.
    pub ceiling: Release,
    /// The library that its students belong to (SIP2 AQ).
    pub home_library: Option<String>,
    /// What they may do.
    pub privileges: PrivilegeRules,
    /// Who is asked for the PINs that the roster does not hold.
    pub live: Option<Arc<LiveLine>>,
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
    /// Its opt-out file cannot be read, and never could: nobody knows who must not be admitted.
    NoOptOuts(String),
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoster => f.write_str("no roster yet; sync it"),
            Self::Unreadable(why) => f.write_str(why),
            Self::RulesClash => {
                f.write_str("its roster was made under a card rule that now clashes with another district's; sync it")
            }
            Self::NoOptOuts(why) => write!(f, "eligibility.opt-out-file was never read: {why}"),
        }
    }
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
    opted_out: Vec<Option<Arc<OptedOut>>>,
}

impl Rosters {
    /// Opens what each district serves. A district that cannot be served does not keep the others from it.
    ///
    /// Of `previous` the lists of opt-outs are taken over whose files are as they were.
    pub fn open(store: &Store, districts: Arc<[District]>, previous: Option<&Self>) -> Self {
        let mut served: Vec<Result<Served, Unserved>> = districts
            .iter()
            .map(|district| match store.serving(&district.id) {
                Ok(Some(generation)) => Served::new(generation, district),
                Ok(None) => Err(Unserved::NoRoster),
                Err(error) => Err(Unserved::Unreadable(plain(&error))),
            })
            .collect();
        // A roster is served under the rules it was made under, until the next sync.
        let rules = districts.iter().zip(&served).map(|(district, served)| match served {
            Ok(served) => served.cards.clone(),
            Err(_) => district.cards.clone(),
        });
        let cards = CardBook::new(rules).unwrap_or_else(|_| {
            // An old rule against a new one: the configuration is free of overlaps, so it decides, and a district
            // whose rows were made otherwise waits for its sync.
            for (district, served) in districts.iter().zip(&mut served) {
                if served.as_ref().is_ok_and(|served| served.cards != district.cards) {
                    *served = Err(Unserved::RulesClash);
                }
            }
            CardBook::new(districts.iter().map(|district| district.cards.clone())).unwrap_or_default()
        });
        let identity = store.identity_key().ok();
        let mut opted_out = Vec::with_capacity(districts.len());
        for (at, (district, served)) in districts.iter().zip(&mut served).enumerate() {
            let rules = match &*served {
                Ok(served) => (&served.cards, Some(&*served.generation)),
                Err(_) => (&district.cards, None),
            };
            let before = previous.and_then(|previous| previous.opted_out_of(&district.id, at));
            match OptedOut::of(store, identity.as_ref(), district, rules, before) {
                Ok(list) => opted_out.push(list),
                Err(why) => {
                    opted_out.push(None);
                    if served.is_ok() {
                        *served = Err(Unserved::NoOptOuts(why));
                    }
                }
            }
        }
        Self { districts, served, cards, keyring: store.keyring(), identity, opted_out }
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

    /// The list of those who opted out of a district, where it has one.
    pub fn opted_out(&self, district: usize) -> Option<&OptedOut> {
        self.opted_out.get(district)?.as_deref()
    }

    /// Where the file of some district's list is not what was read, how the files are now: what a second look finds
    /// unchanged is whole, and should be read.
    pub fn changed_opt_outs(&self) -> Option<Vec<Option<Stamp>>> {
        let mut changed = false;
        let mut stamps = Vec::new();
        for (district, list) in self.districts.iter().zip(&self.opted_out) {
            let Some(file) = &district.opt_out_file else { continue };
            let stamp = Stamp::of(file);
            changed |= list.as_ref().is_none_or(|list| !list.was_read_at(stamp));
            stamps.push(stamp);
        }
        changed.then_some(stamps)
    }

    /// Whether somebody has opted out of a district that shares the ID space.
    pub(crate) fn has_opted_out(&self, districts: &[usize], space: &str, id: &str) -> bool {
        let mut lists =
            districts.iter().filter_map(|at| self.opted_out(*at)).filter(|list| !list.is_empty()).peekable();
        if lists.peek().is_none() {
            return false;
        }
        // Without the key no list was read, and no district is served.
        let Some(identity) = &self.identity else { return true };
        let mark: OptOutMark = identity.opt_out_mark(space, id);
        lists.any(|list| list.holds(&mark))
    }

    fn opted_out_of(&self, district: &str, at: usize) -> Option<&Arc<OptedOut>> {
        let same = self.districts.get(at).is_some_and(|known| known.id == district);
        let at = if same { at } else { self.districts.iter().position(|known| known.id == district)? };
        self.opted_out.get(at)?.as_ref()
    }
}

fn plain(error: &RosterError) -> String {
    error.to_string()
}
