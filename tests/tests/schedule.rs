//! Scheduled syncs: several districts at a time, never one twice, and when they are due.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hallpass_tests::{Daemon, OneRosterServer, Roll, Site, binary, deliver, run_program, until};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A server that takes connections and never says anything.
struct Hanging {
    listener: TcpListener,
    /// Who waits.
    taken: Vec<TcpStream>,
}

impl Hanging {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener, taken: Vec::new() }
    }

    /// How many have connected so far.
    fn asked(&mut self) -> usize {
        while let Ok((stream, _)) = self.listener.accept() {
            self.taken.push(stream);
        }
        self.taken.len()
    }

    /// A district that is pulled from it each second; whoever asks waits for as long as this.
    fn district(&self, site: &Site, id: &str, timeout: &str) {
        let (before, _) = before_source(site);
        let text = before.replace("[card]", &format!("[card]\nprefix = \"{}\"", id.to_uppercase()));
        let address = self.listener.local_addr().unwrap();
        site.write_district(
            id,
            &format!(
                "{text}[source]\nkind = \"oneroster-rest\"\nurl = \"http://{address}/ims/oneroster/v1p1\"\n\
                 version = \"1.1\"\nauth = \"oauth1-sha256\"\nclient-id = \"hallpass\"\n\
                 client-secret-file = \"cms.secret\"\ntimeout = \"{timeout}\"\nevery = \"1s\"\n"
            ),
        );
        write_secret(site);
    }
}

/// The district's file before its source, and the source.
fn before_source(site: &Site) -> (String, String) {
    let district = site.district("cms");
    let (before, source) = district.split_once("[source]").unwrap();
    (before.to_owned(), source.to_owned())
}

fn write_secret(site: &Site) {
    let file = site.path("conf/districts/cms.secret");
    fs::write(&file, "Synthetic1\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
}

/// Delivers so many people and waits until they are served.
#[track_caller]
fn comes_round(site: &Site, daemon: &Daemon, count: u16) {
    deliver(&site.inbox(), &Roll::of(count).files());
    daemon.wait_for_words(&format!("\"district\":\"cms\",\"students\":{count}"));
}

fn every_second(site: &Site) {
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"delete\"\nevery = \"1s\"");
}

#[test]
fn a_district_whose_server_hangs_keeps_no_other_waiting_and_is_asked_once() {
    let (site, mut server) = (Site::new(), Hanging::new());
    server.district(&site, "slow", "1m");
    every_second(&site);
    let daemon = Daemon::start(&site);
    until("the pull", || (server.asked() == 1).then_some(()));
    for count in [100, 110, 120] {
        comes_round(&site, &daemon, count);
    }
    // And perhaps the other, which comes round each second.
    assert!((1..=2).contains(&daemon.metric("hallpass_syncs_running")));
    assert_eq!(server.asked(), 1, "one sync of a district at a time");
    let person = &Roll::of(1).people[0];
    assert!(daemon.patron(&person.id, &person.pin()).admits());
}

#[test]
fn no_more_than_four_run_at_once_and_the_others_come_when_there_is_room() {
    let (site, mut server) = (Site::new(), Hanging::new());
    for id in ["a", "b", "c", "d", "e", "f"] {
        server.district(&site, id, "10m");
    }
    fs::remove_file(site.path("conf/districts/cms.toml")).unwrap();
    for client in ["catalogue", "overdrive"] {
        site.replace(&format!("clients/{client}.toml"), "[\"cms\"]", "[\"a\", \"b\"]");
    }
    let daemon = Daemon::start(&site);
    until("four", || (server.asked() == 4).then_some(()));
    until("two that wait", || (daemon.metric("hallpass_syncs_waiting") == 2).then_some(()));
    assert_eq!((daemon.metric("hallpass_syncs_running"), server.asked()), (4, 4));
    // The connections break: whoever waited longest goes first.
    server.taken.clear();
    until("the others", || (server.asked() >= 2).then_some(()));
}

/// `HH:MM` of the library's zone, so many minutes from now.
fn clock(minutes: i64) -> String {
    let moment = Timestamp::now() + SignedDuration::from_mins(minutes);
    TimeZone::get("America/New_York").unwrap().to_datetime(moment).strftime("%H:%M").to_string()
}

#[test]
fn in_quiet_hours_no_scheduled_sync_begins_and_a_person_may() {
    let site = Site::new();
    every_second(&site);
    let other = site.district("cms").replace("[0-9]{7}", "X[0-9]{7}").replace("inbox/cms", "inbox/other");
    site.write_district("other", &other);
    let quiet = format!("every = \"1s\"\nquiet = [\"{}-{}\"]\n", clock(-60), clock(60));
    site.replace("districts/cms.toml", "every = \"1s\"\n", &quiet);
    deliver(&site.inbox(), &Roll::of(40).files());
    let daemon = Daemon::start(&site);
    let mut roll = Roll::of(30);
    roll.people.iter_mut().for_each(|person| person.id.insert(0, 'X'));
    for count in [30, 28, 26] {
        roll.people.truncate(count);
        deliver(&site.path("inbox/other"), &roll.files());
        daemon.wait_for_words(&format!("\"district\":\"other\",\"students\":{count}"));
    }
    assert!(site.status()["cms"].is_null(), "not even the first one");
    site.run(&["sync", "cms"]).succeeded();
    deliver(&site.inbox(), &Roll::of(41).files());
    // The hours end with a reload.
    site.replace("districts/cms.toml", &quiet, "every = \"1s\"\n");
    site.run(&["reload"]).succeeded();
    daemon.wait_for_words("\"district\":\"cms\",\"students\":41");
    assert_eq!(daemon.count_in_log("\"district\":\"cms\",\"students\":40"), 0);
}

#[test]
fn a_server_that_was_pulled_on_time_is_not_pulled_again_with_each_restart_and_one_that_failed_is() {
    let (site, server) = (Site::new(), OneRosterServer::start(Roll::of(40), "Synthetic1"));
    let (before, files) = before_source(&site);
    // A time that has passed today, or has yesterday: the pull by hand is the one that was due.
    let due = format!("at = [\"{}\"]\njitter = \"0s\"\n", clock(-2));
    site.write_district("cms", &format!("{before}{}{due}", server.source()));
    write_secret(&site);
    site.run(&["sync", "cms"]).succeeded();
    let other = format!("{before}[source]{files}every = \"1s\"\n");
    site.write_district("other", &other.replace("[0-9]{7}", "X[0-9]{7}").replace("inbox/cms", "inbox/other"));
    let mut beside = Roll::of(30);
    beside.people.iter_mut().for_each(|person| person.id.insert(0, 'X'));
    deliver(&site.path("inbox/other"), &beside.files());

    let pulled = server.asked("/users");
    let daemon = Daemon::start(&site);
    daemon.wait_for_words("\"district\":\"other\",\"students\":30");
    beside.people.truncate(28);
    deliver(&site.path("inbox/other"), &beside.files());
    daemon.wait_for_words("\"district\":\"other\",\"students\":28");
    assert_eq!(server.asked("/users"), pulled);
    drop(daemon);

    server.fails(Some((0, 500)));
    assert_ne!(site.run(&["sync", "cms"]).code, Some(0));
    server.fails(None);
    server.change(|roll| roll.people.truncate(39));
    // What failed does not count, the pull before it does.
    let pulled = server.asked("/users");
    let daemon = Daemon::start(&site);
    beside.people.truncate(27);
    deliver(&site.path("inbox/other"), &beside.files());
    daemon.wait_for_words("\"district\":\"other\",\"students\":27");
    assert_eq!(server.asked("/users"), pulled);
    // Where every one failed, it is due.
    drop(daemon);
    site.run(&["roster", "purge", "cms", "--yes"]).succeeded();
    let daemon = Daemon::start(&site);
    daemon.wait_for_words("\"district\":\"cms\",\"students\":39");
}

#[test]
fn a_secret_may_be_a_credential_of_systemd() {
    let (site, server) = (Site::new(), OneRosterServer::start(Roll::of(40), "Synthetic1"));
    let (before, _) = before_source(&site);
    site.write_district("cms", &format!("{before}{}", server.source().replace("cms.secret", "credential:cms")));
    site.sync().ended_with(69).complains(&["run it in a unit with LoadCredential=cms:FILE"]);
    // As systemd lays them out: readable for the unit's user, and guarded by the folder.
    let credentials = site.path("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("cms"), "Synthetic1").unwrap();
    fs::set_permissions(credentials.join("cms"), Permissions::from_mode(0o440)).unwrap();
    fs::rename(site.path("conf/hallpass.key"), credentials.join("key")).unwrap();
    fs::set_permissions(credentials.join("key"), Permissions::from_mode(0o440)).unwrap();
    site.replace("hallpass.toml", "\"hallpass.key\"", "\"credential:key\"");
    site.run(&["roster", "status"]).ended_with(78).complains(&["credential:key", "LoadCredential="]);
    let variable = format!("CREDENTIALS_DIRECTORY={}", credentials.display());
    let with_credentials = |command: &str| {
        let (binary, file) = (binary().display().to_string(), site.main_file().display().to_string());
        let arguments = [variable.as_str(), binary.as_str(), command, "--config", file.as_str()];
        run_program(Path::new("/usr/bin/env"), arguments, "")
    };
    with_credentials("check").succeeded();
    with_credentials("sync").succeeded().tells(&["40 who can have a card"]);
}
