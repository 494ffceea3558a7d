//! Where a card leads, and what stands there.

use roster::{KeyId, Row, RowIndex, StudentRow, Verifier};

use crate::rosters::Served;
use crate::{Query, Rosters};

/// Where a card leads.
pub(crate) struct Place<'a> {
    /// The ID space, or none for a card that no rule claims.
    pub(crate) space: &'a str,
    pub(crate) id: &'a str,
    /// Where to look, by index.
    pub(crate) districts: &'a [usize],
    pub(crate) claimed: bool,
}

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
    Nobody,
    Outage,
}

/// Looks in every district that may have the card: as many look-ups whether it is there or not.
pub(crate) fn look_up<'a>(rosters: &'a Rosters, query: &Query<'_>, place: &Place<'_>) -> Found<'a> {
    let mut found = Found::Nobody;
    let mut index: Option<(KeyId, RowIndex)> = None;
    for district in place.districts {
        let here = match rosters.served.get(*district) {
            Some(Ok(served)) => look_up_in(rosters, *district, served, place, &mut index),
            Some(Err(_)) | None => Found::Outage,
        };
        let here = match here {
            found if query.client.districts.contains(district) => found,
            Found::Student { .. } | Found::Ambiguous { .. } => Found::Elsewhere { known: true },
            // That a stranger's district is away is none of the client's business.
            Found::Outage => Found::Elsewhere { known: false },
            found => found,
        };
        found = found.or(here);
    }
    if place.claimed { found } else { Found::Nobody }
}

fn look_up_in<'a>(
    rosters: &Rosters,
    district: usize,
    served: &'a Served,
    place: &Place<'_>,
    index: &mut Option<(KeyId, RowIndex)>,
) -> Found<'a> {
    let key_id = served.generation.key();
    let row_index = match index {
        Some((known, row_index)) if *known == key_id => *row_index,
        _ => {
            let Some(key) = rosters.keyring.find(key_id) else { return Found::Outage };
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

impl Found<'_> {
    /// What two districts of one ID space come to together: the answer that confuses nobody.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nobody, other) | (other, Self::Nobody) => other,
            // While one of them cannot be read, a hit elsewhere stands and a miss is an outage.
            (Self::Outage, other) | (other, Self::Outage) => other,
            (Self::Elsewhere { .. }, other) | (other, Self::Elsewhere { .. }) => other,
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

pub(crate) fn locate<'a>(rosters: &'a Rosters, query: &Query<'a>) -> Place<'a> {
    let card = query.card.as_str();
    if let Some(claim) = rosters.cards.claim(card) {
        return Place { space: claim.space, id: claim.id, districts: claim.districts, claimed: true };
    }
    // Hashed raw, in no space, and looked up in the client's first district: never found, but looked for.
    let first = query.client.districts.first();
    let districts = first.and_then(|first| rosters.cards.space_of(*first)).map_or(&[][..], |(_, districts)| districts);
    Place { space: "", id: card, districts, claimed: false }
}

pub(crate) fn decoy<'a>(rosters: &'a Rosters, place: &Place<'_>) -> Option<(&'a Served, Vec<Verifier>)> {
    let served = place.districts.iter().find_map(|district| rosters.served.get(*district)?.as_ref().ok())?;
    match served.generation.decoy() {
        Ok(Row::Decoy(verifiers)) => Some((served, verifiers)),
        _ => None,
    }
}
