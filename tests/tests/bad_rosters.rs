//! Whatever a district sends: what is not good is refused with its place, and the last good roster serves on.

use std::fs;

use hallpass_tests::{Daemon, Pupil, Roll, Site, deliver, deliver_zip};

/// A site whose daemon serves a good roster.
struct Serving {
    site: Site,
    daemon: Daemon,
    roll: Roll,
}

type Files = Vec<(&'static str, Vec<u8>)>;

impl Serving {
    fn new() -> Self {
        let (site, roll) = (Site::new(), Roll::of(200));
        deliver(&site.inbox(), &roll.files());
        site.run(&["sync"]).succeeded();
        let daemon = Daemon::start(&site);
        let serving = Self { site, daemon, roll };
        serving.the_old_roster_serves();
        serving
    }

    #[track_caller]
    fn the_old_roster_serves(&self) {
        for person in [&self.roll.people[0], &self.roll.people[101], &self.roll.people[199]] {
            let reply = self.daemon.patron(&person.id, &person.pin());
            assert!(reply.admits(), "{reply:?}");
        }
    }

    /// What lies in the inbox is refused with exit code 65 and these words, by a person's sync as by a rehearsal, and
    /// changes nothing.
    #[track_caller]
    fn refuses(&self, words: &[&str]) {
        let before = self.status();
        for arguments in [&["sync", "--dry-run"][..], &["sync", "cms"]] {
            let done = self.site.run(arguments).ended_with(65);
            let told = format!("{}{}", done.stdout, done.stderr);
            for word in words {
                assert!(told.contains(word), "nothing of {word:?} in {told}");
            }
            for person in &self.roll.people {
                assert!(!told.contains(&person.id) && !told.contains(&person.family), "it names a person: {told}");
            }
        }
        assert_eq!(self.status(), before);
        self.the_old_roster_serves();
    }

    #[track_caller]
    fn refuses_files(&self, files: &[(&str, Vec<u8>)], words: &[&str]) {
        deliver(&self.site.inbox(), files);
        self.refuses(words);
        deliver_zip(&self.site.inbox(), files);
        self.refuses(words);
    }

    #[track_caller]
    fn refuses_roll(&self, roll: &Roll, words: &[&str]) {
        self.refuses_files(&roll.files(), words);
    }

    fn status(&self) -> serde_json::Value {
        self.site.status()
    }

    fn people(&self) -> u64 {
        let status = &self.status()["cms"];
        let serving = status["serving"].clone();
        let generations = status["generations"].as_array().unwrap();
        generations.iter().find(|kept| kept["id"] == serving).unwrap()["people"].as_u64().unwrap()
    }

    /// The good files with one of them changed.
    fn with(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Files {
        let mut files = self.roll.files();
        let file = files.iter_mut().find(|(known, _)| *known == name).unwrap();
        file.1 = change(std::mem::take(&mut file.1));
        files
    }

    fn changed(&self, change: impl FnMut(&mut Pupil)) -> Roll {
        let mut roll = self.roll.clone();
        roll.people.iter_mut().for_each(change);
        roll
    }
}

fn replaced(from: &'static str, to: &'static str) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(from));
        text.replacen(from, to, 1).into_bytes()
    }
}

fn is(bytes: impl Into<Vec<u8>>) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |_| bytes.into()
}

#[test]
fn refuses_a_wrong_column_and_names_the_nearest() {
    let serving = Serving::new();
    serving.refuses_files(
        &serving.with("users.csv", replaced("enabledUser", "enabledUsr")),
        &["users.csv, column `enabledUser`", "nearest is `enabledUsr`"],
    );
    serving.refuses_files(
        &serving.with("demographics.csv", replaced("birthDate", "dob")),
        &["demographics.csv, column `birthDate`"],
    );
    serving.refuses_files(
        &serving.with("users.csv", replaced("identifier", "studentNumber")),
        &["users.csv, column `identifier`"],
    );
}

#[test]
fn refuses_a_file_that_ends_in_the_middle_of_a_row() {
    let serving = Serving::new();
    let cut = |bytes: Vec<u8>| {
        let rows: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        // The header is row 1: this is row 150, without its second half.
        [rows[..149].concat(), rows[149][..rows[149].len() / 2].to_vec()].concat()
    };
    serving.refuses_files(&serving.with("users.csv", cut), &["users.csv, row 150", "in the middle of this row"]);
    let quote = |bytes: Vec<u8>| replaced(",Quillonia00002,", ",\"Quillonia00002,")(bytes);
    serving.refuses_files(&serving.with("users.csv", quote), &["users.csv, row 4", "in the middle of this row"]);
}

#[test]
fn refuses_empty_and_header_only_files() {
    let serving = Serving::new();
    for name in ["users.csv", "demographics.csv", "manifest.csv"] {
        serving.refuses_files(&serving.with(name, is("")), &[name, "the file is empty"]);
        let header = |bytes: Vec<u8>| bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec();
        serving.refuses_files(&serving.with(name, header), &[name, "a header without rows"]);
    }
}

#[test]
fn refuses_a_missing_file_and_what_the_manifest_promised_in_vain() {
    let serving = Serving::new();
    for (name, words) in [("users.csv", "promises"), ("demographics.csv", "promises")] {
        let files: Files = serving.roll.files().into_iter().filter(|(known, _)| *known != name).collect();
        serving.refuses_files(&files, &[name, words]);
    }
    let files = serving.with("manifest.csv", replaced("file.demographics,bulk", "file.demographics,absent"));
    let files: Files = files.into_iter().filter(|(known, _)| *known != "demographics.csv").collect();
    serving.refuses_files(&files, &["demographics.csv", "missing"]);
}

#[test]
fn refuses_a_manifest_that_calls_a_needed_file_a_delta_or_contradicts_the_columns() {
    let serving = Serving::new();
    serving.refuses_files(
        &serving.with("manifest.csv", replaced("file.users,bulk", "file.users,delta")),
        &["users.csv", "delta", "export in bulk"],
    );
    serving.refuses_files(
        &serving.with("manifest.csv", replaced("oneroster.version,1.1", "oneroster.version,1.2")),
        &["manifest.csv", "1.2", "no roles.csv"],
    );
    serving.refuses_files(
        &serving.with("manifest.csv", replaced("oneroster.version,1.1", "oneroster.version,7")),
        &["manifest.csv", "oneroster.version"],
    );
}

#[test]
fn refuses_binary_files_and_files_that_are_no_archive() {
    let serving = Serving::new();
    let binary: Vec<u8> = (0..100_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    serving.refuses_files(&serving.with("users.csv", is(binary.clone())), &["users.csv", "not a text file"]);
    let utf_16 = |bytes: Vec<u8>| bytes.iter().flat_map(|byte| [*byte, 0]).collect();
    serving.refuses_files(&serving.with("users.csv", utf_16), &["users.csv", "not a text file"]);

    deliver(&serving.site.inbox(), &[("bundle.zip", binary)]);
    serving.refuses(&["bundle.zip", "not a zip archive"]);
    deliver_zip(&serving.site.inbox(), &serving.roll.files());
    let whole = fs::read(serving.site.inbox().join("bundle.zip")).unwrap();
    deliver(&serving.site.inbox(), &[("bundle.zip", whole[..whole.len() / 2].to_vec())]);
    serving.refuses(&["bundle.zip", "not a zip archive"]);
}

#[test]
fn refuses_a_zip_that_climbs_out_of_its_folder_and_writes_nothing_there() {
    let serving = Serving::new();
    for name in ["../users.csv", "../../../users.csv", "/users.csv", "export/users.csv", "..\\users.csv"] {
        let mut files = serving.roll.files();
        files.iter_mut().find(|(known, _)| *known == "users.csv").unwrap().0 = name;
        deliver_zip(&serving.site.inbox(), &files);
        serving.refuses(&["users.csv", "not at the root of the archive"]);
    }
    // Beside the good files it is looked at all the same, and nothing of an archive is ever written anywhere.
    let mut files = serving.roll.files();
    files.push(("../users.csv", b"sourcedId\r\n".to_vec()));
    deliver_zip(&serving.site.inbox(), &files);
    serving.refuses(&["users.csv"]);
    assert!(!serving.site.path("users.csv").exists());
}

#[test]
fn refuses_a_zip_bomb_before_it_has_unpacked() {
    let serving = Serving::new();
    for name in ["users.csv", "demographics.csv", "manifest.csv"] {
        let bomb = |mut bytes: Vec<u8>| {
            // A row of its own, blown up by blanks to less than the longest row there may be.
            let row = bytes.split_inclusive(|byte| *byte == b'\n').nth(1).unwrap().to_vec();
            let row = [&row[..row.len() - 2], &vec![b' '; 500_000], b"\r\n"].concat();
            while bytes.len() < 64 << 20 {
                bytes.extend_from_slice(&row);
            }
            bytes
        };
        deliver_zip(&serving.site.inbox(), &serving.with(name, bomb));
        let packed = fs::metadata(serving.site.inbox().join("bundle.zip")).unwrap().len();
        assert!(packed < 1 << 20, "{packed} bytes are no bomb");
        serving.refuses(&[name, "200 times its size"]);
    }
}

#[test]
fn refuses_half_a_roster_and_publishes_it_where_a_person_insists() {
    let serving = Serving::new();
    let half = Roll { people: serving.roll.people[..100].to_vec() };
    serving.refuses_roll(&half, &["100 of 200 published IDs are gone (max-gone)", "half a file?"]);
    serving.site.run(&["sync", "--force"]).succeeded().tells(&["overruled by --force"]);
    assert_eq!(serving.people(), 100);
    let (stayed, gone) = (&serving.roll.people[0], &serving.roll.people[199]);
    assert!(serving.daemon.patron(&stayed.id, &stayed.pin()).admits());
    assert!(serving.daemon.patron(&gone.id, &gone.pin()).refuses());
}

#[test]
fn refuses_twice_as_many_people() {
    let serving = Serving::new();
    let mut double = serving.roll.clone();
    double.people.extend(Roll::from(1000, 200).people);
    serving.refuses_roll(&double, &["200 IDs are new beside 200 published (max-new)"]);
}

#[test]
fn refuses_ids_that_lost_their_zeros() {
    let serving = Serving::new();
    let stripped = serving.changed(|person| person.id = person.id.trim_start_matches('0').to_owned());
    serving.refuses_roll(&stripped, &["100 of 200 rows cannot be used (max-errors)", "card.pattern", "rows 2, 4, 6"]);
}

#[test]
fn refuses_birth_dates_with_day_and_month_swapped() {
    let serving = Serving::new();
    let swapped = serving.changed(|person| person.born = person.born.map(|(year, month, day)| (year, day, month)));
    serving.refuses_roll(&swapped, &["200 of 200 PINs changed (max-pin-changed)", "swapped day and month"]);
}

#[test]
fn refuses_too_many_rows_in_another_encoding_and_names_the_first() {
    let serving = Serving::new();
    let latin_1 = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap().replace("Quillonia0000", "Qu\u{ed}llonia0000");
        text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
    };
    serving.refuses_files(
        &serving.with("users.csv", latin_1),
        &["10 of 200 rows cannot be used (max-errors)", "users.csv, row 6, column `givenName`", "UTF-8"],
    );
}

#[test]
fn a_rehearsal_publishes_nothing() {
    let serving = Serving::new();
    let mut more = serving.roll.clone();
    more.people.extend(Roll::from(1000, 20).people);
    deliver(&serving.site.inbox(), &more.files());
    let before = serving.status();
    serving.site.run(&["sync", "--dry-run"]).succeeded().tells(&["nothing published", "new              20 IDs"]);
    assert_eq!(serving.status(), before);
    let new = &more.people[210];
    assert!(serving.daemon.patron(&new.id, &new.pin()).refuses());
    serving.site.run(&["sync"]).succeeded();
    assert_eq!(serving.people(), 220);
    assert!(serving.daemon.patron(&new.id, &new.pin()).admits());
}

#[test]
fn a_rollback_serves_the_older_roster_and_no_schedule_publishes_over_it() {
    let serving = Serving::new();
    let mut more = serving.roll.clone();
    more.people.extend(Roll::from(1000, 20).people);
    let new = more.people[210].clone();
    deliver(&serving.site.inbox(), &more.files());
    serving.site.run(&["sync"]).succeeded();
    serving.site.run(&["roster", "rollback", "cms"]).succeeded().tells(&["serves", "200 people", "held"]);
    assert!(
        serving.daemon.patron(&new.id, &new.pin()).refuses(),
        "a running daemon takes it before the command returns"
    );
    serving.the_old_roster_serves();
    assert_eq!(serving.status()["cms"]["held"], true);

    // A schedule that is due each second, a bundle it has never seen, and another district's sync as the proof that the
    // schedule has come round.
    let site = &serving.site;
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"delete\"\nevery = \"1s\"");
    more.people.extend(Roll::from(2000, 20).people);
    deliver(&site.inbox(), &more.files());
    let beside = site.district("cms");
    site.write_district("other", &beside.replace("[0-9]{7}", "X[0-9]{7}").replace("/inbox/cms", "/inbox/other"));
    let x = |mut roll: Roll| {
        roll.people.iter_mut().for_each(|person| person.id.insert(0, 'X'));
        roll
    };
    for round in 1..=3 {
        deliver(&site.path("inbox/other"), &x(Roll::of(100 + round)).files());
        if round == 1 {
            site.run(&["reload"]).succeeded();
        }
        serving.daemon.wait_for_words(&format!("\"district\":\"other\",\"students\":{}", 100 + round));
    }
    assert_eq!((serving.people(), serving.status()["cms"]["held"].clone()), (200, true.into()));
    assert!(site.inbox().join("users.csv").exists(), "while a rollback holds, the inbox is left alone");

    site.run(&["sync", "cms"]).succeeded();
    assert_eq!((serving.people(), serving.status()["cms"]["held"].clone()), (240, false.into()));
    assert!(serving.daemon.patron(&new.id, &new.pin()).admits());
}

#[test]
fn a_rollback_to_the_newest_lifts_the_hold() {
    let serving = Serving::new();
    let newest = |serving: &Serving| serving.status()["cms"]["generations"][0]["id"].as_str().unwrap().to_owned();
    serving.site.run(&["sync"]).succeeded();
    serving.site.run(&["roster", "rollback", "cms"]).succeeded();
    assert_eq!(serving.status()["cms"]["held"], true);
    serving.site.run(&["roster", "rollback", "cms", &newest(&serving)]).succeeded();
    assert_eq!(serving.status()["cms"]["held"], false);
    serving.site.run(&["roster", "rollback", "cms", &"0".repeat(32)]).ended_with(65);
    serving.site.run(&["roster", "rollback", "cms", "yesterday"]).ended_with(64);
}

#[test]
fn files_are_deleted_or_archived_only_once_they_are_published() {
    for (after, archived) in [("delete", false), ("archive", true)] {
        let serving = Serving::new();
        let inbox = serving.site.inbox();
        serving.site.replace("districts/cms.toml", "after = \"keep\"", &format!("after = \"{after}\""));
        let half = Roll { people: serving.roll.people[..100].to_vec() };
        for deliver in [deliver, deliver_zip] {
            deliver(&inbox, &half.files());
            let lying = |inbox: &std::path::Path| {
                let files = fs::read_dir(inbox).unwrap().map(|entry| entry.unwrap());
                files.filter(|entry| entry.file_type().unwrap().is_file()).count()
            };
            let before = lying(&inbox);
            serving.site.run(&["sync"]).ended_with(65);
            serving.site.run(&["sync", "--dry-run"]).ended_with(65);
            assert_eq!(lying(&inbox), before, "{after}: a refused bundle stays for whoever looks into it");
            deliver(&inbox, &serving.roll.files());
            serving.site.run(&["sync"]).succeeded();
            assert_eq!(lying(&inbox), 0, "{after}");
            assert_eq!(inbox.join("archive").is_dir(), archived, "{after}");
            serving.site.run(&["sync"]).succeeded().tells(&["nothing new in the inbox"]);
        }
    }
}

#[test]
fn a_refused_file_is_not_read_again_by_the_schedule_until_it_changes() {
    let serving = Serving::new();
    let site = &serving.site;
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"delete\"\nevery = \"1s\"");
    let half = Roll { people: serving.roll.people[..100].to_vec() };
    deliver_zip(&site.inbox(), &half.files());
    site.run(&["reload"]).succeeded();
    serving.daemon.wait_for_words("sync_refused");
    let metric = "hallpass_syncs_refused_total{district=\"cms\"}";
    assert_eq!(serving.daemon.metric(metric), 1);
    serving.the_old_roster_serves();
    let mut more = serving.roll.clone();
    more.people.extend(Roll::from(1000, 20).people);
    deliver_zip(&site.inbox(), &more.files());
    serving.daemon.wait_for_words("\"students\":220");
    assert_eq!(serving.daemon.metric(metric), 1, "the same file is refused once");
}

#[test]
fn an_empty_inbox_is_nothing_to_do_and_without_a_roster_it_is_unavailable() {
    let site = Site::new();
    site.run(&["sync"]).ended_with(69).complains(&["inbox", "cms has no roster yet"]);
    deliver(&site.inbox(), &Roll::of(30).files());
    site.run(&["sync"]).succeeded();
    deliver(&site.inbox(), &[]);
    site.run(&["sync"]).succeeded().tells(&["nothing new in the inbox"]);
}

#[test]
fn the_first_roster_has_nobody_to_compare_with_and_is_guarded_all_the_same() {
    let site = Site::new();
    site.append("districts/cms.toml", "[source.guard]\nexpect-students = [1000, 2000]\n");
    deliver(&site.inbox(), &Roll::of(200).files());
    site.run(&["sync"]).ended_with(65).complains(&["200 students, where expect-students says 1000 to 2000"]);
    site.replace("districts/cms.toml", "[0-9]{7}", "[A-Z]{7}");
    site.run(&["sync"]).ended_with(65).complains(&["card.pattern"]);
}

#[test]
fn a_roster_whose_key_is_gone_is_an_outage_until_the_next_sync() {
    let Serving { site, daemon, roll } = Serving::new();
    drop(daemon);
    fs::remove_file(site.path("conf/hallpass.key")).unwrap();
    site.run(&["keygen"]).succeeded();
    // Nothing new in the inbox: a schedule has nothing to mend it with.
    deliver(&site.inbox(), &[]);
    let daemon = Daemon::start(&site);
    let log = daemon.log().join("\n");
    assert!(log.contains("which is not in the key file") && log.contains("\"district\":\"cms\""), "{log}");
    let student = &roll.people[0];
    for reply in [daemon.patron(&student.id, &student.pin()), daemon.patron(&student.id, &student.wrong_pin(1))] {
        assert!(reply.is_an_outage(), "{reply:?}");
    }
    let (status, body) = daemon.get("/readyz");
    assert!(status == 503 && body.contains("not in the key file"), "{status} {body}");
    site.run(&["roster", "status"]).succeeded().tells(&["cannot be served", "not in the key file"]);

    deliver(&site.inbox(), &roll.files());
    site.run(&["sync"]).succeeded().tells(&["key is gone: nothing was compared"]);
    let reply = daemon.patron(&student.id, &student.pin());
    assert!(reply.admits(), "the outage cost no attempt: {reply:?}");
    assert_eq!(daemon.get("/readyz").0, 200);
}
