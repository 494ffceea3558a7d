//! What a generation says of itself, sealed like its rows.

use std::collections::BTreeMap;

use patron::{CardForm, CardRules, CardSpec, PinRule, PinRules, Release, Scope};
use serde::{Deserialize, Serialize};

use crate::Records;

/// In blocks (`block.rs`).
pub(crate) const LAYOUT: u8 = 2;

/// The sealed header: the rules that the rows were made under, what is stored, and counts.
///
/// A generation is served under these rules until the next sync, whatever the configuration says by then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// How the rows lie.
    #[serde(default)]
    pub(crate) layout: u8,
    /// When the generation was made, in seconds since 1970 (UTC).
    pub made_at: i64,
    /// The card rules.
    pub cards: Vec<CardSpec>,
    /// The PIN rules: whom each is for, and what [`PinRule::version`] writes.
    pub pins: Vec<(Scope, String)>,
    /// The rules of expiry, as [`patron::ExpiryRules::version`] writes them.
    pub expiry: String,
    /// The attributes that are stored beside what every row has.
    pub stored: u8,
    /// ID spaces whose people have hashed PINs: a hash of the same cost that is nobody's.
    pub decoy_hashes: BTreeMap<String, String>,
    /// All rows, without the decoy.
    pub rows: u64,
    /// Rows of people.
    pub people: u64,
    /// Rows of IDs that two people share.
    pub ambiguous: u64,
    /// Rows of earlier numbers.
    pub aliases: u64,
    /// Rows of people who vanished from the source and are held.
    pub held: u64,
    /// People without a verifier.
    pub without_verifier: u64,
    /// People by role.
    pub roles: BTreeMap<String, u64>,
    /// The schools that rows point to by their place in this list.
    pub schools: Vec<SchoolEntry>,
    /// What is kept beside the rows for a sync of changes alone; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Records>,
}

/// A school of a generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchoolEntry {
    /// The source's own id of the school.
    pub source_id: String,
    /// The school's name.
    pub name: String,
    /// The school's official code, where the source has one.
    pub identifier: Option<String>,
    /// People who are at this school.
    pub people: u64,
}

impl SchoolEntry {
    /// Whether a code is this school's: its official one, or the source's own.
    pub fn is_called(&self, code: &str) -> bool {
        self.source_id == code || self.identifier.as_deref() == Some(code)
    }
}

impl Header {
    /// A header with these rules and nothing counted yet.
    pub fn under(cards: &CardRules, pins: &PinRules, expiry: String, stored: Release, made_at: i64) -> Self {
        Self {
            layout: LAYOUT,
            made_at,
            cards: cards.forms().iter().map(|form| form.spec().clone()).collect(),
            pins: pins.rules().iter().map(|rule| (rule.scope.clone(), rule.version())).collect(),
            expiry,
            stored: stored.bits(),
            decoy_hashes: BTreeMap::new(),
            rows: 0,
            people: 0,
            ambiguous: 0,
            aliases: 0,
            held: 0,
            without_verifier: 0,
            roles: BTreeMap::new(),
            schools: Vec::new(),
            records: None,
        }
    }

    /// The card rules that the rows were made under.
    pub fn card_rules(&self) -> Option<CardRules> {
        let forms = self.cards.iter().map(|spec| CardForm::new(spec.clone()).ok());
        forms.collect::<Option<_>>().map(CardRules::new)
    }

    /// The PIN rules that the verifiers were made under.
    pub fn pin_rules(&self) -> Option<PinRules> {
        let rules = self.pins.iter().map(|(scope, version)| PinRule::from_version(scope.clone(), version));
        rules.collect::<Option<_>>().map(PinRules::new)
    }

    /// What is stored beside what every row has.
    pub const fn stored(&self) -> Release {
        Release::from_bits(self.stored)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Strings, numbers and lists of them: this cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
