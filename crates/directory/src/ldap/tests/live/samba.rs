//! Against a real Active Directory, Samba's.

use std::path::Path;

use hallpass_tests::{Account, Samba};
use tempfile::tempdir;

use super::{Settings, Told, settings, trouble, verify};
use crate::ldap::live::{Filter, Live, Template, Who};
use crate::ldap::tests::samba::server;
use crate::ldap::tests::{Security, secret};
use crate::ldap::{Bind, Trouble};

fn login(samba: &Samba, folder: &Path, security: Security, who: Option<Template>) -> Settings {
    let bind = Some(Bind { dn: Samba::READER.to_owned(), password_file: secret(folder, Samba::PASSWORD) });
    let filter = Filter::parse("(&(objectClass=user)(employeeID={id}))").unwrap();
    let search = Who::Search { bind, base: Samba::BASE.to_owned(), filter };
    let who = who.map_or(search, Who::Template);
    Settings { ca_file: Some(samba.ca_file()), ..settings(vec![server(samba, security)], who) }
}

/// What it says of an account whose password is right.
fn means(account: Account) -> Told {
    match account {
        Account::Good => Told::Right,
        Account::Disabled => Told::Disabled,
        Account::Expired => Told::Expired,
        Account::MustChange => Told::MustChange,
        Account::NoHours | Account::Elsewhere => Told::NotNow,
    }
}

#[tokio::test]
async fn active_directory_tells_of_each_account_whether_it_may_log_in() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    for security in [Security::Tls, Security::StartTls] {
        let live = Live::new(login(samba, folder.path(), security, None));
        for (name, id, account) in &Samba::PEOPLE[..6] {
            assert_eq!(verify(&live, id, Samba::PASSWORD).await.unwrap(), means(*account), "{name}");
        }
        for (id, expected) in [
            ("0000007", Told::Several),
            ("0000008", Told::Nobody),
            ("000000*", Told::Nobody),
            ("0000001\0", Told::Nobody),
        ] {
            assert_eq!(verify(&live, id, Samba::PASSWORD).await.unwrap(), expected, "{id}");
        }
        live.is_back().await.unwrap();
    }
}

#[tokio::test]
async fn active_directory_takes_names_made_of_ids() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    for template in ["{id}@example.org", "EXAMPLE\\{id}", "CN={id},CN=Users,DC=example,DC=org"] {
        // Encrypted, as else it refuses whoever asks.
        let template = Template::parse(template).unwrap();
        let live = Live::new(login(samba, folder.path(), Security::Tls, Some(template.clone())));
        live.is_back().await.unwrap();
        for (name, _, account) in &Samba::PEOPLE[..6] {
            let told = verify(&live, name, Samba::PASSWORD).await.unwrap();
            assert_eq!(told, means(*account), "{template:?} {name}");
        }
        assert_eq!(verify(&live, "nobody", Samba::PASSWORD).await.unwrap(), Told::Wrong, "{template:?}");
        let plain = Live::new(login(samba, folder.path(), Security::Plain, Some(template)));
        let silent = verify(&plain, "pupil1", Samba::PASSWORD).await.unwrap_err();
        assert!(matches!(trouble(&silent), Trouble::Encryption(8)) && silent.forwarded, "{silent}");
    }
}

#[tokio::test]
async fn active_directory_locks_an_account_and_then_says_so_of_the_right_password_too() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    let live = Live::new(login(samba, folder.path(), Security::Tls, None));
    // Disabled tells a wrong password nothing more.
    assert_eq!(verify(&live, "0000002", "Marker-wrong-1").await.unwrap(), Told::Wrong);
    for _ in 0..3 {
        assert_eq!(verify(&live, "0000009", "Marker-wrong-1").await.unwrap(), Told::Wrong);
    }
    for password in ["Marker-wrong-1", Samba::PASSWORD] {
        assert_eq!(verify(&live, "0000009", password).await.unwrap(), Told::Locked, "{password}");
    }
}
