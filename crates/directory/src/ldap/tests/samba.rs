//! Rosters from a real Active Directory, Samba's.

use std::collections::BTreeSet;
use std::path::Path;

use hallpass_tests::{Account, Samba};
use patron::IdSource;
use tempfile::tempdir;

use super::{Person, Security, Server, Wanted, asking, battery, fault, pull, secret};
use crate::ldap::{Attributes, Bind, Pull, Settings, Trouble};
use crate::{Before, Directory as _, What};

/// Its server, by its address: that stands in its certificate too.
pub(super) fn server(samba: &Samba, security: Security) -> Server {
    let port = if security == Security::Tls { 636 } else { 389 };
    Server { host: samba.address().to_string(), port, security }
}

/// Asks as an account of the domain.
fn roster(samba: &Samba, folder: &Path, dn: &str, security: Security) -> Settings {
    let asking = asking(folder, server(samba, security));
    Settings {
        bind: Some(Bind { dn: dn.to_owned(), password_file: secret(folder, Samba::PASSWORD) }),
        ca_file: Some(samba.ca_file()),
        base: Samba::BASE.to_owned(),
        filter: "(&(objectCategory=person)(sAMAccountName=pupil*))".to_owned(),
        page: 2,
        attributes: Attributes {
            role: None,
            grade: None,
            school: None,
            birth_date: None,
            enabled: "userAccountControl".to_owned(),
            ..asking.attributes.clone()
        },
        ..asking
    }
}

#[test]
fn active_directory_is_pulled_from_its_root_past_its_referrals() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    for security in [Security::Tls, Security::StartTls] {
        let (mut people, reading) =
            pull(roster(samba, folder.path(), Samba::READER, security), &battery::least()).unwrap();
        people.sort_by(|one, other| one.ids.cmp(&other.ids));
        assert_eq!((people.len(), reading.rows, reading.warnings), (9, 9, vec![]));
        let enabled: Vec<bool> = people.iter().map(|person| person.student.enabled).collect();
        let expected = Samba::PEOPLE.map(|(.., account)| !matches!(account, Account::Disabled | Account::Expired));
        assert_eq!(enabled, expected);
    }
}

#[test]
fn active_directory_knows_people_by_guid_and_account() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    let ids_by = |id| {
        let wanted = Wanted { ids: vec![id], ..battery::least() };
        let (people, _) = pull(roster(samba, folder.path(), Samba::READER, Security::Tls), &wanted).unwrap();
        people.into_iter().map(|person: Person| person.ids[0].clone()).collect::<Vec<_>>()
    };
    let guids = ids_by(IdSource::SourceId);
    assert!(
        guids.iter().all(|guid| guid.len() == 32 && guid.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{guids:?}"
    );
    let mut names = ids_by(IdSource::Username);
    names.sort_unstable();
    assert_eq!(names, Samba::PEOPLE.map(|(name, ..)| name));
}

#[test]
fn active_directory_says_why_it_refuses() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    let of = |dn, security| roster(samba, folder.path(), dn, security);
    assert!(matches!(fault(of(Samba::READER, Security::Plain)).last(), Trouble::Encryption(8)));
    let nobody = fault(of("nobody@example.org", Security::Tls));
    assert!(matches!(nobody.last(), Trouble::Credentials), "{nobody}");
    let disabled = fault(of(Samba::GONE, Security::Tls));
    assert!(matches!(disabled.last(), Trouble::Account("is disabled")), "{disabled}");
    let nowhere = Settings { base: "OU=Nowhere,DC=example,DC=org".to_owned(), ..of(Samba::READER, Security::Tls) };
    let nowhere = fault(nowhere);
    assert!(matches!(nowhere.last(), Trouble::NoBase), "{nowhere}");
}

#[test]
fn active_directory_says_what_changed_since_a_time() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let folder = tempdir().unwrap();
    let wanted = Wanted { records: true, ..battery::least() };
    let mut pulled = Pull::new(roster(samba, folder.path(), Samba::READER, Security::Tls));
    let (people, reading) = battery::read(&mut pulled, &wanted).unwrap();
    let keys: BTreeSet<String> =
        people.iter().map(|person| person.record.as_ref().unwrap().source_id.clone()).collect();
    assert_eq!(keys.len(), 9);
    // Each was made at another moment; what the server said last is when the last of them changed.
    let mut since = |moment: i64| {
        let (mut ours, mut others) = (BTreeSet::new(), 0);
        let before = Before { since: moment, ..Before::default() };
        let reading = pulled.changes(&wanted, &before, &mut |change| match change.what {
            What::Is(_) => drop(ours.insert(change.source_id)),
            What::Gone => others += 1,
            What::Born(_) | What::Role(_) | What::RoleGone(_) => panic!("none was asked for"),
        });
        (ours, others, reading.unwrap().unwrap().rows)
    };
    let (ours, others, rows) = since(0);
    assert_eq!((ours == keys, rows), (true, 9));
    assert!(others > 9, "everything else of the domain");
    let (ours, _, rows) = since(reading.newest);
    assert!(!ours.is_empty(), "whoever changed in that second");
    assert_eq!(rows, ours.len() as u64);
    // Whose account has ended by itself is told of each time: that is no change.
    let ended = Samba::PEOPLE.iter().filter(|(.., account)| *account == Account::Expired).count();
    assert_eq!((since(reading.newest + 1000).0.len(), ended), (1, 1));
}
