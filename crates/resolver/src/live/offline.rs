//! The last good password of a student, for when the directory is away.
//!
//! In memory it is a keyed hash; on disk an argon2id hash, sealed. It is made off the way of the request, at most once a day,
//! and dies when the directory says that it is good no longer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::{Argon2, PasswordHasher as _};
use patron::{HashedPin, Pin};
use roster::{OfflineVerifier, RosterError, Store, Verifier};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use zeroize::Zeroizing;

use crate::Rosters;
use crate::guard::AttemptsKey;
use crate::slow::SlowLane;

/// Students whose last good password is known without a look at the disk; over it all are forgotten.
const REMEMBERED: usize = 200_000;
/// So many hashes may wait to be made; a student who finds no room waits for the next login.
const WAITING: usize = 256;
/// A hash on disk is made anew after this, in seconds.
const DAY: u32 = 24 * 3600;

/// The last good passwords.
pub struct Offline {
    good: Mutex<HashMap<AttemptsKey, Good>>,
    /// Where hashes are kept; `None`: nowhere.
    store: Option<Arc<Store>>,
    works: Sender<Work>,
}

#[derive(Clone, Copy)]
struct Good {
    typed: Verifier,
    /// Seconds since 1970 at which the directory took it.
    at: u32,
    /// When its hash was made, or was given up to be made.
    hashed_at: Option<u32>,
}

/// A student, and what they typed.
pub(super) struct Typed<'a> {
    pub key: &'a AttemptsKey,
    pub space: &'a str,
    pub pin: &'a Pin,
    /// The keyed hash of the PIN.
    pub verifier: Verifier,
}

/// A hash to be made, or compared: work of tens of milliseconds that nobody waits for.
pub struct Work {
    key: AttemptsKey,
    space: String,
    pin: Zeroizing<Vec<u8>>,
    typed: Verifier,
    act: Act,
}

enum Act {
    /// The directory took it; `anew`: as far as is known another than the one on disk.
    Keep { at: u32, anew: bool },
    /// The directory did not: if it is the one on disk, that one is good no longer.
    ForgetIfSame,
    /// None is good any longer.
    Forget,
}

/// The works that wait.
pub struct Works(Receiver<Work>);

impl Works {
    /// The next one; `None`: there will be none any more.
    pub async fn next(&mut self) -> Option<Work> {
        self.0.recv().await
    }

    /// Those that are left, at the end. None is taken after this.
    pub fn rest(&mut self) -> Vec<Work> {
        self.0.close();
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

impl Offline {
    /// Nothing is known yet; hashes are kept in `store`. Whoever makes it does the works.
    pub fn new(store: Option<Arc<Store>>) -> (Self, Works) {
        let (works, receiver) = channel(WAITING);
        (Self { good: Mutex::default(), store, works }, Works(receiver))
    }

    /// Whether the directory took this very password the last time.
    pub(super) fn is_last_good(&self, typed: &Typed<'_>) -> bool {
        self.good().get(typed.key).is_some_and(|good| good.typed.same_as(&typed.verifier).into())
    }

    /// The directory took it.
    pub(super) fn took(&self, typed: &Typed<'_>, keep: bool, now: u32) {
        let mut known = self.good();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let before = known.get(typed.key).filter(|good| good.typed.same_as(&typed.verifier).into());
        let fresh = before.and_then(|good| good.hashed_at).filter(|at| now.saturating_sub(*at) < DAY);
        let anew = before.is_none();
        let hashed_at = match fresh {
            None if keep && self.store.is_some() => {
                let queued = self.queue(typed, Act::Keep { at: now, anew });
                if !queued && anew {
                    self.forget_on_disk(typed.space, *typed.key);
                }
                queued.then_some(now)
            }
            fresh => fresh,
        };
        known.insert(*typed.key, Good { typed: typed.verifier, at: now, hashed_at });
    }

    /// The directory said no to it.
    pub(super) fn refused(&self, typed: &Typed<'_>) {
        match self.good().get(typed.key).copied() {
            Some(good) if good.typed.same_as(&typed.verifier).into() => {}
            // Another one than the last good one: nothing new.
            Some(_) => return,
            None => {
                if self.kept(typed).is_some() && !self.queue(typed, Act::ForgetIfSame) {
                    // Nobody can find out, so nobody may rely on it.
                    self.forget(typed);
                }
                return;
            }
        }
        self.forget(typed);
    }

    /// Nothing that was good before is any longer.
    pub(super) fn forget(&self, typed: &Typed<'_>) {
        self.good().remove(typed.key);
        if self.kept(typed).is_some() && !self.queue(typed, Act::Forget) {
            self.forget_on_disk(typed.space, *typed.key);
        }
    }

    fn forget_on_disk(&self, space: &str, key: AttemptsKey) {
        if let Some(store) = &self.store {
            // What cannot be deleted now ends with its grace.
            let _ = store.state().forget_offline_verifier(space, key);
        }
    }

    /// A work that nobody has time for any more: what is on disk and may be good no longer goes at once.
    pub fn let_go(&self, work: &Work) {
        match work.act {
            Act::Keep { anew: false, .. } => {}
            Act::Keep { .. } | Act::Forget | Act::ForgetIfSame => self.forget_on_disk(&work.space, work.key),
        }
    }

    /// Whether it was the last good one, no longer ago than `grace` seconds; `None`: there is none to compare with.
    pub(super) fn verify(&self, slow: &SlowLane, typed: &Typed<'_>, grace: u32, now: u32) -> Option<bool> {
        let in_time = |at: u32| now.saturating_sub(at) <= grace;
        if let Some(good) = self.good().get(typed.key).copied() {
            return in_time(good.at).then(|| good.typed.same_as(&typed.verifier).into());
        }
        let kept = self.kept(typed)?;
        let hash = HashedPin::parse(&kept.hash).filter(|_| in_time(kept.good_at))?;
        let right = slow.verify(&hash, typed.pin)?;
        if right {
            let good = Good { typed: typed.verifier, at: kept.good_at, hashed_at: Some(kept.good_at) };
            self.good().insert(*typed.key, good);
        }
        Some(right)
    }

    /// Does one work. It takes tens of milliseconds of a processor.
    pub fn work(&self, work: &Work) -> Result<(), RosterError> {
        let Some(store) = &self.store else { return Ok(()) };
        match work.act {
            Act::Keep { at, .. } => {
                let hash = Argon2::default().hash_password(&work.pin).map_err(|_| RosterError::Crypto("argon2"))?;
                let verifier = OfflineVerifier { hash: hash.to_string(), good_at: at };
                store.state().keep_offline_verifier(store.keyring().current(), &work.space, work.key, &verifier)?;
                // Forgotten while it was made: then it must not come back.
                let good = self.good().get(&work.key).is_some_and(|good| good.typed.same_as(&work.typed).into());
                if good { Ok(()) } else { store.state().forget_offline_verifier(&work.space, work.key) }
            }
            Act::Forget => store.state().forget_offline_verifier(&work.space, work.key),
            Act::ForgetIfSame => {
                let Some(kept) = self.on_disk(store, &work.space, work.key) else { return Ok(()) };
                let typed = std::str::from_utf8(&work.pin).ok().and_then(Pin::parse);
                let same = HashedPin::parse(&kept.hash)
                    .zip(typed)
                    .is_none_or(|(hash, pin)| crate::slow::is_right(&hash, &pin));
                if same { store.state().forget_offline_verifier(&work.space, work.key) } else { Ok(()) }
            }
        }
    }

    /// Forgets what is on disk and serves nobody any more: its grace is over, or its district allows none now. Returns how
    /// many.
    pub fn sweep(&self, rosters: &Rosters, now: u32) -> Result<usize, RosterError> {
        let Some(store) = &self.store else { return Ok(0) };
        let serves = |space: &str, good_at: u32| {
            rosters.districts().iter().any(|district| {
                let grace = district.live.as_ref().and_then(|line| line.rules().offline_grace);
                let in_time = |grace: Duration| u64::from(now.saturating_sub(good_at)) <= grace.as_secs();
                grace.is_some_and(in_time) && district.cards.spaces().contains(&space)
            })
        };
        store.state().sweep_offline_verifiers(store.keyring().current(), serves)
    }

    /// Forgets what is in memory: after a purge, say.
    pub fn forget_all(&self) {
        self.good().clear();
    }

    fn kept(&self, typed: &Typed<'_>) -> Option<OfflineVerifier> {
        self.on_disk(self.store.as_ref()?, typed.space, *typed.key)
    }

    fn on_disk(&self, store: &Store, space: &str, key: AttemptsKey) -> Option<OfflineVerifier> {
        store.state().offline_verifier(store.keyring().current(), space, key).ok().flatten()
    }

    fn queue(&self, typed: &Typed<'_>, act: Act) -> bool {
        let work = Work {
            key: *typed.key,
            space: typed.space.to_owned(),
            pin: Zeroizing::new(typed.pin.expose().to_vec()),
            typed: typed.verifier,
            act,
        };
        self.works.try_send(work).is_ok()
    }

    fn good(&self) -> MutexGuard<'_, HashMap<AttemptsKey, Good>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
