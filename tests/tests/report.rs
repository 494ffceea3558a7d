//! `hallpass report` behind a running daemon: it counts those who were admitted, each once, and nobody else.

use std::fs;

use hallpass_tests::{Bundle, Daemon, LOGIN_PASSWORD, LOGIN_USER, Output, Person, Site, run, until};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

const BORN: &str = "2012-03-04";
const PIN: &str = "03042012";
const WRONG: &str = "04032012";
const SCHOOLS: [&str; 2] = ["North High", "South Middle"];

/// 100 students at two schools, 50 in each, and ten teachers, who may not.
fn people() -> Vec<Person> {
    let student = |number: usize| {
        let person = Person::student(&card(number), BORN).named("Quillonia", &format!("Vandersloot{number:05}"));
        person.school(SCHOOLS[number / 50]).grade(if number.is_multiple_of(2) { "09" } else { "10" })
    };
    let proctor = |number: usize| Person::student(&card(number), BORN).school(SCHOOLS[0]).role("proctor");
    (0..100).map(student).chain((100..110).map(proctor)).collect()
}

fn card(number: usize) -> String {
    format!("{}", 4_210_000 + number)
}

fn this_year() -> String {
    TimeZone::get("America/New_York").unwrap().to_datetime(Timestamp::now()).year().to_string()
}

#[track_caller]
fn report(site: &Site, more: &[&str]) -> Value {
    let year = this_year();
    let told = site.run(&[&["report", "--format", "json", "--period", &year], more].concat()).succeeded();
    serde_json::from_str(&told.stdout).unwrap()
}

/// Waits until the report says so many, and returns it.
#[track_caller]
fn report_of(site: &Site, people: u64, more: &[&str]) -> Value {
    until("the uses to be counted", || {
        let report = report(site, more);
        (report["rows"][0]["used_ever"] == people).then_some(report)
    })
}

#[track_caller]
fn admit(daemon: &Daemon, numbers: impl IntoIterator<Item = usize>) {
    let mut wire = daemon.catalogue();
    for number in numbers {
        assert!(wire.patron(&card(number), PIN).admits(), "{number}");
    }
}

#[test]
fn those_who_were_admitted_are_counted_once_and_nobody_else() {
    let site = Site::serving(&Bundle::new(people()));
    site.replace("clients/overdrive.toml", "districts = [\"cms\"]", "districts = [\"cms\"]\npin = \"optional\"");
    let daemon = Daemon::start(&site);
    admit(&daemon, (0..30).chain(50..65).chain(0..30));
    let mut wire = daemon.login_listener();
    assert!(wire.login(LOGIN_USER, LOGIN_PASSWORD));
    for number in (0..12).chain(0..12) {
        assert!(wire.patron(&card(number), PIN).admits());
    }
    // A wrong PIN, no PIN, an unknown card, a role that may not.
    for number in 70..90 {
        assert!(wire.patron(&card(number), WRONG).refuses());
        wire.patron(&card(number), "");
        assert!(wire.patron(&card(number + 5_000), PIN).refuses());
    }
    for number in 100..110 {
        assert!(!wire.patron(&card(number), PIN).admits());
    }

    let report = report_of(&site, 45, &["--by", "school"]);
    let all = &report["rows"][0];
    assert_eq!((&all["enrolled"], &all["eligible"], &all["used_in_period"]), (&110.into(), &100.into(), &45.into()));
    let clients = &all["clients"];
    assert_eq!((&clients["catalogue"]["used_ever"], &clients["overdrive"]["used_ever"]), (&45.into(), &12.into()));
    let schools: Vec<(&str, &Value)> = report["rows"].as_array().unwrap()[2..]
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), &row["used_ever"]))
        .collect();
    assert_eq!(schools, [("North High", &30.into()), ("South Middle", &15.into())]);
    // Nobody of the second school came to overdrive: that is withheld, and so is what would tell it.
    assert!(report["rows"][3]["clients"]["overdrive"]["used_ever"].is_null());
    assert!(report["rows"][2]["clients"]["overdrive"]["used_ever"].is_null());
    assert_eq!(daemon.metric("hallpass_uses_deferred_total"), 0);
}

#[test]
fn marks_survive_a_restart_and_end_with_their_district_and_name_nobody() {
    let site = Site::serving(&Bundle::new(people()));
    let mut daemon = Daemon::start(&site);
    admit(&daemon, 0..40);
    // Not a second later: what waits is written on the way out.
    assert_eq!(daemon.terminate(), Some(0));
    assert_eq!(report(&site, &[])["rows"][0]["used_ever"], 40);

    let daemon = Daemon::start(&site);
    admit(&daemon, 20..60);
    report_of(&site, 60, &[]);
    for file in fs::read_dir(site.data().join("state")).unwrap() {
        let file = file.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for marker in ["42100", "Quillonia", "Vandersloot", "North High", "South Middle", "catalogue", PIN] {
            assert!(!text.contains(marker), "{marker} in {}", file.display());
        }
    }

    site.run(&["roster", "purge", "cms", "--yes"]).succeeded();
    let purged = report(&site, &[]);
    assert_eq!((&purged["rows"][0]["enrolled"], &purged["rows"][0]["used_ever"]), (&0.into(), &0.into()));
    assert!(purged["notes"][0].as_str().unwrap().contains("no roster"), "{purged}");
    // After a new agreement everybody is counted anew, by the same daemon.
    site.sync().succeeded();
    admit(&daemon, 0..25);
    report_of(&site, 25, &[]);
}

#[test]
fn a_report_is_written_to_a_file_or_under_a_name_of_its_own_into_a_folder() {
    let site = Site::serving(&Bundle::new(people()));
    site.append("districts/cms.toml", "\n[goal]\ncards = 80\nby = \"2027-06-30\"\n");
    let reports = site.path("reports");
    fs::create_dir(&reports).unwrap();
    let output = reports.to_str().unwrap();
    let file = reports.join("mine.txt");
    site.run(&["report", "--output", file.to_str().unwrap()]).succeeded();
    assert!(fs::read_to_string(&file).unwrap().contains("2027-06-30"));
    for format in ["table", "csv", "json", "svg"] {
        site.run(&["report", "--period", "2025-Q4", "--by", "grade", "--format", format, "--output", output])
            .succeeded();
    }
    let mut names: Vec<String> =
        fs::read_dir(&reports).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let expected = ["csv", "json", "svg", "txt"].map(|end| format!("report-2025-Q4-grade.{end}"));
    assert_eq!(names, [&["mine.txt".to_owned()][..], &expected].concat());
    site.run(&["report", "--output", "/nowhere/at/all.csv"]).ended_with(69).complains(&["/nowhere/at/all.csv"]);
}

#[test]
fn a_period_that_is_none_or_has_not_begun_is_wrong_usage() {
    let site = Site::new();
    for period in ["2026-13", "ever", "last month", "2026-Q5"] {
        let told: Output = site.run(&["report", "--period", period]).ended_with(64);
        assert!(told.stderr.contains("2026-Q4"), "{}", told.stderr);
    }
    site.run(&["report", "--period", "4999"]).ended_with(64).complains_in_one_line(&["has not begun yet"]);
    assert!(run(["report", "--help"]).succeeded().stdout.contains("under 10"));
}
