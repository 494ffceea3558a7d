//! How many wrong passwords of a student are passed on to the directory.
//!
//! A directory counts wrong passwords, and locks the account at its threshold: out of school, for guesses at the library.
//! Active Directory begins to count anew once its observation window has passed since the *last* one (MS-ADTS,
//! `lockoutObservationWindow`), so that nothing may be passed on for that long after the last that we may.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use patron::Pin;
use roster::ForwardRecord;

use super::LiveRules;
use crate::guard::AttemptsKey;

/// The clocks of the directory and ours may differ, and a bind takes its time.
const MARGIN: u32 = 10;
/// Wrong passwords that are remembered of a student: as many as can be passed on.
const REMEMBERED: usize = 8;

/// The passwords that were passed on and not taken, of every student of a live directory.
pub(crate) struct Forwards {
    table: Mutex<Table>,
    /// Keys of the short hashes: random in each process.
    hashes: RandomState,
}

#[derive(Default)]
struct Table {
    students: BTreeMap<AttemptsKey, Entry>,
    /// Whose record on disk is out of date.
    changed: BTreeSet<AttemptsKey>,
}

struct Entry {
    space: Box<str>,
    /// Seconds since the last one, after which the directory has forgotten them.
    window: u32,
    count: u8,
    under_way: u8,
    last: u32,
    /// Hashes of those that were wrong, in memory only: who repeats one need not ask again.
    wrong: [u64; REMEMBERED],
}

/// Whether a password may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// It may; whoever takes this settles it.
    Taken,
    /// It was wrong just now, and the directory need not be asked again.
    KnownWrong,
    /// Too many were wrong.
    HeldBack,
}

/// What became of a password that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// The directory took it: it counts from nothing again.
    Taken,
    /// The directory counted it, or may have.
    Counted,
    /// The directory counted it, as wrong.
    Wrong,
    /// It never came there, or was counted by nobody.
    NotCounted,
}

impl Forwards {
    /// What the last run kept. Until the rules of a district are known again, the longest window holds.
    pub(crate) fn new(records: Vec<ForwardRecord>) -> Self {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let mut table = Table::default();
        for record in records {
            let entry = Entry { count: record.count, last: record.last, ..Entry::new(&record.space, window(LONGEST)) };
            table.students.insert(record.key, entry);
        }
        Self { table: Mutex::new(table), hashes: RandomState::new() }
    }

    /// Takes the right to pass a password on. `was_good` is whether the directory took this very one the last time: one more is let
    /// through for it.
    pub(crate) fn take(
        &self,
        key: &AttemptsKey,
        space: &str,
        (rules, was_good): (&LiveRules, bool),
        pin: &Pin,
        now: u32,
    ) -> Pass {
        let hash = self.hash(key, pin);
        let mut table = self.table();
        let Table { students, changed } = &mut *table;
        let entry = students.entry(*key).or_insert_with(|| Entry::new(space, 0));
        entry.window = window(rules.window);
        if entry.is_over(now) && entry.count > 0 {
            entry.forget();
            changed.insert(*key);
        }
        if entry.wrong.contains(&hash) {
            return Pass::KnownWrong;
        }
        let most = rules.forwards.saturating_add(u8::from(was_good));
        if entry.count.saturating_add(entry.under_way) >= most {
            return Pass::HeldBack;
        }
        entry.under_way += 1;
        Pass::Taken
    }

    /// What became of a password for which [`Pass::Taken`] was said.
    pub(crate) fn settle(&self, key: &AttemptsKey, pin: &Pin, passed: Passed, now: u32) {
        let hash = self.hash(key, pin);
        let mut table = self.table();
        let Some(entry) = table.students.get_mut(key) else { return };
        entry.under_way = entry.under_way.saturating_sub(1);
        match passed {
            Passed::NotCounted => return,
            Passed::Taken => entry.forget(),
            Passed::Counted | Passed::Wrong => {
                entry.count = entry.count.saturating_add(1);
                entry.last = entry.last.max(now);
                if passed == Passed::Wrong {
                    entry.wrong.rotate_right(1);
                    entry.wrong[0] = hash;
                }
            }
        }
        table.changed.insert(*key);
    }

    /// How many stand against a student, and when the directory has forgotten them.
    pub(crate) fn standing(&self, key: &AttemptsKey, now: u32) -> Option<(u8, u32)> {
        let table = self.table();
        let entry = table.students.get(key)?;
        (entry.count > 0 && !entry.is_over(now)).then(|| (entry.count, entry.last.saturating_add(entry.window)))
    }

    /// What changed since the last call, for keeping; also forgets what is over. Called once a second.
    pub(crate) fn take_changed(&self, now: u32) -> Vec<ForwardRecord> {
        let mut table = self.table();
        let Table { students, changed } = &mut *table;
        // One student in 256 is looked at each second.
        let part = now.to_be_bytes()[3];
        let (mut first, mut last) = ([0; 16], [u8::MAX; 16]);
        (first[0], last[0]) = (part, part);
        let mut spent = Vec::new();
        for (key, entry) in students.range_mut(first..=last) {
            if entry.count > 0 && entry.is_over(now) {
                entry.forget();
                changed.insert(*key);
            } else if entry.is_spent() {
                spent.push(*key);
            }
        }
        let mut records = Vec::new();
        for key in std::mem::take(changed) {
            let Some(entry) = students.get(&key) else { continue };
            records.push(ForwardRecord { key, space: entry.space.to_string(), count: entry.count, last: entry.last });
            if entry.is_spent() {
                spent.push(key);
            }
        }
        for key in spent {
            students.remove(&key);
        }
        records
    }

    /// Forgets all of an ID space: the end of a district.
    pub(crate) fn forget_space(&self, space: &str) {
        self.table().students.retain(|_, entry| &*entry.space != space);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never 0, which stands for none.
    fn hash(&self, key: &AttemptsKey, pin: &Pin) -> u64 {
        self.hashes.hash_one((key, pin.expose())).max(1)
    }
}

impl Entry {
    fn new(space: &str, window: u32) -> Self {
        Self { space: space.into(), window, count: 0, under_way: 0, last: 0, wrong: [0; REMEMBERED] }
    }

    /// A clock that was set back makes nothing over.
    const fn is_over(&self, now: u32) -> bool {
        self.under_way == 0 && now.saturating_sub(self.last) >= self.window
    }

    const fn is_spent(&self) -> bool {
        self.count == 0 && self.under_way == 0
    }

    const fn forget(&mut self) {
        self.count = 0;
        self.wrong = [0; REMEMBERED];
    }
}

fn window(of_directory: Duration) -> u32 {
    u32::try_from(of_directory.as_secs()).unwrap_or(u32::MAX).saturating_add(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_800_000_000;
    const KEY: AttemptsKey = [3; 16];
    const WINDOW: u32 = 1800;
    const RULES: LiveRules = LiveRules {
        forwards: 2,
        window: Duration::from_secs(WINDOW as u64),
        offline_grace: None,
        patience: Duration::from_secs(2),
        at_a_time: 8,
    };

    fn pin(text: &str) -> Pin {
        Pin::parse(text).unwrap()
    }

    fn take(forwards: &Forwards, text: &str, now: u32) -> Pass {
        forwards.take(&KEY, "district:cms", (&RULES, false), &pin(text), now)
    }

    fn wrong(forwards: &Forwards, text: &str, now: u32) -> Pass {
        let pass = take(forwards, text, now);
        if pass == Pass::Taken {
            forwards.settle(&KEY, &pin(text), Passed::Wrong, now);
        }
        pass
    }

    /// What Active Directory does with the wrong passwords that reach it.
    struct Account {
        count: u8,
        last: u32,
    }

    #[test]
    fn of_a_thousand_guesses_active_directory_never_counts_to_three() {
        let forwards = Forwards::new(vec![]);
        let (mut account, mut most, mut passed) = (Account { count: 0, last: 0 }, 0, 0);
        // At every pace, so also at the worst one: just before what was passed on would be forgotten.
        for step in [1, 7, 60, WINDOW / 2, WINDOW - 1, WINDOW, WINDOW + 9, WINDOW + 11] {
            for guess in 0..1000 {
                let now = NOW + passed * 10 + step * guess;
                if wrong(&forwards, &format!("{step} {guess}"), now) == Pass::Taken {
                    if now.saturating_sub(account.last) > WINDOW {
                        account.count = 0;
                    }
                    account = Account { count: account.count + 1, last: now };
                    most = most.max(account.count);
                    passed += 1;
                }
            }
        }
        assert_eq!(most, 2);
        assert!(passed > 1000, "after the window it is asked again: {passed}");
    }

    #[test]
    fn a_wrong_password_that_is_repeated_is_not_passed_on_again() {
        let forwards = Forwards::new(vec![]);
        assert_eq!(wrong(&forwards, "a", NOW), Pass::Taken);
        assert_eq!(wrong(&forwards, "a", NOW + 1), Pass::KnownWrong);
        assert_eq!(wrong(&forwards, "b", NOW + 2), Pass::Taken);
        assert_eq!(wrong(&forwards, "c", NOW + 3), Pass::HeldBack);
        assert_eq!(wrong(&forwards, "a", NOW + 4), Pass::KnownWrong);
    }

    #[test]
    fn a_right_password_begins_anew() {
        let forwards = Forwards::new(vec![]);
        wrong(&forwards, "a", NOW);
        assert_eq!(take(&forwards, "right", NOW), Pass::Taken);
        forwards.settle(&KEY, &pin("right"), Passed::Taken, NOW);
        assert_eq!(wrong(&forwards, "b", NOW), Pass::Taken);
        assert_eq!(wrong(&forwards, "c", NOW), Pass::Taken);
        assert_eq!(wrong(&forwards, "d", NOW), Pass::HeldBack);
    }

    #[test]
    fn the_last_good_password_may_still_go_once() {
        let forwards = Forwards::new(vec![]);
        wrong(&forwards, "a", NOW);
        wrong(&forwards, "b", NOW);
        let good = |now| forwards.take(&KEY, "district:cms", (&RULES, true), &pin("good"), now);
        assert_eq!(good(NOW), Pass::Taken);
        forwards.settle(&KEY, &pin("good"), Passed::Wrong, NOW);
        assert_eq!(good(NOW + 1), Pass::KnownWrong, "it was changed meanwhile");
    }

    #[test]
    fn what_is_under_way_counts_and_what_timed_out_too() {
        let forwards = Forwards::new(vec![]);
        assert_eq!(take(&forwards, "a", NOW), Pass::Taken);
        assert_eq!(take(&forwards, "b", NOW), Pass::Taken);
        assert_eq!(take(&forwards, "c", NOW), Pass::HeldBack);
        forwards.settle(&KEY, &pin("a"), Passed::Counted, NOW);
        forwards.settle(&KEY, &pin("b"), Passed::NotCounted, NOW);
        assert_eq!(take(&forwards, "d", NOW), Pass::Taken, "one never came there");
        assert_eq!(take(&forwards, "e", NOW), Pass::HeldBack, "one may have");
    }

    #[test]
    fn a_restart_begins_where_the_last_run_ended() {
        let before = Forwards::new(vec![]);
        wrong(&before, "a", NOW);
        wrong(&before, "b", NOW + 5);
        let records = before.take_changed(NOW + 6);
        assert_eq!(records, [ForwardRecord { key: KEY, space: "district:cms".into(), count: 2, last: NOW + 5 }]);
        let after = Forwards::new(records);
        assert_eq!(wrong(&after, "c", NOW + 7), Pass::HeldBack);
        assert_eq!(after.standing(&KEY, NOW + 7), Some((2, NOW + 5 + WINDOW + MARGIN)));
        assert_eq!(wrong(&after, "c", NOW + 5 + WINDOW + MARGIN), Pass::Taken);
    }

    #[test]
    fn what_is_over_is_forgotten_in_memory_and_on_disk() {
        let forwards = Forwards::new(vec![]);
        wrong(&forwards, "a", NOW);
        forwards.take_changed(NOW);
        let later = NOW + WINDOW + MARGIN;
        let records: Vec<_> = (0..256).flat_map(|second| forwards.take_changed(later + second)).collect();
        assert_eq!(records.iter().map(|record| record.count).collect::<Vec<_>>(), [0]);
        assert!(forwards.table().students.is_empty());
    }
}
