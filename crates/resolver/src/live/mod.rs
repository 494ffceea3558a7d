//! PINs that only the district's directory knows: it is asked at each login, within bounds that hold whatever it does.
//!
//! The resolver itself never waits. Where a card's PIN is at a directory it hands out a [`Login`], which somebody who
//! may wait takes to [`Resolver::hear`](crate::Resolver::hear); with what was heard the same question is asked again.
//!
//! - `line` one district's line to its directory: how many ask at a time, and whether it answers at all (`breaker`)
//! - `forwards` how many wrong passwords may be passed on, so that guessing here locks no child out of school
//! - `offline` the last good password, for when the directory is away
//! - `login` one login, from the question to what was heard

pub(crate) mod breaker;
pub(crate) mod forwards;
pub(crate) mod line;
pub(crate) mod login;
pub(crate) mod offline;

use std::pin::Pin as Pinned;

use patron::{Pin, Reason};
use tokio::time::Instant;

use crate::guard::AttemptsKey;

pub use line::{LiveLine, LiveRules};
pub use login::Login;
pub use offline::{Offline, Work, Works};

/// An answer that takes time.
pub type Later<'a, T> = Pinned<Box<dyn Future<Output = T> + Send + 'a>>;

/// A directory that checks passwords, one login at a time.
pub trait LiveDirectory: Send + Sync {
    /// Whether a PIN can be anybody's password at all. One that cannot is not taken there.
    fn may_be_password(&self, pin: &Pin) -> bool;

    /// Asks whether a password is that of an ID, until the deadline. The password goes to a server once at the most.
    fn verify<'a>(&'a self, id: &'a str, pin: &'a Pin, deadline: Instant) -> Later<'a, Result<Told, Silent>>;

    /// Whether it answers, found out without any student's password.
    fn is_back(&self) -> Later<'_, bool>;
}

/// What a directory said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The password is right, and the account may log in.
    Right,
    /// The password is wrong.
    Wrong,
    /// There is no account with this ID.
    Nobody,
    /// There are several.
    Several,
    /// The password may be right or not: the directory has locked the account.
    Locked,
    /// The password is right, and the account disabled.
    Disabled,
    /// The password is right, and the account has expired.
    Expired,
    /// The password is right, and must be changed first.
    MustChange,
    /// The password is right, and the account may not log in now or from here.
    Restricted,
}

/// A directory did not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent {
    /// The password may have reached it, and may have been counted there.
    pub forwarded: bool,
}

/// What was heard, and of whom. While it was asked a roster may have been published in which the same card leads to
/// somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Hearing {
    pub(crate) about: AttemptsKey,
    pub(crate) heard: Heard,
}

impl Hearing {
    /// What was heard of this one: of anybody else, nobody knows.
    pub(crate) fn of(self, whom: &AttemptsKey) -> Heard {
        if self.about == *whom { self.heard } else { Heard::Outage }
    }
}

/// What came of asking a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The password is right.
    Right,
    /// It is not.
    Wrong,
    /// The password was right, or nobody knows, and it makes no difference.
    Refused(Reason),
    /// It is not the card's PIN that counts: too many were wrong before, here or at the directory.
    Locked,
    /// Nobody can say now.
    Outage,
    /// There was no account to ask about, and as much time was taken as if there had been.
    Paused,
}
