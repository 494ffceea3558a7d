//! From the start to the end of a daemon: reloads that act whole or not at all, one daemon for a folder, a clean end.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hallpass_tests::{
    Daemon, LOGIN_PASSWORD, LOGIN_USER, Roll, Site, Wire, deliver, deliver_zip, password_hash, request, run, until,
};
use rustix::process::Signal;
use serde_json::Value;

struct Library {
    site: Site,
    daemon: Daemon,
    roll: Roll,
}

impl Library {
    fn new() -> Self {
        let (site, roll) = (Site::new(), Roll::of(30));
        deliver(&site.inbox(), &roll.files());
        site.sync().succeeded();
        let daemon = Daemon::start(&site);
        Self { site, daemon, roll }
    }

    #[track_caller]
    fn serves(&self) {
        let person = &self.roll.people[0];
        let answer = self.daemon.patron(&person.id, &person.pin());
        assert!(answer.admits(), "{answer:?}");
    }

    fn a_63(&self) -> String {
        request(&self.roll.people[0].id, &self.roll.people[0].pin())
    }

    fn add_client(&self, id: &str) {
        let hash = password_hash();
        self.site.write_client(
            id,
            &format!("districts = [\"cms\"]\n[login]\nuser = \"{id}\"\npassword-hash = \"{hash}\"\n"),
        );
    }

    #[track_caller]
    fn can_log_in(&self, user: &str) -> bool {
        self.daemon.login_listener().login(user, LOGIN_PASSWORD)
    }
}

#[test]
fn sigterm_answers_what_was_asked_closes_and_ends_well_within_ten_seconds() {
    let Library { site: _site, mut daemon, roll } = Library::new();
    let mut open: Vec<Wire> = (0..50).map(|_| daemon.catalogue()).collect();
    for wire in &mut open {
        assert!(wire.patron(&roll.people[0].id, &roll.people[0].pin()).admits());
    }
    // One is half way into a message, one has asked and not read.
    open[0].send("6300020261123");
    open[1].send(request(&roll.people[1].id, &roll.people[1].pin()) + "\r");
    let asked = "hallpass_verdicts_total{client=\"catalogue\",district=\"cms\",verdict=\"admit\",reason=\"-\"}";
    until("the last question to be answered", || (daemon.metric(asked) == 51).then_some(()));
    let begun = Instant::now();
    daemon.signal(Signal::TERM);
    daemon.wait_for_words("draining");
    // A frame in hand is finished.
    open[0].send(&request(&roll.people[2].id, &roll.people[2].pin())[13..]);
    open[0].send("\r");
    for (number, wire) in open.iter_mut().enumerate() {
        let rest = String::from_utf8(wire.rest()).unwrap();
        assert_eq!(rest.matches("|BLY|CQY|").count(), usize::from(number < 2), "connection {number}: {rest:?}");
        assert!(rest.is_empty() || rest.ends_with('\r'), "cut off: {rest:?}");
    }
    drop(open);
    assert_eq!(daemon.wait_for_the_end(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_peer_that_never_lets_go_does_not_keep_the_daemon() {
    let Library { site: _site, mut daemon, roll: _ } = Library::new();
    let mut stubborn = daemon.catalogue();
    stubborn.send("63");
    assert!(daemon.login_listener().ask("9900302.00").starts_with("98"));
    let begun = Instant::now();
    assert_eq!(daemon.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn sigint_ends_it_as_well_and_a_second_signal_at_once() {
    let Library { site: _site, mut daemon, roll: _ } = Library::new();
    daemon.signal(Signal::INT);
    assert_eq!(daemon.wait_for_the_end(), Some(0));

    let Library { site: _site, mut daemon, roll: _ } = Library::new();
    let mut stubborn = daemon.catalogue();
    stubborn.send("63");
    let open = format!("hallpass_connections{{listener=\"{}\"}}", daemon.address(0));
    until("the connection to be accepted", || (daemon.metric(&open) == 1).then_some(()));
    let begun = Instant::now();
    daemon.signal(Signal::TERM);
    daemon.wait_for_words("draining");
    assert_eq!(daemon.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn a_reload_with_a_broken_file_changes_nothing_and_says_where() {
    let library = Library::new();
    let Library { site, daemon, .. } = &library;
    let mut known = daemon.login_listener();
    assert!(known.login(LOGIN_USER, LOGIN_PASSWORD));
    library.add_client("palace");
    site.replace("districts/cms.toml", "scheme = \"birth-date\"", "scheme = \"birthday\"");
    let words = ["districts/cms.toml:9:10", "pin.scheme", "did you mean birth-date?"];
    site.run(&["reload"]).ended_with(78).complains(&words);
    daemon.signal(Signal::HUP);
    daemon.wait_for_event("reload_refused");
    let log = daemon.log().join("\n");
    assert!(words.iter().all(|word| log.contains(word)), "{log}");

    assert!(!library.can_log_in("palace"), "half of it was applied");
    assert!(library.can_log_in(LOGIN_USER));
    assert!(known.ask(library.a_63()).contains("|BLY|CQY|"));
    library.serves();
    assert_eq!(daemon.count_in_log("\"reloaded\""), 0);
}

#[test]
fn a_reload_acts_by_command_and_by_signal_and_keeps_connections() {
    let library = Library::new();
    let mut open = library.daemon.catalogue();
    assert!(!library.can_log_in("palace"));
    library.add_client("palace");
    library.site.run(&["reload"]).succeeded().tells(&["1 districts, 3 clients"]);
    assert!(library.can_log_in("palace"));
    library.add_client("libby");
    library.daemon.signal(Signal::HUP);
    library.daemon.wait_for_words("1 districts, 4 clients");
    assert!(library.can_log_in("libby"));
    assert!(open.ask(library.a_63()).contains("|BLY|CQY|"), "the connection from before");
}

#[test]
fn a_client_that_a_reload_removed_is_answered_no_more() {
    let library = Library::new();
    library.add_client("palace");
    library.site.run(&["reload"]).succeeded();
    let mut palace = library.daemon.login_listener();
    assert!(palace.login("palace", LOGIN_PASSWORD));
    assert!(palace.ask(library.a_63()).contains("|BLY|CQY|"));
    std::fs::remove_file(library.site.path("conf/clients/palace.toml")).unwrap();
    library.site.run(&["reload"]).succeeded();
    palace.send(library.a_63() + "\r");
    assert_eq!(palace.rest(), b"");
    assert!(!library.can_log_in("palace"));
    library.serves();
}

#[test]
fn what_only_a_restart_can_change_refuses_the_reload_and_is_named() {
    let library = Library::new();
    let Library { site, daemon, .. } = &library;
    library.add_client("palace");
    let main = site.main();
    for (from, to, key) in [
        ("\"../data\"", "\"../data/../data\"", "data-dir"),
        ("\"hallpass.key\"", "\"other.key\"", "key-file"),
        ("[admin]\naddress = \"127.0.0.1:0\"", "[admin]\naddress = \"127.0.0.2:0\"", "admin"),
        ("address = \"127.0.0.1:0\"\nclient", "address = \"127.0.0.2:0\"\nclient", "listener"),
    ] {
        site.write_main(&main.replacen(from, to, 1));
        assert_ne!(site.main(), main);
        site.run(&["reload"]).ended_with(78).complains(&["restart needed", key]);
        assert!(!library.can_log_in("palace"), "{key}: half of it was applied");
    }
    assert_eq!(daemon.count_in_log("reload_refused"), 4);
    site.write_main(&main);
    site.run(&["reload"]).succeeded();
    assert!(library.can_log_in("palace"));
}

/// A listener that belongs to a client lets everybody in as that client: its change must not be passed over in silence.
#[test]
fn a_listener_given_to_another_client_or_to_none_is_never_passed_over_by_a_reload() {
    for to in ["client = \"other\"", ""] {
        let library = Library::new();
        // The other client sees no PIN-less patron, and is of another institution.
        if !to.is_empty() {
            library.site.write_client("other", "districts = [\"cms\"]\ninstitution-id = \"OTHER\"\n");
        }
        library.site.write_client("catalogue", "districts = [\"cms\"]\n[login]\nuser = \"cat\"\npassword-hash = \"");
        let hash = password_hash();
        library.site.append("clients/catalogue.toml", &format!("{hash}\"\n"));
        library.site.replace("hallpass.toml", "client = \"catalogue\"", to);
        let reloaded = library.site.run(&["reload"]);
        if reloaded.code == Some(78) {
            assert!(reloaded.stderr.contains("restart needed"), "{}", reloaded.stderr);
            continue;
        }
        let answer = library.daemon.catalogue().ask("9900302.00");
        let person = &library.roll.people[0];
        let admitted = library.daemon.patron(&person.id, &person.pin()).admits();
        match to {
            "" => assert!(!admitted, "reloaded, and whoever connects is still the client without a login"),
            _ => assert!(
                answer.contains("AOOTHER|"),
                "reloaded, and the listener is still the former client's: {answer}"
            ),
        }
    }
}

/// Whatever a reload takes without a word is taken for done.
#[test]
fn a_reload_acts_on_a_key_or_says_that_it_needs_a_restart() {
    for (key, section) in [
        ("log", "\n[log]\nlevel = \"error\"\n"),
        ("log", "\n[log]\nformat = \"text\"\n"),
        ("limits.connections", "\n[limits]\nconnections = 3\nper-source = 3\n"),
    ] {
        let library = Library::new();
        library.site.append("hallpass.toml", section);
        let reloaded = library.site.run(&["reload"]);
        if reloaded.code == Some(78) {
            assert!(reloaded.stderr.contains("restart needed") && reloaded.stderr.contains(key), "{}", reloaded.stderr);
            continue;
        }
        let lines = library.daemon.log().len();
        let mut open: Vec<Wire> = (0..5).map(|_| library.daemon.catalogue()).collect();
        for wire in &mut open[..2] {
            assert!(wire.ask(library.a_63()).contains("|BLY|CQY|"));
        }
        drop(open);
        library.daemon.signal(Signal::TERM);
        let Library { mut daemon, .. } = library;
        daemon.wait_for_the_end();
        let after: Vec<String> =
            daemon.log().into_iter().skip(lines).filter(|line| !line.contains("reloaded")).collect();
        let acted = match section {
            section if section.contains("error") => after.iter().all(|line| !line.contains("INFO")),
            section if section.contains("text") => after.iter().all(|line| !line.starts_with('{')),
            // The connections that are open cannot be taken back.
            _ => false,
        };
        assert!(acted, "reloaded, and {section:?} is not acted on: {after:?}");
    }
}

#[test]
fn a_second_daemon_on_the_same_data_folder_is_refused() {
    let library = Library::new();
    let second = library.site.run(&["serve"]).ended_with(69);
    let told = second.stderr.lines().filter(|line| line.starts_with("hallpass: ")).collect::<Vec<_>>();
    assert!(matches!(told.as_slice(), [line] if line.contains("in use by another hallpass process")), "{told:?}");
    library.serves();
    library.site.run(&["reload"]).succeeded();
    // The lock goes with its process, however that ended, and so does the socket.
    let Library { site, mut daemon, roll } = library;
    daemon.kill();
    assert!(site.path("data/control.sock").exists());
    site.run(&["reload"]).ended_with(69).complains_in_one_line(&["no daemon serves", "hallpass serve"]);
    let library = Library { daemon: Daemon::start(&site), site, roll };
    library.serves();
    library.site.run(&["reload"]).succeeded();
}

#[test]
fn a_bundle_is_published_by_the_schedule_and_a_district_without_a_roster_at_the_start() {
    let (site, roll) = (Site::new(), Roll::of(30));
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"delete\"\nevery = \"1s\"");
    let daemon = Daemon::start(&site);
    let person = &roll.people[0];
    assert!(daemon.patron(&person.id, &person.pin()).is_an_outage());
    assert_eq!(daemon.get("/readyz").0, 503);
    assert_eq!(daemon.get("/healthz"), (200, "ok\n".to_owned()), "alive, if of no use");
    assert!(daemon.catalogue().ask("9900302.00").starts_with("98N"), "offline");

    deliver_zip(&site.inbox(), &roll.files());
    let published = daemon.wait_for_event("roster_published");
    assert_eq!((&published["district"], &published["students"]), (&"cms".into(), &30.into()));
    until("an admission", || daemon.patron(&person.id, &person.pin()).admits().then_some(()));
    assert!(daemon.catalogue().ask("9900302.00").starts_with("98Y"));
    let (status, body) = daemon.get("/readyz");
    let ready: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &ready["ready"]), (200, &true.into()));
    assert_eq!(ready["districts"]["cms"]["state"], "serving");
    assert_eq!(ready["districts"]["cms"]["students"], 30);

    // And the next one.
    let mut more = roll.clone();
    more.people.extend(Roll::from(1000, 3).people);
    deliver(&site.inbox(), &more.files());
    daemon.wait_for_words("\"students\":33");
    let new = more.people.last().unwrap();
    until("an admission", || daemon.patron(&new.id, &new.pin()).admits().then_some(()));

    // Without a schedule a first roster is synced at the start all the same.
    let site = Site::new();
    deliver(&site.inbox(), &roll.files());
    let daemon = Daemon::start(&site);
    daemon.wait_for_event("roster_published");
    until("an admission", || daemon.patron(&person.id, &person.pin()).admits().then_some(()));
}

#[test]
fn monitoring_sees_verdicts_rosters_connections_and_logins() {
    let library = Library::new();
    let Library { daemon, roll, .. } = &library;
    let person = &roll.people[0];
    daemon.patron(&person.id, &person.pin());
    daemon.patron(&person.id, &person.wrong_pin(0));
    daemon.patron("9999999", "01012000");
    daemon.login_listener().login(LOGIN_USER, "wrong");
    let open = daemon.catalogue();
    let verdicts = |rest: &str| daemon.metric(&format!("hallpass_verdicts_total{{client=\"catalogue\",{rest}}}"));
    assert_eq!(verdicts("district=\"cms\",verdict=\"admit\",reason=\"-\""), 1);
    assert_eq!(verdicts("district=\"cms\",verdict=\"refuse\",reason=\"wrong-pin\""), 1);
    assert_eq!(verdicts("district=\"cms\",verdict=\"refuse\",reason=\"unknown-card\""), 1);
    assert_eq!(daemon.metric("hallpass_login_failures_total{cause=\"login\"}"), 1);
    assert_eq!(daemon.metric("hallpass_roster_students{district=\"cms\"}"), 30);
    assert!(daemon.metric("hallpass_request_seconds_count") >= 3);
    let connections = format!("hallpass_connections{{listener=\"{}\"}}", daemon.address(0));
    until("one open connection", || (daemon.metric(&connections) == 1).then_some(()));
    drop(open);
    until("no open connection", || (daemon.metric(&connections) == 0).then_some(()));
    let (status, text) = daemon.get("/metrics");
    assert_eq!(status, 200);
    for name in [
        "hallpass_roster_age_seconds{district=\"cms\"} ",
        "hallpass_verdict_lines_dropped_total 0",
        "hallpass_panics_total 0",
        "hallpass_locked_cards 0",
    ] {
        assert!(text.contains(name), "nothing of {name} in {text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(daemon.get("/").0, 404);
}

#[test]
fn every_verdict_is_one_line_of_the_log() {
    let library = Library::new();
    let person = &library.roll.people[0];
    library.daemon.patron(&person.id, &person.pin());
    library.daemon.patron(&person.id, &person.wrong_pin(0));
    let verdicts = library.daemon.wait_for("two verdicts", |lines| {
        let events = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let verdicts: Vec<Value> = events.filter(|event| event["message"] == "verdict").collect();
        (verdicts.len() == 2).then_some(verdicts)
    });
    assert_eq!((&verdicts[0]["verdict"], &verdicts[0]["reason"]), (&"admit".into(), &"-".into()));
    assert_eq!((&verdicts[1]["verdict"], &verdicts[1]["reason"]), (&"refuse".into(), &"wrong-pin".into()));
    assert!(verdicts.iter().all(|event| event["client"] == "catalogue" && event["district"] == "cms"));
    // One student, one pseudonym; `explain` names it.
    let pseudonym = verdicts[0]["pseudonym"].as_str().unwrap();
    assert_eq!(verdicts[1]["pseudonym"], pseudonym);
    assert!(pseudonym.len() == 16 && pseudonym.bytes().all(|digit| digit.is_ascii_hexdigit()), "{pseudonym}");
    let explain = ["explain", &person.id, "--client", "catalogue"];
    library.site.run_with_input(&explain, "\n").succeeded().tells(&[pseudonym]);
}

#[test]
fn the_samples_are_valid() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conf/hallpass.toml");
    let checked = run(["check", "--config", sample.to_str().unwrap()]).succeeded();
    for words in ["listener sip2 0.0.0.0:6001", "district cms", "client overdrive", "client vufind", "valid"] {
        assert!(checked.stdout.contains(words), "nothing of {words:?} in {}", checked.stdout);
    }
    assert_eq!(checked.stderr, "");
}

/// Rotating is: add a key, sync, remove the old. A running daemon must open what was published under the new one.
#[test]
fn a_key_rotation_under_a_running_daemon_is_no_outage() {
    let library = Library::new();
    let Library { site, daemon, roll } = &library;
    let person = &roll.people[0];
    assert!(daemon.patron(&person.id, &person.pin()).admits());
    let key_file = site.path("conf/hallpass.key");
    let old = fs::read_to_string(&key_file).unwrap();
    fs::write(&key_file, format!("hallpass-key-1 {}\n{old}", "5a".repeat(32))).unwrap();
    deliver(&site.inbox(), &roll.files());
    site.run(&["sync"]).succeeded();
    assert!(daemon.patron(&person.id, &person.pin()).admits(), "the roster under the new key");
    let current_only: String = fs::read_to_string(&key_file).unwrap().lines().take(1).collect();
    fs::write(&key_file, current_only).unwrap();
    site.run(&["sync"]).succeeded();
    assert!(daemon.patron(&person.id, &person.pin()).admits(), "and with the old key removed");
}
