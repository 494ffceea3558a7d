//! The answers.

use crate::header::Parties;
use crate::lookup_agency::AgencyInformation;
use crate::manner::{Edition, Manner};
use crate::problem::Problem;
use crate::service::{FaultIn, Service};
use crate::user::User;
use crate::writer::Writer;
use crate::{authenticate_user, lookup_user, lookup_version};

/// What a message is answered with.
#[derive(Clone, Debug)]
pub enum Response<'a> {
    /// `LookupUserResponse`.
    LookupUser(User<'a>),
    /// `AuthenticateUserResponse`.
    AuthenticateUser(User<'a>),
    /// `LookupAgencyResponse`.
    LookupAgency(AgencyInformation<'a>),
    /// `LookupVersionResponse`.
    LookupVersion,
    /// A problem, in the response of a service where the version has one.
    Problem(Option<Service>, Problem),
}

impl Response<'_> {
    /// Writes the message, whole and with a newline at its end.
    pub fn write(&self, manner: &Manner, parties: Parties<'_>, out: &mut String) {
        let within = |name: &str, out: &mut String, body: &dyn Fn(&mut Writer<'_>)| {
            Writer::message(manner, out, |writer| {
                writer.within(name, |writer| {
                    parties.write(writer);
                    body(writer);
                });
            });
        };
        match self {
            Self::LookupUser(user) => within("LookupUserResponse", out, &|writer| lookup_user::write(user, writer)),
            Self::AuthenticateUser(user) => {
                within("AuthenticateUserResponse", out, &|writer| authenticate_user::write(user, writer));
            }
            Self::LookupAgency(agency) => within("LookupAgencyResponse", out, &|writer| agency.write(writer)),
            Self::LookupVersion => write_versions(manner, parties, out),
            Self::Problem(service, problem) => match (manner.edition, service) {
                (Edition::V2, Some(service)) if service.v2 => {
                    within(service.response, out, &|writer| problem.write(writer));
                }
                // A `Problem` may stand in a version 2 message by itself.
                (Edition::V2, _) => Writer::message(manner, out, |writer| problem.write(writer)),
                (Edition::V1, Some(service)) if service.v1 == Some(FaultIn::Problem) => {
                    within(service.response, out, &|writer| problem.write(writer));
                }
                (Edition::V1, Some(service)) if service.v1 == Some(FaultIn::MessagingError) => {
                    within(service.response, out, &|writer| problem.write_messaging_error(writer));
                }
                // Version 1 has no place for it. What versions we speak may be told "regardless of the nature of the
                // initiation message" (Z39.83-1, 5.3.5).
                (Edition::V1 | Edition::Discovery, _) => {
                    write_versions(&Manner::canonical(Edition::Discovery), parties, out);
                }
            },
        }
    }
}

fn write_versions(manner: &Manner, parties: Parties<'_>, out: &mut String) {
    Writer::message(manner, out, |writer| lookup_version::write(parties, writer));
}
