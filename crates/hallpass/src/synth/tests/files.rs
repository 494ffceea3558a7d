//! The files are whole, agree with one another and with the counts.

use std::io::Read as _;

use super::*;

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let synth = district(1000, Version::V1p2);
    let [first, again] = [(); 2].map(|()| Written::of(&synth));
    assert_eq!((&first.files, &first.answers), (&again.files, &again.answers));
    assert_eq!(archive_of(&synth), archive_of(&synth));
    let other = Written::of(&Synth { seed: 8, ..synth });
    for file in ["users.csv", "demographics.csv", "roles.csv"] {
        assert_ne!(first.files[file], other.files[file], "{file}");
    }
    assert_ne!(first.answers, other.answers);
}

#[test]
fn the_archive_holds_the_same_files_at_its_root() {
    let synth = district(1000, Version::V1p2);
    let mut archive = zip::ZipArchive::new(io::Cursor::new(archive_of(&synth))).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().unwrap().into_owned(), text);
    }
    assert_eq!(files, Written::of(&synth).files);
}

#[test]
fn the_counts_are_those_of_the_files() {
    let synth = district(10_000, Version::V1p2);
    let written = Written::of(&synth);
    let expected = Counts {
        students: 10_005,
        teachers: 980,
        other_staff: 20,
        guardians: 100,
        disabled: 110,
        two_schools: 200,
        ambiguous: 5,
        undated: 5,
        users: 11_305,
        answers: written.answers.lines().count() as u64,
    };
    assert_eq!(written.counts, expected);
    for file in ["users.csv", "demographics.csv", "roles.csv"] {
        assert_eq!(written.rows(file).len() as u64, expected.users, "{file}");
    }
    assert_eq!(synth.rows().unwrap(), 3 * expected.users);
}

#[test]
fn every_row_has_its_own_source_id_and_is_found_in_the_other_files() {
    let written = Written::of(&district(4000, Version::V1p2));
    let ids = |file: &str, column: &str| -> BTreeSet<String> {
        let rows = written.rows(file);
        let ids: BTreeSet<String> = rows.iter().map(|row| row[column].clone()).collect();
        assert_eq!(ids.len(), rows.len(), "{file}");
        ids
    };
    let users = ids("users.csv", "sourcedId");
    assert_eq!(ids("demographics.csv", "sourcedId"), users);
    assert_eq!(ids("roles.csv", "userSourcedId"), users);
    let orgs = ids("orgs.csv", "sourcedId");
    assert!(written.rows("roles.csv").iter().all(|row| orgs.contains(&row["orgSourcedId"])));
    let agents: Vec<_> =
        written.rows("users.csv").into_iter().map(|mut row| row.remove("agentSourcedIds").unwrap()).collect();
    assert_eq!(agents.iter().filter(|agent| !agent.is_empty()).count(), 80);
    assert!(agents.iter().all(|agent| agent.is_empty() || users.contains(agent)));
}

#[test]
fn names_with_commas_and_quotation_marks_read_back() {
    let written = Written::of(&district(2000, Version::V1p1));
    assert!(written.files["users.csv"].contains(r#""Davis, Jr.""#));
    let rows = written.rows("users.csv");
    let names: BTreeSet<&str> = rows.iter().flat_map(|row| [&*row["givenName"], &*row["familyName"]]).collect();
    let listed: BTreeSet<&str> = names::GIVEN.iter().chain(&names::FAMILY).map(|(name, _)| *name).collect();
    assert_eq!(names, listed);
}

#[test]
fn each_version_has_its_own_columns_and_files() {
    let [old, new] = [Version::V1p1, Version::V1p2].map(|version| Written::of(&district(100, version)));
    let columns = |written: &Written| written.files["users.csv"].lines().next().unwrap().split(',').count();
    assert_eq!((columns(&old), columns(&new)), (18, 22));
    let names = |written: &Written| written.files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&old), ["demographics.csv", "manifest.csv", "orgs.csv", "users.csv"]);
    assert_eq!(names(&new), ["demographics.csv", "manifest.csv", "orgs.csv", "roles.csv", "users.csv"]);
    for (written, files, number) in [(&old, 13, "1.1"), (&new, 21, "1.2")] {
        let manifest = written.rows("manifest.csv");
        let said: HashMap<&str, &str> = manifest.iter().map(|row| (&*row["propertyName"], &*row["value"])).collect();
        assert_eq!(said["oneroster.version"], number);
        assert_eq!(said.keys().filter(|name| name.starts_with("file.")).count(), files);
        let bulk: Vec<String> =
            said.iter().filter(|(_, value)| **value == "bulk").map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(bulk.len() + 1, written.files.len());
        assert!(
            bulk.iter().all(|name| written.files.contains_key(&format!("{}.csv", name.strip_prefix("file.").unwrap())))
        );
    }
}

#[test]
fn the_smallest_districts_can_be_written_and_an_empty_one_is_refused() {
    let synth = district(1, Version::V1p2);
    assert_eq!(Written::of(&Synth { schools: 1, ..synth.clone() }).counts.users, 2);
    assert_eq!(Written::of(&Synth { students: 0, staff: 1, schools: 1, ..synth.clone() }).counts.users, 1);
    assert_eq!(Written::of(&Synth { students: 3000, schools: 1, ..synth.clone() }).counts.two_schools, 0);
    assert!(Synth { students: 0, staff: 0, ..synth.clone() }.rows().is_err());
    assert!(Synth { schools: 0, ..synth }.rows().is_err());
}

#[test]
fn nothing_is_overwritten() {
    let folder = TempDir::new().unwrap();
    for packing in [Packing::Folder, Packing::Zip] {
        let write = || district(10, Version::V1p1).write(folder.path(), packing, None, &mut |_| {});
        write().unwrap();
        assert_eq!(write().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}

#[test]
fn progress_rises_to_the_rows_that_were_announced() {
    let folder = TempDir::new().unwrap();
    let synth = district(10_000, Version::V1p1);
    let mut told = Vec::new();
    synth.write(folder.path(), Packing::Folder, None, &mut |rows| told.push(rows)).unwrap();
    assert!(told.is_sorted());
    assert_eq!(told.last(), Some(&synth.rows().unwrap()));
}

fn archive_of(synth: &Synth) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    synth.write(folder.path(), Packing::Zip, None, &mut |_| {}).unwrap();
    fs::read(folder.path().join(ARCHIVE)).unwrap()
}
