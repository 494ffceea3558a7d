//! Where and how to ask.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use patron::{IdSource, Role};

use super::fault::{Fault, Trouble};
use crate::{Refusal, Secret, Wanted};

/// A source of kind `ldap`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The servers, to be tried in turn.
    pub servers: Vec<Server>,
    /// Who asks; `None`: the owner of the client certificate (SASL EXTERNAL).
    pub bind: Option<Bind>,
    /// Certificates of the authorities to trust, in PEM; `None`: those of the system.
    pub ca_file: Option<PathBuf>,
    /// What is shown to the server.
    pub client_certificate: Option<ClientCertificate>,
    /// Below which entry to search, the whole subtree.
    pub base: String,
    /// Which entries are people (RFC 4515).
    pub filter: String,
    /// So many entries are asked for at a time.
    pub page: u16,
    /// How long connecting, binding and each page may take.
    pub timeout: Duration,
    /// Which attribute holds what.
    pub attributes: Attributes,
    /// The district's words for roles, before OneRoster's.
    pub roles: Vec<(String, Role)>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte, `ldaps://`.
    Tls,
    /// TLS from the first request on.
    StartTls,
    /// Not at all: for a server on this very machine.
    Plain,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Bind {
    /// The account's DN; Active Directory also takes `user@domain`.
    pub dn: String,
    /// The file with its password, read each time it is needed.
    pub password_file: PathBuf,
}

/// What is shown to a server that asks for a certificate.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The chain, in PEM.
    pub certificate_file: PathBuf,
    /// Its private key, in PEM.
    pub key_file: PathBuf,
}

/// Which attribute holds what. Names of attributes know no letter case.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// [`IdSource::Identifier`].
    pub id: String,
    /// [`IdSource::Username`]; `None`: `sAMAccountName`, and where there is none, `uid`.
    pub username: Option<String>,
    /// The role; `None`: everybody is a student.
    pub role: Option<String>,
    /// The grade.
    pub grade: Option<String>,
    /// The school, or several.
    pub school: Option<String>,
    /// The given name.
    pub given_name: String,
    /// The family name.
    pub family_name: String,
    /// The e-mail address.
    pub email: String,
    /// The birth date as YYYY-MM-DD.
    pub birth_date: Option<String>,
    /// Whether the account is enabled: `userAccountControl` as Active Directory means it, any other as yes or no.
    pub enabled: String,
}

impl Settings {
    /// Refuses to begin where something is wanted that no entry can answer.
    pub(super) fn can_answer(&self, wanted: &Wanted) -> Result<(), Fault> {
        if wanted.ids.iter().any(|id| matches!(id, IdSource::UserId(_))) {
            return Err(Fault::of(self.places(), Trouble::UserId));
        }
        if wanted.birth_date && self.attributes.birth_date.is_none() {
            return Err(Fault::of(self.places(), Trouble::NoBirthDates));
        }
        Ok(())
    }

    /// All servers, for what is about none of them alone.
    pub(super) fn places(&self) -> String {
        places(&self.servers)
    }
}

/// Servers, one after the other.
pub(super) fn places(servers: &[Server]) -> String {
    servers.iter().map(Server::to_string).collect::<Vec<_>>().join(", ")
}

impl Bind {
    /// Reads the password. Never an empty one: a server may take a DN with an empty password for nobody in particular
    /// and say yes (RFC 4513, 5.1.2).
    pub(super) fn password(&self) -> Result<Secret, Refusal> {
        Secret::read(&self.password_file, env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).as_deref())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.security == Security::Tls { "ldaps" } else { "ldap" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}
