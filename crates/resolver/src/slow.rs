//! PINs whose check takes long: hashes that the district made.
//!
//! A check of tens of milliseconds must not hold up others: it runs in few places at a time, waits for one with a
//! deadline, and what was right once is known by a keyed hash in memory afterwards.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use argon2::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use patron::hashed_pin::HashKind;
use patron::{HashedPin, Pin};
use roster::Verifier;

use crate::guard::AttemptsKey;
use crate::waiting::Waiting;

/// Checks at a time: as many processors are never taken from the others.
const AT_A_TIME: usize = 2;
/// Checks that run or wait; the next is an outage at once. Each holds a thread of its own while it waits.
const MOST: usize = 64;
/// How long a check waits for its turn; longer is an outage, which costs the student nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// Students whose right PIN is remembered; over it all are forgotten.
const REMEMBERED: usize = 200_000;

/// Runs work that takes long, off the threads that others wait for.
pub type Aside = fn(&mut dyn FnMut());

/// Where slow checks run.
pub(crate) struct SlowLane {
    aside: Aside,
    free: Mutex<usize>,
    freed: Condvar,
    waiting: AtomicUsize,
    turned_away: AtomicU64,
    right: Mutex<HashMap<AttemptsKey, Verifier>>,
}

impl SlowLane {
    pub(crate) fn new(aside: Aside) -> Self {
        Self {
            aside,
            free: Mutex::new(AT_A_TIME),
            freed: Condvar::new(),
            waiting: AtomicUsize::new(0),
            turned_away: AtomicU64::new(0),
            right: Mutex::default(),
        }
    }

    /// Whether this was the right PIN before; `typed` is keyed, and bound to the hash that it was right for.
    pub(crate) fn knows(&self, student: &AttemptsKey, typed: &Verifier) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.get(student).is_some_and(|known| known.same_as(typed).into())
    }

    /// Remembers a right PIN.
    pub(crate) fn remember(&self, student: AttemptsKey, typed: Verifier) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= REMEMBERED {
            right.clear();
        }
        right.insert(student, typed);
    }

    /// How many found no turn so far.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// Checks a PIN; `None`: there was no turn in time.
    pub(crate) fn verify(&self, hash: &HashedPin, pin: &Pin) -> Option<bool> {
        let answer = Waiting::join(&self.waiting, MOST).and_then(|_waiting| self.check(hash, pin));
        self.turned_away.fetch_add(u64::from(answer.is_none()), Ordering::Relaxed);
        answer
    }

    fn check(&self, hash: &HashedPin, pin: &Pin) -> Option<bool> {
        let mut answer = None;
        (self.aside)(&mut || {
            if self.take_turn() {
                answer = Some(is_right(hash, pin));
                *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                self.freed.notify_one();
            }
        });
        answer
    }

    fn take_turn(&self) -> bool {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(free, PATIENCE, |free| *free == 0);
        let (mut free, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return false;
        }
        *free -= 1;
        true
    }
}

/// Whether a hash is that of a PIN.
pub(crate) fn is_right(hash: &HashedPin, pin: &Pin) -> bool {
    let (text, typed) = (hash.as_str(), pin.expose());
    match hash.kind() {
        HashKind::Argon2 => {
            PasswordHash::new(text).is_ok_and(|hash| argon2::Argon2::default().verify_password(typed, &hash).is_ok())
        }
        HashKind::Bcrypt => bcrypt::verify(typed, text).unwrap_or(false),
        HashKind::ShaCrypt => sha_crypt::ShaCrypt::default().verify_password(typed, text).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(hash: &str, pin: &str) -> bool {
        is_right(&HashedPin::parse(hash).unwrap(), &Pin::parse(pin).unwrap())
    }

    #[test]
    fn the_hashes_of_others_are_verified() {
        // Of glibc's crypt, for the inputs of U. Drepper's "Unix crypt using SHA-256 and SHA-512".
        let sha512 =
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        let sha256 = "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA";
        // OpenBSD's bcrypt, as in many test suites (`U*U`).
        let bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(right(sha512, "Hello world!") && !right(sha512, "Hello world?"));
        assert!(right(bcrypt, "U*U") && !right(bcrypt, "U*V"));
        assert!(right(sha256, "Hello world!") && !right(sha256, "Hello world?"));
    }

    #[test]
    fn of_those_who_wait_there_are_so_many_at_the_most() {
        let lane = SlowLane::new(|work| work());
        let hash = HashedPin::parse("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").unwrap();
        let pin = Pin::parse("U*U").unwrap();
        assert_eq!((lane.verify(&hash, &pin), lane.turned_away()), (Some(true), 0));
        let waiting: Vec<_> = (0..MOST).map(|_| Waiting::join(&lane.waiting, MOST).unwrap()).collect();
        // There is a turn free, and nobody is let in to wait for one.
        assert_eq!((lane.verify(&hash, &pin), lane.turned_away()), (None, 1));
        drop(waiting);
        assert_eq!((lane.verify(&hash, &pin), lane.turned_away()), (Some(true), 1));
    }

    #[test]
    fn a_decoy_is_nobodys() {
        let bcrypt = HashedPin::parse("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").unwrap();
        assert!(!is_right(&bcrypt.decoy(), &Pin::parse("U*U").unwrap()));
        assert!(bcrypt::verify("U*U", bcrypt.decoy().as_str()).is_ok(), "worked out, not thrown back as no hash");
    }
}
