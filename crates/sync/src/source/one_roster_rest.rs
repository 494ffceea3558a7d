//! A OneRoster server as the configuration has it, for the connector.

use directory::one_roster_rest::{Auth, Server, Settings, Version};
use directory::{Directory, Refusal};
use site::{OneRosterAuth, OneRosterRest, OneRosterVersion};

use super::secret;

/// Prepares a pull.
pub(super) fn open(rest: &OneRosterRest) -> Result<Box<dyn Directory>, Refusal> {
    let settings = Settings {
        url: rest.url.clone(),
        version: match rest.version {
            OneRosterVersion::V1p1 => Version::V1p1,
            OneRosterVersion::V1p2 => Version::V1p2,
        },
        auth: match &rest.auth {
            OneRosterAuth::OAuth1Sha1 => Auth::OAuth1Sha1,
            OneRosterAuth::OAuth1Sha256 => Auth::OAuth1Sha256,
            OneRosterAuth::OAuth2 { token_url, scope } => {
                Auth::OAuth2 { token_url: token_url.clone(), scope: scope.clone() }
            }
        },
        client_id: rest.client_id.clone(),
        page: rest.page,
        pause: rest.pause,
        timeout: rest.timeout,
        ca_file: rest.ca_file.clone(),
    };
    Ok(Box::new(Server::open(settings, secret(&rest.client_secret_file)?)?))
}
