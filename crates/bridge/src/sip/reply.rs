//! A verdict as a message.

use std::borrow::Cow;

use patron::{Privileges, Reason, Verdict};
use sip2::{
    AcsStatus, Currency, Extension, Language, List, Number, PatronEnableResponse, PatronFlag,
    PatronInformationResponse, PatronStatusFlags, PatronStatusResponse, Response, SupportedMessage, SupportedMessages,
};

use crate::house::{Client, House};
use crate::sip::manner::Manner;
use crate::sip::request::Asked;
use crate::sip::texts;

/// AE where no name is released: the protocol demands one.
const PLACEHOLDER: &str = "Student";
/// What we do for a patron (BX). Blocking and enabling are answered and change nothing, so they are not claimed.
const SUPPORTED: SupportedMessages = SupportedMessages::of(&[
    SupportedMessage::PatronStatus,
    SupportedMessage::ScStatus,
    SupportedMessage::Resend,
    SupportedMessage::Login,
    SupportedMessage::PatronInformation,
    SupportedMessage::EndPatronSession,
]);

/// What every reply about a patron says.
struct Said<'a> {
    flags: PatronStatusFlags,
    institution_id: Cow<'a, str>,
    identifier: Cow<'a, str>,
    name: Cow<'a, str>,
    valid_patron: bool,
    valid_password: bool,
    email: Option<Cow<'a, str>>,
    limits: Limits,
    extensions: List<'a, Extension<'a>>,
    screen: List<'a, Cow<'a, str>>,
}

impl<'a> Said<'a> {
    fn new(verdict: &'a Verdict, asked: &'a Asked<'_>, manner: &Manner<'a>) -> Self {
        // Echoed where it says something (reference/sip2.md, quirk 7).
        let institution_id = Cow::Borrowed(asked.institution_id.unwrap_or(manner.institution_id));
        let (patron, valid_password) = match verdict {
            Verdict::Admit(patron) => (patron, true),
            Verdict::Recognise(patron) => (patron, manner.recognised_cq),
            Verdict::Refuse(reason) => return Self::refused(*reason, institution_id, asked, manner),
        };
        Self {
            flags: patron.privileges.map_or(PatronStatusFlags::NONE, denied),
            institution_id,
            // Vendors keep this as the patron's identifier (reference/sip2.md, quirk 20).
            identifier: Cow::Borrowed(patron.card.as_str()),
            name: manner.name(patron).map_or(Cow::Borrowed(PLACEHOLDER), Cow::Owned),
            valid_patron: true,
            valid_password,
            email: patron.email.as_deref().map(Cow::Borrowed),
            limits: patron.privileges.map(|privileges| Limits::of(privileges, manner.currency)).unwrap_or_default(),
            extensions: manner.extensions(patron),
            screen: List::EMPTY,
        }
    }

    fn refused(reason: Reason, institution_id: Cow<'a, str>, asked: &'a Asked<'_>, manner: &Manner<'a>) -> Self {
        let (flags, valid_patron, valid_password) = match reason {
            Reason::WrongPin if manner.answers.wrong_pin_told => (PatronStatusFlags::NONE, true, false),
            _ if reason.is_ineligible() && manner.answers.ineligible_blocked => {
                (PatronStatusFlags::REFUSED, true, asked.pin.is_some() || manner.recognised_cq)
            }
            _ => (PatronStatusFlags::REFUSED, false, false),
        };
        let (said, usual) = texts::refusal(reason);
        Self {
            flags,
            institution_id,
            // Where it says that there is such a patron, AA is the card that vendors keep.
            identifier: Cow::Borrowed(
                asked.card.as_ref().filter(|_| valid_patron).map_or(asked.received_card, |card| card.as_str()),
            ),
            name: Cow::Borrowed(PLACEHOLDER),
            valid_patron,
            valid_password,
            email: None,
            limits: Limits::default(),
            extensions: List::EMPTY,
            screen: List::one(manner.text(asked.language, said, usual)),
        }
    }
}

/// The limits of a 64 (BZ, CA, CB, CC, and BH that CC is in).
#[derive(Default)]
struct Limits {
    holds: Option<Number<4>>,
    overdue: Option<Number<4>>,
    items: Option<Number<4>>,
    fees: Option<String>,
    currency: Option<Currency>,
}

impl Limits {
    fn of(privileges: Privileges, currency: Option<Currency>) -> Self {
        let number = |limit: Option<u16>| limit.map(Number::new);
        Self {
            holds: number(privileges.hold_limit),
            overdue: number(privileges.overdue_limit),
            items: number(privileges.items),
            fees: privileges.fee_limit.map(|cents| format!("{}.{:02}", cents / 100, cents % 100)),
            currency: currency.filter(|_| privileges.fee_limit.is_some()),
        }
    }
}

/// The flags of what somebody may not. Only clients that lend are told: Palace and others read the first as a block of
/// e-books too (reference/sip2.md, quirk 17).
fn denied(privileges: Privileges) -> PatronStatusFlags {
    let mut flags = PatronStatusFlags::NONE;
    if !privileges.physical {
        flags = flags.with(PatronFlag::ChargePrivilegesDenied).with(PatronFlag::RenewalPrivilegesDenied);
    }
    if !privileges.holds {
        flags = flags.with(PatronFlag::RecallPrivilegesDenied).with(PatronFlag::HoldPrivilegesDenied);
    }
    flags
}

/// 64.
pub fn information<'a>(
    verdict: &'a Verdict,
    asked: &'a Asked<'_>,
    manner: &Manner<'a>,
) -> PatronInformationResponse<'a> {
    let said = Said::new(verdict, asked, manner);
    PatronInformationResponse {
        patron_status: said.flags,
        language: asked.language,
        transaction_date: manner.now,
        institution_id: said.institution_id,
        patron_identifier: said.identifier,
        personal_name: said.name,
        valid_patron: Some(said.valid_patron),
        valid_patron_password: Some(said.valid_password),
        hold_items_limit: said.limits.holds,
        overdue_items_limit: said.limits.overdue,
        charged_items_limit: said.limits.items,
        currency: said.limits.currency,
        fee_limit: said.limits.fees.map(Cow::Owned),
        email_address: said.email,
        extensions: said.extensions,
        screen_messages: said.screen,
        ..Default::default()
    }
}

/// 24, to a 23 and to a 01.
pub fn status<'a>(verdict: &'a Verdict, asked: &'a Asked<'_>, manner: &Manner<'a>) -> PatronStatusResponse<'a> {
    let said = Said::new(verdict, asked, manner);
    PatronStatusResponse {
        patron_status: said.flags,
        language: asked.language,
        transaction_date: manner.now,
        institution_id: said.institution_id,
        patron_identifier: said.identifier,
        personal_name: said.name,
        valid_patron: Some(said.valid_patron),
        valid_patron_password: Some(said.valid_password),
        extensions: said.extensions,
        screen_messages: said.screen,
        ..Default::default()
    }
}

/// 26.
pub fn enable<'a>(verdict: &'a Verdict, asked: &'a Asked<'_>, manner: &Manner<'a>) -> PatronEnableResponse<'a> {
    let said = Said::new(verdict, asked, manner);
    PatronEnableResponse {
        patron_status: said.flags,
        language: asked.language,
        transaction_date: manner.now,
        institution_id: said.institution_id,
        patron_identifier: said.identifier,
        personal_name: said.name,
        valid_patron: Some(said.valid_patron),
        valid_patron_password: Some(said.valid_password),
        screen_messages: said.screen,
        ..Default::default()
    }
}

/// The screen message that a card was not changed, beside what else there is to say.
pub fn unchanged<'a>(mut screen: List<'a, Cow<'a, str>>) -> List<'a, Cow<'a, str>> {
    screen.push(Cow::Borrowed(texts::NOT_CHANGED));
    screen
}

/// 98. Online where anything can be answered; `client` is `None` before a login.
pub fn acs_status<'a>(house: &'a House, client: Option<&'a Client>, manner: &Manner<'a>) -> Response<'a> {
    let library = &house.site.library;
    let serves = |district: &usize| house.rosters.generation(*district).is_ok();
    let online = match client {
        Some(client) => client.rules.districts.iter().any(serves),
        None => (0..house.rosters.districts().len()).any(|district| serves(&district)),
    };
    AcsStatus {
        online,
        timeout_period: Number::new(30),
        retries_allowed: Number::new(3),
        date_time_sync: manner.now,
        institution_id: Cow::Borrowed(manner.institution_id),
        library_name: Some(Cow::Borrowed(&library.name)),
        supported_messages: Some(SUPPORTED),
        // php-sip2 copies AN into its next message and warns without it (reference/sip2.md, quirk 3).
        terminal_location: Some(Cow::Borrowed(client.map_or(&library.location, |client| &client.location))),
        screen_messages: if online {
            List::EMPTY
        } else {
            let (said, usual) = texts::refusal(Reason::Outage);
            List::one(manner.text(Language::UNKNOWN, said, usual))
        },
        ..Default::default()
    }
    .into()
}
