//! A district whose roster is pulled from a OneRoster server.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use hallpass_tests::{Daemon, OneRosterServer, Roll, Site, until};

/// A district that is pulled from a server with this many students.
fn site(count: u16) -> (Site, OneRosterServer) {
    let (site, server) = (Site::new(), OneRosterServer::start(Roll::of(count), "Synthetic1"));
    let district = site.district("cms");
    let (before, _) = district.split_once("[source]").unwrap();
    site.write_district("cms", &format!("{before}{}", server.source()));
    write_secret(&site, "Synthetic1");
    (site, server)
}

fn write_secret(site: &Site, secret: &str) {
    let file = site.path("conf/districts/cms.secret");
    fs::write(&file, format!("{secret}\n")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_district_is_pulled_page_by_page_and_its_students_are_admitted() {
    let (site, server) = site(60);
    site.sync().succeeded();
    assert_eq!(server.asked("/users"), 4, "25, 25, 10 and none");
    let daemon = Daemon::start(&site);
    for person in Roll::of(60).people {
        assert!(daemon.patron(&person.id, &person.pin()).admits(), "{}", person.id);
        assert!(daemon.patron(&person.id, &person.wrong_pin(1)).refuses());
    }
}

#[test]
fn an_outage_in_the_middle_leaves_the_old_roster_serving() {
    let (site, server) = site(60);
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    server.change(|roll| roll.people = Roll::from(2, 60).people);
    server.fails(Some((50, 403)));
    let refused = site.sync();
    assert_ne!(refused.code, Some(0));
    refused.complains(&["/users, page 3, row 51", "the district must grant it"]);
    let (old, new) = (&Roll::of(1).people[0], &Roll::from(61, 1).people[0]);
    assert!(daemon.patron(&old.id, &old.pin()).admits() && daemon.patron(&new.id, &new.pin()).refuses());

    server.fails(None);
    site.sync().succeeded();
    until("the new roster", || daemon.patron(&new.id, &new.pin()).admits().then_some(()));
}

#[test]
fn a_scheduled_pull_that_was_refused_is_tried_again_and_a_new_secret_needs_no_restart() {
    let (site, server) = site(20);
    server.wants_secret("Synthetic2");
    site.replace("districts/cms.toml", "pause = \"0s\"\n", "pause = \"0s\"\nevery = \"1s\"\n");
    let daemon = Daemon::start(&site);
    daemon.wait_for_words("the server does not know us (401)");
    let tokens = server.asked("/token");
    until("another try", || (server.asked("/token") > tokens + 2).then_some(()));
    write_secret(&site, "Synthetic2");
    let person = &Roll::of(1).people[0];
    until("a roster", || daemon.patron(&person.id, &person.pin()).admits().then_some(()));
    // What is published is read again, too: it may have changed.
    server.change(|roll| roll.people[0].enabled = false);
    until("the change", || {
        let answer = daemon.patron(&person.id, &person.pin());
        (!answer.admits() && !answer.is_an_outage()).then_some(())
    });
    assert!(daemon.log().iter().all(|line| !line.contains("Synthetic")), "a secret in the log");
}

#[test]
fn a_secret_that_others_may_open_is_refused() {
    let (site, server) = site(1);
    let file = site.path("conf/districts/cms.secret");
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    site.sync().complains(&["cms.secret", "can be opened by others than its owner"]);
    assert_eq!(server.asked(""), 0);
}
