//! Who may, changed under a running service: opt-outs, pilots, privileges, PINs that the district hashed.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hallpass_tests::{Daemon, Pupil, Roll, Site, deliver, until};

fn site() -> (Site, Roll) {
    let (site, roll) = (Site::new(), Roll::of(60));
    deliver(&site.inbox(), &roll.files());
    (site, roll)
}

/// Puts keys into the district's `[eligibility]`.
fn eligibility(site: &Site, keys: &str) {
    site.replace("districts/cms.toml", "[eligibility]\n", &format!("[eligibility]\n{keys}\n"));
}

fn admits(daemon: &Daemon, person: &Pupil) -> bool {
    daemon.patron(&person.id, &person.pin()).admits()
}

#[test]
fn a_line_added_to_the_opt_outs_acts_within_five_seconds_and_disturbs_nobody_else() {
    let (site, roll) = site();
    let file = site.path("opt-outs.txt");
    fs::write(&file, format!("# by phone\n{}\n", roll.people[1].id)).unwrap();
    eligibility(&site, "opt-out-file = \"../../opt-outs.txt\"");
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    assert!(admits(&daemon, &roll.people[0]) && !admits(&daemon, &roll.people[1]));

    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut wire = daemon.catalogue();
            while !stop.load(Ordering::Relaxed) {
                for person in &roll.people[2..] {
                    assert!(wire.patron(&person.id, &person.pin()).admits(), "another student");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        until("some load", || (asked.load(Ordering::Relaxed) > 1000).then_some(()));
        let added = Instant::now();
        fs::write(&file, format!("{}\n{}\n", roll.people[1].id, roll.people[0].id)).unwrap();
        until("a refusal", || daemon.patron(&roll.people[0].id, &roll.people[0].pin()).refuses().then_some(()));
        assert!(added.elapsed() < Duration::from_secs(5), "{:?}", added.elapsed());
        stop.store(true, Ordering::Relaxed);
        others.join().unwrap();
    });
    assert_eq!(daemon.metric("hallpass_opted_out{district=\"cms\"}"), 2);
    assert_eq!(daemon.metric("hallpass_opt_outs_kept{district=\"cms\"}"), 0);
}

#[test]
fn opt_outs_outlive_their_file_a_restart_and_a_rollback_loudly() {
    let (site, roll) = site();
    let file = site.path("opt-outs.txt");
    fs::write(&file, format!("{}\n", roll.people[0].id)).unwrap();
    eligibility(&site, "opt-out-file = \"../../opt-outs.txt\"");
    site.sync().succeeded();
    let mut daemon = Daemon::start(&site);
    fs::remove_file(&file).unwrap();
    daemon.wait_for_event("opt_outs_kept");
    assert!(daemon.patron(&roll.people[0].id, &roll.people[0].pin()).refuses());
    assert_eq!(daemon.metric("hallpass_opt_outs_kept{district=\"cms\"}"), 1);

    daemon.terminate();
    let daemon = Daemon::start(&site);
    daemon.wait_for_event("opt_outs_kept");
    assert!(daemon.patron(&roll.people[0].id, &roll.people[0].pin()).refuses());
    assert!(admits(&daemon, &roll.people[1]));

    deliver(&site.inbox(), &roll.files());
    site.sync().succeeded().tells(&["eligibility.opt-out-file cannot be read"]);
    site.run(&["roster", "rollback", "cms"]).succeeded();
    assert!(daemon.patron(&roll.people[0].id, &roll.people[0].pin()).refuses(), "a rollback brings nobody back");
}

#[test]
fn a_district_whose_list_was_never_read_serves_nobody_until_it_is() {
    let (site, roll) = site();
    eligibility(&site, "opt-out-file = \"../../opt-outs.txt\"");
    site.run(&["check"]).succeeded().tells(&["opt-outs.txt: cannot be read"]);
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    assert!(daemon.patron(&roll.people[0].id, &roll.people[0].pin()).is_an_outage());
    fs::write(site.path("opt-outs.txt"), "# nobody\n").unwrap();
    until("an admission", || admits(&daemon, &roll.people[0]).then_some(()));
}

#[test]
fn check_names_each_line_of_the_opt_outs_that_is_nobodys_number() {
    let (site, roll) = site();
    fs::write(site.path("opt-outs.txt"), format!("id;name\n{};x\n60000\n", roll.people[0].id)).unwrap();
    eligibility(&site, "opt-out-file = \"../../opt-outs.txt\"");
    let told = site.run(&["check"]).succeeded().tells(&["opt-outs.txt:3: neither an ID nor a card of this district"]);
    assert!(!told.stdout.contains("60000"), "no number on a screen: {}", told.stdout);
    let synced = site.sync().succeeded().tells(&["1 lines (line 3) that are neither an ID nor a card"]);
    assert!(!synced.stdout.contains("60000"));
}

#[test]
fn a_district_is_switched_off_and_on_by_a_reload() {
    let (site, roll) = site();
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    assert!(admits(&daemon, &roll.people[0]));
    eligibility(&site, "active = false");
    site.run(&["reload"]).succeeded();
    let refused = daemon.patron(&roll.people[0].id, &roll.people[0].pin());
    assert!(refused.0.contains("AFThis card is not part of the programme"), "{refused:?}");
    site.replace("districts/cms.toml", "active = false", "schools = [\"00001\"]");
    site.run(&["reload"]).succeeded();
    assert!(admits(&daemon, &roll.people[0]), "a pilot in the school that has this code");
    site.replace("districts/cms.toml", "\"00001\"", "\"00002\"");
    site.run(&["reload"]).succeeded();
    assert!(!admits(&daemon, &roll.people[0]));
}

#[test]
fn a_self_check_is_told_of_flags_and_limits_and_a_vendor_never() {
    let (site, roll) = site();
    site.replace(
        "districts/cms.toml",
        "[privileges.student]\n",
        "[privileges.student]\nphysical = false\nitems = 3\nhold-limit = 2\noverdue-limit = 1\nfee-limit = \"5.00\"\n",
    );
    site.replace("hallpass.toml", "[library]\n", "[library]\ncurrency = \"USD\"\n");
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    let person = &roll.people[0];
    let vendor = daemon.patron(&person.id, &person.pin()).0;
    assert!(vendor.starts_with(&format!("64{}000", " ".repeat(14))), "{vendor}");
    for field in ["|BZ", "|CA", "|CB", "|CC", "|BH"] {
        assert!(!vendor.contains(field), "{vendor}");
    }
    site.write_client(
        "catalogue",
        "kind = \"self-check\"\ndistricts = [\"cms\"]\n[dialect]\nfields = { XP = \"{privileges}\" }\n",
    );
    site.run(&["reload"]).succeeded();
    let desk = daemon.patron(&person.id, &person.pin()).0;
    assert!(desk.starts_with(&format!("64YY{}000", " ".repeat(12))), "{desk}");
    assert!(desk.contains("|BZ0002|CA0001|CB0003|BLY|CQY|BHUSD|CC5.00|XPdigital holds computer|"), "{desk}");
}

#[test]
fn who_has_nothing_digital_is_refused_by_a_vendor_and_known_at_the_desk() {
    let (site, roll) = site();
    site.replace("districts/cms.toml", "[privileges.student]\n", "[privileges.student]\ndigital = false\n");
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    assert!(!admits(&daemon, &roll.people[0]));
    site.write_client("catalogue", "kind = \"self-check\"\ndistricts = [\"cms\"]\n");
    site.run(&["reload"]).succeeded();
    assert!(admits(&daemon, &roll.people[0]));
}

#[test]
fn a_password_that_the_district_hashed_is_right_wrong_and_locked_like_any_other() {
    let (site, roll) = site();
    site.replace(
        "districts/cms.toml",
        "scheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n",
        "scheme = \"column\"\ncolumn = \"password\"\nhashed = true\n",
    );
    // OpenBSD's bcrypt and glibc's SHA-512, of `U*U` and of `Hello world!`.
    let hashes = [
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ];
    let users: String = roll.users().lines().enumerate().fold(String::new(), |mut text, (number, line)| {
        let password = number.checked_sub(1).map_or("", |person| hashes[person % 2]);
        text.push_str(line);
        text.push_str(password);
        text.push_str("\r\n");
        text
    });
    let files = roll
        .files()
        .into_iter()
        .map(|(name, bytes)| (name, if name == "users.csv" { users.clone().into() } else { bytes }));
    deliver(&site.inbox(), &files.collect::<Vec<_>>());
    site.sync().succeeded();
    let daemon = Daemon::start(&site);
    let [first, second] = [&roll.people[0].id, &roll.people[1].id];
    for _ in 0..2 {
        assert!(daemon.patron(first, "U*U").admits() && daemon.patron(second, "Hello world!").admits());
    }
    assert!(daemon.patron("9999999", "U*U").refuses(), "an unknown card costs a hash too");
    for wrong in ["1", "2", "3", "4", "5"] {
        assert!(daemon.patron(first, wrong).refuses());
    }
    assert!(daemon.patron(first, "U*U").refuses(), "locked");
    assert!(daemon.patron(second, "Hello world!").admits());
}

/// Each of these refusals is made by the configuration alone, so `explain` shows it without a sync.
#[test]
fn explain_says_in_one_sentence_what_stopped_a_card_and_who_can_mend_it() {
    let explained = |keys: &str, opt_out: bool| {
        let (site, mut roll) = site();
        roll.people[1].enabled = false;
        deliver(&site.inbox(), &roll.files());
        fs::write(
            site.path("opt-outs.txt"),
            if opt_out { format!("{}\n", roll.people[0].id) } else { "# nobody\n".into() },
        )
        .unwrap();
        if !keys.is_empty() {
            eligibility(&site, keys);
        }
        site.sync().succeeded();
        (site, roll)
    };
    let ask = |site: &Site, person: &Pupil| {
        let told = site.run_with_input(&["explain", &person.id, "--client", "catalogue"], &person.pin()).succeeded();
        let verdict = told.stdout.lines().skip_while(|line| !line.starts_with("verdict")).take(2).collect::<Vec<_>>();
        verdict.join(" ")
    };
    let sysadmin = "the library's sysadmin";
    for (keys, opt_out, reason, words, actor) in [
        (
            "opt-out-file = \"../../opt-outs.txt\"",
            true,
            "opted-out",
            "stands in the district's opt-out file",
            "the district",
        ),
        ("active = false", false, "district-off", "`eligibility.active = false`", sysadmin),
        ("grades = [\"09-12\"]", false, "grade", "`eligibility.grades`", sysadmin),
        ("schools = [\"9999\"]", false, "school", "`eligibility.schools`", sysadmin),
        ("expiry = { age = 5 }", false, "expired", "the card has expired", "the district"),
        ("opt-out-file = \"../../none.txt\"", false, "outage", "cannot be read now", sysadmin),
    ] {
        let (site, roll) = explained(keys, opt_out);
        let told = ask(&site, &roll.people[0]);
        for part in [&format!("refused ({reason}): "), words, &format!("who can mend it: {actor}")] {
            assert!(told.contains(part), "{keys}: {told}");
        }
    }
    let (site, roll) = explained("", false);
    assert!(ask(&site, &roll.people[1]).contains("refused (disabled): the district has disabled this account"));
    site.replace("districts/cms.toml", "[privileges.student]\n", "[privileges.student]\ndigital = false\n");
    assert!(ask(&site, &roll.people[0]).contains("refused (privilege): "));
}

#[test]
fn explain_tells_who_vanished_and_is_held_no_longer() {
    let (site, roll) = site();
    eligibility(&site, "grace = \"5d\"");
    site.sync().succeeded();
    let rest = Roll { people: roll.people[1..].to_vec() };
    deliver(&site.inbox(), &rest.files());
    site.sync().succeeded().tells(&["people who vanished and are held"]);
    let person = &roll.people[0];
    let ask = || site.run_with_input(&["explain", &person.id, "--client", "catalogue"], &person.pin()).succeeded();
    ask().tells(&["verdict     admitted"]);
    // Grace is live: taken away, it ends at once.
    site.replace("districts/cms.toml", "grace = \"5d\"", "grace = \"0d\"");
    ask().tells(&["refused (withdrawn)", "last roster no longer names this person", "who can mend it: the district"]);
}
