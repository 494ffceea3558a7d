//! A district whose roster comes from its LDAP directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use hallpass_tests::{Attribute, Daemon, Site, Slapd, until};

const SOURCE: &str = r#"kind = "ldap"
urls = ["ldap://ADDRESS"]
base = "dc=example,dc=org"
bind-dn = "cn=reader,dc=example,dc=org"
bind-password-file = "ldap.secret"
page = 7
timeout = "5s"

[source.attributes]
role = "hpRole"
school = "hpSchool"
grade = "hpGrade"
birth-date = "hpBirthDate"
"#;

/// The PIN of everybody here.
const PIN: &str = "04232012";

/// Pupils by their numbers; those of `disabled` may not log in any more.
fn people<'a>(ids: &'a [String], disabled: &[&str]) -> Vec<Vec<Attribute<'a>>> {
    let pupil = |id: &'a String| {
        let control: &[u8] = if disabled.contains(&id.as_str()) { b"514" } else { b"512" };
        let of: [Attribute<'_>; 7] = [
            ("givenName", b"Ada"),
            ("employeeID", id.as_bytes()),
            ("hpRole", b"student"),
            ("hpSchool", b"s1"),
            ("hpGrade", b"07"),
            ("hpBirthDate", b"2012-04-23"),
            ("userAccountControl", control),
        ];
        of.to_vec()
    };
    ids.iter().map(pupil).collect()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:07}")).collect()
}

/// A site that pulls from a server of this address.
fn pulling(address: &str, keys: &str) -> Site {
    let site = Site::new();
    let district = site.district("cms");
    let (before, _) = district.split_once("kind = ").unwrap();
    let source = SOURCE.replace("ADDRESS", address).replacen("page", &format!("{keys}\npage"), 1);
    site.write_district("cms", &format!("{before}{source}"));
    let secret = site.path("conf/districts/ldap.secret");
    fs::write(&secret, format!("{}\n", Slapd::PASSWORD)).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    site
}

#[test]
fn a_roster_is_pulled_and_served() {
    let ids = numbers(0..40);
    let Some(mut slapd) = Slapd::start(&people(&ids, &["0000001"]), "") else { return };
    let site = pulling(&slapd.address(), "");
    site.run(&["check"]).succeeded();
    let told = site.sync().succeeded();
    assert!(!told.stdout.contains("warning"), "{}", told.stdout);
    let daemon = Daemon::start(&site);
    assert!(daemon.patron("0000002", PIN).admits());
    assert!(!daemon.patron("0000001", PIN).admits() && !daemon.patron("0000040", PIN).admits());

    // The next pull brings who came, loses who went, and sees who was disabled.
    let later = numbers(3..43);
    slapd.replace(&people(&later, &["0000005"]));
    site.sync().succeeded();
    assert!(daemon.patron("0000042", PIN).admits() && daemon.patron("0000006", PIN).admits());
    assert!(!daemon.patron("0000005", PIN).admits() && daemon.patron("0000002", PIN).refuses());
}

/// A pupil whom the directory last changed at a time.
struct Stamped {
    id: String,
    uuid: String,
    stamp: &'static str,
    school: &'static str,
    control: &'static str,
}

/// Pupils whom nobody has touched for long, but for the last.
fn stamped(count: u32) -> Vec<Stamped> {
    let pupil = |number| Stamped {
        id: format!("{number:07}"),
        uuid: format!("00000000-0000-4000-8000-{number:012}"),
        stamp: if number + 1 == count { "20261102080000Z" } else { "20260801000000Z" },
        school: "s1",
        control: "512",
    };
    (0..count).map(pupil).collect()
}

/// Their entries; slapd takes the attributes that it would else keep itself.
fn entries(pupils: &[Stamped]) -> Vec<Vec<Attribute<'_>>> {
    pupils
        .iter()
        .map(|pupil| {
            vec![
                ("givenName", b"Ada".as_slice()),
                ("employeeID", pupil.id.as_bytes()),
                ("hpRole", b"student"),
                ("hpSchool", pupil.school.as_bytes()),
                ("hpGrade", b"07"),
                ("hpBirthDate", b"2012-04-23"),
                ("userAccountControl", pupil.control.as_bytes()),
                ("entryUUID", pupil.uuid.as_bytes()),
                ("modifyTimestamp", pupil.stamp.as_bytes()),
            ]
        })
        .collect()
}

#[test]
fn a_directory_is_asked_for_what_changed_and_pulled_whole_once_a_day() {
    const NOW: &str = "20261103120000Z";
    let mut pupils = stamped(40);
    let Some(mut slapd) = Slapd::start(&entries(&pupils), "") else { return };
    let keys = "delta = true\nfilter = \"(&(objectClass=person)(!(hpSchool=closed)))\"";
    let site = pulling(&slapd.address(), keys);
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("all was read, and not the changes alone: there is no roster yet"), "{}", told.stdout);
    let daemon = Daemon::start(&site);
    let admits = |number: u32| daemon.patron(&format!("{number:07}"), PIN).admits();
    assert!((2..8).all(admits));

    // One is disabled, one leaves the filter, one has another number, one is new.
    (pupils[2].control, pupils[2].stamp) = ("514", NOW);
    (pupils[3].school, pupils[3].stamp) = ("closed", NOW);
    (pupils[4].id, pupils[4].stamp) = ("0000090".to_owned(), NOW);
    pupils.extend(stamped(41).pop());
    // This one changed too and is not said to have: nobody reads it.
    pupils[5].control = "514";
    // And this one is no longer there, of which no directory tells.
    pupils.remove(6);
    slapd.replace(&entries(&pupils));
    let told = site.sync().succeeded();
    // Besides the last one, who changed within the day before the latest change.
    assert!(told.stdout.contains("carried          36"), "{}", told.stdout);
    assert!(admits(90) && admits(40) && admits(5) && admits(6) && admits(7));
    assert!(!admits(2) && !admits(3) && !admits(4));

    // Other rules for what is read: everybody is read again.
    site.replace("districts/cms.toml", "grade = \"hpGrade\"\n", "");
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("the last roster is of another source"), "{}", told.stdout);
    assert!(admits(90) && admits(7) && !admits(5) && !admits(6));
}

#[test]
fn a_schedule_pulls_again_each_time_also_after_a_refusal() {
    let ids = numbers(0..40);
    let Some(mut slapd) = Slapd::start(&people(&ids, &[]), "") else { return };
    let site = pulling(&slapd.address(), "every = \"1s\"");
    let daemon = Daemon::start(&site);
    until("the first pull", || daemon.patron("0000002", PIN).admits().then_some(()));
    // Half of them are gone: twice refused, though the directory is in the same state.
    let half = numbers(0..20);
    slapd.replace(&people(&half, &[]));
    let refused = "hallpass_syncs_refused_total{district=\"cms\"}";
    until("two refusals", || (daemon.metric(refused) >= 2).then_some(()));
    assert!(daemon.patron("0000030", PIN).admits(), "the last roster serves on");
    let more = numbers(0..41);
    slapd.replace(&people(&more, &[]));
    until("the next pull", || daemon.patron("0000040", PIN).admits().then_some(()));
}

#[test]
fn a_directory_that_is_down_leaves_the_last_roster_serving() {
    let ids = numbers(0..40);
    let Some(mut slapd) = Slapd::start(&people(&ids, &[]), "") else { return };
    let site = pulling(&slapd.address(), "");
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    slapd.stop();
    let failed = site.sync();
    assert_ne!(failed.code, Some(0));
    failed.complains(&[&format!("ldap://{}: cannot connect", slapd.address())]);
    assert!(daemon.patron("0000002", PIN).admits());
}

#[test]
fn a_wrong_password_is_told_and_shown_to_nobody() {
    let ids = numbers(0..40);
    let Some(slapd) = Slapd::start(&people(&ids, &[]), "") else { return };
    let site = pulling(&slapd.address(), "");
    for (secret, told) in [("Marker-of-a-secret", "it does not accept bind-dn"), ("", "holds no secret")] {
        fs::write(site.path("conf/districts/ldap.secret"), secret).unwrap();
        let failed = site.sync();
        assert_ne!(failed.code, Some(0));
        assert!(!failed.stderr.contains("Marker") && !failed.stdout.contains("Marker"));
        failed.complains(&[told]);
    }
}

#[test]
fn check_takes_no_password_across_a_network_in_the_clear() {
    let site = pulling("ad.example.org", "");
    site.run(&["check"]).ended_with(78).complains(&["source.urls[0]", "in the clear", "start-tls = true"]);
}
