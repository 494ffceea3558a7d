//! Against OpenLDAP's server.

use std::fs;
use std::time::Duration;

use hallpass_tests::{Authority, Slapd};
use tempfile::tempdir;
use tokio::time::Instant;

use super::{Settings, Told, naming, searching, server, silent, student, told, trouble, verify};
use crate::ldap::live::{Live, Who};
use crate::ldap::tests::fake::{self, Answer};
use crate::ldap::tests::{Security, is_installed};
use crate::ldap::{ClientCertificate, Trouble};

#[tokio::test]
async fn the_one_who_has_the_id_is_bound_as() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let people = ["0001005", "0001006", "0001007", "0001007"].map(|id| student(id, &[]));
        let slapd = Slapd::start(&people, "").unwrap();
        let live = Live::new(searching(folder.path(), vec![server(&slapd, Security::Plain)]));
        assert_eq!(told(&live, "0001005").await, Told::Right);
        assert_eq!(verify(&live, "0001005", "Marker-wrong").await.unwrap(), Told::Wrong);
        assert_eq!(told(&live, "0001008").await, Told::Nobody);
        assert_eq!(told(&live, "0001007").await, Told::Several);
        // What would be a filter of its own is no ID.
        for id in ["*", "000100*", "(", "0001005)(cn=*", "\\", "\\30001005", "P 7", "jos\u{e9}", "{id}"] {
            assert_eq!(told(&live, id).await, Told::Nobody, "{}", id.escape_debug());
        }
        live.is_back().await.unwrap();
    }
}

#[tokio::test]
async fn a_name_made_of_the_id_is_bound_as() {
    if is_installed() {
        let slapd = Slapd::start(&[student("0001005", &[])], "").unwrap();
        let live = Live::new(naming(vec![server(&slapd, Security::Plain)]));
        assert_eq!(told(&live, "u0").await, Told::Right);
        assert_eq!(verify(&live, "u0", "Marker-wrong").await.unwrap(), Told::Wrong);
        // It does not tell which of both is wrong.
        assert_eq!(told(&live, "u1").await, Told::Wrong);
        for id in ["u0,dc=example,dc=org", "*", "\\", "#", "+", "u1=", "P 7", "jos\u{e9}"] {
            assert_eq!(told(&live, id).await, Told::Wrong, "{id}");
        }
        assert_eq!((told(&live, "").await, told(&live, "u0\0").await), (Told::Nobody, Told::Nobody));
        live.is_back().await.unwrap();
    }
}

#[tokio::test]
async fn a_password_policy_is_told_apart() {
    const POLICY: &str =
        "pwdLockout: TRUE\npwdMaxFailure: 3\npwdMustChange: TRUE\npwdMaxAge: 86400\npwdGraceAuthNLimit: 1";
    if is_installed() {
        let folder = tempdir().unwrap();
        let old: [(&str, &[u8]); 1] = [("pwdChangedTime", b"20200101000000Z")];
        let people = [student("1", &[]), student("2", &[("pwdReset", b"TRUE")]), student("3", &old)];
        let slapd = Slapd::start_with_policy(&people, POLICY).unwrap();
        let live = Live::new(searching(folder.path(), vec![server(&slapd, Security::Plain)]));
        assert_eq!((told(&live, "1").await, told(&live, "2").await), (Told::Right, Told::MustChange));
        // The one login that is left after the end lets her in.
        assert_eq!((told(&live, "3").await, told(&live, "3").await), (Told::Right, Told::MustChange));
        for _ in 0..3 {
            assert_eq!(verify(&live, "1", "Marker-wrong").await.unwrap(), Told::Wrong);
        }
        assert_eq!(told(&live, "1").await, Told::Locked);
    }
}

#[tokio::test]
async fn tls_start_tls_and_a_client_certificate_are_spoken_at_a_login() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let authority = Authority::new("ours");
        let [ca_file, certificate_file, key_file] = ["ca", "client", "key"].map(|name| folder.path().join(name));
        authority.write(&ca_file);
        authority.issue(&["hallpass"]).write(&certificate_file, &key_file);
        let shown = authority.issue(&["localhost"]);
        let people = [student("1", &[])];
        // Whoever has a certificate of this authority is the reader, also without a password.
        let demand = "TLSVerifyClient demand\nsecurity tls=1\nauthz-regexp \".*\" \"cn=reader,dc=example,dc=org\"";
        for (scheme, security) in [("ldaps", Security::Tls), ("ldap", Security::StartTls)] {
            let slapd = Slapd::start_with_tls(&people, (&authority, &shown), scheme, demand).unwrap();
            let [mut by_password, mut by_certificate] =
                [(); 2].map(|()| searching(folder.path(), vec![server(&slapd, security)]));
            if let Who::Search { bind, .. } = &mut by_certificate.who {
                *bind = None;
            }
            for settings in [&mut by_password, &mut by_certificate] {
                settings.ca_file = Some(ca_file.clone());
                settings.client_certificate =
                    Some(ClientCertificate { certificate_file: certificate_file.clone(), key_file: key_file.clone() });
            }
            for settings in [by_password, by_certificate] {
                let live = Live::new(settings);
                assert_eq!(told(&live, "1").await, Told::Right, "{scheme}");
                assert_eq!(verify(&live, "1", "Marker-wrong").await.unwrap(), Told::Wrong, "{scheme}");
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_good_gets_no_password() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let ours = Authority::new("ours");
        let ca_file = folder.path().join("ca.pem");
        ours.write(&ca_file);
        for (scheme, security) in [("ldaps", Security::Tls), ("ldap", Security::StartTls)] {
            let shown = ours.issue_expired(&["localhost"]);
            let slapd = Slapd::start_with_tls(&[student("1", &[])], (&ours, &shown), scheme, "").unwrap();
            let servers = vec![server(&slapd, security)];
            for settings in [searching(folder.path(), servers.clone()), naming(servers)] {
                let live = Live::new(Settings { ca_file: Some(ca_file.clone()), ..settings });
                let silent = silent(&live, "1").await;
                assert!(matches!(trouble(&silent), Trouble::Certificate(_)) && !silent.forwarded, "{silent}");
                assert!(live.is_back().await.is_err());
            }
        }
    }
}

#[tokio::test]
async fn a_renewed_authority_is_believed_without_a_restart() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let (old, new) = (Authority::new("old"), Authority::new("new"));
        let ca_file = folder.path().join("ca.pem");
        old.write(&ca_file);
        let shown = new.issue(&["localhost"]);
        let slapd = Slapd::start_with_tls(&[student("1", &[])], (&new, &shown), "ldaps", "").unwrap();
        let settings = searching(folder.path(), vec![server(&slapd, Security::Tls)]);
        let live = Live::new(Settings { ca_file: Some(ca_file.clone()), ..settings });
        assert!(matches!(trouble(&silent(&live, "1").await), Trouble::Certificate(_)));
        new.write(&ca_file);
        assert_eq!(told(&live, "1").await, Told::Right);
    }
}

#[tokio::test]
async fn a_server_that_wants_encryption_is_no_wrong_password() {
    if is_installed() {
        let slapd = Slapd::start(&[student("1", &[])], "security simple_bind=128").unwrap();
        let silent = silent(&Live::new(naming(vec![server(&slapd, Security::Plain)])), "u0").await;
        assert!(matches!(trouble(&silent), Trouble::Encryption(13)) && silent.forwarded, "{silent}");
        assert!(silent.to_string().contains("use ldaps://, or start-tls = true"), "{silent}");
    }
}

#[tokio::test]
async fn a_server_that_was_killed_serves_again_at_once() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let mut slapd = Slapd::start(&[student("1", &[])], "").unwrap();
        let live = Live::new(searching(folder.path(), vec![server(&slapd, Security::Plain)]));
        for _ in 0..3 {
            assert_eq!(told(&live, "1").await, Told::Right);
            slapd.restart();
        }
        slapd.stop();
        let silent = silent(&live, "1").await;
        assert!(matches!(trouble(&silent), Trouble::Connect(_)) && !silent.forwarded, "{silent}");
        assert!(live.is_back().await.unwrap_err().to_string().contains(&slapd.address()));
        slapd.restart();
        assert_eq!(told(&live, "1").await, Told::Right);
    }
}

#[tokio::test]
async fn a_server_that_stands_still_is_given_up_at_the_deadline() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let slapd = Slapd::start(&[student("1", &[])], "").unwrap();
        let settings = searching(folder.path(), vec![server(&slapd, Security::Plain)]);
        let live = Live::new(Settings { timeout: Duration::from_secs(2), ..settings });
        assert_eq!(told(&live, "1").await, Told::Right);
        slapd.pause();
        // On the connection that is kept, and on a fresh one.
        for _ in 0..2 {
            let begun = Instant::now();
            let silent = silent(&live, "1").await;
            assert!(matches!(trouble(&silent), Trouble::Silent(_)) && !silent.forwarded, "{silent}");
            assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
        }
        assert!(live.is_back().await.is_err());
        slapd.resume();
        live.is_back().await.unwrap();
        assert_eq!(told(&live, "1").await, Told::Right);
    }
}

#[tokio::test]
async fn a_first_server_that_is_dead_costs_one_login_some_time_and_the_next_none() {
    if is_installed() {
        let folder = tempdir().unwrap();
        let slapd = Slapd::start(&[student("1", &[])], "").unwrap();
        // It accepts and says nothing, which is the slowest way to be dead.
        let (dead, connections) = fake::serve(vec![Answer::Nothing]);
        let settings = searching(folder.path(), vec![dead, server(&slapd, Security::Plain)]);
        let live = Live::new(Settings { timeout: Duration::from_secs(4), ..settings });
        for _ in 0..5 {
            assert_eq!(told(&live, "1").await, Told::Right);
        }
        assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_service_account_that_is_refused_is_not_tried_again_until_its_file_is_written() {
    if is_installed() {
        let folder = tempdir().unwrap();
        const POLICY: &str = "pwdLockout: TRUE\npwdMaxFailure: 2";
        let slapd = Slapd::start_with_policy(&[student("1", &[])], POLICY).unwrap();
        let live = Live::new(searching(folder.path(), vec![server(&slapd, Security::Plain)]));
        let file = folder.path().join("password");
        fs::write(&file, "Marker-wrong-horse").unwrap();
        for _ in 0..5 {
            let silent = silent(&live, "1").await;
            assert!(matches!(trouble(&silent), Trouble::Credentials) && !silent.forwarded, "{silent}");
        }
        // The two that lock the account were not reached.
        fs::write(&file, Slapd::PASSWORD).unwrap();
        assert_eq!(told(&live, "1").await, Told::Right);
    }
}
