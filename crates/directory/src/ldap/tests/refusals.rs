//! What is not taken for a roster: servers that err, and those that are not to be trusted.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hallpass_tests::{Authority, Slapd};
use patron::{Actor, IdSource};
use tempfile::tempdir;

use super::fake::{self, Answer, BOUND, done, element, entry};
use super::{Security, Server, Wanted, asking, battery, fault, is_installed, pull, settings};
use crate::ldap::{ClientCertificate, Settings, Trouble};
use crate::{BadData, Before, Directory as _, Fault, Refusal};

fn server() -> (tempfile::TempDir, Slapd) {
    let entry = super::entry(&battery::ADA);
    (tempdir().unwrap(), Slapd::start(&[entry.clone(), entry.clone(), entry], "").unwrap())
}

/// What a pull from a server with fixed answers is refused for.
fn fault_of(answers: Vec<Answer>) -> crate::ldap::Fault {
    let folder = tempdir().unwrap();
    let (server, _) = fake::serve(answers);
    fault(Settings { timeout: Duration::from_secs(2), ..asking(folder.path(), server) })
}

fn bound(then: Answer) -> Vec<Answer> {
    vec![Answer::Say(BOUND.to_vec()), then]
}

/// A bind answered with a result.
fn bind_result(code: u8) -> Vec<u8> {
    let mut answer = BOUND.to_vec();
    answer[9] = code;
    answer
}

#[test]
fn wrong_credentials_are_refused_and_tried_once() {
    if is_installed() {
        let (folder, slapd) = server();
        let good = settings(folder.path(), &slapd);
        fs::write(&good.bind.as_ref().unwrap().password_file, "wrong horse").unwrap();
        let fault = fault(Settings { servers: vec![good.servers[0].clone(); 3], ..good });
        assert!(matches!(fault.last(), Trouble::Credentials), "{fault}");
        assert_eq!(fault.actor(), Actor::Sysadmin);
        let told = fault.to_string();
        assert_eq!((told.matches(&slapd.address()).count(), told.contains("horse")), (1, false), "{told}");
    }
}

#[test]
fn an_empty_password_is_never_sent_nor_one_that_others_may_read() {
    let cases =
        [("", 0o600, "holds no secret"), ("\n", 0o600, "holds no secret"), ("correct horse", 0o640, "chmod 600")];
    for (text, mode, told) in cases {
        let folder = tempdir().unwrap();
        let (server, connections) = fake::serve(vec![Answer::Say(BOUND.to_vec())]);
        let asking = asking(folder.path(), server);
        let file = asking.bind.as_ref().unwrap().password_file.clone();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let refusal = pull(asking, &battery::least()).unwrap_err();
        assert!(matches!(&refusal, Refusal::Unreadable { path, .. } if *path == file), "{refusal}");
        assert!(refusal.to_string().contains(told), "{refusal}");
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_password_file_that_is_not_there_is_named() {
    let folder = tempdir().unwrap();
    let asking = asking(folder.path(), fake::serve(vec![Answer::Nothing]).0);
    fs::remove_file(&asking.bind.as_ref().unwrap().password_file).unwrap();
    let refusal = pull(asking, &battery::least()).unwrap_err();
    assert!(matches!(refusal, Refusal::Unreadable { .. }), "{refusal}");
}

#[test]
fn a_base_that_is_not_there_is_refused() {
    if is_installed() {
        let (folder, slapd) = server();
        let good = settings(folder.path(), &slapd);
        let fault = fault(Settings { base: "ou=Nowhere,dc=example,dc=org".to_owned(), ..good });
        assert!(matches!(fault.last(), Trouble::NoBase), "{fault}");
    }
}

#[test]
fn a_filter_that_is_none_is_refused() {
    if is_installed() {
        let (folder, slapd) = server();
        let fault = fault(Settings { filter: "(objectClass=person".to_owned(), ..settings(folder.path(), &slapd) });
        assert!(matches!(fault.last(), Trouble::Filter), "{fault}");
    }
}

#[test]
fn a_filter_that_nobody_matches_is_no_empty_district() {
    if is_installed() {
        let (folder, slapd) = server();
        let nobody = Settings { filter: "(employeeID=8*)".to_owned(), ..settings(folder.path(), &slapd) };
        let refusal = pull(nobody, &battery::least()).unwrap_err();
        assert!(matches!(&refusal, Refusal::BadData(BadData { fault: Fault::NoEntries, .. })), "{refusal}");
        assert!(refusal.to_string().contains(&slapd.address()), "{refusal}");
    }
}

#[test]
fn a_size_limit_is_no_half_roster() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let people = vec![super::entry(&battery::ADA); 5];
        let slapd = Slapd::start(&people, "limits dn.exact=\"cn=reader,dc=example,dc=org\" size.prtotal=4").unwrap();
        for page in [2, 500] {
            let fault = fault(Settings { page, ..settings(folder.path(), &slapd) });
            assert!(matches!(fault.last(), Trouble::Limit("size limit")), "{fault}");
            assert_eq!(fault.actor(), Actor::District);
        }
    }
}

#[test]
fn results_that_are_no_whole_answer_are_refused() {
    let of = |code| fault_of(bound(Answer::Say([entry("cn=a", "7"), done(code, b"")].concat())));
    assert!(matches!(of(3).last(), Trouble::Limit("time limit")));
    assert!(matches!(of(11).last(), Trouble::Limit(_)));
    assert!(matches!(of(10).last(), Trouble::Elsewhere));
    assert!(matches!(of(50).last(), Trouble::Access));
    assert!(matches!(of(1).last(), Trouble::Result(1)));
}

#[test]
fn a_server_that_wants_encryption_says_so() {
    let fault = fault_of(vec![Answer::Say(bind_result(8))]);
    assert!(matches!(fault.last(), Trouble::Encryption(8)), "{fault}");
    if is_installed() {
        let folder = tempdir().unwrap();
        let slapd = Slapd::start(&[], "security simple_bind=128").unwrap();
        let fault = super::fault(settings(folder.path(), &slapd));
        assert!(matches!(fault.last(), Trouble::Encryption(13)), "{fault}");
    }
}

#[test]
fn a_certificate_that_is_not_good_is_refused() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
        let ca_file = folder.path().join("ca.pem");
        ours.write(&ca_file);
        let cases = [
            (&ours, ours.issue_expired(&["localhost"])),
            (&theirs, theirs.issue(&["localhost"])),
            (&ours, ours.issue(&["ldap.example.org"])),
        ];
        for (authority, shown) in cases {
            for (scheme, security) in [("ldaps", Security::Tls), ("ldap", Security::StartTls)] {
                let slapd = Slapd::start_with_tls(&[], (authority, &shown), scheme, "").unwrap();
                let mut settings = settings(folder.path(), &slapd);
                settings.servers[0].security = security;
                let fault = fault(Settings { ca_file: Some(ca_file.clone()), ..settings });
                assert!(matches!(fault.last(), Trouble::Certificate(_)), "{fault}");
                assert_eq!(fault.actor(), Actor::District);
            }
        }
    }
}

#[test]
fn a_server_that_demands_a_certificate_and_gets_none_is_refused() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let authority = Authority::new("ours");
        let ca_file = folder.path().join("ca.pem");
        authority.write(&ca_file);
        let shown = authority.issue(&["localhost"]);
        let slapd = Slapd::start_with_tls(&[], (&authority, &shown), "ldaps", "TLSVerifyClient demand").unwrap();
        let mut settings = settings(folder.path(), &slapd);
        settings.servers[0].security = Security::Tls;
        let fault = fault(Settings { ca_file: Some(ca_file), ..settings });
        assert!(matches!(fault.last(), Trouble::Tls(_) | Trouble::Cut), "{fault}");
    }
}

#[test]
fn certificate_files_that_are_none_are_named() {
    let folder = tempdir().unwrap();
    let none = folder.path().join("none.pem");
    fs::write(&none, "no certificate").unwrap();
    let server = Server { host: "localhost".to_owned(), port: 1, security: Security::Tls };
    let asking = asking(folder.path(), server);
    let pair = ClientCertificate { certificate_file: none.clone(), key_file: none.clone() };
    let broken = [
        Settings { ca_file: Some(none.clone()), ..asking.clone() },
        Settings { client_certificate: Some(pair), ..asking },
    ];
    for settings in broken {
        let fault = fault(settings);
        assert!(matches!(fault.last(), Trouble::Pem { .. } | Trouble::NoRoots), "{fault}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    for answers in [vec![Answer::Nothing], bound(Answer::Nothing), bound(Answer::Say(entry("cn=a", "7")))] {
        let fault = fault_of(answers);
        assert!(matches!(fault.last(), Trouble::Silent(_)), "{fault}");
        assert!(fault.to_string().contains("no answer within 2 s"), "{fault}");
    }
    // Nor is one that does not even say hello over TLS.
    let folder = tempdir().unwrap();
    let (server, _) = fake::serve(vec![Answer::Nothing]);
    for security in [Security::Tls, Security::StartTls] {
        let mut settings = asking(folder.path(), Server { security, ..server.clone() });
        let ca_file = folder.path().join("ca.pem");
        Authority::new("ours").write(&ca_file);
        (settings.ca_file, settings.timeout) = (Some(ca_file), Duration::from_secs(1));
        let fault = fault(settings);
        assert!(matches!(fault.last(), Trouble::Silent(_)), "{fault}");
    }
}

#[test]
fn a_connection_cut_in_the_middle_is_no_half_roster() {
    let half = entry("cn=a", "7");
    let cut = half[..half.len() - 1].to_vec();
    for answer in [half.clone(), cut, Vec::new()] {
        let fault = fault_of(bound(Answer::SayAndClose(answer)));
        assert!(matches!(fault.last(), Trouble::Cut), "{fault}");
    }
    let later = bound(Answer::Say([half, done(0, b"more")].concat()));
    let fault = fault_of([later, vec![Answer::SayAndClose(entry("cn=b", "8"))]].concat());
    assert!(matches!(fault.last(), Trouble::Cut), "{fault}");
}

#[test]
fn a_page_that_comes_again_and_again_is_refused() {
    let fault = fault_of(bound(Answer::Say([entry("cn=a", "7"), done(0, b"more")].concat())));
    assert!(matches!(fault.last(), Trouble::Repeats), "{fault}");
    let fault = fault_of(bound(Answer::Say(done(0, b"more"))));
    assert!(matches!(fault.last(), Trouble::Endless), "{fault}");
}

#[test]
fn what_is_not_ldap_is_refused_and_ends_nothing_else() {
    let nested = (0..40).fold(Vec::new(), |inner, _| element(0x30, &inner));
    let cases = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        // Whole messages, on which ldap3 itself panics.
        b"\x30\x00".to_vec(),
        b"\x30\x03\x02\x01\x01".to_vec(),
        b"\x30\x05\x02\x01\x01\x61\x00".to_vec(),
        nested,
    ];
    for bytes in cases {
        let fault = fault_of(vec![Answer::SayAndClose(bytes.clone())]);
        assert!(matches!(fault.last(), Trouble::NotLdap | Trouble::Cut), "{}: {fault}", bytes.escape_ascii());
    }
    // An entry whose attributes are none, and a page control that is none.
    let no_entry = fake::message(&element(0x64, &element(0x04, b"cn=a")), b"");
    let no_control = fake::message(b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00", b"\xa0\x02\x30\x00");
    for bytes in [[no_entry, done(0, b"")].concat(), no_control] {
        let fault = fault_of(bound(Answer::Say(bytes.clone())));
        assert!(matches!(fault.last(), Trouble::NotLdap), "{}: {fault}", bytes.escape_ascii());
    }
}

#[test]
fn an_answer_beyond_the_limit_is_refused() {
    let fault = fault_of(bound(Answer::Say(b"\x30\x84\x7f\xff\xff\xff\x02\x01".to_vec())));
    assert!(matches!(fault.last(), Trouble::TooLong), "{fault}");
}

#[test]
fn nobody_who_listens_is_told_server_by_server() {
    let folder = tempdir().unwrap();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let server = Server { host: "127.0.0.1".to_owned(), port, security: Security::Plain };
    let mut asking = asking(folder.path(), server);
    asking.servers.push(asking.servers[0].clone());
    let fault = fault(asking);
    assert!(matches!(fault.last(), Trouble::Connect(_)), "{fault}");
    assert_eq!(fault.to_string().matches(&format!("ldap://127.0.0.1:{port}")).count(), 2, "{fault}");
}

#[test]
fn what_no_entry_can_answer_is_refused_before_anything_is_asked() {
    let folder = tempdir().unwrap();
    let (server, connections) = fake::serve(vec![Answer::Nothing]);
    let mut asking = asking(folder.path(), server);
    asking.attributes.birth_date = None;
    let wanted = [
        (Wanted { ids: vec![IdSource::UserId("SIS".into())], ..battery::least() }, "user-id"),
        (Wanted { birth_date: true, ..battery::least() }, "birth-date"),
    ];
    for (wanted, told) in wanted {
        let refusal = pull(asking.clone(), &wanted).unwrap_err();
        assert!(refusal.to_string().contains(told), "{refusal}");
        assert_eq!(refusal.actor(), Actor::Sysadmin);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_that_does_not_search_by_time_is_pulled_whole_and_one_that_falls_silent_is_told() {
    let folder = tempdir().unwrap();
    let changes_of = |answers: Vec<Answer>| {
        let asking = Settings { timeout: Duration::from_millis(300), ..asking(folder.path(), fake::serve(answers).0) };
        let mut pull = crate::ldap::Pull::new(asking);
        pull.changes(&battery::least(), &Before::default(), &mut |_| panic!("nothing was said"))
    };
    // Nothing is shown of its root; then each answer is a result.
    let answers = |code| [bound(Answer::Say(done(0, b""))), vec![Answer::Say(done(code, b""))]].concat();
    for code in [12, 17, 18, 21, 53] {
        assert!(matches!(changes_of(answers(code)), Ok(None)), "{code}");
    }
    for code in [1, 50, 51] {
        assert!(matches!(changes_of(answers(code)), Err(Refusal::Ldap(_))), "{code}");
    }
    assert!(matches!(changes_of(answers(0)), Ok(Some(reading)) if reading.rows == 0));
    let silent = [bound(Answer::Say(done(0, b""))), vec![Answer::Nothing]].concat();
    assert!(matches!(changes_of(silent), Err(Refusal::Ldap(fault)) if matches!(fault.last(), Trouble::Silent(_))));
}
