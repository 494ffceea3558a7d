//! Districts that send what changed, and servers that are asked for it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hallpass_tests::{Daemon, OneRosterServer, Roll, Site, deliver, deliver_zip, until};

/// A site that takes deltas from its inbox.
fn with_inbox(after: &str) -> Site {
    let site = Site::new();
    site.replace("districts/cms.toml", "after = \"keep\"", &format!("after = \"{after}\"\ndelta = true"));
    site
}

/// A delta of OneRoster 1.1: rows of users.csv of these people of a roll, and the keys of people who are gone.
fn delta(roll: &Roll, changed: &[usize], gone: &[usize]) -> Vec<(&'static str, Vec<u8>)> {
    let text = roll.users();
    let mut rows = text.lines();
    let mut users = rows.next().unwrap().to_owned() + "\n";
    let rows: Vec<&str> = rows.collect();
    for at in changed {
        let key = format!("u-{at:05},");
        users += &rows[*at].replacen(&format!("{key},,"), &format!("{key}active,2026-11-20T08:00:00.000Z,"), 1);
        users += "\n";
    }
    for at in gone {
        users += &format!("u-{at:05},tobedeleted,2026-11-20T08:00:00.000Z\n");
    }
    let manifest = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n\
                    file.users,delta\nfile.orgs,absent\nfile.demographics,absent\n";
    vec![("manifest.csv", manifest.into()), ("users.csv", users.into())]
}

fn lies_there(inbox: &Path) -> usize {
    fs::read_dir(inbox).unwrap().count()
}

#[test]
fn who_leaves_is_refused_and_who_stays_is_admitted_after_a_delta_of_files() {
    let site = with_inbox("delete");
    let mut roll = Roll::of(60);
    deliver_zip(&site.inbox(), &roll.files());
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    let (gone, disabled, stays) = (roll.people[7].clone(), roll.people[8].clone(), roll.people[9].clone());
    roll.people[8].enabled = false;
    deliver_zip(&site.inbox(), &delta(&roll, &[8, 9], &[7]));
    let told = site.sync().succeeded();
    for line in ["carried          57", "updated           2", "left              1", "gone              1"] {
        assert!(told.stdout.contains(line), "{line}: {}", told.stdout);
    }
    assert!(daemon.patron(&gone.id, &gone.pin()).refuses());
    let answer = daemon.patron(&disabled.id, &disabled.pin());
    assert!(!answer.admits() && !answer.is_an_outage());
    // The delta says nothing of birth dates, and PINs go on.
    assert!(daemon.patron(&stays.id, &stays.pin()).admits());
    assert_eq!(lies_there(&site.inbox()), 0, "cleared away");
    // What is kept for the next delta can be read by nobody.
    let mut kept = Vec::new();
    for generation in fs::read_dir(site.data().join("generations/cms")).unwrap() {
        kept.extend(fs::read(generation.unwrap().path().join("records")).unwrap_or_default());
    }
    assert!(kept.len() > 5000);
    let holds = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    for person in &roll.people {
        let (year, month, day) = person.born.unwrap();
        assert!(!holds(&person.id) && !holds(&person.family) && !holds(&format!("{year:04}-{month:02}-{day:02}")));
    }
}

#[test]
fn a_daemon_takes_deltas_that_wait_one_after_the_other_and_one_without_a_bulk_is_told_and_kept() {
    let site = with_inbox("archive");
    site.replace("districts/cms.toml", "delta = true", "delta = true\nevery = \"1s\"");
    let mut roll = Roll::of(60);
    let (gone, stays) = (roll.people[7].clone(), roll.people[9].clone());
    deliver_zip(&site.inbox(), &delta(&roll, &[], &[7]));
    let daemon = Daemon::start(&site);
    daemon.wait_for_words("there is no roster yet; the next bulk is needed: ask the district for a bulk export");
    assert_eq!(lies_there(&site.inbox()), 1, "it is kept");
    deliver_zip(&site.inbox(), &roll.files());
    until("the bulk", || daemon.patron(&gone.id, &gone.pin()).admits().then_some(()));

    roll.people[9].enabled = false;
    let (upload, inbox) = (tempfile::tempdir().unwrap(), site.inbox());
    deliver_zip(&upload.path().join("one"), &delta(&roll, &[], &[7]));
    deliver_zip(&upload.path().join("two"), &delta(&roll, &[9], &[]));
    fs::rename(upload.path().join("two/bundle.zip"), inbox.join("two.zip")).unwrap();
    fs::rename(upload.path().join("one/bundle.zip"), inbox.join("one.zip")).unwrap();
    until("both", || {
        let is_off = !daemon.patron(&stays.id, &stays.pin()).admits();
        (is_off && daemon.patron(&gone.id, &gone.pin()).refuses()).then_some(())
    });
    until("an empty inbox", || (lies_there(&inbox) == 1).then_some(()));
}

#[test]
fn force_is_for_the_delta_that_was_refused_and_not_for_those_behind_it() {
    let site = with_inbox("delete");
    let roll = Roll::of(60);
    deliver_zip(&site.inbox(), &roll.files());
    site.sync().succeeded();
    let upload = tempfile::tempdir().unwrap();
    let (first, second): (Vec<usize>, Vec<usize>) = ((0..20).collect(), (20..40).collect());
    for (name, gone) in [("one", first), ("two", second)] {
        deliver_zip(&upload.path().join(name), &delta(&roll, &[], &gone));
        fs::rename(upload.path().join(name).join("bundle.zip"), site.inbox().join(format!("{name}.zip"))).unwrap();
    }
    site.sync().ended_with(65).complains(&["20 of 60 published IDs are gone"]);
    assert_eq!(lies_there(&site.inbox()), 2);
    site.run(&["sync", "--force"]).ended_with(65).complains(&["20 of 40 published IDs are gone"]);
    assert_eq!(lies_there(&site.inbox()), 1);
}

#[test]
fn without_delta_in_the_configuration_a_delta_is_refused_with_the_key_that_takes_it() {
    let site = Site::new();
    let roll = Roll::of(30);
    deliver(&site.inbox(), &roll.files());
    site.sync().succeeded();
    deliver(&site.inbox(), &delta(&roll, &[3], &[]));
    site.sync().ended_with(65).complains(&["users.csv: manifest.csv calls the file a delta", "delta = true"]);
}

/// A site that asks a server of so many people for what changed.
fn with_server(count: u16, keys: &str) -> (Site, OneRosterServer) {
    let (site, server) = (Site::new(), OneRosterServer::start(Roll::of(count), "Synthetic1"));
    let district = site.district("cms");
    let (before, _) = district.split_once("[source]").unwrap();
    site.write_district("cms", &format!("{before}{}delta = true\n{keys}", server.source()));
    let file = site.path("conf/districts/cms.secret");
    fs::write(&file, "Synthetic1\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (site, server)
}

#[test]
fn a_server_is_asked_for_what_changed_and_pulled_whole_only_where_it_must_be() {
    let (site, server) = with_server(200, "");
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("all was read, and not the changes alone: there is no roster yet"), "{}", told.stdout);
    let daemon = Daemon::start(&site);
    let whole = server.asked("/users");
    assert_eq!(whole, 9, "eight pages and an empty one");

    let roll = Roll::of(200);
    let (disabled, born, gone, stays) = (&roll.people[3], &roll.people[4], &roll.people[199], &roll.people[5]);
    server.change(|roll| {
        roll.people[3].enabled = false;
        roll.people[4].born = Some((2001, 11, 2));
        roll.people.pop();
    });
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("carried         197"), "{}", told.stdout);
    assert_eq!(server.asked("/users"), whole + 2, "one page and an empty one");
    let off = daemon.patron(&disabled.id, &disabled.pin());
    assert!(!off.admits() && !off.is_an_outage());
    assert!(daemon.patron(&born.id, "11022001").admits() && daemon.patron(&born.id, &born.pin()).refuses());
    assert!(daemon.patron(&gone.id, &gone.pin()).refuses() && daemon.patron(&stays.id, &stays.pin()).admits());

    // Another ID: the one birth date is asked for.
    let renamed = Roll::from(500, 1).people[0].clone();
    server.change(|roll| roll.people[5].id.clone_from(&renamed.id));
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("asked             1") && !told.stdout.contains("no PIN"), "{}", told.stdout);
    assert_eq!(server.asked("/demographics/u-00005"), 1);
    assert!(daemon.patron(&renamed.id, &stays.pin()).admits() && daemon.patron(&stays.id, &stays.pin()).refuses());

    // A server that no longer knows the filter is pulled whole, and so is everyone after a rollback.
    server.filters(false);
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("the source cannot say what changed"), "{}", told.stdout);
    server.filters(true);
    site.run(&["roster", "rollback", "cms"]).succeeded();
    let before = server.asked("/users");
    let told = site.sync().succeeded();
    assert!(told.stdout.contains("an earlier roster is served, after a rollback"), "{}", told.stdout);
    assert_eq!(server.asked("/users") - before, 9);

    // Whoever wants no deltas any more gets none, though the last roster could take one; nor are records kept on.
    site.replace("districts/cms.toml", "delta = true\n", "");
    let before = server.asked("/users");
    let told = site.sync().succeeded();
    assert!(!told.stdout.contains("carried"), "{}", told.stdout);
    assert_eq!(server.asked("/users") - before, 9);
}

#[test]
fn an_outage_in_the_middle_of_changes_loses_none_of_them() {
    let (site, server) = with_server(200, "every = \"1s\"\n");
    let daemon = Daemon::start(&site);
    let person = Roll::of(1).people[0].clone();
    until("a roster", || daemon.patron(&person.id, &person.pin()).admits().then_some(()));
    server.fails(Some((0, 403)));
    server.change(|roll| roll.people[0].enabled = false);
    daemon.wait_for_words("the district must grant it");
    assert!(daemon.patron(&person.id, &person.pin()).admits());
    server.fails(None);
    until("the change", || (!daemon.patron(&person.id, &person.pin()).admits()).then_some(()));
}
