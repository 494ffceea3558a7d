//! Whole pulls from a server.

use std::time::Duration;

use hallpass_tests::{Attribute, Authority, Slapd};
use patron::{IdSource, SchoolIndex};
use tempfile::tempdir;

use super::fake::{self, Answer, BOUND, done, element, entry};
use super::{Security, Server, Wanted, asking, battery, is_installed, pull, settings};
use crate::ldap::{ClientCertificate, Pull, Settings};
use crate::{Before, Directory as _, Person, School, What};

fn ids(people: &[Person]) -> Vec<&str> {
    people.iter().map(|person| person.ids[0].as_str()).collect()
}

#[test]
fn every_page_is_read_in_its_order() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let numbers: Vec<String> = (0..25).map(|number| format!("{number:07}")).collect();
        let people: Vec<Vec<Attribute<'_>>> =
            numbers.iter().map(|id| vec![("employeeID", id.as_bytes()), ("hpRole", &b"pupil"[..])]).collect();
        let slapd = Slapd::start(&people, "").unwrap();
        for page in [1, 10, 25, 500] {
            let (people, reading) =
                pull(Settings { page, ..settings(folder.path(), &slapd) }, &battery::least()).unwrap();
            assert_eq!(ids(&people), numbers, "{page}");
            assert_eq!((reading.rows, people[24].row), (25, 25), "{page}");
        }
    }
}

#[test]
fn references_to_other_servers_are_passed_over() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let (elsewhere, connections) = fake::serve(vec![Answer::Say(BOUND.to_vec())]);
        let mut slapd = Slapd::start(&[super::entry(&battery::ADA)], "").unwrap();
        slapd.refer(&format!("{elsewhere}/ou=far,dc=example,dc=org"));
        let (people, reading) = pull(settings(folder.path(), &slapd), &battery::least()).unwrap();
        assert_eq!((people.len(), reading.rows), (1, 1));
        assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
    // As Active Directory does at the root of a domain.
    let folder = tempdir().unwrap();
    let reference = fake::message(&element(0x73, &element(0x04, b"ldap://far.example.org/CN=Configuration")), b"");
    let page = [entry("cn=a", "7"), reference, done(0, b"")].concat();
    let (server, _) = fake::serve(vec![Answer::Say(BOUND.to_vec()), Answer::Say(page)]);
    let mut asking = asking(folder.path(), server);
    asking.attributes.role = None;
    assert_eq!(ids(&pull(asking, &battery::least()).unwrap().0), ["7"]);
}

#[test]
fn a_server_that_is_down_is_passed_over() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let slapd = Slapd::start(&[super::entry(&battery::ADA)], "").unwrap();
        let mut settings = settings(folder.path(), &slapd);
        settings.timeout = Duration::from_secs(2);
        let (silent, _) = fake::serve(vec![Answer::Nothing]);
        let (web, _) = fake::serve(vec![Answer::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]);
        let down = Server { host: "127.0.0.1".to_owned(), port: 1, security: Security::Plain };
        settings.servers.splice(0..0, [down, silent, web]);
        assert_eq!(pull(settings, &battery::least()).unwrap().0.len(), 1);
    }
}

#[test]
fn tls_start_tls_and_a_client_certificate_are_spoken() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let authority = Authority::new("ours");
        let [ca_file, certificate_file, key_file] = ["ca", "client", "key"].map(|name| folder.path().join(name));
        authority.write(&ca_file);
        authority.issue(&["hallpass"]).write(&certificate_file, &key_file);
        let people = [super::entry(&battery::ADA)];
        let shown = authority.issue(&["localhost"]);
        for (scheme, security) in [("ldaps", Security::Tls), ("ldap", Security::StartTls)] {
            // `security` holds it to TLS also where the port is a plain one.
            let demand = "TLSVerifyClient demand\nsecurity tls=1";
            let slapd = Slapd::start_with_tls(&people, (&authority, &shown), scheme, demand).unwrap();
            let mut settings = settings(folder.path(), &slapd);
            settings.servers[0].security = security;
            settings.ca_file = Some(ca_file.clone());
            settings.client_certificate =
                Some(ClientCertificate { certificate_file: certificate_file.clone(), key_file: key_file.clone() });
            assert_eq!(ids(&pull(settings, &battery::least()).unwrap().0), ["0000001"], "{scheme}");
        }
    }
}

#[test]
fn a_client_certificate_alone_can_be_who_asks() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let authority = Authority::new("ours");
        let [ca_file, certificate_file, key_file] = ["ca", "client", "key"].map(|name| folder.path().join(name));
        authority.write(&ca_file);
        authority.issue(&["hallpass"]).write(&certificate_file, &key_file);
        let shown = authority.issue(&["localhost"]);
        // Whoever has a certificate of this authority is the reader.
        let known = "TLSVerifyClient demand\nauthz-regexp \".*\" \"cn=reader,dc=example,dc=org\"";
        let people = [super::entry(&battery::ADA)];
        let slapd = Slapd::start_with_tls(&people, (&authority, &shown), "ldaps", known).unwrap();
        let mut settings = settings(folder.path(), &slapd);
        settings.servers[0].security = Security::Tls;
        (settings.bind, settings.ca_file) = (None, Some(ca_file));
        settings.client_certificate = Some(ClientCertificate { certificate_file, key_file });
        assert_eq!(ids(&pull(settings, &battery::least()).unwrap().0), ["0000001"]);
    }
}

#[test]
fn an_attribute_that_is_no_text_is_undecodable() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let mut person = super::entry(&battery::ADA);
        person.push(("hpBytes", b"\xff\xfe\x00"));
        person.push(("objectGUID", b"\x01\xab"));
        let slapd = Slapd::start(&[person], "").unwrap();
        let by = |id| Wanted { ids: vec![id], ..battery::least() };
        let (people, reading) = pull(settings(folder.path(), &slapd), &by(IdSource::Column("hpBytes".into()))).unwrap();
        assert_eq!((people.len(), reading.undecodable.count), (0, 1));
        let (people, _) = pull(settings(folder.path(), &slapd), &by(IdSource::SourceId)).unwrap();
        assert_eq!(ids(&people), ["01ab"]);
    }
}

#[test]
fn each_pull_is_a_state_of_its_own() {
    let folder = tempdir().unwrap();
    let settings = asking(folder.path(), Server { host: "localhost".into(), port: 1, security: Security::Plain });
    let (one, other) = (Pull::new(settings.clone()), Pull::new(settings));
    assert_ne!(one.fingerprint().unwrap(), other.fingerprint().unwrap());
}

#[test]
fn schools_keep_their_numbers_among_those_who_changed() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let slapd = Slapd::start(&[super::entry(&battery::Given { school: "s2", ..battery::ADA })], "").unwrap();
        let school = |name: &str| School { source_id: name.to_owned(), name: String::new(), identifier: None };
        let before = Before { schools: vec![school("s1"), school("s2")], ..Before::default() };
        let mut places = Vec::new();
        let reading = Pull::new(settings(folder.path(), &slapd)).changes(&battery::least(), &before, &mut |change| {
            if let What::Is(person) = change.what {
                places.extend(person.student.schools);
            }
        });
        assert_eq!((places, reading.unwrap().unwrap().schools.len()), (vec![SchoolIndex(1)], 2));
    }
}
