//! The commands a person types, one after the other.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use hallpass_tests::{Daemon, Roll, Site, deliver, run, run_with_input, until};

#[test]
fn keygen_writes_a_key_for_its_owner_only_and_never_over_another() {
    let site = Site::new();
    let key = site.path("conf/hallpass.key");
    let first = fs::read(&key).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    site.run(&["keygen"])
        .ended_with(78)
        .complains_in_one_line(&["hallpass.key", "exists already and is left as it is"]);
    assert_eq!(fs::read(&key).unwrap(), first);
    // Not even over what a link points at.
    fs::rename(&key, site.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(site.path("nowhere"), &key).unwrap();
    site.run(&["keygen"]).ended_with(78);
    assert!(!site.path("nowhere").exists());
    fs::remove_file(&key).unwrap();
    let made = site.run(&["keygen"]).succeeded().tells(&["wrote", "hallpass.key"]);
    let second = fs::read_to_string(&key).unwrap();
    assert_ne!(second.as_bytes(), first, "a key is made once");
    let hex = second.lines().last().unwrap().rsplit(' ').next().unwrap();
    assert!(hex.len() == 64 && !made.stdout.contains(hex) && !made.stderr.contains(hex), "the key is shown");
}

#[test]
fn hash_password_prints_a_salted_hash_that_the_client_can_log_in_with() {
    let hashes: Vec<String> = (0..2)
        .map(|_| run_with_input(["hash-password"], "synthetic\r\n").succeeded().stdout.trim_end().to_owned())
        .collect();
    assert!(hashes.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")), "{hashes:?}");
    assert_ne!(hashes[0], hashes[1], "without a salt");
    run_with_input(["hash-password"], "\n").ended_with(64).complains_in_one_line(&["an empty password is no password"]);

    let site = Site::new();
    fs::write(site.path("conf/clients/palace.hash"), format!("{}\n", hashes[0])).unwrap();
    site.write_client(
        "palace",
        "districts = [\"cms\"]\n[login]\nuser = \"palace\"\npassword-hash-file = \"palace.hash\"\n",
    );
    let daemon = Daemon::start(&site);
    assert!(daemon.login_listener().login("palace", "synthetic"));
    assert!(!daemon.login_listener().login("palace", "synthetik"));
}

/// A district in which each refusal has its student, and another district beside it.
fn refusals() -> (Site, Roll) {
    let (site, mut roll) = (Site::new(), Roll::of(40));
    roll.people[1].enabled = false;
    roll.people[2].role = "aide";
    roll.people[3].born = None;
    roll.people[5].id = roll.people[4].id.clone();
    deliver(&site.inbox(), &roll.files());
    let north = site.district("cms").replace("[card]", "[card]\nprefix = \"N\"").replace("inbox/cms", "inbox/north");
    site.write_district("north", &north);
    site.write_client("catalogue", "districts = [\"cms\"]\n");
    site.write_client("kiosk", "districts = [\"north\"]\n[login]\nuser = \"kiosk\"\npassword-hash-file = \"hash\"\n");
    fs::write(site.path("conf/clients/hash"), hallpass_tests::password_hash()).unwrap();
    site.run(&["sync", "cms"]).succeeded();
    (site, roll)
}

#[track_caller]
fn explains(site: &Site, client: &str, card: &str, pin: &str, words: &[&str]) {
    let told =
        site.run_with_input(&["explain", card, "--client", client], &format!("{pin}\n")).succeeded().tells(words);
    // From standard input it is the same.
    let read = site.run_with_input(&["explain", "-", "--client", client], &format!("{card}\n{pin}\n")).succeeded();
    assert_eq!(read.stdout, told.stdout);
    let pseudonyms = told.stdout.lines().filter(|line| line.starts_with("pseudonym")).count();
    assert_eq!(pseudonyms, 2, "this month's and last month's: {}", told.stdout);
    assert!(pin.is_empty() || !told.stdout.contains(pin), "{}", told.stdout);
}

#[test]
fn explain_names_each_refusal_and_who_can_mend_it() {
    let (site, roll) = refusals();
    let [good, disabled, aide, undated, shared] = [0, 1, 2, 3, 4].map(|number| &roll.people[number]);
    let claimed = "claimed by cms (roster of 38 people)";
    explains(
        &site,
        "catalogue",
        &good.id,
        &good.pin(),
        &[claimed, "open: 0", "PIN         right", "verdict     admitted"],
    );
    for (card, pin, words) in [
        ("9999999", good.pin(), ["claimed by cms", "refused (unknown-card)", "mend it: the district"]),
        ("ABC", good.pin(), ["no district's card rule claims", "refused (unknown-card)", "mend it: the district"]),
        (&good.id, good.wrong_pin(0), ["PIN         wrong", "refused (wrong-pin)", "mend it: the student"]),
        (&good.id, String::new(), ["row         student", "refused (no-pin)", "mend it: the vendor"]),
        (&disabled.id, disabled.pin(), ["PIN         right", "refused (disabled)", "mend it: the district"]),
        (&disabled.id, disabled.wrong_pin(0), ["PIN         wrong", "refused (wrong-pin)", "mend it: the student"]),
        (&aide.id, aide.pin(), ["eligibility.roles", "refused (role)", "mend it: the library's sysadmin"]),
        (&undated.id, good.pin(), ["birth date", "refused (no-verifier)", "mend it: the district"]),
        (&shared.id, shared.pin(), ["row         ambiguous", "refused (ambiguous)", "mend it: the district"]),
        (
            &format!("N{}", good.id),
            good.pin(),
            ["north (cannot be served", "refused (other-district)", "mend it: the library's sysadmin"],
        ),
    ] {
        explains(&site, "catalogue", card, &pin, &words);
    }
    let elsewhere = ["that this client does not serve", "refused (other-district)", "mend it: the library's sysadmin"];
    explains(&site, "kiosk", &good.id, &good.pin(), &elsewhere);
    // A card that is none, and what a shell makes of one.
    for card in ["", " ", "12|34"] {
        let told = site.run_with_input(&["explain", "-", "--client", "catalogue"], &format!("{card}\n1\n"));
        assert!(matches!(told.code, Some(0 | 64)), "{told:?}");
        assert!(!told.stdout.contains("admitted"));
    }
}

/// Invariant 6: an outage is never a wrong PIN.
#[test]
fn explain_does_not_call_a_pin_wrong_that_nobody_could_look_at() {
    let (site, roll) = refusals();
    let card = format!("N{}", roll.people[0].id);
    explains(&site, "kiosk", &card, &roll.people[0].pin(), &["refused (outage)", "PIN         not looked at"]);
}

#[test]
fn explain_agrees_with_the_service_and_counts_nothing() {
    let (site, roll) = refusals();
    let daemon = Daemon::start(&site);
    let person = &roll.people[0];
    for number in 0..12 {
        explains(
            &site,
            "catalogue",
            &person.id,
            &person.wrong_pin(number),
            &["open: 0 different wrong PINs in the window, 0"],
        );
    }
    assert!(daemon.patron(&person.id, &person.pin()).admits());
    for person in &roll.people {
        let pin = if person.born.is_some() { person.pin() } else { "01012010".to_owned() };
        let asked = ["explain", &person.id, "--client", "catalogue"];
        let told = site.run_with_input(&asked, &format!("{pin}\n")).succeeded().stdout;
        assert_eq!(told.contains("verdict     admitted"), daemon.patron(&person.id, &pin).admits(), "{told}");
    }
}

#[test]
fn explain_shows_a_lock_that_the_service_put() {
    let (site, roll) = refusals();
    let mut daemon = Daemon::start(&site);
    let person = &roll.people[0];
    for number in 0..5 {
        assert!(daemon.patron(&person.id, &person.wrong_pin(number)).refuses());
    }
    assert_eq!(daemon.terminate(), Some(0));
    let words = ["locked: 5 different wrong PINs", "refused (locked)", "hallpass unlock", "the library's sysadmin"];
    explains(&site, "catalogue", &person.id, &person.pin(), &words);
}

#[test]
fn what_another_process_works_on_is_unavailable_and_nobody_waits() {
    let (site, _) = refusals();
    let before = site.status();
    let lock = fs::OpenOptions::new().write(true).open(site.data().join("generations/cms/lock")).unwrap();
    lock.lock().unwrap();
    for command in [&["sync", "cms"][..], &["roster", "rollback", "cms"], &["roster", "purge", "cms", "--yes"]] {
        site.run(command).ended_with(69).complains(&["the roster of cms", "in use by another hallpass process"]);
    }
    assert_eq!(site.status(), before, "looking needs no lock");
    drop(lock);
    site.run(&["sync", "cms"]).succeeded();
}

#[test]
fn roster_status_tells_people_and_scripts_the_same() {
    let (site, _) = refusals();
    site.run(&["sync", "cms"]).succeeded();
    let told = site.run(&["roster", "status"]).succeeded();
    let told = told.tells(&["north: no roster yet", "1 ambiguous IDs, 1 people without a PIN, key "]).stdout;
    let status = site.status();
    assert!(status["north"].is_null());
    let generations = status["cms"]["generations"].as_array().unwrap();
    assert_eq!(generations.len(), 2);
    assert_eq!((&status["cms"]["readable"], &status["cms"]["held"]), (&true.into(), &false.into()));
    assert_eq!(status["cms"]["runs"].as_array().unwrap().len(), 2);
    for generation in generations {
        let id = generation["id"].as_str().unwrap();
        let mark = if generation["id"] == status["cms"]["serving"] { "serves" } else { "kept" };
        assert!(
            told.lines().any(|line| line.contains(mark) && line.contains(id) && line.contains("38 people")),
            "{told}"
        );
    }
}

#[test]
fn roster_status_tells_what_the_last_syncs_came_to() {
    let (site, roll) = refusals();
    let told = |words: &[&str]| site.run(&["roster", "status", "cms"]).succeeded().tells(words).stdout;
    told(&["by hand   published  38 people, 1 to look at", "1 IDs that two people share", "no birth date: rows 5"]);
    // Nothing that was not read, and no rehearsal.
    site.run(&["sync", "cms", "--dry-run"]).succeeded();
    deliver(&site.inbox(), &[]);
    site.run(&["sync", "cms"]).succeeded();
    assert_eq!(site.status()["cms"]["runs"].as_array().unwrap().len(), 1);

    let half = Roll { people: roll.people[..15].to_vec() };
    deliver(&site.inbox(), &half.files());
    for _ in 0..2 {
        site.run(&["sync", "cms"]).ended_with(65);
    }
    site.run(&["sync", "cms", "--force"]).succeeded();
    let mut more = half.clone();
    more.people[3].id = "4711".to_owned();
    deliver(&site.inbox(), &more.files());
    site.run(&["sync", "cms"]).ended_with(0);
    fs::write(site.inbox().join("users.csv"), "").unwrap();
    site.run(&["sync", "cms"]).ended_with(65);
    let told = told(&[
        "by hand   refused    source: ",
        "users.csv: the file is empty",
        "forced    published  13 people, 0 new, 25 gone, 0 PINs changed",
        "by hand   refused    max-gone: 25 of 39 published IDs are gone (max-gone): half a file? (2 times since 20",
    ]);
    assert_eq!(told.lines().filter(|line| line.contains("by hand") || line.contains("forced")).count(), 5, "{told}");
    let runs = site.status()["cms"]["runs"].clone();
    assert_eq!(runs[1]["counts"]["off_rule"], 1);
    assert!(runs[1]["notes"].as_array().unwrap().contains(&"off rule: rows 5".into()), "{runs}");
    // Of a district without a roster as well.
    site.run(&["sync", "north"]).ended_with(69);
    site.run(&["roster", "status"]).succeeded().tells(&["north: no roster yet", "by hand   failed     source: "]);
    assert_eq!(site.status()["north"]["runs"][0]["end"], "failed");
    let told = site.run(&["roster", "status"]).succeeded().stdout + &site.status().to_string();
    for person in &roll.people {
        assert!(!told.contains(&person.id) && !told.contains(&person.family), "it names a person: {told}");
    }
}

#[test]
fn purge_removes_every_trace_of_the_district_and_of_no_other() {
    let (site, roll) = refusals();
    let mut beside = Roll::of(30);
    deliver(&site.path("inbox/north"), &beside.files());
    // On the cards there, a prefix stands before the ID.
    beside.people.iter_mut().for_each(|person| person.id.insert(0, 'N'));
    site.write_client("catalogue", "districts = [\"cms\", \"north\"]\n");
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    let (person, neighbour, locked) = (&roll.people[0], &beside.people[0], &beside.people[1]);
    for number in 0..5 {
        daemon.patron(&person.id, &person.wrong_pin(number));
        daemon.patron(&locked.id, &locked.wrong_pin(number));
    }
    assert!(daemon.patron(&neighbour.id, &neighbour.pin()).admits());

    site.run_with_input(&["roster", "purge", "cms"], "north\n").ended_with(64).complains(&["nothing was removed"]);
    site.run(&["roster", "purge", "nowhere", "--yes"]).ended_with(78);
    assert_eq!(daemon.metric("hallpass_locked_cards"), 2);
    assert!(daemon.patron(&roll.people[6].id, &roll.people[6].pin()).admits());

    site.run_with_input(&["roster", "purge", "cms"], "cms\n").succeeded().tells(&["removed", "districts/"]);
    assert!(daemon.patron(&roll.people[6].id, &roll.people[6].pin()).is_an_outage(), "a running daemon took it");
    assert!(daemon.patron(&neighbour.id, &neighbour.pin()).admits());
    let left: Vec<_> = match fs::read_dir(site.data().join("generations/cms")) {
        Ok(entries) => entries.map(|entry| entry.unwrap().file_name()).filter(|name| name != "lock").collect(),
        Err(_) => Vec::new(),
    };
    assert!(left.is_empty(), "{left:?}");
    let status = site.status();
    assert!(status["cms"].is_null() && status["north"]["readable"] == true, "{status}");

    assert!(daemon.patron(&locked.id, &locked.pin()).refuses());
}

/// `roster purge` ends an agreement: generations and lockouts (design.md 4), whether a daemon runs or not.
#[track_caller]
fn lockouts_end_with_a_purge(running: bool) {
    let (site, roll) = refusals();
    let mut daemon = Daemon::start(&site);
    let person = &roll.people[0];
    for number in 0..5 {
        daemon.patron(&person.id, &person.wrong_pin(number));
    }
    until("the lock to be on the disk", || {
        let explained = site.run_with_input(&["explain", &person.id, "--client", "catalogue"], "\n").stdout;
        explained.contains("locked: 5").then_some(())
    });
    if !running {
        assert_eq!(daemon.terminate(), Some(0));
    }
    site.run(&["roster", "purge", "cms", "--yes"]).succeeded();
    deliver(&site.inbox(), &roll.files());
    site.run(&["sync", "cms"]).succeeded();
    let daemon = if running { daemon } else { Daemon::start(&site) };
    assert!(daemon.patron(&person.id, &person.pin()).admits(), "a lockout of the purged district is still there");
}

#[test]
fn lockouts_on_the_disk_end_with_a_purge() {
    lockouts_end_with_a_purge(false);
}

#[test]
fn lockouts_in_a_running_daemon_end_with_a_purge() {
    lockouts_end_with_a_purge(true);
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let commands = [
        "demo",
        "serve",
        "check",
        "sync",
        "roster",
        "explain",
        "probe",
        "unlock",
        "reload",
        "keygen",
        "hash-password",
        "synth",
        "completions",
        "man",
    ];
    for shell in ["bash", "zsh", "fish"] {
        let told = run(["completions", shell]).succeeded().stdout;
        assert!(commands.iter().all(|command| told.contains(command)), "{shell}");
    }
    let manual = run(["man"]).succeeded().stdout;
    assert!(manual.contains(".TH"));
    for command in commands {
        let heading = format!(".SH \"HALLPASS {}\"", command.to_uppercase());
        assert!(manual.contains(&heading), "no {heading}");
    }
    let help = run(["--help"]).succeeded().stdout;
    assert!(commands.iter().all(|command| help.contains(command)), "{help}");
    assert!(run(["--version"]).succeeded().stdout.starts_with("hallpass "));
}
