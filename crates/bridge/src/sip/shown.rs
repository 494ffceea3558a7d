//! What a client is shown, for people: a reply taken apart again, field by field.

use bytes::BytesMut;
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use patron::{Attribute, CardNumber, Grade, Patron, PersonName, Pin, Role, Verdict};
use sip2::{Currency, ErrorDetection, Frame, Language, Parts};
use site::{Client, ClientKind, District, PinPolicy, Site};

use crate::house::wire_dialect;
use crate::sip::manner::Manner;
use crate::sip::reply;
use crate::sip::request::Asked;

/// A field of a reply: its id, empty in the fixed part; what it is called; what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// The 64 that a client gets for a verdict.
pub fn reply_to(site: &Site, client: &Client, verdict: &Verdict, card: &str, pin: Option<Pin>) -> Vec<Shown> {
    let institution_id = client.institution_id.as_ref().unwrap_or(&site.library.institution_id);
    let now = Timestamp::now();
    let time = (site.library.time_zone.to_datetime(now), TimeZone::UTC.to_datetime(now));
    let currency = site.library.currency.and_then(Currency::new);
    let mut manner = Manner::new(institution_id, &client.dialect, client.answers, client.pin == PinPolicy::Never, time);
    manner.currency = currency;
    let asked = Asked {
        language: Language::UNKNOWN,
        institution_id: None,
        received_card: card,
        card: CardNumber::parse(card),
        pin,
    };
    let dialect = wire_dialect(client, site);
    let mut bytes = BytesMut::new();
    reply::information(verdict, &asked, &manner).encode(&dialect, ErrorDetection::Off, &mut bytes);
    let end = bytes.len() - dialect.terminator.as_bytes().len();
    let frame = Frame::new(bytes.freeze().slice(..end));
    let Ok(parts) = Parts::of(&frame, &dialect) else { return Vec::new() };
    let shown = parts.entries().map(|entry| Shown {
        id: entry.id.map(|id| id.to_string()).unwrap_or_default(),
        name: entry.name.into_owned(),
        text: entry.text.into_owned(),
    });
    shown.collect()
}

/// What a client gets for a student of a district who is made up, and admitted.
pub fn sample(site: &Site, client: &Client, district: &District) -> Vec<Shown> {
    let release = client.release.within(district.ceiling);
    let when = |attribute| release.allows(attribute).then_some(());
    let name = PersonName { given: "Zoë".to_owned(), family: "Example".to_owned() };
    let form = district.cards.form_for(Role::Student, Grade::parse("07"));
    let Some(card) = form.and_then(patron::CardForm::example) else { return Vec::new() };
    let Some(number) = CardNumber::parse(&card) else { return Vec::new() };
    let privileges = district.privileges.of(Role::Student, Grade::parse("07"));
    let patron_type = district.privileges.patron_type(Role::Student, Grade::parse("07"));
    let patron = Patron {
        card: number,
        initials: when(Attribute::Initials).map(|()| name.initials()),
        name: when(Attribute::Name).map(|()| name),
        patron_type: when(Attribute::PatronType).and(patron_type).map(str::to_owned),
        privileges: (client.kind == ClientKind::SelfCheck).then_some(privileges),
        email: when(Attribute::Email).map(|()| "zoe@example.org".to_owned()),
        expiry: when(Attribute::Expiry).map(|()| date(2027, 6, 30)),
        school: when(Attribute::School).map(|()| "1001".to_owned()),
        grade: when(Attribute::Grade).and(Grade::parse("07")),
        home_library: when(Attribute::HomeLibrary).and(district.home_library.clone()),
        internal_id: when(Attribute::InternalId).map(|()| "0123456789abcdef".to_owned()),
    };
    let verdict = match client.pin {
        PinPolicy::Never => Verdict::Recognise(patron),
        PinPolicy::Required | PinPolicy::Optional => Verdict::Admit(patron),
    };
    reply_to(site, client, &verdict, &card, None)
}
