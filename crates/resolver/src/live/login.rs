//! One login at a directory, from the question to what was heard.

use std::sync::Arc;

use patron::{Pin, Reason};
use roster::Verifier;

use super::forwards::{Pass, Passed};
use super::line::LiveLine;
use super::offline::Typed;
use super::{Heard, Hearing, Silent, Told};
use crate::guard::AttemptsKey;
use crate::lookup::Found;
use crate::place::Place;
use crate::{Moment, Resolver, Rosters};

/// What is bound into the keyed hash of a password at a directory.
const AT_DIRECTORY: &str = "directory";

/// A login whose PIN is at a directory. Whoever has one takes it to [`Resolver::hear`]: a guess is reserved for it.
#[derive(Debug)]
pub struct Login {
    line: Arc<LiveLine>,
    key: AttemptsKey,
    space: String,
    id: String,
    pin: Pin,
    typed: Verifier,
    now: u32,
    act: Act,
}

/// What a login needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// The directory is asked.
    Ask,
    /// There is nothing to ask, and it must not show.
    Pause(Heard),
}

impl Resolver {
    /// The login at a directory that a question waits for, where it does. Where there is nobody to ask about it waits as long.
    pub(crate) fn login(
        &self,
        rosters: &Rosters,
        place: &Place<'_>,
        found: &Found<'_>,
        pin: &Pin,
        now: Moment,
    ) -> Option<Login> {
        let line_of = |district: usize| rosters.districts.get(district)?.live.clone();
        let (line, asks) = match found {
            Found::Away(_) => return None,
            Found::Student { district, row, .. } if row.at_directory => (line_of(*district)?, true),
            Found::Student { .. } => return None,
            _ => {
                let asks = |district: &&usize| matches!(rosters.served.get(**district), Some(Ok(served)) if served.asks_directory());
                (place.districts.iter().find(asks).copied().and_then(line_of)?, false)
            }
        };
        let key = place.attempts_key(rosters);
        let act = match asks {
            true if self.guard().reserve(&key, now.seconds) => Act::Ask,
            true => Act::Pause(Heard::Locked),
            false => Act::Pause(Heard::Paused),
        };
        let typed = rosters.keyring.current().verifier(place.space, &place.id, AT_DIRECTORY, pin);
        let (space, id) = (place.space.to_owned(), place.id.clone().into_owned());
        Some(Login { line, key, space, id, pin: pin.duplicate(), typed, now: now.seconds, act })
    }

    /// Asks the directory, or does as if. Ends within the patience of the district's rules; must be run to its end.
    pub async fn hear(&self, login: &Login) -> Hearing {
        Hearing { about: login.key, heard: self.ask_or_pause(login).await }
    }

    async fn ask_or_pause(&self, login: &Login) -> Heard {
        if let Act::Pause(heard) = login.act {
            login.line.pause().await;
            // While nobody is asked, all are told the same: or the answer would say who has an account there.
            return if login.line.is_down() { Heard::Outage } else { heard };
        }
        let typed = login.typed();
        let (heard, right) = if login.line.is_down() {
            self.recall(login, &typed)
        } else if !login.line.may_be_password(&login.pin) {
            login.line.pause().await;
            (Heard::Wrong, Some(false))
        } else {
            match self.pass(login, &typed) {
                Pass::Taken => self.ask(login, &typed).await,
                Pass::KnownWrong => {
                    login.line.pause().await;
                    (Heard::Wrong, Some(false))
                }
                Pass::HeldBack => {
                    login.line.counts().held_back.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    login.line.pause().await;
                    // It counts, right or not: else the last good password, which may still go, could be guessed at for ever.
                    (Heard::Locked, Some(false))
                }
            }
        };
        self.guard().settle(&login.key, Some(&login.space), &login.pin, login.now, right);
        heard
    }

    /// Nobody will hear what becomes of a login: asking broke down. It may have been counted at the directory, and is not here.
    pub fn give_up(&self, login: &Login) -> Hearing {
        self.forwards.settle(&login.key, &login.pin, Passed::Counted, login.now);
        self.guard().settle(&login.key, Some(&login.space), &login.pin, login.now, None);
        Hearing { about: login.key, heard: Heard::Outage }
    }

    fn pass(&self, login: &Login, typed: &Typed<'_>) -> Pass {
        let how = (login.line.rules(), self.offline.is_last_good(typed));
        self.forwards.take(&login.key, &login.space, how, &login.pin, login.now)
    }

    /// Asks; returns what was heard, and whether the PIN is right, as far as it counts here.
    async fn ask(&self, login: &Login, typed: &Typed<'_>) -> (Heard, Option<bool>) {
        let told = login.line.verify(&login.id, &login.pin).await;
        self.forwards.settle(&login.key, &login.pin, passed(told), login.now);
        let keep = login.line.rules().offline_grace.is_some();
        match told {
            Ok(Told::Right) => {
                self.offline.took(typed, keep, login.now);
                (Heard::Right, Some(true))
            }
            Ok(Told::Wrong) => {
                self.offline.refused(typed);
                (Heard::Wrong, Some(false))
            }
            // It says nothing of the password, which may be the good one.
            Ok(Told::Locked) => (Heard::Refused(Reason::AccountLocked), None),
            Ok(Told::Several) => (Heard::Refused(Reason::Ambiguous), None),
            Ok(Told::Nobody) => {
                self.offline.forget(typed);
                (Heard::Refused(Reason::NoAccount), Some(false))
            }
            Ok(told @ (Told::Disabled | Told::Expired | Told::MustChange | Told::Restricted)) => {
                self.offline.forget(typed);
                let reason = match told {
                    Told::Disabled => Reason::Disabled,
                    Told::Expired => Reason::Expired,
                    Told::MustChange => Reason::MustChange,
                    _ => Reason::Restricted,
                };
                (Heard::Refused(reason), Some(true))
            }
            Err(_) => self.recall(login, typed),
        }
    }

    /// The directory is away: the last good password, where the district lets it serve.
    ///
    /// Another one counts as a guess, although nobody can say that it is wrong: else it could be guessed at as long as the
    /// directory is away.
    fn recall(&self, login: &Login, typed: &Typed<'_>) -> (Heard, Option<bool>) {
        let Some(grace) = login.line.rules().offline_grace else { return (Heard::Outage, None) };
        let grace = u32::try_from(grace.as_secs()).unwrap_or(u32::MAX);
        match self.offline.verify(&self.slow, typed, grace, login.now) {
            Some(true) => {
                login.line.counts().offline.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                (Heard::Right, Some(true))
            }
            Some(false) => (Heard::Outage, Some(false)),
            None => (Heard::Outage, None),
        }
    }
}

impl Login {
    const fn typed(&self) -> Typed<'_> {
        Typed { key: &self.key, space: self.space.as_str(), pin: &self.pin, verifier: self.typed }
    }
}

/// What the directory has counted.
const fn passed(told: Result<Told, Silent>) -> Passed {
    match told {
        Ok(Told::Right) => Passed::Taken,
        Ok(Told::Wrong) => Passed::Wrong,
        Ok(Told::Locked) | Err(Silent { forwarded: true }) => Passed::Counted,
        Ok(Told::Nobody | Told::Several | Told::Disabled | Told::Expired | Told::MustChange | Told::Restricted)
        | Err(Silent { forwarded: false }) => Passed::NotCounted,
    }
}
