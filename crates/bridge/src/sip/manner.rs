//! How a client is written to.

use std::borrow::Cow;

use jiff::civil::DateTime;
use patron::Patron;
use resolver::PinPolicy;
use sip2::{Currency, Extension, FieldId, Language, List, Timestamp};
use site::{Answers, ExpiryFormat, FieldName, Said};

use crate::clock::Tick;
use crate::house::{Client, House};

/// All that a reply takes from its client's configuration, and the time.
pub struct Manner<'a> {
    /// What AO says where the request did not.
    pub institution_id: &'a str,
    /// Where it wants another answer than the usual one.
    pub answers: Answers,
    /// Now, as it reads dates.
    pub now: Timestamp,
    /// CQ where the card was recognised without a PIN.
    pub recognised_cq: bool,
    /// What the library's amounts are in.
    pub currency: Option<Currency>,
    dialect: &'a site::Dialect,
}

impl<'a> Manner<'a> {
    /// The manner of a client, or the usual one before a login.
    pub fn of(client: Option<&'a Client>, house: &'a House, tick: &Tick) -> Self {
        let institution_id = client.map_or(&house.site.library.institution_id, |client| &client.institution_id);
        let dialect = client.map_or(&*house.usual, |client| &client.manner);
        let answers = client.map(|client| client.answers).unwrap_or_default();
        let never = client.is_some_and(|client| client.rules.pin == PinPolicy::Never);
        let currency = house.site.library.currency;
        Self {
            currency: currency.and_then(Currency::new),
            ..Self::new(institution_id, dialect, answers, never, (tick.local, tick.zulu))
        }
    }

    /// A manner of its parts; `never` is whether no PIN is looked at, and the time is local and in UTC.
    pub(crate) fn new(
        institution_id: &'a str,
        dialect: &'a site::Dialect,
        answers: Answers,
        never: bool,
        (local, utc): (DateTime, DateTime),
    ) -> Self {
        let now = if dialect.utc { Timestamp::utc(utc) } else { Timestamp::local(local) };
        Self { institution_id, recognised_cq: answers.no_pin_cq || never, answers, now, currency: None, dialect }
    }

    /// AE, where a name or its initials are seen.
    pub fn name(&self, patron: &Patron) -> Option<String> {
        let written = match (&self.dialect.name, &patron.name) {
            (Some(template), _) => template.write(patron),
            (None, Some(name)) => Some(name.inverted()),
            (None, None) => None,
        };
        written.or_else(|| patron.initials.clone())
    }

    /// The fields beyond the standard's, with what is seen.
    pub fn extensions<'p>(&self, patron: &'p Patron) -> List<'p, Extension<'p>> {
        let mut list = List::EMPTY;
        let mut put = |field: FieldName, value: Option<Cow<'p, str>>| {
            if let (Some(value), Some(id)) = (value, FieldId::new(field.0)) {
                list.push(Extension { id, value });
            }
        };
        put(self.dialect.patron_type, patron.patron_type.as_deref().map(Cow::Borrowed));
        if let Some(field) = self.dialect.expiry {
            put(field, patron.expiry.map(|date| Cow::Owned(self.expiry(date))));
        }
        put(self.dialect.home_library, patron.home_library.as_deref().map(Cow::Borrowed));
        put(self.dialect.internal_id, patron.internal_id.as_deref().map(Cow::Borrowed));
        for (field, template) in &self.dialect.fields {
            put(*field, template.write(patron).map(Cow::Owned));
        }
        list
    }

    /// A screen message in the client's own words, or the usual ones.
    pub fn text(&self, language: Language, said: Said, usual: &'static str) -> Cow<'a, str> {
        self.dialect.texts.find(language.number(), said).map_or(Cow::Borrowed(usual), Cow::Borrowed)
    }

    fn expiry(&self, date: jiff::civil::Date) -> String {
        match &self.dialect.expiry_format {
            ExpiryFormat::Date(format) => format.write(date).to_string(),
            ExpiryFormat::Sip => String::from_utf8_lossy(Timestamp::local(date.at(0, 0, 0, 0)).as_bytes()).into_owned(),
        }
    }
}
