//! What is refused, and with which words.

use std::fs;
use std::process::Command;

use hallpass_tests::{Roll, Site, deliver, deliver_zip};

use crate::{Files, Serving};

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
fn refuses_a_file_with_each_row_twice() {
    let serving = Serving::new();
    let twice = |bytes: Vec<u8>| {
        let rows: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        [&rows[..], &rows[1..]].concat().concat()
    };
    serving.refuses_files(
        &serving.with("users.csv", twice),
        &["200 rows repeat somebody who is there already, beside 200 people", "one export twice in a file?"],
    );
}

#[test]
fn refuses_each_id_twice_with_other_birth_dates() {
    let serving = Serving::new();
    let mut double = serving.roll.clone();
    double.people.extend(serving.changed(|person| person.born = Some((1999, 9, 9))).people);
    serving.refuses_roll(&double, &["200 of 200 IDs are two people's now", "an old and a new export in one file"]);
    double.people.truncate(211);
    serving.refuses_roll(&double, &["11 of 200 IDs are two people's now", "(max-pin-changed)"]);
}

#[test]
fn refuses_birth_dates_of_which_half_are_missing() {
    let serving = Serving::new();
    let half = |bytes: Vec<u8>| bytes.split_inclusive(|byte| *byte == b'\n').take(101).flatten().copied().collect();
    serving.refuses_files(
        &serving.with("demographics.csv", half),
        &["100 of 200 PINs are gone or changed (max-pin-changed)", "cut short"],
    );
}

#[test]
fn refuses_a_bundle_without_one_of_the_schools_and_names_it() {
    let serving = Serving::new();
    let (site, all) = (&serving.site, with_a_second_school(serving.roll.files()));
    deliver(&site.inbox(), &all);
    site.run(&["sync"]).succeeded();
    let without = |files: &Files, school: &str| -> Files {
        let lines = |bytes: &[u8]| -> Vec<u8> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.split_inclusive('\n').filter(|line| !line.contains(school)).collect::<String>().into_bytes()
        };
        files.iter().map(|(name, bytes)| (*name, lines(bytes))).collect()
    };
    serving.refuses_files(
        &without(&all, "school-2"),
        &[
            "of 30 people at Second School (school-2) 0 are left, and 30 of them are nowhere in the roster",
            "If the school is closed, `--force` publishes",
        ],
    );
    let theirs = &serving.roll.people[199];
    assert!(serving.daemon.patron(&theirs.id, &theirs.pin()).admits(), "who is at the missing school is served on");
    // It closes, and its people are at the other one from then on.
    deliver(&site.inbox(), &serving.roll.files());
    site.run(&["sync"]).succeeded();
    assert!(serving.daemon.patron(&theirs.id, &theirs.pin()).admits());
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
fn the_first_roster_has_nobody_to_compare_with_and_is_guarded_all_the_same() {
    let site = Site::new();
    site.append("districts/cms.toml", "[source.guard]\nexpect-students = [1000, 2000]\n");
    deliver(&site.inbox(), &Roll::of(200).files());
    site.run(&["sync"]).ended_with(65).complains(&["200 students, where expect-students says 1000 to 2000"]);
    site.replace("districts/cms.toml", "[0-9]{7}", "[A-Z]{7}");
    site.run(&["sync"]).ended_with(65).complains(&["card.pattern"]);
}

#[test]
fn what_is_no_file_in_the_inbox_is_neither_waited_for_nor_followed() {
    let serving = Serving::new();
    let inbox = serving.site.inbox();
    deliver(&inbox, &serving.roll.files());
    fs::rename(inbox.join("users.csv"), serving.site.path("elsewhere.csv")).unwrap();
    std::os::unix::fs::symlink(serving.site.path("elsewhere.csv"), inbox.join("users.csv")).unwrap();
    serving.refuses(&["users.csv", "a symbolic link"]);
    // A pipe that nobody writes to would be waited for for ever.
    deliver(&inbox, &[]);
    let pipe = |name: &str| assert!(Command::new("mkfifo").arg(inbox.join(name)).status().unwrap().success());
    pipe("bundle.zip");
    pipe("users.csv");
    serving.site.run(&["sync"]).succeeded().tells(&["nothing new in the inbox"]);
    serving.the_old_roster_serves();
}

/// The last 30 people are at a school of their own.
fn with_a_second_school(mut files: Files) -> Files {
    for (name, bytes) in &mut files {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
        let moved = |(number, line): (usize, &str)| match number > 170 {
            true => line.replace("school-1", "school-2"),
            false => line.to_owned(),
        };
        *bytes = match *name {
            "users.csv" => text.split_inclusive('\n').enumerate().map(moved).collect::<String>().into_bytes(),
            "orgs.csv" => (text + "school-2,,,Second School,school,00002,\r\n").into_bytes(),
            _ => text.into_bytes(),
        };
    }
    files
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
