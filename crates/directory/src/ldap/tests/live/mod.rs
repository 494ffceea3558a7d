//! Logins, asked one by one.

mod answers;
mod samba;
mod silence;
mod slapd;

use std::path::Path;
use std::time::Duration;

use hallpass_tests::{Attribute, Slapd};
use patron::Pin;
use tokio::time::Instant;

use super::{Security, Server, secret};
use crate::ldap::live::{Filter, Live, Settings, Silent, Template, Told, Who};
use crate::ldap::{Bind, Trouble};

/// What opens everything here.
const PASSWORD: &str = "Marker-right";

/// Searches as the reader, for an ID in `employeeID`.
fn searching(folder: &Path, servers: Vec<Server>) -> Settings {
    let bind = Some(Bind { dn: Slapd::DN.to_owned(), password_file: secret(folder, Slapd::PASSWORD) });
    let filter = Filter::parse("(&(objectClass=inetOrgPerson)(employeeID={id}))").unwrap();
    settings(servers, Who::Search { bind, base: Slapd::BASE.to_owned(), filter })
}

/// Binds as `uid=ID` at once.
fn naming(servers: Vec<Server>) -> Settings {
    settings(servers, Who::Template(Template::parse("uid={id},dc=example,dc=org").unwrap()))
}

fn settings(servers: Vec<Server>, who: Who) -> Settings {
    let timeout = Duration::from_secs(20);
    Settings { servers, ca_file: None, client_certificate: None, who, timeout, connections: 8 }
}

/// Where a server is that was started here.
fn server(slapd: &Slapd, security: Security) -> Server {
    let (host, port) =
        slapd.address().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.parse().unwrap())).unwrap();
    Server { host, port, security }
}

/// A student with an ID, a password, and more.
fn student<'a>(id: &'a str, more: &[Attribute<'a>]) -> Vec<Attribute<'a>> {
    [&[("employeeID", id.as_bytes()), ("userPassword", PASSWORD.as_bytes())], more].concat()
}

async fn verify(live: &Live, id: &str, password: &str) -> Result<Told, Silent> {
    live.verify(id, &Pin::parse(password).unwrap(), Instant::now() + live.timeout()).await
}

/// What is told where the password is right.
async fn told(live: &Live, id: &str) -> Told {
    verify(live, id, PASSWORD).await.unwrap()
}

/// What is wrong where nothing is told, and whether the password was sent. Nobody's data is in it.
async fn silent(live: &Live, id: &str) -> Silent {
    let silent = verify(live, id, PASSWORD).await.unwrap_err();
    assert!(!format!("{silent} {silent:?}").contains("Marker"), "{silent:?}");
    silent
}

fn trouble(silent: &Silent) -> &Trouble {
    silent.fault.last()
}
