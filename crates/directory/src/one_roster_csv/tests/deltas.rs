//! Bundles that hold changes only, and which of several in a folder is next.

use std::time::{Duration, SystemTime};

use patron::SchoolIndex;

use super::*;
use crate::battery::{ADA, all};
use crate::{Before, Change, Extent, RoleSource, School, What};

/// A manifest that says this of each file.
fn saying(version: &str, said: &str) -> Vec<u8> {
    let mut manifest = format!("propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n");
    for pair in said.split(' ') {
        let (file, what) = pair.split_once('=').unwrap();
        manifest += &format!("file.{file},{what}\n");
    }
    manifest.into()
}

fn extent(files: &Files) -> Extent {
    let inbox = inbox();
    write(inbox.path(), files);
    find_next(inbox.path(), &[]).unwrap().unwrap().0.extent()
}

fn changes(files: &Files) -> Result<(Vec<Change>, Reading), Refusal> {
    let school = |id: &str| School { source_id: id.into(), name: "Old Name".into(), identifier: None };
    let before = Before { schools: vec![school("gone"), school("s1")], others: vec!["d1".into()], since: 0 };
    let inbox = inbox();
    write(inbox.path(), files);
    let (mut bundle, _) = find_next(inbox.path(), &[]).unwrap().unwrap();
    assert_eq!(bundle.extent(), Extent::Changes);
    let mut changes = Vec::new();
    let reading = bundle.changes(&Wanted { records: true, ..all() }, &before, &mut |change| changes.push(change))?;
    Ok((changes, reading.unwrap()))
}

const DELTA: &str = "users=delta orgs=delta demographics=delta";

#[test]
fn the_manifest_says_whether_a_bundle_is_whole() {
    let with_manifest = |said: &str| with(v1p1(&[ADA]), "manifest.csv", saying("1.1", said));
    assert_eq!(extent(&v1p1(&[ADA])), Extent::Whole);
    assert_eq!(extent(&with_manifest(DELTA)), Extent::Changes);
    assert_eq!(extent(&with_manifest("users=DELTA")), Extent::Changes);
    // The people decide, and users.csv that is there is no delta that nobody calls one.
    assert_eq!(extent(&with_manifest("users=bulk demographics=delta")), Extent::Whole);
    assert_eq!(extent(&with_manifest("users=absent demographics=delta")), Extent::Whole);
    assert_eq!(extent(&without(v1p1(&[ADA]), "manifest.csv")), Extent::Whole);
    let of_births = without(with_manifest("users=absent demographics=delta"), "users.csv");
    assert_eq!(extent(&of_births), Extent::Changes);
    // A manifest alone says that nothing changed; one that promises what is not there does not.
    assert_eq!(extent(&vec![("manifest.csv", saying("1.1", "users=absent orgs=absent"))]), Extent::Changes);
    assert_eq!(extent(&vec![("manifest.csv", saying("1.1", "users=bulk"))]), Extent::Whole);
    assert_eq!(extent(&vec![("manifest.csv", b"nonsense".to_vec())]), Extent::Whole);
}

#[test]
fn a_bulk_of_people_beside_a_delta_of_birth_dates_is_refused() {
    let files = with(v1p1(&[ADA]), "manifest.csv", saying("1.1", "users=bulk orgs=bulk demographics=delta"));
    assert_eq!(refused(&files, &all()), ("demographics.csv".into(), None, Fault::Delta));
}

#[test]
fn each_row_is_one_change_and_what_cannot_be_read_is_gone() {
    let users = format!(
        "{USERS_1P1}\n\
         u1,active,2026-11-22T00:00:00Z,true,\"s1,d1,s9\",student,,,A,B,,7,,,,,07,,0423\n\
         u2,tobedeleted,2026-11-22T00:00:00Z\n\
         u3,active,,perhaps,s1,student,,,A,B,,8,,,,,07,,\n\
         u4,active,,true,s1,guardian,,,A,B,,9,,,,,,,\n\
         ,active,,true,s1,student,,,A,B,,10,,,,,,,\n"
    );
    let births = "sourcedId,status,dateLastModified,birthDate\nu1,active,2026-11-23T00:00:00Z,2012-04-23\n\
                  u2,tobedeleted\nu5,active,,1/2/2012\n";
    let orgs = "sourcedId,status,dateLastModified,name,type,identifier\ns1,active,,New Name,school,\n";
    let files = vec![
        ("manifest.csv", saying("1.1", DELTA)),
        ("users.csv", users.into_bytes()),
        ("demographics.csv", births.into()),
        ("orgs.csv", orgs.into()),
    ];
    let (changes, reading) = changes(&files).unwrap();
    let keys: Vec<&str> = changes.iter().map(|change| change.source_id.as_str()).collect();
    assert_eq!(keys, ["u1", "u2", "u3", "u4", "u1", "u2", "u5"]);
    let What::Is(person) = &changes[0].what else { panic!("a person") };
    // A district is no school, known places go on, and a new school comes last.
    assert_eq!(person.student.schools, [SchoolIndex(1), SchoolIndex(2)]);
    let schools: Vec<&str> = reading.schools.iter().map(|school| school.name.as_str()).collect();
    assert_eq!((schools, &reading.others[..]), (vec!["Old Name", "New Name", ""], &["d1".to_owned()][..]));
    assert_eq!((changes[0].modified, reading.newest), (1_795_305_600_000, 1_795_392_000_000));
    assert!(changes[1..4].iter().all(|change| matches!(change.what, What::Gone)));
    assert!(matches!(changes[4].what, What::Born(Some(_))));
    assert!(changes[5..].iter().all(|change| matches!(change.what, What::Born(None))));
    assert_eq!((reading.undecodable.count, reading.never_stored, reading.withdrawn), (2, 1, 1));
    assert!(oddities(&reading).iter().all(|(_, oddity)| *oddity != Oddity::Withdrawn), "{:?}", reading.warnings);
}

#[test]
fn roles_of_1_2_are_changes_of_their_own_and_may_be_gone_by_their_key_alone() {
    let users = format!("{USERS_1P2}\nu1,active,,true,,,A,B,,7,,,,,07,,\n");
    let roles = format!(
        "{ROLES}\nr1,active,,u1,primary,student,,,s1,\nr2,tobedeleted\nr3,active,,,primary,student,,,s1,\nr4,gone,,u1,,,,,,\n"
    );
    let manifest = saying("1.2", "users=delta roles=delta orgs=absent demographics=absent");
    let files = vec![("manifest.csv", manifest), ("users.csv", users.into_bytes()), ("roles.csv", roles.into_bytes())];
    let (changes, reading) = changes(&files).unwrap();
    let What::Is(person) = &changes[0].what else { panic!("a person") };
    assert_eq!(person.record.as_ref().unwrap().roles, RoleSource::Unsaid);
    assert!(matches!(changes[1].what, What::Role(_)) && changes[1].source_id == "u1");
    assert!(matches!(changes[2].what, What::RoleGone(_)) && changes[2].source_id.is_empty());
    assert_eq!((changes.len(), reading.undecodable.count, reading.roles_whole), (3, 2, false));
    let bulk = with(files, "manifest.csv", saying("1.2", "users=delta roles=bulk"));
    assert!(super::deltas::changes(&bulk).unwrap().1.roles_whole);
}

#[test]
fn a_delta_that_promises_a_file_that_is_missing_is_refused() {
    let files = without(with(v1p1(&[ADA]), "manifest.csv", saying("1.1", DELTA)), "demographics.csv");
    assert_eq!(bad(changes(&files)).fault, Fault::Promised);
    let files = with(v1p2(&[ADA]), "manifest.csv", saying("1.1", "users=delta"));
    assert!(matches!(bad(changes(&files)).fault, Fault::Contradiction { .. }));
}

#[test]
fn the_next_bundle_is_the_newest_whole_one_and_then_the_deltas_in_their_order() {
    let inbox = inbox();
    let put = |name: &str, seconds: u64, files: &Files| {
        let path = inbox.path().join(name);
        fs::write(&path, pack(files)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    let delta = with(v1p1(&[ADA]), "manifest.csv", saying("1.1", DELTA));
    put("e.zip", 1, &delta);
    put("d.zip", 2, &v1p1(&[ADA]));
    put("a.zip", 3, &delta);
    put("c.zip", 4, &delta);
    let mut applied = Vec::new();
    for (name, follow, superseded) in [("d.zip", 2, 1), ("a.zip", 1, 0), ("c.zip", 0, 0)] {
        let (bundle, after) = find_next(inbox.path(), &applied).unwrap().unwrap();
        assert_eq!(
            (bundle.path().file_name().unwrap().to_str(), after, bundle.superseded()),
            (Some(name), follow, superseded)
        );
        applied.push(bundle.fingerprint().unwrap().to_string());
    }
    assert!(find_next(inbox.path(), &applied).unwrap().is_none());
    // Where the whole one is to be cleared away, the deltas after it stay.
    let whole = Box::new(find_next(inbox.path(), &[]).unwrap().unwrap().0);
    whole.delete().unwrap();
    let mut left: Vec<_> = fs::read_dir(inbox.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.zip", "c.zip"]);
}
