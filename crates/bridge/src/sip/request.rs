//! A message that asks about a patron, as the domain sees it.

use std::borrow::Cow;

use patron::{CardNumber, Pin};
use sip2::{BlockPatron, Language, PatronEnable, PatronInformation, PatronStatus};

/// What four messages have in common.
pub struct Asked<'a> {
    /// Echoed.
    pub language: Language,
    /// AO as sent; echoed where it says something.
    pub institution_id: Option<&'a str>,
    /// AA as sent: echoed in a refusal, as far as the client's charset can write it.
    pub received_card: &'a str,
    /// The card, where AA holds one.
    pub card: Option<CardNumber>,
    /// The PIN, where the message verifies and AD holds one.
    pub pin: Option<Pin>,
}

impl<'a> Asked<'a> {
    fn new(
        language: Language,
        institution_id: &'a Option<Cow<'a, str>>,
        identifier: &'a Option<Cow<'a, str>>,
        password: Option<&Cow<'a, str>>,
    ) -> Self {
        let received_card = identifier.as_deref().unwrap_or_default();
        Self {
            language,
            institution_id: institution_id.as_deref().filter(|id| !id.is_empty()),
            received_card,
            card: CardNumber::parse(received_card),
            pin: password.and_then(|password| Pin::parse(password)),
        }
    }

    /// 63.
    pub fn information(message: &'a PatronInformation<'a>) -> Self {
        let password = message.patron_password.as_ref();
        Self::new(message.language, &message.institution_id, &message.patron_identifier, password)
    }

    /// 23.
    pub fn status(message: &'a PatronStatus<'a>) -> Self {
        let password = message.patron_password.as_ref();
        Self::new(message.language, &message.institution_id, &message.patron_identifier, password)
    }

    /// 25: never verifies.
    pub fn enable(message: &'a PatronEnable<'a>) -> Self {
        Self::new(Language::UNKNOWN, &message.institution_id, &message.patron_identifier, None)
    }

    /// 01: never verifies.
    pub fn block(message: &'a BlockPatron<'a>) -> Self {
        Self::new(Language::UNKNOWN, &message.institution_id, &message.patron_identifier, None)
    }
}
