//! Tests against OpenLDAP's slapd, started for each; where it is not installed they are skipped and say so.

mod fake;
mod live;
mod people;
mod pulls;
mod refusals;
mod samba;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hallpass_tests::{Attribute, Slapd, Tool, tool};
use patron::Role;

use super::{Attributes, Bind, Fault, Pull, Security, Server, Settings};
use crate::battery::{self, Given, PIN_COLUMN, battery};
use crate::{Cleared, Directory, Fingerprint, Person, Reading, Refusal, Wanted};

battery!(slapd, |folder, people| Box::new(super::Served::of(folder, people)), if super::is_installed());

fn is_installed() -> bool {
    tool(Tool::Slapd).is_some()
}

/// A pull, and the server that it asks.
struct Served {
    pull: Pull,
    _slapd: Slapd,
}

impl Served {
    fn of(folder: &Path, people: &[Given]) -> Self {
        let people: Vec<_> = people.iter().map(entry).collect();
        let slapd = Slapd::start(&people, "").unwrap();
        Self { pull: Pull::new(settings(folder, &slapd)), _slapd: slapd }
    }
}

impl Directory for Served {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        self.pull.read(wanted, sink)
    }

    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        self.pull.fingerprint()
    }

    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        Box::new(self.pull).delete()
    }

    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        Box::new(self.pull).archive()
    }
}

fn entry(given: &Given) -> Vec<Attribute<'static>> {
    vec![
        ("employeeID", given.id.as_bytes()),
        ("hpRole", given.role.as_bytes()),
        ("hpSchool", given.school.as_bytes()),
        ("hpEnabled", given.enabled.as_bytes()),
        ("hpGrade", given.grade.as_bytes()),
        ("hpBirthDate", given.birth_date.as_bytes()),
        (PIN_COLUMN, given.pin.as_bytes()),
        ("givenName", b"Ada"),
        ("mail", b"ada@example.org"),
    ]
}

/// What asks a server for everything that its people have.
fn settings(folder: &Path, slapd: &Slapd) -> Settings {
    let (host, port) =
        slapd.address().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.parse().unwrap())).unwrap();
    asking(folder, Server { host, port, security: Security::Plain })
}

/// A file with a password that only its owner can open.
fn secret(folder: &Path, password: &str) -> PathBuf {
    let file = folder.join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    file
}

fn asking(folder: &Path, server: Server) -> Settings {
    let password_file = secret(folder, Slapd::PASSWORD);
    let named = |name: &str| Some(name.to_owned());
    Settings {
        servers: vec![server],
        bind: Some(Bind { dn: Slapd::DN.to_owned(), password_file }),
        ca_file: None,
        client_certificate: None,
        base: Slapd::BASE.to_owned(),
        filter: "(objectClass=person)".to_owned(),
        page: 500,
        timeout: Duration::from_secs(20),
        attributes: Attributes {
            id: "employeeID".to_owned(),
            username: None,
            role: named("hpRole"),
            grade: named("hpGrade"),
            school: named("hpSchool"),
            given_name: "givenName".to_owned(),
            family_name: "sn".to_owned(),
            email: "mail".to_owned(),
            birth_date: named("hpBirthDate"),
            enabled: "hpEnabled".to_owned(),
        },
        roles: vec![("Pupil".to_owned(), Role::Student)],
    }
}

/// Pulls once.
fn pull(settings: Settings, wanted: &Wanted) -> Result<(Vec<Person>, Reading), Refusal> {
    battery::read(&mut Pull::new(settings), wanted)
}

/// What a pull is refused for.
fn fault(settings: Settings) -> Fault {
    match pull(settings, &battery::least()) {
        Err(Refusal::Ldap(fault)) => fault,
        Err(other) => panic!("refused for something else: {other}"),
        Ok((people, _)) => panic!("it was not refused, with {} people", people.len()),
    }
}
