//! One district's line to its directory.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use patron::Pin;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::breaker::Breaker;
use super::{LiveDirectory, Silent, Told};
use crate::waiting::Waiting;

/// So many may wait for each one who asks; the next is told at once to try later.
const WAITING: usize = 4;
/// What a directory is given beyond the deadline that it knows, before it is left: only it knows whether a password was sent.
const NET: Duration = Duration::from_millis(100);
/// How long a refusal is taken to last before one was met, in microseconds: as of a directory in the same building.
const PACE: u32 = 5_000;

/// How a directory may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRules {
    /// How many wrong passwords of one student are passed on until the directory has forgotten them.
    pub forwards: u8,
    /// How long the directory remembers a wrong password: its observation window.
    pub window: Duration,
    /// For how long the last good password serves while the directory is away; `None`: not at all.
    pub offline_grace: Option<Duration>,
    /// How long a student waits at the most.
    pub patience: Duration,
    /// How many ask at a time.
    pub at_a_time: usize,
}

/// A directory with what keeps it from holding up anybody else.
pub struct LiveLine {
    directory: Box<dyn LiveDirectory>,
    rules: LiveRules,
    places: Semaphore,
    waiting: AtomicUsize,
    breaker: Mutex<Breaker>,
    probed: AtomicBool,
    /// How long the last refusal took, in microseconds.
    pace: AtomicU32,
    counts: LineCounts,
    /// Keys of the short hashes of students: random in each process.
    students: RandomState,
}

/// What monitoring sees of a line, counted since it was made.
#[derive(Debug, Default)]
pub struct LineCounts {
    /// Questions that were answered.
    answered: AtomicU64,
    /// Questions that were not.
    silent: AtomicU64,
    /// Questions that found no place, and were never asked.
    full: AtomicU64,
    /// Students who were admitted by their last good password.
    pub(super) offline: AtomicU64,
    /// Passwords that were not passed on, because too many were wrong before.
    pub(super) held_back: AtomicU64,
}

impl LineCounts {
    /// Each by its name in the metrics.
    pub fn all(&self) -> [(&'static str, u64); 5] {
        let Self { answered, silent, full, offline, held_back } = self;
        [("answered", answered), ("silent", silent), ("full", full), ("offline", offline), ("held-back", held_back)]
            .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

impl LiveLine {
    /// A line on which nobody has asked yet.
    pub fn new(directory: Box<dyn LiveDirectory>, rules: LiveRules) -> Self {
        Self {
            directory,
            rules,
            places: Semaphore::new(rules.at_a_time),
            waiting: AtomicUsize::new(0),
            breaker: Mutex::default(),
            probed: AtomicBool::new(false),
            pace: AtomicU32::new(PACE),
            counts: LineCounts::default(),
            students: RandomState::new(),
        }
    }

    /// How it may be asked.
    pub const fn rules(&self) -> &LiveRules {
        &self.rules
    }

    /// What monitoring sees.
    pub const fn counts(&self) -> &LineCounts {
        &self.counts
    }

    /// Whether it is not asked, because it did not answer.
    pub fn is_down(&self) -> bool {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner).is_open()
    }

    /// How many ask or wait now.
    pub fn busy(&self) -> usize {
        self.rules.at_a_time.saturating_sub(self.places.available_permits()) + self.waiting.load(Ordering::Relaxed)
    }

    /// Looks whether a directory that is down is back; does nothing where it is up, or where somebody looks already.
    pub async fn look(&self) {
        if !self.is_down() || self.probed.swap(true, Ordering::AcqRel) {
            return;
        }
        let back = timeout(self.rules.patience, self.directory.is_back()).await.unwrap_or(false);
        if back {
            self.breaker.lock().unwrap_or_else(PoisonError::into_inner).succeed();
        }
        self.probed.store(false, Ordering::Release);
    }

    /// Asks, where there is a place in time.
    pub(super) async fn verify(&self, id: &str, pin: &Pin) -> Result<Told, Silent> {
        let not_asked = Err(Silent { forwarded: false });
        let started = Instant::now();
        let Some(_place) = self.place(started).await else {
            self.counts.full.fetch_add(1, Ordering::Relaxed);
            return not_asked;
        };
        // Perhaps found out by somebody else meanwhile.
        if self.is_down() {
            return not_asked;
        }
        let deadline = started + self.rules.patience;
        let asked = timeout_at(deadline + NET, self.directory.verify(id, pin, deadline)).await;
        let told = asked.unwrap_or(Err(Silent { forwarded: true }));
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Ok(told) => {
                breaker.succeed();
                self.counts.answered.fetch_add(1, Ordering::Relaxed);
                if told == Told::Wrong {
                    self.pace
                        .store(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX), Ordering::Relaxed);
                }
            }
            Err(_) => {
                breaker.fail(self.students.hash_one(id));
                self.counts.silent.fetch_add(1, Ordering::Relaxed);
            }
        }
        told
    }

    /// Whether it is worth asking about a PIN.
    pub(super) fn may_be_password(&self, pin: &Pin) -> bool {
        self.directory.may_be_password(pin)
    }

    /// Takes as long as the last wrong password did: what is not asked must not be told apart by the time that it takes.
    pub(super) async fn pause(&self) {
        if !self.is_down() {
            sleep(Duration::from_micros(self.pace.load(Ordering::Relaxed).into()).min(self.rules.patience)).await;
        }
    }

    /// A place among those who ask. Half of one's patience goes to waiting for it at the most: the other half is for asking.
    async fn place(&self, started: Instant) -> Option<tokio::sync::SemaphorePermit<'_>> {
        if let Ok(place) = self.places.try_acquire() {
            return Some(place);
        }
        let _waiting = Waiting::join(&self.waiting, WAITING * self.rules.at_a_time)?;
        timeout_at(started + self.rules.patience / 2, self.places.acquire()).await.ok()?.ok()
    }
}

impl fmt::Debug for LiveLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveLine").field("rules", &self.rules).field("down", &self.is_down()).finish_non_exhaustive()
    }
}
