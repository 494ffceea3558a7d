//! What a generation says of itself, sealed like its rows.

use std::collections::BTreeMap;

use patron::{CardRule, IdSource, Pattern, PinRule, Release};
use serde::{Deserialize, Serialize};

/// The sealed header: the rules that the rows were made under, what is stored, and counts.
///
/// A generation is served under these rules until the next sync, whatever the configuration says by then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// When the generation was made, in seconds since 1970 (UTC).
    pub made_at: i64,
    /// The card rule: where the ID came from.
    pub id_source: String,
    /// The card rule: prefix.
    pub prefix: String,
    /// The card rule: pattern of the ID.
    pub pattern: String,
    /// The card rule: the ID space.
    pub namespace: String,
    /// The PIN rule, as [`PinRule::version`] writes it.
    pub pin: String,
    /// The attributes that are stored beside what every row has.
    pub stored: u8,
    /// All rows, without the decoy.
    pub rows: u64,
    /// Rows of people.
    pub people: u64,
    /// Rows of IDs that two people share.
    pub ambiguous: u64,
    /// People without a verifier.
    pub without_verifier: u64,
    /// People by role.
    pub roles: BTreeMap<String, u64>,
    /// The schools that rows point to by their place in this list.
    pub schools: Vec<SchoolEntry>,
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

impl Header {
    /// A header with these rules and nothing counted yet.
    pub fn under(card: &CardRule, pin: &PinRule, stored: Release, made_at: i64) -> Self {
        Self {
            made_at,
            id_source: card.id.name(),
            prefix: card.prefix.clone(),
            pattern: card.pattern.as_str().to_owned(),
            namespace: card.namespace.clone(),
            pin: pin.version(),
            stored: stored.bits(),
            rows: 0,
            people: 0,
            ambiguous: 0,
            without_verifier: 0,
            roles: BTreeMap::new(),
            schools: Vec::new(),
        }
    }

    /// The card rule that the rows were made under.
    pub fn card_rule(&self) -> Option<CardRule> {
        Some(CardRule {
            id: IdSource::parse(&self.id_source)?,
            prefix: self.prefix.clone(),
            pattern: Pattern::parse(&self.pattern).ok()?,
            namespace: self.namespace.clone(),
        })
    }

    /// The PIN rule that the verifiers were made under.
    pub fn pin_rule(&self) -> Option<PinRule> {
        PinRule::from_version(&self.pin)
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
