//! A district whose students log in with the password they have at school: its directory is asked each time.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use hallpass_tests::{Attribute, Bundle, Daemon, Http, Person, Samba, Site, Slapd, input, lookup_user, until, user_id};

const DIRECTORY: &str = r#"[directory]
kind = "ldap"
urls = ["ldap://ADDRESS"]
bind-dn = "cn=reader,dc=example,dc=org"
bind-password-file = "ldap.secret"
base = "dc=example,dc=org"
timeout = "2s"
"#;

/// Theirs at school; it stands in no roster and must stand in no log.
const PASSWORD: &str = "Marker-Kite-7";

/// Students 4000000 to 4000009, all with the same password.
fn students() -> Vec<String> {
    (0..10).map(|number| format!("40000{number:02}")).collect()
}

fn people(ids: &[String]) -> Vec<Vec<Attribute<'_>>> {
    ids.iter().map(|id| vec![("employeeID", id.as_bytes()), ("userPassword", PASSWORD.as_bytes())]).collect()
}

/// A site that serves them as `cms`, and as `duval` the student 7000001, whose PIN is in the roster.
fn asking(address: &str, keys: &str) -> Site {
    let site = Site::new();
    let text = site.district("cms");
    let duval = text.replace("inbox/cms", "inbox/duval").replace("[0-9]{7}", "7[0-9]{6}");
    site.write_district("duval", &duval);
    let live = text
        .replace("scheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n", "scheme = \"directory\"\n")
        .replace("[0-9]{7}", "4[0-9]{6}")
        .replace("[source]", &format!("{}{keys}\n[source]", DIRECTORY.replace("ADDRESS", address)));
    site.write_district("cms", &live);
    site.replace("clients/catalogue.toml", "[\"cms\"]", "[\"cms\", \"duval\"]");
    let secret = site.path("conf/districts/ldap.secret");
    fs::write(&secret, Slapd::PASSWORD).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    fs::create_dir_all(site.path("inbox/duval")).unwrap();
    Bundle::new(students().iter().map(|id| Person::student(id, "2012-02-01"))).write(&site.inbox());
    Bundle::new([Person::student("7000001", "2012-02-01")]).write(&site.path("inbox/duval"));
    site.run(&["check"]).succeeded();
    site.sync().succeeded();
    site
}

#[test]
fn a_student_logs_in_with_the_password_of_the_school_in_either_protocol() {
    let ids = students();
    let Some(slapd) = Slapd::start(&people(&ids), "") else { return };
    let site = asking(&slapd.address(), "");
    site.replace(
        "hallpass.toml",
        "[admin]",
        "[[listener]]\nprotocol = \"ncip-http\"\naddress = \"127.0.0.1:0\"\nclient = \"catalogue\"\n\n[admin]",
    );
    let daemon = Daemon::start(&site);
    assert!(daemon.patron("4000001", PASSWORD).admits());
    assert!(daemon.patron("4000001", "02012012").refuses(), "the birth date opens nothing here");
    assert!(daemon.patron("4000077", PASSWORD).refuses());
    assert!(daemon.patron("7000001", "02012012").admits(), "the other district is as it was");
    let mut ncip = Http::connect(daemon.address(2));
    let ask = |password: &str| lookup_user(&format!("{}{}", user_id("4000002"), input("PIN", password)));
    assert!(!ncip.post("/", &[], &ask(PASSWORD)).body.contains("Problem"));
    assert!(ncip.post("/", &[], &ask("wrong")).body.contains("User Authentication Failed"));
    let refused = until("three refusals in the log", || {
        let refused: Vec<String> = daemon.log().iter().filter_map(|line| reason(line)).collect();
        (refused.len() == 3).then_some(refused)
    });
    assert_eq!(refused, ["wrong-pin", "unknown-card", "wrong-pin"]);
    assert!(!daemon.log().iter().any(|line| line.contains("Marker")));
    assert_eq!(daemon.metric("hallpass_directory_up{district=\"cms\"}"), 1);
    assert_eq!(daemon.metric("hallpass_directory_questions_total{district=\"cms\",outcome=\"answered\"}"), 4);
}

#[test]
fn a_thousand_guesses_at_the_library_lock_nobody_out_of_school() {
    let ids = students();
    let policy = "pwdLockout: TRUE\npwdMaxFailure: 5\npwdFailureCountInterval: 1800";
    let Some(slapd) = Slapd::start_with_policy(&people(&ids), policy) else { return };
    // As if Hallpass itself never locked a card: what is passed on is bounded all the same.
    let site = asking(&slapd.address(), "");
    site.replace("hallpass.toml", "[admin]", "[lockout]\nfailures = 10\nper-day = 10\nwindow = \"1s\"\n\n[admin]");
    let mut daemon = Daemon::start(&site);
    for guess in 0..1000 {
        if guess == 500 {
            // A restart is no way round it.
            assert_eq!(daemon.terminate(), Some(0));
            daemon = Daemon::start(&site);
        }
        assert!(daemon.patron("4000001", &format!("guess {guess}")).refuses());
    }
    let kept = slapd.dump();
    assert_eq!(kept.matches("pwdFailureTime:").count(), 2, "wrong passwords that it has counted");
    assert!(!kept.contains("pwdAccountLockedTime"), "the student may log in at school");
}

#[test]
fn while_the_directory_is_away_the_last_good_password_serves_and_the_other_district_does_not_notice() {
    let ids = students();
    let Some(mut slapd) = Slapd::start(&people(&ids), "") else { return };
    let site = asking(&slapd.address(), "offline-grace = \"7d\"");
    let mut daemon = Daemon::start(&site);
    assert!(daemon.patron("4000001", PASSWORD).admits());
    for (killed, newcomer) in [(false, "4000006"), (true, "4000007")] {
        if killed {
            slapd.stop()
        } else {
            slapd.pause()
        }
        // Nobody else is known to it, so nobody else is admitted; and nobody is told that a PIN is wrong.
        until("the breaker", || {
            for id in ["4000003", "4000004", "4000005"] {
                assert!(daemon.patron(id, PASSWORD).is_an_outage());
            }
            daemon.log().iter().any(|line| line.contains("directory_down")).then_some(())
        });
        let started = Instant::now();
        assert!(daemon.patron("4000001", PASSWORD).admits(), "known from before");
        assert!(daemon.patron(newcomer, PASSWORD).is_an_outage());
        assert!(daemon.patron("7000001", "02012012").admits());
        assert!(started.elapsed() < Duration::from_secs(1), "nobody waits for what does not answer");
        assert_eq!(daemon.metric("hallpass_directory_up{district=\"cms\"}"), 0);
        if killed {
            slapd.restart()
        } else {
            slapd.resume()
        }
        let back = Instant::now();
        until("its return", || daemon.patron(newcomer, PASSWORD).admits().then_some(()));
        assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
        // The next one begins as if nothing had been.
        assert_eq!(daemon.terminate(), Some(0));
        daemon = Daemon::start(&site);
    }
    // What the last run knew is on disk, sealed.
    slapd.stop();
    assert!(until("the breaker", || daemon.patron("4000001", PASSWORD).admits().then_some(true)));
    let state = fs::read(site.path("data/state/data.mdb")).unwrap();
    assert!(!state.windows(6).any(|bytes| bytes == b"Marker" || bytes == b"argon2"));
}

/// A site that serves the pupils of a domain, and one whom only the roster knows.
fn asking_a_domain(samba: &Samba) -> Site {
    let site = Site::new();
    let directory = format!(
        "[directory]\nkind = \"ldap\"\nurls = [\"ldaps://{}\"]\nca-file = \"{}\"\nbind-dn = \"{}\"\n\
         bind-password-file = \"ldap.secret\"\nbase = \"{}\"\nfilter = \"(&(objectClass=user)(employeeID={{id}}))\"\n",
        samba.address(),
        samba.ca_file().display(),
        Samba::READER,
        Samba::BASE
    );
    let text = site.district("cms");
    let text = text.replace("scheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n", "scheme = \"directory\"\n");
    site.write_district("cms", &text.replace("[source]", &format!("{directory}\n[source]")));
    let secret = site.path("conf/districts/ldap.secret");
    fs::write(&secret, Samba::PASSWORD).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    Bundle::new((1..=9).map(|number| Person::student(&format!("000000{number}"), "2012-02-01"))).write(&site.inbox());
    site.sync().succeeded();
    site
}

#[test]
fn each_account_of_an_active_directory_has_its_reason_and_guesses_lock_none() {
    let Some(samba) = Samba::of_all_tests() else { return };
    let site = asking_a_domain(samba);
    let daemon = Daemon::start(&site);
    assert!(daemon.patron("0000001", Samba::PASSWORD).admits());
    let asked = [
        ("0000002", Samba::PASSWORD, "disabled"),
        ("0000003", Samba::PASSWORD, "expired"),
        ("0000004", Samba::PASSWORD, "must-change"),
        ("0000005", Samba::PASSWORD, "restricted"),
        ("0000006", Samba::PASSWORD, "restricted"),
        ("0000007", Samba::PASSWORD, "ambiguous"),
        ("0000008", Samba::PASSWORD, "no-account"),
        ("0000001", "wrong", "wrong-pin"),
        // What is wrong with an account is told to nobody who does not know its password.
        ("0000002", "wrong", "wrong-pin"),
    ];
    for (card, password, _) in asked {
        assert!(!daemon.patron(card, password).admits(), "{card}");
    }
    let told = until("the log", || {
        let told: Vec<String> = daemon.log().iter().filter_map(|line| reason(line)).collect();
        (told.len() == asked.len()).then_some(told)
    });
    assert_eq!(told, asked.map(|(_, _, reason)| reason));

    // Its threshold is three.
    for guess in 0..50 {
        assert!(daemon.patron("0000009", &format!("guess {guess}")).refuses());
    }
    let elsewhere = asking_a_domain(samba);
    assert!(Daemon::start(&elsewhere).patron("0000009", Samba::PASSWORD).admits(), "it is not locked");
}

/// The reason of a verdict's line, where there is one.
fn reason(line: &str) -> Option<String> {
    let verdict: serde_json::Value = serde_json::from_str(line).ok()?;
    let reason = verdict.get("reason")?.as_str()?;
    (reason != "-").then(|| reason.to_owned())
}
