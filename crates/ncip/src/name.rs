//! The local names that mean something to us. An element of any other name is read over and has none: what a peer calls
//! its own cannot come back in an answer.

use crate::service::Service;

macro_rules! names {
    ($($name:literal)*) => {
        /// A local name as we write it, or `""`. Told apart by their lengths first, which is faster than by any table.
        pub(crate) fn known(local: &str) -> &'static str {
            match local {
                $($name => $name,)*
                _ => "",
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];
    };
}

names! {
    "AgencyElementType"
    "AgencyId"
    "AuthenticationDataFormatType"
    "AuthenticationInput"
    "AuthenticationInputData"
    "AuthenticationInputType"
    "FromAgencyAuthentication"
    "FromAgencyId"
    "FromSystemAuthentication"
    "FromSystemId"
    "InitiationHeader"
    "LookupVersion"
    "NCIPMessage"
    "NCIPVersionMessage"
    "Scheme"
    "ToAgencyId"
    "ToSystemId"
    "UniqueAgencyId"
    "UniqueUserId"
    "UserElementType"
    "UserId"
    "UserIdentifierType"
    "UserIdentifierValue"
    "Value"
    "VisibleUserId"
    "VisibleUserIdentifier"
    "VisibleUserIdentifierType"
}

/// The same where a service may stand.
pub(crate) fn known_service(local: &str) -> &'static str {
    Service::find(local).map_or_else(|| known(local), |service| service.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        assert!(NAMES.iter().all(|name| known(name) == *name));
        assert_eq!((known_service("LookupUser"), known("LookupUser"), known("Ext")), ("LookupUser", "", ""));
        assert_eq!((known_service("LookupVersion"), known_service("lookupuser")), ("LookupVersion", ""));
    }
}
