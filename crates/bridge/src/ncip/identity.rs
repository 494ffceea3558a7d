//! Who the client of a message is. NCIP has no login that lasts: each message shows it anew, unless the connection itself
//! says it (its listener, its certificate, its network).

use base64ct::{Base64, Encoding as _};
use hyper::header::{AUTHORIZATION, HeaderName};
use hyper::http::request::Parts;
use ncip::{Header, Kind, Problem};
use zeroize::Zeroizing;

use crate::house::{Client, House};
use crate::ncip::form;

const API_KEY: [HeaderName; 2] = [HeaderName::from_static("x-api-key"), HeaderName::from_static("apikey")];

/// A login that a message shows.
pub struct Shown {
    /// The login's user; one that no client has, where nothing better was shown.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
    /// Where it stood.
    pub by: By,
}

/// Where a login stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// In HTTP itself: Basic, or an API key.
    Http,
    /// `FromAgencyAuthentication`.
    Agency,
    /// `FromSystemAuthentication`.
    System,
}

impl By {
    /// What is said where the login is not right.
    pub fn problem(self) -> Problem {
        match self {
            Self::Http => Problem::new(Kind::AgencyAuthenticationFailed, "FromAgencyId"),
            Self::Agency => Problem::new(Kind::AgencyAuthenticationFailed, "FromAgencyAuthentication"),
            Self::System => Problem::new(Kind::SystemAuthenticationFailed, "FromSystemAuthentication"),
        }
    }
}

impl Shown {
    /// What HTTP shows: `Authorization: Basic`, an API key in a header, in the query or in the path. An API key is the
    /// login's user and password with a dot between them.
    pub fn in_http(parts: &Parts, house: &House) -> Option<Self> {
        let header = |name: &HeaderName| parts.headers.get(name)?.to_str().ok();
        if let Some(value) = header(&AUTHORIZATION) {
            let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
            return Some(match scheme.to_ascii_lowercase().as_str() {
                "basic" => Self::of_basic(rest.trim()).unwrap_or_else(Self::nobody),
                // FOLIO's edge takes `apikey KEY`; a fixed bearer token is a key as well.
                _ => Self::of_key(rest.trim(), house).unwrap_or_else(Self::nobody),
            });
        }
        if let Some(key) = API_KEY.iter().find_map(header) {
            return Some(Self::of_key(key.trim(), house).unwrap_or_else(Self::nobody));
        }
        let in_query = parts.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("apikey="));
        if let Some(key) = in_query {
            return Some(decoded(key).and_then(|key| Self::of_key(&key, house)).unwrap_or_else(Self::nobody));
        }
        // Any path is taken, so only what begins with a user's name is a key.
        parts.uri.path().split('/').find_map(|segment| Self::of_key(&decoded(segment)?, house))
    }

    /// What a message's own header shows.
    pub fn in_message(header: &Header, house: &House) -> Option<Self> {
        let agency = header.from_agency.as_ref().map(|agency| &*agency.value);
        let pairs = [
            (agency, &header.from_agency_authentication, By::Agency),
            (header.from_system.as_deref(), &header.from_system_authentication, By::System),
        ];
        pairs.into_iter().find_map(|(name, secret, by)| {
            let (name, secret) = (name?, secret.as_ref()?);
            let user = house.clients.iter().filter(|client| client.ncip.from_agency.as_deref() == Some(name));
            let user = user.filter_map(user_of).next().unwrap_or(name);
            Some(Self { user: user.to_owned(), password: Zeroizing::new(secret.expose().to_owned()), by })
        })
    }

    fn of_basic(encoded: &str) -> Option<Self> {
        let text = Zeroizing::new(Base64::decode_vec(encoded).ok()?);
        let (user, password) = std::str::from_utf8(&text).ok()?.split_once(':')?;
        Some(Self { user: user.to_owned(), password: Zeroizing::new(password.to_owned()), by: By::Http })
    }

    fn of_key(key: &str, house: &House) -> Option<Self> {
        house.clients.iter().filter_map(user_of).find_map(|user| {
            let password = key.strip_prefix(user)?.strip_prefix('.')?;
            Some(Self { user: user.to_owned(), password: Zeroizing::new(password.to_owned()), by: By::Http })
        })
    }

    /// Something was shown that is nobody's: verified all the same, so that it takes as long.
    fn nobody() -> Self {
        Self { user: String::new(), password: Zeroizing::new(String::new()), by: By::Http }
    }
}

fn user_of(client: &Client) -> Option<&str> {
    client.login.as_ref().map(|login| login.user.as_str())
}

fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let bytes = form::decoded(text.as_bytes());
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}
