//! One question about one card, and what its answer says.

use crate::daemon::Daemon;
use crate::wire::Wire;

/// A 64, without its CR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(pub String);

/// A 63 about a card, without its CR.
pub fn request(card: &str, pin: &str) -> String {
    format!("6300020261123    165425          AOEPL|AA{card}|AC|AD{pin}|")
}

impl Wire {
    /// Asks about one card.
    #[track_caller]
    pub fn patron(&mut self, card: &str, pin: &str) -> Answer {
        Answer(self.ask(request(card, pin)))
    }

    /// Whether a login is accepted.
    #[track_caller]
    pub fn login(&mut self, user: &str, password: &str) -> bool {
        match self.ask(format!("9300CN{user}|CO{password}|")).as_str() {
            "941" => true,
            "940" => false,
            other => panic!("{other:?} answers no login"),
        }
    }
}

impl Daemon {
    /// Asks about one card, as the catalogue, on a connection of its own.
    #[track_caller]
    pub fn patron(&self, card: &str, pin: &str) -> Answer {
        self.catalogue().patron(card, pin)
    }
}

impl Answer {
    /// BL Y and CQ Y.
    pub fn admits(&self) -> bool {
        self.0.contains("|BLY|CQY|")
    }

    /// What unknown, wrong, locked and so on all get.
    pub fn refuses(&self) -> bool {
        self.0.contains("|BLN|CQN|") && self.0.contains("|AFCard number or PIN not accepted|")
    }

    /// Nobody can say: never a wrong PIN.
    pub fn is_an_outage(&self) -> bool {
        self.0.contains("|BLN|CQN|") && self.0.contains("|AFService temporarily unavailable, please try later|")
    }

    /// All but the transaction date, which is all that may differ between two refusals of one card.
    pub fn but_for_the_date(&self) -> String {
        // 64, fourteen flags and three digits of language; then eighteen characters of date.
        format!("{}{}", &self.0[..19], &self.0[37..])
    }
}
