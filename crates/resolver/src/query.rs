//! What is asked, and by whose rules.

use jiff::Timestamp;
use jiff::civil::Date;
use patron::{CardNumber, Pin, Release};

/// One question: is this our student, is the PIN right, what may they do?
#[derive(Debug)]
pub struct Query<'a> {
    /// The card as typed.
    pub card: &'a CardNumber,
    /// The PIN as typed; an empty one is none.
    pub pin: Option<&'a Pin>,
    /// The rules of the client that asks.
    pub client: &'a ClientRules,
}

impl Query<'_> {
    /// The PIN, unless the client's is never looked at.
    pub(crate) fn pin_that_counts(&self) -> Option<&Pin> {
        self.pin.filter(|_| self.client.pin != PinPolicy::Never)
    }
}

/// What a client may ask about and be told.
#[derive(Clone, Debug)]
pub struct ClientRules {
    /// The client's id: its internal ids are its own.
    pub id: String,
    /// The districts that it serves, by index.
    pub districts: Vec<usize>,
    /// What kind of system it is.
    pub kind: ClientKind,
    /// Whether it must send a PIN.
    pub pin: PinPolicy,
    /// What it may be told, within each district's ceiling.
    pub release: Release,
}

/// What kind of system a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// It serves what is not carried: e-books, databases.
    EResource,
    /// It lends, and must know what somebody may.
    SelfCheck,
}

/// Whether a client must send a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinPolicy {
    /// Without a PIN nobody is recognised.
    Required,
    /// Without a PIN a card is recognised, and the PIN counts as not verified.
    Optional,
    /// No PIN is looked at: every card is recognised by itself.
    Never,
}

/// A moment, as the resolver needs it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: u32,
    /// The day in the library's time zone.
    pub today: Date,
}

impl Moment {
    /// The moment of a timestamp in a zone.
    pub fn of(now: Timestamp, zone: &jiff::tz::TimeZone) -> Self {
        Self { seconds: u32::try_from(now.as_second()).unwrap_or_default(), today: zone.to_datetime(now).date() }
    }
}
