//! The answer to one request.

use jiff::civil::Date;

use crate::{CardNumber, Grade, PersonName, Privileges};

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
    /// What the person may do, for clients that must know: self-checks and resource sharing.
    pub privileges: Option<Privileges>,
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
    /// Two people share the ID, in one roster or in two that have one ID space.
    Ambiguous,
    /// The card belongs to a district that this client does not serve.
    OtherDistrict,
    /// The row holds nothing that a PIN could be checked against.
    NoVerifier,
    /// The district's directory, which is asked for the PIN, has no account for the ID.
    NoAccount,
    /// The directory itself has locked the account.
    AccountLocked,
    /// PIN right, says the directory; it must be changed before it opens anything.
    MustChange,
    /// PIN right, says the directory; the account may not log in now, or not from here.
    Restricted,
    /// PIN right; the district has disabled the account.
    Disabled,
    /// PIN right; the card has expired.
    Expired,
    /// PIN right; the row vanished from the roster, and the time it was held for is over.
    Withdrawn,
    /// PIN right; the role is not one the programme serves.
    Role,
    /// PIN right; the grade is not one the programme serves.
    Grade,
    /// PIN right; none of the person's schools is one the programme serves.
    School,
    /// PIN right; the district is switched off.
    DistrictOff,
    /// PIN right; the person's privileges have nothing for a client of this kind.
    Privilege,
    /// The family has opted out.
    OptedOut,
    /// The roster is older than the district lets it be.
    Stale,
    /// No roster, a missing key or a corrupt row: nobody can say.
    Outage,
    /// A request before login, where a login is due.
    NotLoggedIn,
}

impl Reason {
    /// All reasons: metrics have one label value for each.
    pub const ALL: [Self; 23] = [
        Self::UnknownCard,
        Self::WrongPin,
        Self::NoPin,
        Self::Locked,
        Self::Ambiguous,
        Self::OtherDistrict,
        Self::NoVerifier,
        Self::NoAccount,
        Self::AccountLocked,
        Self::MustChange,
        Self::Restricted,
        Self::Disabled,
        Self::Expired,
        Self::Withdrawn,
        Self::Role,
        Self::Grade,
        Self::School,
        Self::DistrictOff,
        Self::Privilege,
        Self::OptedOut,
        Self::Stale,
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
            Self::NoAccount => "no-account",
            Self::AccountLocked => "account-locked",
            Self::MustChange => "must-change",
            Self::Restricted => "restricted",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Role => "role",
            Self::Grade => "grade",
            Self::School => "school",
            Self::DistrictOff => "district-off",
            Self::Privilege => "privilege",
            Self::OptedOut => "opted-out",
            Self::Stale => "stale",
            Self::Outage => "outage",
            Self::NotLoggedIn => "not-logged-in",
        }
    }

    /// One sentence for `explain`, and who can mend it.
    pub const fn explained(self) -> (&'static str, Actor) {
        match self {
            Self::UnknownCard => ("no student of this client's districts has this card number", Actor::District),
            Self::WrongPin => ("the PIN is not the one that the roster holds, or the directory", Actor::Student),
            Self::NoPin => ("the client must send a PIN and sent none", Actor::Vendor),
            Self::Locked => (
                "too many different wrong PINs; `hallpass unlock` or time lifts it, and time alone what a directory has counted",
                Actor::Sysadmin,
            ),
            Self::Ambiguous => {
                ("two rows have this ID, and their birth dates or PINs are not those of one person", Actor::District)
            }
            Self::OtherDistrict => {
                ("the card is of a district that is not in this client's `districts`", Actor::Sysadmin)
            }
            Self::NoVerifier => {
                ("the roster lacks what the PIN rule needs for this person (a birth date, a column)", Actor::District)
            }
            Self::NoAccount => (
                "the roster names this person, and the directory that is asked for the password has no such account",
                Actor::District,
            ),
            Self::AccountLocked => {
                ("the district's directory has locked the account; time or the district lifts it", Actor::District)
            }
            Self::MustChange => {
                ("the password was right, and must be changed at school before it is used", Actor::Student)
            }
            Self::Restricted => (
                "the password was right, and the directory lets the account in at other hours or places only",
                Actor::District,
            ),
            Self::Disabled => ("the district has disabled this account", Actor::District),
            Self::Expired => ("the card has expired", Actor::District),
            Self::Withdrawn => (
                "the district's last roster no longer names this person, and `eligibility.grace` is over",
                Actor::District,
            ),
            Self::Role => ("the person's role is not in the district's `eligibility.roles`", Actor::Sysadmin),
            Self::Grade => ("the student's grade is not in the district's `eligibility.grades`", Actor::Sysadmin),
            Self::School => {
                ("none of the person's schools is in the district's `eligibility.schools`", Actor::Sysadmin)
            }
            Self::DistrictOff => ("the district is switched off (`eligibility.active = false`)", Actor::Sysadmin),
            Self::Privilege => (
                "the person's `privileges` have `digital = false`, and this client serves nothing else",
                Actor::Sysadmin,
            ),
            Self::OptedOut => {
                ("the family has opted out: the ID stands in the district's opt-out file", Actor::District)
            }
            Self::Stale => ("the district's roster is older than its `eligibility.max-stale`", Actor::District),
            Self::Outage => {
                ("the district's roster cannot be read now, or its directory does not answer", Actor::Sysadmin)
            }
            Self::NotLoggedIn => ("the request came before a successful login (93)", Actor::Vendor),
        }
    }

    /// Whether nobody can say now: it is never the person's doing, and later it may be otherwise.
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::Outage | Self::Stale)
    }

    /// Whether the PIN was right and only the person's standing refuses: such a client may be told why.
    pub const fn is_ineligible(self) -> bool {
        matches!(
            self,
            Self::MustChange
                | Self::Restricted
                | Self::Disabled
                | Self::Expired
                | Self::Withdrawn
                | Self::Role
                | Self::Grade
                | Self::School
                | Self::DistrictOff
                | Self::Privilege
        )
    }
}
