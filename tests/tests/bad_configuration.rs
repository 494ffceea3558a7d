//! A mistake in the configuration is shown at its place, with its mend, and nothing of the configuration is applied.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use hallpass_tests::{Daemon, Output, Roll, Site, deliver, run};
use rustix::process::geteuid;

/// The commands that must not begin with a configuration that is not valid.
const COMMANDS: [&[&str]; 5] =
    [&["check"], &["serve"], &["sync"], &["roster", "status"], &["explain", "1000001", "--client", "catalogue"]];

/// Spoils one place of a good configuration, and expects each command to end with 78 and to say this.
#[track_caller]
fn spoilt(name: &str, from: &str, to: &str, words: &[&str]) {
    let site = Site::new();
    deliver(&site.inbox(), &Roll::of(30).files());
    site.run(&["check"]).succeeded();
    site.replace(name, from, to);
    for command in COMMANDS {
        let done = site.run(command).ended_with(78).complains(words);
        assert!(done.stderr.contains("the configuration is not applied"), "{}", done.stderr);
        assert!(done.stderr.contains("who: the library's sysadmin"), "{}", done.stderr);
        assert_eq!(done.stdout, "");
    }
    let kept: Vec<_> = fs::read_dir(site.data()).unwrap().collect();
    assert!(kept.is_empty(), "something was begun all the same: {kept:?}");
}

#[test]
fn an_unknown_key_is_shown_with_its_place_and_the_nearest() {
    spoilt(
        "hallpass.toml",
        "institution-id",
        "institution_id",
        &["conf/hallpass.toml:6:1: library.institution_id: unknown key, did you mean institution-id?"],
    );
    spoilt(
        "districts/cms.toml",
        "after = \"keep\"",
        "aftr = \"keep\"",
        &[
            "conf/districts/cms.toml:21:1: source.aftr: unknown key, did you mean after?",
            "kind, every, at, quiet, jitter, after, guard, path",
        ],
    );
    spoilt(
        "clients/overdrive.toml",
        "[login]",
        "[log-in]",
        &["conf/clients/overdrive.toml:4:2: log-in: unknown key, did you mean login?"],
    );
}

#[test]
fn a_key_that_this_release_does_not_act_on_is_an_error() {
    spoilt(
        "districts/cms.toml",
        "roles = [\"student\", \"teacher\"]",
        "live = \"ldap\"",
        &["conf/districts/cms.toml:13:1: eligibility.live: unknown key"],
    );
    spoilt("districts/cms.toml", "oneroster-csv", "clever", &["source.kind", "expected one of oneroster-csv"]);
    spoilt("districts/cms.toml", "\"birth-date\"", "\"directory-live\"", &["pin.scheme", "unknown word"]);
    spoilt("hallpass.toml", "protocol = \"sip2\"", "protocol = \"ncip-smtp\"", &["listener[0].protocol", "sip2"]);
}

#[test]
fn a_value_of_the_wrong_type_is_shown_with_what_was_expected() {
    spoilt(
        "hallpass.toml",
        "name = \"Example Public Library\"",
        "name = 7",
        &["conf/hallpass.toml:5:8: library.name: ", "7", "expected text"],
    );
    spoilt(
        "clients/catalogue.toml",
        "districts = [\"cms\"]",
        "districts = \"cms\"",
        &["conf/clients/catalogue.toml:1:13: districts: ", "expected a list"],
    );
    spoilt("hallpass.toml", "[admin]", "[limits]\nfields = \"64\"\n[admin]", &["limits.fields", "expected an integer"]);
    spoilt("hallpass.toml", "New_York", "Gotham", &["conf/hallpass.toml:7:13: library.time-zone: "]);
}

#[test]
fn a_duration_a_size_and_a_share_need_their_units() {
    spoilt(
        "hallpass.toml",
        "[admin]",
        "[limits]\nframe-time = \"5\"\n[admin]",
        &["conf/hallpass.toml:19:14: limits.frame-time: the unit is missing", "ms, s, m, h or d, such as \"15m\""],
    );
    spoilt(
        "hallpass.toml",
        "[admin]",
        "[limits]\nframe = \"4KB\"\n[admin]",
        &["limits.frame", "KB and MB mean 1000 to some and 1024 to others", "\"4KiB\""],
    );
    spoilt(
        "districts/cms.toml",
        "after = \"keep\"",
        "after = \"keep\"\nguard = { max-gone = \"20\" }",
        &["source.guard.max-gone: the unit is missing", "\"20%\""],
    );
    spoilt(
        "districts/cms.toml",
        "after = \"keep\"",
        "after = \"keep\"\nevery = \"0s\"",
        &["source.every: out of range"],
    );
}

#[test]
fn a_client_of_an_unknown_district_and_a_listener_of_an_unknown_client_are_shown() {
    spoilt(
        "clients/catalogue.toml",
        "\"cms\"",
        "\"csm\"",
        &["conf/clients/catalogue.toml:1:14: districts[0]: unknown district, did you mean cms?", "expected one of cms"],
    );
    spoilt(
        "hallpass.toml",
        "client = \"catalogue\"",
        "client = \"catalog\"",
        &["conf/hallpass.toml:12:10: listener[0].client: unknown client, did you mean catalogue?"],
    );
}

#[test]
fn a_file_that_is_no_toml_is_shown_where_it_breaks() {
    spoilt("districts/cms.toml", "[card]", "[card", &["conf/districts/cms.toml:4:6: ", "]"]);
    spoilt("hallpass.toml", "\"EPL\"", "EPL", &["conf/hallpass.toml:6:18: "]);
    let site = Site::new();
    fs::write(site.path("conf/districts/cms.toml"), b"name = \"\xff\"\n").unwrap();
    site.run(&["check"]).ended_with(78).complains(&["conf/districts/cms.toml"]);
}

#[test]
fn card_rules_that_overlap_are_shown_with_a_card_that_both_claim() {
    let site = Site::new();
    site.write_district("north", &site.district("cms").replace("[0-9]{7}", "7[0-9]*"));
    let overlap = ["conf/districts/north.toml:6:11: card.pattern: district cms claims cards of this rule too: 7"];
    let done = site.run(&["check"]).ended_with(78).complains(&overlap).complains(&["namespace"]);
    let (_, example) = done.stderr.split_once("of this rule too: ").unwrap();
    let example: String = example.chars().take_while(char::is_ascii_digit).collect();
    assert!(example.len() == 7 && example.starts_with('7'), "{example} is no card of both");

    // One namespace in both is the mend, and so is a prefix.
    for district in ["cms", "north"] {
        site.replace(&format!("districts/{district}.toml"), "[card]", "[card]\nnamespace = \"stn\"");
    }
    site.run(&["check"]).succeeded();
    site.replace("districts/north.toml", "namespace = \"stn\"", "prefix = \"N\"");
    site.run(&["check"]).succeeded();
}

#[test]
fn every_mistake_is_told_at_once() {
    let site = Site::new();
    site.replace("hallpass.toml", "institution-id", "institution_id");
    site.replace("districts/cms.toml", "MMDDYYYY", "MMXX");
    site.replace("clients/catalogue.toml", "cms", "csm");
    let words = ["library.institution_id", "pin.format", "districts[0]", "4 errors: the configuration is not applied"];
    site.run(&["check"]).ended_with(78).complains(&words);
}

#[test]
fn a_variable_of_the_environment_is_named_and_its_value_is_not() {
    let site = Site::new();
    let done = std::process::Command::new(hallpass_tests::binary())
        .args(["check", "--config"])
        .arg(site.main_file())
        .env("HALLPASS__LIBRARY__TIME_ZONE", "Gotham/Batcave")
        .output()
        .unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(78), "{stderr}");
    assert!(stderr.contains("environment variable HALLPASS__LIBRARY__TIME_ZONE: library.time-zone"), "{stderr}");
    assert!(!stderr.contains("Batcave"), "{stderr}");
}

#[test]
fn a_missing_main_file_is_named() {
    let done = run(["check", "--config", "/nowhere/hallpass.toml"]).ended_with(78);
    assert!(done.stderr.contains("/nowhere/hallpass.toml"), "{}", done.stderr);
}

/// The commands that need the key and the data folder: each ends with one line that says what to do.
#[track_caller]
fn refuse(site: &Site, code: i32, words: &[&str]) {
    for command in [&["serve"][..], &["sync"], &["roster", "status"], &["explain", "1000001", "--client", "catalogue"]]
    {
        let done = site.run(command).ended_with(code);
        let lines = done.stderr.lines().filter(|line| line.starts_with("hallpass: ")).collect::<Vec<_>>();
        assert!(matches!(lines.as_slice(), [line] if words.iter().all(|word| line.contains(word))), "{}", done.stderr);
        // Besides, only the service's log of warnings.
        assert!(
            done.stderr.lines().all(|line| line.starts_with("hallpass: ") || line.contains("WARN")),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn a_missing_an_open_and_a_broken_key_file_are_refused() {
    let site = Site::new();
    let key = site.path("conf/hallpass.key");
    let text = fs::read_to_string(&key).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    for mode in [0o644, 0o640, 0o604, 0o620] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        refuse(&site, 78, &["hallpass.key", "can be opened by others than its owner", "chmod 600"]);
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, text.replace("hallpass-key-1", "hallpass-key-2")).unwrap();
    refuse(&site, 78, &["hallpass.key", "line 4", "hallpass keygen"]);
    fs::write(&key, "# no key\n").unwrap();
    refuse(&site, 78, &["hallpass.key", "holds no key", "hallpass keygen"]);
    fs::remove_file(&key).unwrap();
    refuse(&site, 78, &["hallpass.key", "is missing", "hallpass keygen"]);
    site.run(&["check"]).succeeded();
}

#[test]
fn a_data_folder_that_is_none_or_cannot_be_read_is_refused() {
    let site = Site::new();
    fs::remove_dir(site.data()).unwrap();
    fs::write(site.data(), "a file").unwrap();
    refuse(&site, 78, &["data", "is not a folder", "data-dir"]);
    fs::remove_file(site.data()).unwrap();
    site.replace("hallpass.toml", "\"../data\"", "\"../no/such/data\"");
    refuse(&site, 78, &["no/such/data", "cannot be made", "install -d"]);

    let site = Site::new();
    if geteuid().is_root() {
        // Root may read all, and becomes the folder's owner first: somebody who may not.
        const NOBODY: u32 = 65534;
        for below in ["", "conf/hallpass.key", "data"] {
            chown(site.path(below), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    fs::set_permissions(site.data(), fs::Permissions::from_mode(0o000)).unwrap();
    refuse(&site, 78, &["data", "cannot be read", "chmod 700"]);
    fs::set_permissions(site.data(), fs::Permissions::from_mode(0o700)).unwrap();
    site.run(&["roster", "status"]).succeeded();
}

#[test]
fn a_port_in_use_is_unavailable_and_named() {
    for (from, key) in [
        ("address = \"127.0.0.1:0\"\nclient", "listener.address"),
        ("[admin]\naddress = \"127.0.0.1:0\"", "admin.address"),
    ] {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let site = Site::new();
        site.replace("hallpass.toml", from, &from.replace("127.0.0.1:0", &address));
        let done = site.run(&["serve"]).ended_with(69);
        let lines = done.stderr.lines().filter(|line| line.starts_with("hallpass: ")).collect::<Vec<_>>();
        let words = [key, &address, "another process has it: stop that one, or choose another port"];
        assert!(matches!(lines.as_slice(), [line] if words.iter().all(|word| line.contains(word))), "{}", done.stderr);
        // Once it is free, the same configuration starts.
        drop(taken);
        Daemon::start(&site);
    }
}

#[test]
fn a_wrong_command_line_is_usage() {
    let usage = |arguments: &[&str]| -> Output { run(arguments.iter().copied()).ended_with(64) };
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["serve", "--frobnicate"],
        &["explain", "1000001"],
        &["sync", "--dry-run", "--force"],
        &["roster"],
        &["probe", "sip2"],
        &["completions", "powerfish"],
    ] {
        assert!(
            usage(arguments).stderr.contains("Usage:") || usage(arguments).stderr.contains("error:"),
            "{arguments:?}"
        );
    }
    let site = Site::new();
    site.run(&["sync", "nowhere"]).ended_with(78).complains_in_one_line(&["there is no district nowhere", "cms"]);
    let explained = site.run(&["explain", "1000001", "--client", "nobody"]).ended_with(78);
    assert!(
        explained.stderr.contains("there is no client nobody; there are: catalogue, overdrive"),
        "{}",
        explained.stderr
    );
}
