//! Where a card leads, and under which names it is counted and logged.

use std::borrow::Cow;
use std::cell::OnceCell;

use roster::{Pseudonym, PseudonymKey};

use crate::guard::AttemptsKey;
use crate::{Query, Rosters};

/// Where a card leads.
pub(crate) struct Place<'a> {
    /// The ID space, or none for a card that no rule claims.
    pub(crate) space: &'a str,
    /// The ID: of an earlier number, today's.
    pub(crate) id: Cow<'a, str>,
    /// Where to look, by index.
    pub(crate) districts: &'a [usize],
    pub(crate) claimed: bool,
    attempts_key: OnceCell<AttemptsKey>,
    pseudonym: OnceCell<Pseudonym>,
}

impl<'a> Place<'a> {
    pub(crate) fn of_card(rosters: &'a Rosters, query: &Query<'a>) -> Self {
        let card = query.card.as_str();
        if let Some(claim) = rosters.cards.claim(card) {
            return Self::new(claim.space, claim.id, claim.districts, true);
        }
        // Hashed raw, in no space, and looked up in the client's first district: never found, but looked for.
        let first = query.client.districts.first();
        let districts = first.map_or(&[][..], |first| rosters.cards.neighbours_of(*first));
        Self::new("", Cow::Borrowed(card), districts, false)
    }

    const fn new(space: &'a str, id: Cow<'a, str>, districts: &'a [usize], claimed: bool) -> Self {
        Self { space, id, districts, claimed, attempts_key: OnceCell::new(), pseudonym: OnceCell::new() }
    }

    /// The same with today's number.
    pub(crate) fn led_on_to(&self, id: String) -> Self {
        Self::new(self.space, Cow::Owned(id), self.districts, self.claimed)
    }

    /// Under which name attempts are counted. Made once, and best while a row is waited for.
    pub(crate) fn attempts_key(&self, rosters: &Rosters) -> AttemptsKey {
        *self.attempts_key.get_or_init(|| rosters.keyring.current().attempts_key(self.space, &self.id))
    }

    /// Who it is about, for the logs of a month: all that is asked of a place is asked in one. Made once, too.
    pub(crate) fn pseudonym(&self, month: &PseudonymKey) -> Pseudonym {
        *self.pseudonym.get_or_init(|| month.pseudonym(self.space, &self.id))
    }
}
