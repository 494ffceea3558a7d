//! The messages that ask, for whoever tries a service out.

use crate::header::Agency;
use crate::manner::{Edition, Manner};
use crate::scheme;
use crate::writer::Writer;

/// What is asked for of a user.
const WANTED: [&str; 4] = ["Name Information", "User Address Information", "User Privilege", "Block Or Trap"];

/// A message that asks.
#[derive(Clone, Copy, Debug)]
pub struct Initiation<'a> {
    /// 1 or 2; version discovery is a version of its own.
    pub edition: Edition,
    /// Who asks.
    pub from: Option<&'a str>,
    /// The secret that proves it.
    pub secret: Option<&'a str>,
    /// Who is asked.
    pub to: &'a str,
    /// What.
    pub asks: Asks<'a>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub enum Asks<'a> {
    /// What versions are spoken.
    Version,
    /// What users are asked for when they log in.
    Agency,
    /// Who a user is: `LookupUser`.
    User {
        /// The card.
        card: &'a str,
        /// The PIN; `None`: the card is only looked up.
        pin: Option<&'a str>,
    },
    /// Whether the PIN is right: `AuthenticateUser`, in version 1.
    Authentication {
        /// The card.
        card: &'a str,
        /// The PIN.
        pin: &'a str,
    },
}

impl Initiation<'_> {
    /// The whole message.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let edition = if let Asks::Version = self.asks { Edition::Discovery } else { self.edition };
        Writer::message(&Manner::canonical(edition), &mut out, |writer| match self.asks {
            Asks::Version => writer.within("LookupVersion", |writer| self.write_agencies(writer)),
            Asks::Agency => writer.within("LookupAgency", |writer| {
                self.write_header(writer);
                writer.agency(&Agency::new(self.to));
                for word in ["Authentication Prompt", "Organization Name Information"] {
                    writer.value("AgencyElementType", scheme::AGENCY_ELEMENT, word);
                }
            }),
            Asks::User { card, pin } => writer.within("LookupUser", |writer| {
                self.write_header(writer);
                write_input(writer, "Barcode Id", card);
                if let Some(pin) = pin {
                    write_input(writer, "PIN", pin);
                }
                for word in WANTED {
                    writer.value("UserElementType", scheme::USER_ELEMENT, word);
                }
            }),
            Asks::Authentication { card, pin } => writer.within("AuthenticateUser", |writer| {
                self.write_header(writer);
                write_input(writer, "Barcode Id", card);
                write_input(writer, "PIN", pin);
            }),
        });
        out
    }

    fn write_header(&self, writer: &mut Writer<'_>) {
        writer.within("InitiationHeader", |writer| {
            writer.within("FromAgencyId", |writer| writer.agency(&self.asker()));
            if let Some(secret) = self.secret {
                writer.element("FromAgencyAuthentication", secret);
            }
            writer.within("ToAgencyId", |writer| writer.agency(&Agency::new(self.to)));
        });
    }

    fn write_agencies(&self, writer: &mut Writer<'_>) {
        writer.within("FromAgencyId", |writer| writer.agency(&self.asker()));
        writer.within("ToAgencyId", |writer| writer.agency(&Agency::new(self.to)));
    }

    fn asker(&self) -> Agency {
        Agency::new(self.from.unwrap_or("unspecified"))
    }
}

fn write_input(writer: &mut Writer<'_>, kind: &str, data: &str) {
    writer.within("AuthenticationInput", |writer| {
        writer.element("AuthenticationInputData", data);
        writer.value("AuthenticationDataFormatType", scheme::MEDIA_TYPES, "text/plain");
        writer.value("AuthenticationInputType", scheme::AUTHENTICATION_INPUT, kind);
    });
}
