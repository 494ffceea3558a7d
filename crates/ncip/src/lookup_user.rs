//! `LookupUser` and its response, versions 1 and 2: who is this, is the secret right, what may be seen of them?

use crate::authentication_input::Credentials;
use crate::document::Element;
use crate::problem::Problem;
use crate::user::User;
use crate::writer::Writer;

/// `LookupUser`.
#[derive(Debug)]
pub struct LookupUser {
    /// Who it is about, and the secret that proves it, where one was sent.
    pub credentials: Credentials,
    /// What is asked for.
    pub wanted: UserElements,
}

/// `UserElementType`: what is asked for beyond the id. What a roster does not hold is not told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserElements {
    /// `Name Information`.
    pub name: bool,
    /// `User Address Information`.
    pub address: bool,
    /// `User Privilege`.
    pub privilege: bool,
    /// `Block Or Trap`.
    pub block: bool,
    /// `User Id` or `Visible User Id`.
    pub user_id: bool,
}

impl LookupUser {
    pub(crate) fn read(service: Element<'_>) -> Result<Self, Problem> {
        let mut wanted = UserElements::default();
        for word in service.children().filter(|child| child.name() == "UserElementType").map(Element::value) {
            let is = |name: &str| word.eq_ignore_ascii_case(name);
            wanted.name |= is("Name Information");
            wanted.address |= is("User Address Information");
            wanted.privilege |= is("User Privilege");
            wanted.block |= is("Block Or Trap");
            wanted.user_id |= is("User Id") || is("Visible User Id");
        }
        Ok(Self { credentials: Credentials::read(service)?, wanted })
    }
}

/// What stands in a `LookupUserResponse` that tells of a user.
pub(crate) fn write(user: &User<'_>, writer: &mut Writer<'_>) {
    user.write_id(writer);
    user.write_fields(writer);
}
