//! `AuthenticateUser` and its response: version 1 only; 2.00 removed it.

use crate::authentication_input::Credentials;
use crate::document::Element;
use crate::problem::Problem;
use crate::user::User;
use crate::writer::Writer;

/// `AuthenticateUser`.
#[derive(Debug)]
pub struct AuthenticateUser {
    /// Who it is about, and the secret that proves it.
    pub credentials: Credentials,
}

impl AuthenticateUser {
    pub(crate) fn read(service: Element<'_>) -> Result<Self, Problem> {
        Credentials::read(service).map(|credentials| Self { credentials })
    }
}

/// What stands in an `AuthenticateUserResponse` that tells of a user.
pub(crate) fn write(user: &User<'_>, writer: &mut Writer<'_>) {
    user.write_id(writer);
}
