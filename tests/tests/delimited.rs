//! A district whose student information system exports a file of its own, from the drop folder to the answer.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use hallpass_tests::{Daemon, Roll, Site, deliver, until};

/// How the messy file is to be read.
const MAPPING: &str = r#"kind = "delimited"
charset = "windows-1252"
columns = { id = "Student_Number", enabled = "Enroll_Status", role = "type", school = "SchoolID", birth-date = "DOB", given-name = "First_Name", family-name = "Last_Name" }
roles = { S = "student", T = "teacher", P = "parent" }
enabled = { yes = ["0"], no = ["2"] }
"#;

const HEADER: &str = "STUDENTS.Student_Number\tSTUDENTS.Enroll_Status\tTYPE\tSCHOOLS.SchoolID\tSTUDENTS.DOB\t\
                      STUDENTS.First_Name\tSTUDENTS.Last_Name\tSTUDENTS.Notes\r\n";

/// A library whose district sends delimited files.
fn site(more: &str) -> Site {
    let site = Site::new();
    site.replace("districts/cms.toml", "kind = \"oneroster-csv\"\n", &format!("{MAPPING}{more}"));
    site
}

/// The rows of a roll as this district writes them.
fn rows(roll: &Roll) -> Vec<u8> {
    let row = |person: &hallpass_tests::Pupil| {
        let (year, month, day) = person.born.unwrap();
        let enabled = if person.enabled { 0 } else { 2 };
        format!(
            "{}\t{enabled}\ts\t10\t{month}/{day}/{year}\t{}\t\"{}, Jr.\"\tx\r\n",
            person.id, person.given, person.family
        )
    };
    roll.people.iter().map(row).collect::<String>().into()
}

fn file(roll: &Roll) -> Vec<u8> {
    [HEADER.as_bytes(), &rows(roll)].concat()
}

#[test]
fn a_messy_file_is_synced_and_its_students_are_admitted() {
    let (site, mut roll) = (site(""), Roll::of(100));
    roll.people[1].enabled = false;
    let mut bytes = file(&roll);
    // Blank rows of a spreadsheet, a parent, a letter of windows-1252, another shape of date, a short row at the end.
    bytes.extend(b"\r\n\t\t\t\t\t\t\t\r\n9000001\t0\tP\t10\t\tAda\tExample\t\r\n");
    bytes.extend(b"9000002\t0\tS\t10\t2012-03-04\tZo\xeb\tO\x92Brien\t\"a \"\"note\"\"\r\nof two lines\"\r\n");
    bytes.extend(b"9000003\t0\tT\t10\t3/4/1980\tAda\tExample\r\n");
    deliver(&site.inbox(), &[("PS_export.TXT", bytes)]);
    let done = site.run(&["sync"]).succeeded().tells(&["102"]);
    assert!(!done.stdout.contains("Vandersloot") && !done.stdout.contains("9000001"), "{}", done.stdout);
    let daemon = Daemon::start(&site);
    let person = &roll.people[0];
    assert!(daemon.patron(&person.id, &person.pin()).admits());
    assert!(daemon.patron(&person.id, &person.wrong_pin(1)).refuses());
    let disabled = daemon.patron(&roll.people[1].id, &roll.people[1].pin());
    assert!(disabled.0.contains("This account is disabled"), "{disabled:?}");
    let zoe = daemon.patron("9000002", "03042012");
    assert!(zoe.admits() && zoe.0.contains("|AEO’Brien, Zoë|"), "{zoe:?}");
    assert!(daemon.patron("9000003", "03041980").admits());
    assert!(daemon.patron("9000001", "03042012").refuses());
}

#[test]
fn a_half_written_file_is_left_by_the_schedule_and_taken_when_it_rests() {
    let site = site("");
    site.replace("districts/cms.toml", "settle = \"0s\"", "settle = \"3s\"\nevery = \"1s\"");
    let (first, second) = (Roll::of(30), Roll::from(1000, 30));
    let daemon = Daemon::start(&site);
    // Half of it, which would pass for a whole file: it ends with a row.
    let path = site.inbox().join("students.tsv");
    fs::write(&path, file(&first)).unwrap();
    daemon.wait_for_words("the delivery still grows");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&rows(&second)).unwrap();
    let published = daemon.wait_for_event("roster_published");
    assert_eq!(published["students"], 60);
    for person in [&first.people[0], &second.people[29]] {
        until("an admission", || daemon.patron(&person.id, &person.pin()).admits().then_some(()));
    }
    assert_eq!(daemon.count_in_log("roster_published"), 1);

    // A person does not have to wait.
    let more = Roll::of(35);
    fs::write(&path, [file(&more), rows(&second)].concat()).unwrap();
    site.run(&["sync"]).succeeded();
    let person = &more.people[34];
    assert!(daemon.patron(&person.id, &person.pin()).admits());
}

#[test]
fn a_refused_file_is_not_read_twice_by_the_schedule_until_it_or_its_mapping_changes() {
    let site = site("");
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"keep\"\nevery = \"1s\"");
    // Another district of the same schedule is the proof that it has come round.
    fs::create_dir(site.path("inbox/other")).unwrap();
    let other = site.district("cms").replace("[0-9]{7}", "X[0-9]{7}").replace("/inbox/cms", "/inbox/other");
    site.write_district("other", &other);
    let daemon = Daemon::start(&site);
    let roll = Roll::of(40);
    let misnamed = file(&roll).strip_prefix(b"STUDENTS.Student_Number").unwrap().to_vec();
    deliver(&site.inbox(), &[("students.csv", [b"StudentNumber", &misnamed[..]].concat())]);
    daemon.wait_for_words("the nearest is `StudentNumber`");
    for count in [30, 31, 32] {
        let mut beside = Roll::of(count);
        beside.people.iter_mut().for_each(|person| person.id.insert(0, 'X'));
        deliver(&site.path("inbox/other"), &[("students.csv", file(&beside))]);
        daemon.wait_for_words(&format!("\"district\":\"other\",\"students\":{count}"));
    }
    assert_eq!(daemon.count_in_log("the nearest is"), 1);

    site.replace("districts/cms.toml", "id = \"Student_Number\"", "id = \"StudentNumber\"");
    site.run(&["reload"]).succeeded();
    daemon.wait_for_words("\"district\":\"cms\",\"students\":40");
}

#[test]
fn the_file_is_deleted_or_archived_once_it_is_published() {
    for (after, left) in [("delete", &[][..]), ("archive", &["archive"][..])] {
        let site = site("");
        site.replace("districts/cms.toml", "after = \"keep\"", &format!("after = \"{after}\""));
        deliver(&site.inbox(), &[("old.csv", file(&Roll::of(30))), ("students.csv", file(&Roll::of(30)))]);
        site.run(&["sync"]).succeeded();
        let names: Vec<_> = fs::read_dir(site.inbox()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, left);
        site.run(&["sync"]).succeeded().tells(&["nothing new"]);
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place_and_names_nobody() {
    let (site, roll) = (site(""), Roll::of(30));
    let whole = file(&roll);
    let doubled = whole.repeat(2);
    for (bytes, words) in [
        (whole[..whole.len() - 6].to_vec(), "students.csv, row 31: the file ends in the middle of this row"),
        (doubled, "students.csv, row 32: the header stands here again"),
        (HEADER.into(), "students.csv: a header without rows"),
        (rows(&roll), "students.csv, column `"),
        (b"id;b,c\n".to_vec(), "students.csv: the header does not tell what divides its columns"),
    ] {
        deliver(&site.inbox(), &[("students.csv", bytes)]);
        let told = site.run(&["sync"]).ended_with(65).complains(&[words]);
        assert!(!told.stderr.contains("Quillonia") && !told.stderr.contains(&roll.people[0].id), "{}", told.stderr);
    }
    // A rule that needs what nobody mapped is for the sysadmin to mend.
    deliver(&site.inbox(), &[("students.csv", whole)]);
    site.replace("districts/cms.toml", "id = \"identifier\"", "id = \"user-id:LDAP\"");
    site.run(&["sync"]).ended_with(78).complains(&["user-id:LDAP", "column:NAME"]);
}
