use super::*;
use crate::source::SourceKind;
use crate::trial::Trial;

const LEAST: &str = "kind = \"ldap\"\nurls = [\"ldaps://ad.example.org\"]\nbase = \"dc=example\"\nbind-dn = \"cn=x\"\nbind-password-file = \"secret\"\n";

fn with(source: &str) -> Trial {
    let mut trial = Trial::default();
    let (before, _) = trial.district_text().split_once("kind =").unwrap();
    trial.district("cms", &format!("{before}{source}"));
    trial
}

fn ldap(source: &str) -> Ldap {
    let source = with(source).load().unwrap_or_else(|faults| panic!("{faults}")).site.districts[0].source.clone();
    let SourceKind::Ldap(ldap) = source.unwrap().kind else { panic!("another kind") };
    *ldap
}

#[test]
fn what_is_left_out_has_its_default() {
    let ldap = ldap(LEAST);
    let server = LdapServer { host: "ad.example.org".into(), port: 636, security: LdapSecurity::Tls };
    assert_eq!((ldap.servers, ldap.page, ldap.timeout), (vec![server], 500, Duration::from_secs(30)));
    assert_eq!((ldap.filter.as_str(), ldap.attributes), ("(objectClass=person)", LdapAttributes::default()));
    assert!(ldap.bind.unwrap().1.ends_with("secret"));
}

#[test]
fn a_directory_leaves_no_files_to_be_warned_of() {
    assert_eq!(with(LEAST).warnings(), [""; 0]);
}

#[test]
fn urls_are_read_with_and_without_a_port() {
    let of = |url: &str| parse(url, true).map(|server| (server.host, server.port, server.security));
    assert_eq!(of("ldaps://a.example.org:3269/"), Ok(("a.example.org".into(), 3269, LdapSecurity::Tls)));
    assert_eq!(of("ldap://a.example.org"), Ok(("a.example.org".into(), 389, LdapSecurity::StartTls)));
    assert_eq!(of("ldaps://[::1]"), Ok(("::1".into(), 636, LdapSecurity::Tls)));
    assert_eq!(of("ldaps://[::1]:6636"), Ok(("::1".into(), 6636, LdapSecurity::Tls)));
    let none = [
        "a.example.org",
        "https://a",
        "ldaps://",
        "ldaps://a:x",
        "ldaps://a:0",
        "ldaps://u@a",
        "ldaps://[::1",
        "ldaps://[::1]x",
        "ldaps://a/dc=x",
    ];
    for url in none {
        assert!(of(url).is_err(), "{url}");
    }
}

#[test]
fn nothing_crosses_a_network_in_the_clear() {
    let plain = LEAST.replace("ldaps:", "ldap:");
    assert_eq!(
        with(&plain).errors(),
        [
            "districts/cms.toml:10:9 source.urls[0]: the password and everybody in the directory would cross the network in \
          the clear; expected ldaps://, or start-tls = true"
        ]
    );
    assert_eq!(ldap(&format!("{plain}start-tls = true\n")).servers[0].security, LdapSecurity::StartTls);
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(ldap(&plain.replace("ad.example.org", host)).servers[0].security, LdapSecurity::Plain);
    }
}

#[test]
fn somebody_must_ask() {
    let nobody = LEAST.replace("bind-dn = \"cn=x\"\nbind-password-file = \"secret\"\n", "");
    assert!(with(&nobody).errors()[0].contains("nobody is named who asks"));
    let certificate = format!("{nobody}client-certificate-file = \"a.pem\"\nclient-key-file = \"a.key\"\n");
    assert!(ldap(&certificate).bind.is_none() && ldap(&certificate).client_certificate.is_some());
}

#[test]
fn keys_that_need_each_other_are_missed() {
    for (line, other) in
        [("bind-password-file = \"secret\"\n", "bind-password-file"), ("bind-dn = \"cn=x\"\n", "bind-dn")]
    {
        let errors = with(&LEAST.replace(line, "")).errors();
        assert!(errors.iter().any(|error| error.contains(&format!("without {other}"))), "{errors:?}");
    }
    let errors = with(&format!("{LEAST}client-key-file = \"a.key\"\n")).errors();
    assert!(errors[0].contains("without client-certificate-file"), "{errors:?}");
    let errors = with(&format!("{LEAST}[source.roles]\n\"S\" = \"student\"\n")).errors();
    assert!(errors[0].contains("expected source.attributes.role too"), "{errors:?}");
}

#[test]
fn attributes_and_words_are_the_districts_own() {
    let more =
        "[source.attributes]\nid = \"studentNumber\"\nrole = \"title\"\n[source.roles]\n\"Lehrer\" = \"teacher\"\n";
    let ldap = ldap(&format!("{LEAST}{more}"));
    assert_eq!((ldap.attributes.id.as_str(), ldap.attributes.role.as_deref()), ("studentNumber", Some("title")));
    assert_eq!(ldap.roles, [("Lehrer".to_owned(), Role::Teacher)]);
    for (wrong, told) in [("id = \"a b\"", "no attribute can have this name"), ("ids = \"a\"", "unknown key")] {
        let errors = with(&format!("{LEAST}[source.attributes]\n{wrong}\n")).errors();
        assert!(errors[0].contains(told), "{errors:?}");
    }
    let errors =
        with(&format!("{LEAST}[source.attributes]\nrole = \"title\"\n[source.roles]\nX = \"pupil\"\n")).errors();
    assert!(errors[0].contains("unknown word"), "{errors:?}");
}

#[test]
fn a_filter_keeps_its_brackets() {
    let errors = with(&format!("{LEAST}filter = \"objectClass=person\"\n")).errors();
    assert!(errors[0].contains("a filter without its brackets"), "{errors:?}");
}
