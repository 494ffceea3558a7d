//! The answer to one request.

use jiff::civil::Date;

use crate::{CardNumber, Grade, PersonName};

/// What a request comes to.
#[derive(Debug)]
pub enum Verdict {
    /// The card is known, the PIN is right, the person may.
    Admit(Patron),
    /// The card is known and the person may, but no PIN was asked for: "card yes, PIN not shown".
    Recognise(Patron),
    /// Not admitted, and why. A refusal is not an error.
    Refuse(Reason),
}

impl Verdict {
    /// The word in logs and metrics: `admit`, `recognise` or `refuse`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Admit(_) => "admit",
            Self::Recognise(_) => "recognise",
            Self::Refuse(_) => "refuse",
        }
    }

    /// Why not, or `None` where admitted.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refuse(reason) => Some(*reason),
            Self::Admit(_) | Self::Recognise(_) => None,
        }
    }
}

/// The student as one client may see them: what was not released is not here.
#[derive(Debug)]
pub struct Patron {
    /// The canonical card number: vendors keep it as the patron's identifier.
    pub card: CardNumber,
    /// The name; `None`: not released, or not stored.
    pub name: Option<PersonName>,
    /// The initials of the name, which may be released without it.
    pub initials: Option<String>,
    /// The patron type of the person's role (SIP2 PC).
    pub patron_type: Option<String>,
    /// The e-mail address (SIP2 BE).
    pub email: Option<String>,
    /// The first day on which the card no longer works.
    pub expiry: Option<Date>,
    /// The school's code, where it has one, or else its name; the first of several.
    pub school: Option<String>,
    /// The grade.
    pub grade: Option<Grade>,
    /// The library that the district belongs to (SIP2 AQ).
    pub home_library: Option<String>,
    /// A stable pseudonym of the person, another for each client (SIP2 XI).
    pub internal_id: Option<String>,
}

/// Who can mend a refusal or an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The student, with nothing to mend on our side.
    Student,
    /// The vendor or ILS that sent the request.
    Vendor,
    /// The library's system administrator.
    Sysadmin,
    /// The district's data person.
    District,
}

impl Actor {
    /// The word in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Student => "the student",
            Self::Vendor => "the vendor",
            Self::Sysadmin => "the library's sysadmin",
            Self::District => "the district",
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No rule claims the card, or no row has its ID.
    UnknownCard,
    /// The card is known, the PIN is not the one.
    WrongPin,
    /// The client must send a PIN and sent none.
    NoPin,
    /// Too many distinct wrong PINs.
    Locked,
    /// Two people of the roster share the ID.
    Ambiguous,
    /// The card belongs to a district that this client does not serve.
    OtherDistrict,
    /// The row holds nothing that a PIN could be checked against.
    NoVerifier,
    /// PIN right; the district has disabled the account.
    Disabled,
    /// PIN right; the card has expired.
    Expired,
    /// PIN right; the role is not one the programme serves.
    Role,
    /// No roster, a missing key or a corrupt row: nobody can say.
    Outage,
    /// A request before login, where a login is due.
    NotLoggedIn,
}

impl Reason {
    /// All reasons: metrics have one label value for each.
    pub const ALL: [Self; 12] = [
        Self::UnknownCard,
        Self::WrongPin,
        Self::NoPin,
        Self::Locked,
        Self::Ambiguous,
        Self::OtherDistrict,
        Self::NoVerifier,
        Self::Disabled,
        Self::Expired,
        Self::Role,
        Self::Outage,
        Self::NotLoggedIn,
    ];

    /// The word in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownCard => "unknown-card",
            Self::WrongPin => "wrong-pin",
            Self::NoPin => "no-pin",
            Self::Locked => "locked",
            Self::Ambiguous => "ambiguous",
            Self::OtherDistrict => "other-district",
            Self::NoVerifier => "no-verifier",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Role => "role",
            Self::Outage => "outage",
            Self::NotLoggedIn => "not-logged-in",
        }
    }

    /// One sentence for `explain`, and who can mend it.
    pub const fn explained(self) -> (&'static str, Actor) {
        match self {
            Self::UnknownCard => ("no student of this client's districts has this card number", Actor::District),
            Self::WrongPin => ("the PIN is not the one the roster holds", Actor::Student),
            Self::NoPin => ("the client must send a PIN and sent none", Actor::Vendor),
            Self::Locked => ("too many different wrong PINs; `hallpass unlock` or time lifts it", Actor::Sysadmin),
            Self::Ambiguous => ("two people of the district's roster share this ID", Actor::District),
            Self::OtherDistrict => {
                ("the card is of a district that is not in this client's `districts`", Actor::Sysadmin)
            }
            Self::NoVerifier => {
                ("the roster lacks what the PIN rule needs for this person (a birth date, a column)", Actor::District)
            }
            Self::Disabled => ("the district has disabled this account", Actor::District),
            Self::Expired => ("the card has expired", Actor::District),
            Self::Role => ("the person's role is not in the district's `eligibility.roles`", Actor::Sysadmin),
            Self::Outage => ("the district's roster cannot be read now", Actor::Sysadmin),
            Self::NotLoggedIn => ("the request came before a successful login (93)", Actor::Vendor),
        }
    }

    /// Whether the PIN was right and only the person's standing refuses: such a client may be told why.
    pub const fn is_ineligible(self) -> bool {
        matches!(self, Self::Disabled | Self::Expired | Self::Role)
    }
}
