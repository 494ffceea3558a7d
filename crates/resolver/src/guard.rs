//! The attempt budgets of all cards: who may still guess.
//!
//! Budgets are kept per canonical student, never per typed card or address: all students of a library come through
//! one catalogue's address. Known students' budgets outlive a restart; those of unknown cards live in a bounded part.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use patron::{Budget, Pin};
use roster::AttemptRecord;

use crate::attempts::{Attempts, Standing};
use crate::shard::{Entry, Shard, SpaceNumber};

/// Shards of the table: a request holds one for as long as one verification takes.
const SHARDS: usize = 64;

/// Under which name a card's attempts are counted: see [`roster::Key::attempts_key`].
pub type AttemptsKey = [u8; 16];

/// The table of attempt budgets.
pub struct Guard {
    /// Read on every attempt, so that no two requests meet here.
    budget: ArcSwap<Budget>,
    shards: Vec<Mutex<Shard>>,
    /// Keys of the short PIN hashes: random in each process.
    pins: RandomState,
    /// ID spaces by the number that entries hold.
    spaces: Mutex<Vec<String>>,
}

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The PIN was right and the card may be used.
    Right,
    /// The PIN was wrong.
    Wrong,
    /// Too many wrong PINs before: whether this one is right does not matter.
    Locked,
}

impl Guard {
    /// A guard with what the last run kept.
    pub fn new(budget: Budget, records: Vec<AttemptRecord>) -> Self {
        let guard = Self {
            budget: ArcSwap::from_pointee(budget),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            pins: RandomState::new(),
            spaces: Mutex::default(),
        };
        for record in records {
            let entry = Entry {
                attempts: Attempts::restored(record.cleared, &record.at),
                space: Some(guard.space_number(&record.space)),
            };
            if let Some(mut shard) = guard.shard(&record.key) {
                shard.cards.insert(record.key, entry);
            }
        }
        guard
    }

    /// Takes another budget, from a reload.
    pub fn set_budget(&self, budget: Budget) {
        self.budget.store(Arc::new(budget));
    }

    /// Admits, verifies and records one attempt under one lock: no two requests share the last guess.
    ///
    /// `space` is the ID space of a known student, or `None` for a card that nobody has. `verify` runs in every case,
    /// so that a locked card costs what any other costs.
    pub fn attempt(
        &self,
        key: &AttemptsKey,
        space: Option<&str>,
        pin: &Pin,
        now: u32,
        verify: impl FnOnce() -> bool,
    ) -> Attempt {
        let budget = **self.budget.load();
        let Some(mut shard) = self.shard(key) else { return Attempt::Locked };
        let locked = shard.is_locked(key, &budget, now);
        let right = verify();
        if locked { Attempt::Locked } else { self.conclude(&mut shard, key, space, pin, now, right) }
    }

    /// Takes one guess of a card's budget for a check that takes long; `false`: there is none left. Whoever takes one
    /// settles it.
    pub(crate) fn reserve(&self, key: &AttemptsKey, now: u32) -> bool {
        let budget = **self.budget.load();
        let Some(mut shard) = self.shard(key) else { return false };
        if shard.is_locked(key, &budget, now) {
            return false;
        }
        *shard.reserved.entry(*key).or_default() += 1;
        true
    }

    /// What came of a reserved guess; `right` is `None` where nobody could say, and nothing is counted.
    pub(crate) fn settle(
        &self,
        key: &AttemptsKey,
        space: Option<&str>,
        pin: &Pin,
        now: u32,
        right: Option<bool>,
    ) -> Attempt {
        let Some(mut shard) = self.shard(key) else { return Attempt::Locked };
        if let Some(reserved) = shard.reserved.get_mut(key) {
            *reserved -= 1;
            if *reserved == 0 {
                shard.reserved.remove(key);
            }
        }
        match right {
            Some(right) => self.conclude(&mut shard, key, space, pin, now, right),
            None => Attempt::Wrong,
        }
    }

    fn conclude(
        &self,
        shard: &mut Shard,
        key: &AttemptsKey,
        space: Option<&str>,
        pin: &Pin,
        now: u32,
        right: bool,
    ) -> Attempt {
        // The card is hashed in, so that equal hashes of one PIN on two cards say nothing.
        let pin = self.pins.hash_one((key, pin.expose())).to_le_bytes();
        let pin = u16::from_le_bytes([pin[0], pin[1]]);
        let known = shard.cards.get(key).copied();
        if right {
            if let Some(mut entry) = known {
                entry.attempts.clear_window(now);
                let space = space.map(|space| self.space_number(space));
                shard.put(*key, Entry { space, ..entry });
            }
            return Attempt::Right;
        }
        let space = space.map(|space| self.space_number(space));
        let mut entry = known.unwrap_or(Entry { attempts: Attempts::default(), space });
        if entry.attempts.record(pin, now) {
            shard.put(*key, Entry { space, ..entry });
        }
        Attempt::Wrong
    }

    /// How a card stands, without counting anything.
    pub fn standing(&self, key: &AttemptsKey, now: u32) -> Standing {
        let budget = **self.budget.load();
        let attempts = self.shard(key).and_then(|shard| shard.cards.get(key).map(|entry| entry.attempts));
        attempts.unwrap_or_default().standing(&budget, now)
    }

    /// Forgets what stands against a card. Returns whether anything did.
    pub fn unlock(&self, key: &AttemptsKey) -> bool {
        let Some(mut shard) = self.shard(key) else { return false };
        let Some(entry) = shard.cards.get_mut(key) else { return false };
        let stood = entry.attempts.times().next().is_some();
        // Kept, empty, until the record on disk is gone too.
        entry.attempts = Attempts::default();
        shard.changed.insert(*key);
        stood
    }

    /// Forgets all that stands against the cards of an ID space: the end of a district.
    pub fn forget_space(&self, space: &str) {
        let space = self.space_number(space);
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.cards.retain(|_, entry| entry.space != Some(space));
        }
    }

    /// What changed since the last call, for keeping; also forgets what is a day old. Called once a second.
    pub fn take_changed(&self, now: u32) -> Vec<AttemptRecord> {
        let spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut records = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            // One shard a second is looked through whole.
            if usize::try_from(now).unwrap_or_default() % SHARDS == number {
                shard.forget_spent(now);
            }
            let changed = std::mem::take(&mut shard.changed);
            for key in changed {
                let Some(entry) = shard.cards.get(&key).copied() else { continue };
                let Some(space) = entry.space.and_then(|space| spaces.get(usize::from(space.0))) else { continue };
                let record = AttemptRecord {
                    key,
                    space: space.clone(),
                    cleared: entry.attempts.cleared(),
                    at: entry.attempts.times().collect(),
                };
                if record.at.is_empty() {
                    shard.cards.remove(&key);
                }
                records.push(record);
            }
        }
        records
    }

    /// Known students who are locked now, for the metrics.
    pub fn locked(&self, now: u32) -> usize {
        let budget = **self.budget.load();
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner));
        shards
            .map(|shard| {
                let known = shard.cards.values().filter(|entry| entry.space.is_some());
                known.filter(|entry| entry.attempts.standing(&budget, now).locked).count()
            })
            .sum()
    }

    fn shard(&self, key: &AttemptsKey) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(usize::from(key[0]) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn space_number(&self, space: &str) -> SpaceNumber {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let number = spaces.iter().position(|known| known == space).unwrap_or_else(|| {
            spaces.push(space.to_owned());
            spaces.len() - 1
        });
        SpaceNumber(u16::try_from(number).unwrap_or(u16::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::UNKNOWN_IN_SHARD;

    const NOW: u32 = 1_800_000_000;
    const CARD: AttemptsKey = [1; 16];

    fn guard() -> Guard {
        Guard::new(Budget::default(), Vec::new())
    }

    fn pin(text: &str) -> Pin {
        Pin::parse(text).unwrap()
    }

    fn guess(guard: &Guard, text: &str, now: u32) -> Attempt {
        guard.attempt(&CARD, Some("district:cms"), &pin(text), now, || text == "0201")
    }

    #[test]
    fn the_sixth_guess_is_locked_even_if_it_is_right() {
        let guard = guard();
        for wrong in ["1", "2", "3", "4", "5"] {
            assert_eq!(guess(&guard, wrong, NOW), Attempt::Wrong);
        }
        assert_eq!(guess(&guard, "0201", NOW + 1), Attempt::Locked);
        assert_eq!(guess(&guard, "0201", NOW + 900), Attempt::Right);
    }

    #[test]
    fn parallel_guesses_at_one_card_do_not_share_the_last_try() {
        let guard = guard();
        let all_are_there = std::sync::Barrier::new(8);
        let wrong = std::thread::scope(|scope| {
            let guesses = [0, 1, 2, 3, 4, 5, 6, 7].map(|number| {
                let (guard, all_are_there) = (&guard, &all_are_there);
                scope.spawn(move || {
                    all_are_there.wait();
                    guard.attempt(&CARD, Some("district:cms"), &pin(&number.to_string()), NOW, || {
                        // Long enough for the others to come in, if they could.
                        (0..10_000).for_each(|_| std::thread::yield_now());
                        false
                    })
                })
            });
            guesses.into_iter().map(|guess| guess.join().unwrap()).filter(|a| *a == Attempt::Wrong).count()
        });
        assert_eq!(wrong, 5);
        // Those that take long hold no lock: each has a guess of its own set aside.
        let guard = self::guard();
        let reserved = (0..8).filter(|_| guard.reserve(&CARD, NOW)).count();
        assert_eq!(reserved, 5);
    }

    #[test]
    fn a_locked_card_is_verified_all_the_same_and_counts_nothing() {
        let guard = guard();
        for wrong in ["1", "2", "3", "4", "5"] {
            guess(&guard, wrong, NOW);
        }
        let mut verified = false;
        let answer = guard.attempt(&CARD, Some("district:cms"), &pin("6"), NOW, || {
            verified = true;
            false
        });
        assert_eq!(answer, Attempt::Locked);
        assert!(verified, "the same work as for any other card");
        assert_eq!(guard.standing(&CARD, NOW).in_day, 5);
    }

    #[test]
    fn guesses_that_are_being_checked_count_until_they_are_settled() {
        let guard = guard();
        let reserve = || guard.reserve(&CARD, NOW);
        assert!((0..5).all(|_| reserve()));
        assert!(!reserve(), "a sixth at the same time");
        assert_eq!(guess(&guard, "0201", NOW), Attempt::Locked);
        for wrong in ["1", "2", "3", "4"] {
            guard.settle(&CARD, Some("district:cms"), &pin(wrong), NOW, Some(false));
        }
        assert!(!reserve());
        guard.settle(&CARD, Some("district:cms"), &pin("5"), NOW, None);
        assert!(reserve(), "what nobody could check is no wrong PIN");
    }

    #[test]
    fn unlocking_forgets_and_says_whether_there_was_anything() {
        let guard = guard();
        assert!(!guard.unlock(&CARD));
        for wrong in ["1", "2", "3", "4", "5"] {
            guess(&guard, wrong, NOW);
        }
        assert!(guard.unlock(&CARD));
        assert!(!guard.unlock(&CARD), "there is nothing left");
        assert_eq!(guess(&guard, "0201", NOW), Attempt::Right);
    }

    #[test]
    fn a_lockout_survives_a_restart_by_its_record() {
        let before = guard();
        for wrong in ["1", "2", "3", "4", "5"] {
            guess(&before, wrong, NOW);
        }
        let records = before.take_changed(NOW);
        assert_eq!(records.len(), 1, "one card, however often it changed: {records:?}");
        let after = Guard::new(Budget::default(), records);
        assert_eq!(guess(&after, "0201", NOW + 1), Attempt::Locked);
    }

    #[test]
    fn unknown_cards_are_counted_in_a_bounded_part_and_never_kept() {
        let guard = guard();
        for number in 0..1_000_000_u32 {
            let mut key = [0; 16];
            key[1..5].copy_from_slice(&number.to_be_bytes());
            guard.attempt(&key, None, &pin("1"), NOW, || false);
        }
        let cards: usize = guard.shards.iter().map(|shard| shard.lock().unwrap().cards.len()).sum();
        assert!(cards <= SHARDS * (UNKNOWN_IN_SHARD + 1), "{cards}");
        assert!(guard.take_changed(NOW).is_empty());
    }

    #[test]
    fn a_flood_of_unknown_cards_does_not_lift_a_students_lock() {
        let guard = guard();
        for wrong in ["1", "2", "3", "4", "5"] {
            guess(&guard, wrong, NOW);
        }
        for number in 0..10_000_u32 {
            let mut key = CARD;
            key[1..5].copy_from_slice(&number.to_be_bytes());
            guard.attempt(&key, None, &pin("1"), NOW, || false);
        }
        assert_eq!(guess(&guard, "0201", NOW), Attempt::Locked);
    }

    #[test]
    fn what_is_a_day_old_is_forgotten_on_disk_and_in_memory() {
        let guard = guard();
        guess(&guard, "1", NOW);
        assert_eq!(guard.take_changed(NOW).len(), 1);
        let tomorrow = NOW + crate::attempts::DAY + 100;
        let gone: Vec<_> = (0..64).flat_map(|second| guard.take_changed(tomorrow + second)).collect();
        assert_eq!(gone.len(), 1);
        assert!(gone[0].at.is_empty(), "an empty record deletes the one on disk");
        assert!(guard.shards.iter().all(|shard| shard.lock().unwrap().cards.is_empty()));
    }
}
