//! No card, no name, no PIN, no birth date: not in a log, not in a metric, not in a file of ours.

use std::fs;
use std::path::{Path, PathBuf};

use hallpass_tests::{Daemon, LOGIN_USER, Output, Roll, Site, deliver, deliver_zip, request, run_with_input, until};
use rustix::process::Signal;

const PASSWORD: &str = "a-synthetic-login-password";
const WRONG_PASSWORD: &str = "another-synthetic-login-password";

/// What must not be found, each with what it is.
struct Markers(Vec<(&'static str, String)>);

impl Markers {
    fn of(roll: &Roll) -> Self {
        let mut markers = vec![
            ("a given name", "Quillonia".to_owned()),
            ("a family name", "Vandersloot".to_owned()),
            ("an address", "vandersloot0".to_owned()),
            ("a login password", PASSWORD.to_owned()),
            ("a wrong login password", WRONG_PASSWORD.to_owned()),
        ];
        for person in &roll.people {
            let (year, month, day) = person.born.unwrap();
            markers.push(("a card number", person.id.clone()));
            markers.extend((0..6).map(|number| ("a wrong PIN", person.wrong_pin(number))));
            markers.extend(
                [
                    format!("{year:04}-{month:02}-{day:02}"),
                    format!("{year:04}{month:02}{day:02}"),
                    format!("{month:02}{day:02}{year:04}"),
                    format!("{day:02}{month:02}{year:04}"),
                    format!("{month:02}/{day:02}/{year:04}"),
                    format!("{day:02}.{month:02}.{year:04}"),
                ]
                .map(|date| ("a birth date", date)),
            );
        }
        markers.sort();
        markers.dedup();
        Self(markers)
    }

    #[track_caller]
    fn are_not_in(&self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for (what, marker) in &self.0 {
            if let Some(at) = text.find(marker.as_str()) {
                let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let line: String = text[line..].lines().next().unwrap().chars().take(300).collect();
                panic!("{what} ({marker}) in {place}: {line}");
            }
        }
    }

    #[track_caller]
    fn are_not_told(&self, output: &Output) {
        self.are_not_in("standard output", output.stdout.as_bytes());
        self.are_not_in("standard error", output.stderr.as_bytes());
    }
}

/// A daemon that logs all it can, and all that can be thrown at it.
#[test]
fn nothing_of_a_student_is_in_any_log_metric_or_file() {
    let site = Site::new();
    let roll = Roll::of(120);
    let markers = Markers::of(&roll);
    site.append("hallpass.toml", "\n[log]\nlevel = \"trace\"\n\n[limits]\nframe-time = \"300ms\"\n");
    // Names are stored, sealed: a client is released them.
    let hash = run_with_input(["hash-password"], PASSWORD).succeeded().stdout;
    let (user, hash) = (LOGIN_USER, hash.trim_end());
    site.write_client(
        "overdrive",
        &format!("districts = [\"cms\"]\npin = \"optional\"\nrelease = [\"name\"]\n[login]\nuser = \"{user}\"\npassword-hash = \"{hash}\"\n"),
    );
    deliver(&site.inbox(), &roll.files());
    markers.are_not_told(&site.sync().succeeded());
    let daemon = Daemon::start(&site);

    asks(&daemon, &roll);
    misbehaves(&daemon, &roll);
    commands(&site, &roll, &markers);
    failed_syncs(&site, &daemon, &roll, &markers);
    // Attempts reach the disk within a second.
    until("attempts on the disk", || {
        let explained = ["explain", &roll.people[1].id, "--client", "catalogue"];
        site.run_with_input(&explained, "\n").stdout.contains(": 3 different wrong PINs").then_some(())
    });
    for path in ["/metrics", "/readyz", "/healthz"] {
        let (_, body) = daemon.get(path);
        markers.are_not_in(path, body.as_bytes());
    }
    markers.are_not_in("the log", daemon.log().join("\n").as_bytes());
    assert_eq!(daemon.metric("hallpass_panics_total"), 0);
    daemon_ends(daemon, &markers);

    let files = files_under(&site.data());
    assert!(files.iter().any(|file| file.ends_with("data.mdb")), "{files:?}");
    for file in files {
        markers.are_not_in(&file.display().to_string(), &fs::read(&file).unwrap());
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let roll = Roll::of(2);
    let markers = Markers::of(&roll);
    let found = |text: String| std::panic::catch_unwind(|| markers.are_not_in("here", text.as_bytes())).is_err();
    assert!(found(format!("\u{fffd}\n{}\u{0}", roll.people[1].id)));
    assert!(found(roll.users()) && found(roll.demographics()) && found(roll.people[0].wrong_pin(3)));
    assert!(!found("{\"message\":\"verdict\",\"pseudonym\":\"0123456789abcdef\"}".to_owned()));
}

fn asks(daemon: &Daemon, roll: &Roll) {
    let (right, wrong, unknown) = (&roll.people[0], &roll.people[1], "9999999");
    let mut login = daemon.login_listener();
    assert!(login.patron(&right.id, &right.pin()).refuses(), "before the login");
    assert!(!login.login(LOGIN_USER, WRONG_PASSWORD));
    assert!(!login.login(&right.id, &right.pin()), "a vendor that mixes the two up");
    assert!(login.login(LOGIN_USER, PASSWORD));
    for wire in [&mut login, &mut daemon.catalogue()] {
        assert!(wire.patron(&right.id, &right.pin()).admits());
        for number in 0..3 {
            assert!(wire.patron(&wrong.id, &wrong.wrong_pin(number)).refuses());
        }
        assert!(wire.patron(unknown, &right.pin()).refuses());
        assert!(wire.patron(&format!("{} ", right.pin()), &right.id).refuses(), "card and PIN swapped");
        wire.patron(&right.id, "");
        for (asked, answered) in [
            (format!("23{}", &request(&right.id, &right.pin())[2..]), "24"),
            (format!("2520261123    165425AOEPL|AA{}|AC|", right.id), "26"),
            (format!("01N20261123    165425AOEPL|ALlost by {}|AA{}|AC|", right.family, right.id), "24"),
            (format!("3520261123    165425AOEPL|AA{}|AC|AD{}|", right.id, right.pin()), "36"),
            (format!("11YN20261123    165425                  AOEPL|AA{}|AB123|AC|AD{}|", right.id, right.pin()), "12"),
            (format!("3720261123    1654250101USDBV1.00|AOEPL|AA{}|AC|", right.id), "38"),
            ("97".to_owned(), ""),
        ] {
            let answer = wire.ask(&asked);
            assert!(answer.starts_with(answered), "{asked}: {answer}");
        }
    }
    // Somebody is locked, somebody is unlocked.
    for number in 0..6 {
        daemon.patron(&roll.people[2].id, &roll.people[2].wrong_pin(number));
    }
}

fn misbehaves(daemon: &Daemon, roll: &Roll) {
    let person = &roll.people[5];
    let (card, pin) = (&person.id, person.pin());
    let request = request(card, &pin);
    // Fields that stand twice, checksums that are wrong, a message cut in its fixed part, garbage with a card in it.
    let mut wire = daemon.catalogue();
    for message in [
        format!("{request}AA{card}|AD{pin}|AD{}|", person.wrong_pin(1)),
        format!("{request}AY1AZ0000"),
        format!("63000{card}"),
    ] {
        wire.ask(&message);
    }
    wire.send(format!("{card}|{pin}|{}\r\0\0{card}\rZZ{request}\r", person.family));
    assert!(wire.patron(card, &pin).admits());
    wire.send(format!("63000{pin}\r63000{card}\r63000{}\r", person.given));
    wire.rest();
    // Over the limits, and never ended.
    for bytes in
        [request.repeat(200), format!("{request}{}\r", format!("XX{card}|").repeat(300)), format!("63000{card}")]
    {
        let mut wire = daemon.catalogue();
        wire.send(bytes);
        wire.rest();
    }
}

fn commands(site: &Site, roll: &Roll, markers: &Markers) {
    let (right, wrong) = (&roll.people[0], &roll.people[1]);
    // The card was typed by the person who reads this; the PIN and the name are not shown.
    for (person, pin) in [(right, right.pin()), (wrong, wrong.wrong_pin(1)), (&roll.people[2], roll.people[2].pin())] {
        for client in ["catalogue", "overdrive"] {
            let told =
                site.run_with_input(&["explain", &person.id, "--client", client], &format!("{pin}\n")).succeeded();
            let told = Output { stdout: told.stdout.replace(&person.id, ""), ..told };
            markers.are_not_told(&told);
            let input = format!("{}\n{pin}\n", person.id);
            markers.are_not_told(&site.run_with_input(&["explain", "-", "--client", client], &input).succeeded());
        }
    }
    markers.are_not_told(&site.run_with_input(&["unlock", "-"], &format!("{}\n", roll.people[2].id)).succeeded());
    markers.are_not_told(&site.run(&["unlock", &right.id]).succeeded());
    for arguments in [&["roster", "status"][..], &["roster", "status", "--json"], &["reload"], &["check"], &["sync"]] {
        markers.are_not_told(&site.run(arguments).succeeded());
    }
    // A configuration that is broken right beside a secret, and a card where an id belongs.
    let client = site.client("overdrive");
    site.write_client("overdrive", &client.replace("password-hash = ", &format!("password = \"{PASSWORD}\"\nhash = ")));
    for command in ["check", "reload"] {
        markers.are_not_told(&site.run(&[command]).ended_with(78));
    }
    site.write_client("overdrive", &client);
}

fn failed_syncs(site: &Site, daemon: &Daemon, roll: &Roll, markers: &Markers) {
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"keep\"\nevery = \"1s\"");
    markers.are_not_told(&site.run(&["reload"]).succeeded());
    let text = |files: &[(&'static str, Vec<u8>)], name: &str| {
        String::from_utf8(files.iter().find(|(known, _)| *known == name).unwrap().1.clone()).unwrap()
    };
    type Change = fn(&str) -> String;
    let changes: [(&str, Change); 9] = [
        // Without its header a file begins with a person.
        ("users.csv", |text| text.split_once("\r\n").unwrap().1.to_owned()),
        ("demographics.csv", |text| text.split_once("\r\n").unwrap().1.to_owned()),
        ("users.csv", |text| text[..text.len() - 70].to_owned()),
        ("users.csv", |text| text.replace(",true,", ",Quillonia00001,")),
        ("users.csv", |text| text.replace("school-1,student", "student,Vandersloot00001")),
        ("users.csv", |text| text.replace(",0060", ",60")),
        ("users.csv", |text| text.replace(",05,", ",05,,,,Vandersloot00001,8060001,")),
        ("demographics.csv", |text| text.replace(",2008-", ",20089-")),
        ("manifest.csv", |text| text.replace("1.1", "Vandersloot00001")),
    ];
    for (round, (name, change)) in (1..).zip(changes) {
        let mut files = roll.files();
        let changed = change(&text(&files, name));
        files.iter_mut().find(|(known, _)| *known == name).unwrap().1 = changed.into_bytes();
        // Each by the schedule first, then by hand.
        if round % 2 == 0 {
            deliver(&site.inbox(), &files)
        } else {
            deliver_zip(&site.inbox(), &files)
        }
        markers.are_not_told(&site.sync());
        markers.are_not_told(&site.run(&["sync", "--dry-run"]));
    }
    let refused = daemon.count_in_log("sync_refused");
    let mut half = roll.clone();
    half.people.truncate(40);
    deliver_zip(&site.inbox(), &half.files());
    until("the schedule to refuse half a roster", || (daemon.count_in_log("sync_refused") > refused).then_some(()));
    let mut more = roll.clone();
    more.people.extend(Roll::from(3000, 5).people);
    deliver(&site.inbox(), &more.files());
    daemon.wait_for_words("roster_published");
    daemon.signal(Signal::HUP);
}

fn daemon_ends(mut daemon: Daemon, markers: &Markers) {
    assert_eq!(daemon.terminate(), Some(0));
    let log = daemon.log();
    markers.are_not_in("the log", log.join("\n").as_bytes());
    for event in ["verdict", "login_failed", "sync_refused", "roster_published", "reloaded", "draining", "stands twice"]
    {
        assert!(log.iter().any(|line| line.contains(event)), "{event} never happened");
    }
}

/// Every regular file below a folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.is_file());
    files.chain(folders.iter().flat_map(|folder| files_under(folder))).collect()
}
