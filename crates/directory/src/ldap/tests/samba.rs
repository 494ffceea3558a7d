//! The same pull from a real Active Directory, Samba's. It needs root and fixed ports, so that it is run by hand: samba.sh.

use std::env;
use std::path::PathBuf;

use patron::IdSource;
use tempfile::tempdir;

use super::{Person, Security, Server, Wanted, asking, battery, fault, fs, pull};
use crate::ldap::{Attributes, Bind, Settings, Trouble};

/// Asks as an account of the domain.
fn settings(dn: &str, password: &str, security: Security) -> Settings {
    let folder = PathBuf::from(env::var_os("HALLPASS_SAMBA").expect("run samba.sh"));
    let password_file = folder.join(format!("{dn}.secret"));
    fs::write(&password_file, password).unwrap();
    let port = if security == Security::Tls { 636 } else { 389 };
    let asking = asking(tempdir().unwrap().path(), Server { host: "localhost".to_owned(), port, security });
    Settings {
        bind: Some(Bind { dn: format!("{dn}@example.org"), password_file }),
        ca_file: Some(folder.join("private/tls/ca.pem")),
        base: "DC=example,DC=org".to_owned(),
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

fn reader(security: Security) -> Settings {
    settings("reader", "Passw0rd-Reader", security)
}

#[test]
#[ignore = "needs a Samba of its own: samba.sh"]
fn active_directory_is_pulled_from_its_root_past_its_referrals() {
    for security in [Security::Tls, Security::StartTls] {
        let (mut people, reading) = pull(reader(security), &battery::least()).unwrap();
        people.sort_by(|one, other| one.ids.cmp(&other.ids));
        assert_eq!((people.len(), reading.rows, reading.warnings), (5, 5, vec![]));
        // The second is disabled, the account of the third has expired.
        let enabled: Vec<bool> = people.iter().map(|person| person.student.enabled).collect();
        assert_eq!(enabled, [true, false, false, true, true]);
    }
}

#[test]
#[ignore = "needs a Samba of its own: samba.sh"]
fn active_directory_knows_people_by_guid_and_account() {
    let by = |id| Wanted { ids: vec![id], ..battery::least() };
    let ids = |people: Vec<Person>| people.into_iter().map(|person| person.ids[0].clone()).collect::<Vec<_>>();
    let guids = ids(pull(reader(Security::Tls), &by(IdSource::SourceId)).unwrap().0);
    assert!(
        guids.iter().all(|guid| guid.len() == 32 && guid.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{guids:?}"
    );
    let mut names = ids(pull(reader(Security::Tls), &by(IdSource::Username)).unwrap().0);
    names.sort_unstable();
    assert_eq!(names, ["pupil1", "pupil2", "pupil3", "pupil4", "pupil5"]);
}

#[test]
#[ignore = "needs a Samba of its own: samba.sh"]
fn active_directory_says_why_it_refuses() {
    assert!(matches!(fault(reader(Security::Plain)).last(), Trouble::Encryption(8)));
    let wrong = fault(settings("reader", "Passw0rd-Wrong", Security::Tls));
    assert!(matches!(wrong.last(), Trouble::Credentials), "{wrong}");
    let disabled = fault(settings("gone", "Passw0rd-Gone", Security::Tls));
    assert!(matches!(disabled.last(), Trouble::Account("is disabled")), "{disabled}");
    let nowhere = fault(Settings { base: "OU=Nowhere,DC=example,DC=org".to_owned(), ..reader(Security::Tls) });
    assert!(matches!(nowhere.last(), Trouble::NoBase), "{nowhere}");
}
