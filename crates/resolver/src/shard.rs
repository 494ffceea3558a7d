//! One part of the table of attempt budgets.

use std::collections::{BTreeMap, BTreeSet};

use patron::Budget;

use crate::attempts::Attempts;
use crate::guard::AttemptsKey;

/// Unknown cards kept in one shard; over it they are all forgotten. They admit nobody, whatever is remembered.
pub(crate) const UNKNOWN_IN_SHARD: usize = 4096;

#[derive(Default)]
pub(crate) struct Shard {
    pub(crate) cards: BTreeMap<AttemptsKey, Entry>,
    pub(crate) unknown: usize,
    /// Guesses that are being checked.
    pub(crate) reserved: BTreeMap<AttemptsKey, u8>,
    /// Known cards whose record on disk is out of date.
    pub(crate) changed: BTreeSet<AttemptsKey>,
}

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) attempts: Attempts,
    /// The ID space of a known student; `None`: a card that nobody has.
    pub(crate) space: Option<SpaceNumber>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpaceNumber(pub(crate) u16);

impl Shard {
    /// Whether no guess is left, those that are being checked counted as wrong.
    pub(crate) fn is_locked(&self, key: &AttemptsKey, budget: &Budget, now: u32) -> bool {
        let standing = self.cards.get(key).map(|entry| entry.attempts.standing(budget, now));
        let Some(reserved) = self.reserved.get(key) else { return standing.is_some_and(|standing| standing.locked) };
        let (in_window, in_day) = standing.map_or((0, 0), |standing| (standing.in_window, standing.in_day));
        in_window.saturating_add(*reserved) >= budget.failures || in_day.saturating_add(*reserved) >= budget.per_day
    }

    pub(crate) fn put(&mut self, key: AttemptsKey, entry: Entry) {
        if entry.space.is_some() {
            self.changed.insert(key);
        }
        if self.cards.insert(key, entry).is_none() && entry.space.is_none() {
            self.unknown += 1;
            if self.unknown > UNKNOWN_IN_SHARD {
                self.cards.retain(|_, entry| entry.space.is_some());
                self.unknown = 0;
            }
        }
    }

    pub(crate) fn forget_spent(&mut self, now: u32) {
        let Self { cards, unknown, changed, .. } = self;
        cards.retain(|key, entry| {
            if !entry.attempts.is_spent(now) {
                return true;
            }
            if entry.space.is_some() {
                // Its record on disk goes first, with the next call.
                entry.attempts = Attempts::default();
                changed.insert(*key);
                return true;
            }
            false
        });
        *unknown = cards.values().filter(|entry| entry.space.is_none()).count();
    }
}
