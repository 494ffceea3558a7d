//! A verdict as an answer (design.md section 5, "The answers").

use std::borrow::Cow;

use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ncip::{Agency, Kind, Name, Privilege, Problem, User, UserElements, UserOptionalFields};
use patron::{CardNumber, Patron, Privileges, Reason, Verdict};
use resolver::PinPolicy;
use site::{Convention, Ncip};

use crate::sip::texts;

/// Where no name is released: some clients fail without one.
const PLACEHOLDER: &str = "Student";
/// What the answer is about, whatever came of it: nothing may be told apart by it.
const ELEMENT: &str = "AuthenticationInput";
/// What somebody who is not eligible may not.
const BLOCKS: &[&str] = &["Block Check Out", "Block Electronic Resource Access"];

/// All that an answer takes from its client's configuration.
pub struct Manner<'a> {
    /// How it is met.
    pub ncip: &'a Ncip,
    /// Where it wants another answer than the usual one.
    pub answers: site::Answers,
    /// Whether it must send a PIN.
    pub pin: PinPolicy,
    /// The zone of an expiry.
    pub zone: &'a TimeZone,
}

/// What was asked.
pub struct Asked {
    /// The card.
    pub card: Option<CardNumber>,
    /// Whether a PIN was sent.
    pub pin: bool,
    /// Whether this was to authenticate: a PIN was sent, or should have been. Looking up a card is not.
    pub authenticates: bool,
    /// What is to be told.
    pub wanted: UserElements,
    /// Whether the visible id is part of every answer, as in version 1.
    pub visible_id: bool,
}

/// A user to be told of, owning what an answer borrows.
pub struct Told {
    card: CardNumber,
    name: Option<ToldName>,
    email: Option<String>,
    privileges: Vec<ToldPrivilege>,
    blocks: Vec<&'static str>,
    visible_id: bool,
}

enum ToldName {
    Personal(patron::PersonName),
    Unstructured(Cow<'static, str>),
}

/// Its type, its status, and until when it holds.
type ToldPrivilege = (Cow<'static, str>, Option<Cow<'static, str>>, Option<ZonedDateTime>);

/// What a verdict comes to: a user, or a problem.
pub fn tell(verdict: Verdict, asked: &Asked, manner: &Manner<'_>, agency: &Agency) -> Result<Told, Problem> {
    // An empty PIN is no PIN, and authenticates nobody: an answer with a user in it would be a login.
    let unproven = asked.authenticates && !asked.pin && manner.pin != PinPolicy::Never && !manner.answers.no_pin_cq;
    match verdict {
        Verdict::Refuse(reason) if reason.is_outage() => Err(refusal(reason)),
        _ if unproven => Err(refusal(Reason::NoPin)),
        Verdict::Admit(patron) | Verdict::Recognise(patron) => Ok(Told::of(patron, asked, manner, agency)),
        Verdict::Refuse(reason) => match &asked.card {
            Some(card) if reason.is_ineligible() && manner.answers.ineligible_blocked => {
                Ok(Told::blocked(card.clone(), asked, manner))
            }
            _ => Err(refusal(reason)),
        },
    }
}

/// The problem that a reason is told as. What must not be told apart is one.
pub fn refusal(reason: Reason) -> Problem {
    let kind = match reason {
        Reason::NotLoggedIn => return Problem::new(Kind::UnknownAgency, "FromAgencyId"),
        _ if reason.is_outage() => Kind::TemporaryProcessingFailure,
        _ if reason.is_ineligible() => Kind::UserAccessDenied,
        _ => Kind::UserAuthenticationFailed,
    };
    Problem::new(kind, ELEMENT).with_detail(texts::refusal(reason).1)
}

/// The client has looked up as many cards without a PIN as it may for now.
pub fn too_many() -> Problem {
    Problem::new(Kind::TemporaryProcessingFailure, ELEMENT).with_detail("Too many look-ups, please try later")
}

impl Told {
    fn of(mut patron: Patron, asked: &Asked, manner: &Manner<'_>, agency: &Agency) -> Self {
        let (wanted, all) = (asked.wanted, manner.ncip.tells_all);
        let privileges = if wanted.privilege || all { privileges(&mut patron, manner, agency) } else { Vec::new() };
        let name = match (patron.name, patron.initials) {
            (Some(name), _) => ToldName::Personal(name),
            (None, Some(initials)) => ToldName::Unstructured(initials.into()),
            (None, None) => ToldName::Unstructured(PLACEHOLDER.into()),
        };
        Self {
            card: patron.card,
            name: (wanted.name || all).then_some(name),
            email: patron.email.filter(|_| wanted.address || all),
            privileges,
            blocks: patron.privileges.map(denied).unwrap_or_default(),
            visible_id: wanted.user_id || all || asked.visible_id,
        }
    }

    /// Known and not eligible: told with the blocks even where they were not asked for, for a user without any is welcome.
    fn blocked(card: CardNumber, asked: &Asked, manner: &Manner<'_>) -> Self {
        let all = manner.ncip.tells_all;
        let privilege = match manner.ncip.privileges {
            Convention::Status => ("STATUS", "BLOCKED"),
            Convention::Active => ("patron", "cancelled"),
        };
        let name = ToldName::Unstructured(PLACEHOLDER.into());
        Self {
            card,
            name: (asked.wanted.name || all).then_some(name),
            email: None,
            privileges: vec![(privilege.0.into(), Some(privilege.1.into()), None)],
            blocks: BLOCKS.to_vec(),
            visible_id: asked.wanted.user_id || all || asked.visible_id,
        }
    }

    /// The user as an answer names it.
    pub fn user<'a>(&'a self, agency: &'a Agency) -> User<'a> {
        let privilege = |(kind, status, valid_to): &'a ToldPrivilege| Privilege {
            kind,
            status: status.as_deref(),
            valid_to: valid_to.as_ref(),
        };
        User {
            agency,
            identifier: self.card.as_str(),
            fields: UserOptionalFields {
                visible_id: self.visible_id,
                name: self.name.as_ref().map(|name| match name {
                    ToldName::Personal(name) => Name::Personal { given: &name.given, family: &name.family },
                    ToldName::Unstructured(name) => Name::Unstructured(name),
                }),
                email: self.email.as_deref(),
                privileges: self.privileges.iter().map(privilege).collect(),
                blocks: &self.blocks,
            },
        }
    }
}

/// What somebody may not, in the words of the scheme; only clients that must know are told of privileges at all.
fn denied(privileges: Privileges) -> Vec<&'static str> {
    let blocks = [
        (privileges.physical, &["Block Check Out", "Block Renewal"][..]),
        (privileges.holds, &["Block Hold", "Block Request Item"]),
        (privileges.digital, &["Block Electronic Resource Access"]),
    ];
    blocks.into_iter().filter(|(may, _)| !may).flat_map(|(_, words)| words.iter().copied()).collect()
}

/// What a student may, in the client's convention. Here stands all that an answer says of privileges.
fn privileges(patron: &mut Patron, manner: &Manner<'_>, agency: &Agency) -> Vec<ToldPrivilege> {
    let valid_to = patron.expiry.and_then(|day| begin(day, manner.zone));
    // Only a client that lends is told of privileges; with the others nobody is kept from anything.
    let may_borrow = patron.privileges.is_none_or(|privileges| privileges.physical);
    match manner.ncip.privileges {
        Convention::Active => {
            let kind = patron.patron_type.take().map_or("patron".into(), Cow::Owned);
            vec![(kind, Some(if may_borrow { "active" } else { "cancelled" }.into()), valid_to)]
        }
        Convention::Status => {
            let library = patron.home_library.take().unwrap_or_else(|| agency.value.to_string());
            let library = ("LIBRARY".into(), Some(library.into()), None);
            let profile = patron.patron_type.take().map(|kind| ("PROFILE".into(), Some(kind.into()), None));
            let status = ("STATUS".into(), Some(if may_borrow { "OK" } else { "BLOCKED" }.into()), valid_to);
            [library].into_iter().chain(profile).chain([status]).collect()
        }
    }
}

/// The first moment of a day: the card works until then.
fn begin(day: Date, zone: &TimeZone) -> Option<ZonedDateTime> {
    day.to_zoned_datetime(zone.clone()).ok()
}
