//! The local names that mean something to us. An element of any other name is read over and has none: what a peer calls
//! its own cannot come back in an answer.

use crate::service::Service;

const NAMES: &[&str] = &[
    "AgencyElementType",
    "AgencyId",
    "AuthenticationDataFormatType",
    "AuthenticationInput",
    "AuthenticationInputData",
    "AuthenticationInputType",
    "FromAgencyAuthentication",
    "FromAgencyId",
    "FromSystemAuthentication",
    "FromSystemId",
    "InitiationHeader",
    "LookupVersion",
    "NCIPMessage",
    "NCIPVersionMessage",
    "Scheme",
    "ToAgencyId",
    "ToSystemId",
    "UniqueAgencyId",
    "UniqueUserId",
    "UserElementType",
    "UserId",
    "UserIdentifierType",
    "UserIdentifierValue",
    "Value",
    "VisibleUserId",
    "VisibleUserIdentifier",
    "VisibleUserIdentifierType",
];

/// A local name as we write it, or `""`.
pub(crate) fn known(local: &str) -> &'static str {
    let found = NAMES.binary_search(&local).ok().and_then(|at| NAMES.get(at).copied());
    found.or_else(|| Service::find(local).map(|service| service.name)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        assert!(NAMES.iter().all(|name| known(name) == *name));
        assert_eq!((known("LookupUser"), known("Ext"), known("lookupuser")), ("LookupUser", "", ""));
    }
}
