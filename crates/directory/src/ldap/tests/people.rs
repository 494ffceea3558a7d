//! Entries as people, without a server.

use patron::{IdSource, Role};

use super::{Wanted, asking, battery};
use crate::ldap::entry::Entry;
use crate::ldap::people::People;
use crate::ldap::settings::{Attributes, Security, Server, Settings};
use crate::schools::Schools;
use crate::{Change, Person, Reading, What};

const DN: &str = "CN=Ada Byron,OU=Students,DC=example,DC=org";

type Attribute<'a> = (&'a str, &'a [&'a [u8]]);

fn settings() -> Settings {
    let folder = tempfile::tempdir().unwrap();
    asking(folder.path(), Server { host: "localhost".to_owned(), port: 389, security: Security::Plain })
}

/// As Active Directory does it.
fn active_directory() -> Settings {
    let settings = settings();
    Settings {
        attributes: Attributes {
            role: None,
            grade: None,
            school: None,
            enabled: "userAccountControl".to_owned(),
            ..settings.attributes
        },
        ..settings
    }
}

fn none<'a>(settings: &'a Settings, wanted: &'a Wanted) -> People<'a> {
    People::new(settings, wanted, "ldap://localhost".to_owned(), Schools::default())
}

fn read(settings: &Settings, wanted: &Wanted, entries: &[&[Attribute<'_>]]) -> (Vec<Person>, Reading) {
    let (mut people, mut found) = (none(settings, wanted), Vec::new());
    for entry in entries {
        people.take(&Entry::from((DN, *entry)), &mut |person| found.push(person)).unwrap();
    }
    (found, people.end().unwrap())
}

fn by(id: IdSource) -> Wanted {
    Wanted { ids: vec![id], ..battery::least() }
}

#[test]
fn everybody_is_a_student_where_no_attribute_says_otherwise() {
    let (people, reading) = read(&active_directory(), &battery::least(), &[&[("employeeID", &[b"7"])]]);
    assert_eq!((people[0].student.role, people[0].student.enabled, reading.warnings.len()), (Role::Student, true, 0));
}

#[test]
fn an_account_that_is_disabled_or_has_expired_is_kept_as_disabled() {
    let enabled = |control: &'static [u8], expires: &'static [u8]| {
        let entry: &[Attribute<'_>] =
            &[("employeeID", &[b"7"]), ("userAccountControl", &[control]), ("accountExpires", &[expires])];
        read(&active_directory(), &battery::least(), &[entry]).0[0].student.enabled
    };
    assert!(enabled(b"512", b"0") && enabled(b"66048", b"9223372036854775807"));
    // 1 January 2026 and 2027; the day is in November 2026.
    assert!(
        !enabled(b"514", b"0") && !enabled(b"512", b"134116992000000000") && enabled(b"512", b"134432352000000000")
    );
}

#[test]
fn an_account_whose_state_cannot_be_read_is_undecodable() {
    let entries: [&[Attribute<'_>]; 2] = [
        &[("employeeID", &[b"7"]), ("userAccountControl", &[b"Marker"])],
        &[("employeeID", &[b"8"]), ("accountExpires", &[b"Marker"])],
    ];
    let (people, reading) = read(&active_directory(), &battery::least(), &entries);
    assert_eq!((people.len(), reading.undecodable.count), (0, 2));
    assert!(!format!("{reading:?}").contains("Marker"));
}

#[test]
fn the_districts_own_words_for_roles_go_before_one_rosters() {
    let settings =
        Settings { roles: vec![("Relative".to_owned(), Role::Staff), ("S".to_owned(), Role::Student)], ..settings() };
    let role = |values: &'static [&'static [u8]]| {
        let entry: &[Attribute<'_>] = &[("employeeID", &[b"7"]), ("hpRole", values)];
        read(&settings, &battery::least(), &[entry]).0.first().map(|person| person.student.role)
    };
    assert_eq!(
        (role(&[b"s"]), role(&[b"relative"]), role(&[b"Teacher"])),
        (Some(Role::Student), Some(Role::Staff), Some(Role::Teacher))
    );
    assert_eq!((role(&[b"parent"]), role(&[b"visitor"]), role(&[])), (None, None, None));
}

#[test]
fn of_several_roles_the_order_says_nothing() {
    let orders: [&[&[u8]]; 2] = [&[b"parent", b"teacher", b"student"], &[b"student", b"teacher", b"parent"]];
    for values in orders {
        let entry: &[Attribute<'_>] = &[("employeeID", &[b"7"]), ("hpRole", values)];
        let (people, reading) = read(&settings(), &battery::least(), &[entry]);
        assert_eq!(people[0].student.role, Role::Student);
        assert!(
            reading.warnings.iter().all(|warning| !warning.to_string().contains("hpRole")),
            "{:?}",
            reading.warnings
        );
    }
}

#[test]
fn of_several_values_the_first_counts_and_the_others_are_told() {
    let entry: &[Attribute<'_>] = &[("employeeID", &[b"7", b"8"])];
    let (people, reading) = read(&active_directory(), &battery::least(), &[entry, entry]);
    assert_eq!((people[0].ids[0].as_str(), reading.warnings.len(), reading.warnings[0].count), ("7", 1, 2));
    assert!(reading.warnings[0].to_string().contains("`employeeID` has several values"));
}

#[test]
fn each_value_of_the_school_is_one() {
    let entry: &[Attribute<'_>] =
        &[("employeeID", &[b"7"]), ("hpRole", &[b"student"]), ("hpSchool", &[b"s2", b"s1", b"s2"])];
    let (people, reading) = read(&settings(), &battery::least(), &[entry]);
    assert_eq!(people[0].student.schools.len(), 2);
    assert_eq!(reading.schools.iter().map(|school| school.source_id.as_str()).collect::<Vec<_>>(), ["s2", "s1"]);
}

#[test]
fn bytes_that_are_no_text_are_undecodable_where_they_are_needed() {
    let (people, reading) = read(&active_directory(), &battery::least(), &[&[("employeeID", &[b"\xff\xfe7"])]]);
    assert_eq!((people.len(), reading.undecodable.count), (0, 1));
    assert_eq!(reading.undecodable.first[0].column.as_deref(), Some("employeeID"));
}

#[test]
fn the_entry_itself_is_its_guid_or_else_its_name() {
    let (people, _) = read(&active_directory(), &by(IdSource::SourceId), &[&[("objectGUID", &[b"\x01\xab\xff"])], &[]]);
    assert_eq!((people[0].ids[0].as_str(), people[1].ids[0].as_str()), ("01abff", DN));
}

#[test]
fn a_user_name_is_active_directorys_or_else_the_uid() {
    let both: &[Attribute<'_>] = &[("uid", &[b"ada"]), ("sAMAccountName", &[b"AByron"])];
    let (people, _) = read(&active_directory(), &by(IdSource::Username), &[both, &[("uid", &[b"ada"])]]);
    assert_eq!((people[0].ids[0].as_str(), people[1].ids[0].as_str()), ("AByron", "ada"));
}

#[test]
fn any_attribute_can_be_the_id_in_any_letter_case() {
    let (people, _) =
        read(&active_directory(), &by(IdSource::Column("studentNumber".into())), &[&[("STUDENTNUMBER", &[b"7"])]]);
    assert_eq!(people[0].ids, ["7"]);
}

#[test]
fn an_attribute_that_nobody_has_is_told() {
    let (_, reading) = read(&active_directory(), &by(IdSource::Column("typo".into())), &[&[("employeeID", &[b"7"])]]);
    assert_eq!((reading.without_id, reading.warnings.len()), (1, 1));
    assert!(reading.warnings[0].to_string().contains("no entry has the attribute `typo`"));
}

#[test]
fn nothing_more_is_asked_for_than_is_wanted() {
    let settings = active_directory();
    let asked = |wanted: &Wanted| none(&settings, wanted).attributes();
    assert_eq!(asked(&battery::least()), ["accountExpires", "employeeID", "userAccountControl"]);
    let all = asked(&battery::all());
    assert!(["givenName", "sn", "mail", "hpBirthDate", "pin"].iter().all(|name| all.iter().any(|asked| asked == name)));
}

#[test]
fn an_entry_that_changed_is_what_it_is_now_or_gone() {
    let settings = settings();
    let wanted = Wanted { records: true, ..by(IdSource::Identifier) };
    let wanted = Wanted { birth_date: true, ..wanted };
    let (mut people, mut told) = (none(&settings, &wanted), Vec::new());
    let entries: [&[Attribute<'_>]; 4] = [
        &[
            ("employeeID", &[b"7"]),
            ("hpRole", &[b"student"]),
            ("hpBirthDate", &[b"2012-04-23"]),
            ("entryUUID", &[b"u-7"]),
            ("modifyTimestamp", &[b"20261126172027Z"]),
        ],
        &[("employeeID", &[b"8"]), ("hpRole", &[b"student"]), ("entryUUID", &[b"u-8"])],
        &[("employeeID", &[b"9"]), ("hpRole", &[b"parent"]), ("entryUUID", &[b"u-9"])],
        &[("employeeID", &[b"\xFF"]), ("hpRole", &[b"student"]), ("entryUUID", &[b"u-10"])],
    ];
    for entry in entries {
        people
            .change(&Entry::from((DN, entry)), &mut |Change { source_id, modified, what }| {
                // It is how things stand: nothing that was read before can be newer.
                assert_eq!(modified, 0);
                told.push(match what {
                    What::Is(person) => format!("{source_id} is {} {:?}", person.ids[0], person.birth_date),
                    What::Born(day) => format!("{source_id} born {day:?}"),
                    What::Gone => format!("{source_id} gone"),
                    What::Role(_) | What::RoleGone(_) => panic!("roles stand in the entry"),
                });
            })
            .unwrap();
    }
    let expected =
        ["u-7 born Some(2012-04-23)", "u-7 is 7 None", "u-8 born None", "u-8 is 8 None", "u-9 gone", "u-10 gone"];
    assert_eq!(told, expected);
    let reading = people.so_far();
    assert_eq!((reading.newest, reading.rows, reading.undecodable.count), (1_795_713_627_000, 4, 1));
}

#[test]
fn where_changes_are_to_follow_each_entry_says_which_it_is_and_when_it_changed() {
    let wanted = Wanted { records: true, ..battery::least() };
    let entry: &[Attribute<'_>] =
        &[("employeeID", &[b"7"]), ("objectGUID", &[&[0xAB]]), ("whenChanged", &[b"20261126172027.0Z"])];
    let settings = active_directory();
    let asked = none(&settings, &wanted).attributes();
    assert!(
        ["objectGUID", "entryUUID", "whenChanged", "modifyTimestamp"]
            .iter()
            .all(|name| asked.iter().any(|a| a == name))
    );
    let (people, reading) = read(&settings, &wanted, &[entry]);
    let record = people[0].record.as_ref().unwrap();
    assert_eq!((record.source_id.as_str(), record.modified, reading.newest), ("ab", 0, 1_795_713_627_000));
    let (people, _) = read(&settings, &Wanted { records: false, ..wanted }, &[entry]);
    assert!(people[0].record.is_none());
}
