//! `kind = "ldap"`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use patron::Role;

use crate::entry::Entry;
use crate::section::Section;

pub(crate) const KEYS: &[&str] = &[
    "urls",
    "start-tls",
    "ca-file",
    "bind-dn",
    "bind-password-file",
    "client-certificate-file",
    "client-key-file",
    "base",
    "filter",
    "page",
    "timeout",
    "attributes",
    "roles",
    "delta",
    "full-every",
];

pub(crate) const ATTRIBUTE_KEYS: &[&str] =
    &["id", "username", "role", "grade", "school", "given-name", "family-name", "email", "birth-date", "enabled"];

const URL: &str = "ldaps://HOST or ldap://HOST, perhaps with :PORT, and nothing more";

/// An LDAP directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ldap {
    /// Its servers, to be tried in turn.
    pub servers: Vec<LdapServer>,
    /// The account that asks: its DN, and the file with its password. `None`: the client certificate says who asks.
    pub bind: Option<(String, PathBuf)>,
    /// The authorities to trust; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// What is shown to the server: the chain, and the file with its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Below which entry everybody is.
    pub base: String,
    /// Which entries are people.
    pub filter: String,
    /// Entries asked for at a time.
    pub page: u16,
    /// How long connecting, binding and each page may take.
    pub timeout: Duration,
    /// Which attribute holds what.
    pub attributes: LdapAttributes,
    /// The district's words for roles.
    pub roles: Vec<(String, Role)>,
}

/// One server of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapServer {
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: LdapSecurity,
}

/// How a connection to a directory is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LdapSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS from the first request on.
    StartTls,
    /// Not at all, on this very machine.
    Plain,
}

/// Which attribute holds what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct LdapAttributes {
    pub id: String,
    /// `None`: `sAMAccountName`, or else `uid`.
    pub username: Option<String>,
    /// `None`: everybody is a student.
    pub role: Option<String>,
    pub grade: Option<String>,
    pub school: Option<String>,
    pub given_name: String,
    pub family_name: String,
    pub email: String,
    pub birth_date: Option<String>,
    pub enabled: String,
}

impl Default for LdapAttributes {
    fn default() -> Self {
        let name = str::to_owned;
        Self {
            id: name("employeeID"),
            username: None,
            role: None,
            grade: None,
            school: None,
            given_name: name("givenName"),
            family_name: name("sn"),
            email: name("mail"),
            birth_date: None,
            enabled: name("userAccountControl"),
        }
    }
}

/// How a directory is reached, and who asks.
pub(crate) struct Reached {
    pub(crate) servers: Vec<LdapServer>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) bind: Option<(String, PathBuf)>,
}

/// Reads it; `asks` is whether somebody must be named who asks.
pub(crate) fn reached(section: &Section<'_>, asks: bool) -> Option<Reached> {
    let start_tls = section.optional("start-tls").and_then(|entry| entry.flag()).unwrap_or_default();
    let client_certificate =
        pair(section, "client-certificate-file", "client-key-file", Entry::path, Entry::secret_file);
    let text = |entry: &Entry<'_>| entry.text().map(str::to_owned);
    let bind = pair(section, "bind-dn", "bind-password-file", text, Entry::secret_file);
    if asks && section.optional("bind-dn").or_else(|| section.optional("client-certificate-file")).is_none() {
        section.error("bind-dn", "nobody is named who asks", "expected bind-dn, or a client certificate that says it");
    }
    let urls = section.required("urls", "the directory's servers, such as [\"ldaps://ad.example.org\"]")?;
    Some(Reached {
        servers: urls.nonempty_set("at least one server", |url| server(url, start_tls))?,
        ca_file: section.optional("ca-file").and_then(|entry| entry.path()),
        client_certificate,
        bind,
    })
}

pub(crate) fn read(section: &Section<'_>) -> Option<Ldap> {
    let reached = reached(section, true);
    let base = section.required("base", "the entry below which everybody is");
    let base = base.and_then(|entry| entry.text().map(str::to_owned));
    let attributes = match section.optional("attributes") {
        Some(entry) => self::attributes(&entry.section(ATTRIBUTE_KEYS)?)?,
        None => LdapAttributes::default(),
    };
    let roles = section.optional("roles");
    if let (Some(roles), None) = (&roles, &attributes.role) {
        roles.error("no attribute is named that holds them", "expected source.attributes.role too");
    }
    let Reached { servers, ca_file, client_certificate, bind } = reached?;
    Some(Ldap {
        servers,
        bind,
        ca_file,
        client_certificate,
        base: base?,
        filter: match section.optional("filter") {
            Some(entry) => entry.parsed("a filter with its brackets, such as (objectClass=person)", filter)?,
            None => "(objectClass=person)".to_owned(),
        },
        page: match section.optional("page") {
            Some(entry) => entry.integer(1..=10_000)?,
            None => 500,
        },
        timeout: match section.optional("timeout") {
            Some(entry) => entry.duration("1s"..="10m")?,
            None => Duration::from_secs(30),
        },
        attributes,
        roles: roles.map_or(Some(Vec::new()), |entry| words(&entry))?,
    })
}

/// Two keys that only mean something together.
pub(super) fn pair<'a, A, B>(
    section: &Section<'a>,
    one: &str,
    other: &str,
    read_one: impl FnOnce(&Entry<'a>) -> Option<A>,
    read_other: impl FnOnce(&Entry<'a>) -> Option<B>,
) -> Option<(A, B)> {
    match (section.optional(one), section.optional(other)) {
        (Some(one), Some(other)) => read_one(&one).zip(read_other(&other)),
        (None, None) => None,
        (Some(found), None) => {
            found.error(format!("it stands alone, without {other}"), format!("expected {other} beside it"));
            None
        }
        (None, Some(found)) => {
            found.error(format!("it stands alone, without {one}"), format!("expected {one} beside it"));
            None
        }
    }
}

fn server(entry: &Entry<'_>, start_tls: bool) -> Option<LdapServer> {
    let server = entry.parsed(URL, |url| parse(url, start_tls))?;
    if server.security == LdapSecurity::Plain && !is_this_machine(&server.host) {
        entry.error(
            "the password and everybody in the directory would cross the network in the clear",
            "expected ldaps://, or start-tls = true",
        );
        return None;
    }
    Some(server)
}

fn parse(url: &str, start_tls: bool) -> Result<LdapServer, &'static str> {
    const NONE: &str = "not the URL of an LDAP server";
    let (security, usual, rest) = match (url.strip_prefix("ldaps://"), url.strip_prefix("ldap://")) {
        (Some(rest), _) => (LdapSecurity::Tls, 636, rest),
        (_, Some(rest)) if start_tls => (LdapSecurity::StartTls, 389, rest),
        (_, Some(rest)) => (LdapSecurity::Plain, 389, rest),
        _ => return Err(NONE),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = host_and_port(rest).ok_or(NONE)?;
    let port = port.map_or(Ok(usual), str::parse).ok().filter(|port| *port > 0).ok_or("its port is none")?;
    Ok(LdapServer { host: host.to_owned(), port, security })
}

/// A host and perhaps a port; IPv6 addresses stand in brackets.
pub(super) fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, port))) if host.parse::<IpAddr>().is_ok() => {
            (host, Some(port).filter(|port| !port.is_empty()).map(|port| port.strip_prefix(':').unwrap_or_default()))
        }
        Some(_) => return None,
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || ".-_:".contains(letter);
    Some((host, port)).filter(|(host, _)| !host.is_empty() && host.chars().all(is_name))
}

pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Its brackets only: what a filter is in full, the sync says.
fn filter(text: &str) -> Result<String, &'static str> {
    let is_one = text.starts_with('(') && text.ends_with(')');
    if is_one { Ok(text.to_owned()) } else { Err("a filter without its brackets") }
}

fn attributes(section: &Section<'_>) -> Option<LdapAttributes> {
    let mut named = LdapAttributes::default();
    let LdapAttributes { id, username, role, grade, school, given_name, family_name, email, birth_date, enabled } =
        &mut named;
    let needed =
        [(id, "id"), (given_name, "given-name"), (family_name, "family-name"), (email, "email"), (enabled, "enabled")];
    for (name, key) in needed {
        if let Some(entry) = section.optional(key) {
            *name = attribute(&entry)?;
        }
    }
    let others =
        [(username, "username"), (role, "role"), (grade, "grade"), (school, "school"), (birth_date, "birth-date")];
    for (name, key) in others {
        if let Some(entry) = section.optional(key) {
            *name = Some(attribute(&entry)?);
        }
    }
    Some(named)
}

/// An attribute's name, perhaps with options, or its OID (RFC 4512, 2.5).
fn attribute(entry: &Entry<'_>) -> Option<String> {
    entry.parsed("the name of an attribute, such as employeeID", |name| {
        let is_one = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-;.".contains(letter));
        if is_one { Ok(name.to_owned()) } else { Err("no attribute can have this name") }
    })
}

fn words(entry: &Entry<'_>) -> Option<Vec<(String, Role)>> {
    let roles = Role::ALL.map(|role| (role.name(), role));
    entry.pairs()?.into_iter().map(|(theirs, ours)| Some((theirs.to_owned(), ours.word(&roles)?))).collect()
}

#[cfg(test)]
mod tests;
