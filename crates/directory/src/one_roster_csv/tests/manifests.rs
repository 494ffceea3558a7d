//! What the manifest says, and what then is there.

use super::*;
use crate::battery::{ADA, all, least};

fn saying(files: Files, version: &str, has: &str) -> Files {
    with(files, "manifest.csv", manifest(version, has))
}

#[test]
fn a_bundle_without_a_manifest_is_taken_with_a_warning() {
    for files in [v1p1(&[ADA]), v1p2(&[ADA])] {
        let (people, reading) = read(&without(files, "manifest.csv"), &all()).unwrap();
        assert_eq!((people.len(), oddities(&reading)), (1, vec![("manifest.csv", Oddity::NoManifest)]));
    }
}

#[test]
fn refuses_a_needed_file_that_is_promised_and_missing() {
    for (name, files) in [("users.csv", v1p1(&[ADA])), ("roles.csv", v1p2(&[ADA])), ("demographics.csv", v1p1(&[ADA]))]
    {
        assert_eq!(refused(&without(files, name), &all()), (name.into(), None, Fault::Promised));
    }
}

#[test]
fn refuses_a_needed_file_that_is_missing_without_a_promise() {
    let files = saying(without(v1p1(&[ADA]), "demographics.csv"), "1.1", "users orgs");
    assert_eq!(refused(&files, &all()), ("demographics.csv".into(), None, Fault::Missing));
    assert_eq!(read(&files, &least()).unwrap().0.len(), 1);
    let files = saying(without(v1p2(&[ADA]), "roles.csv"), "1.2", "users orgs demographics");
    assert_eq!(refused(&files, &all()), ("roles.csv".into(), None, Fault::Missing));
    let only_manifest = vec![("manifest.csv", manifest("1.1", "classes"))];
    assert_eq!(refused(&only_manifest, &least()), ("users.csv".into(), None, Fault::Missing));
}

#[test]
fn refuses_a_delta_only_of_a_needed_file() {
    let files = v1p1(&[ADA]);
    let delta = String::from_utf8(files[0].1.clone()).unwrap().replace("demographics,bulk", "demographics,delta");
    let files = with(files, "manifest.csv", delta);
    assert_eq!(refused(&files, &all()), ("demographics.csv".into(), None, Fault::Delta));
    assert_eq!(read(&files, &least()).unwrap().0.len(), 1);
}

#[test]
fn refuses_a_version_that_the_columns_contradict() {
    let is_contradiction = |files| {
        let (file, _, fault) = refused(&files, &least());
        assert!(file == "manifest.csv" && matches!(fault, Fault::Contradiction { .. }), "{file} {fault}");
    };
    is_contradiction(saying(v1p1(&[ADA]), "1.2", "users orgs demographics"));
    is_contradiction(saying(without(v1p2(&[ADA]), "roles.csv"), "1.1", "users orgs demographics"));
    is_contradiction(saying(v1p2(&[ADA]), "1.1", "users orgs demographics roles"));
}

#[test]
fn refuses_a_version_it_does_not_know() {
    for version in ["2.0", "", "1.20"] {
        let files = saying(v1p1(&[ADA]), version, "users orgs demographics");
        assert_eq!(refused(&files, &least()), ("manifest.csv".into(), None, Fault::Version), "{version}");
    }
}

#[test]
fn otherwise_the_data_wins_with_a_warning() {
    let (people, reading) = read(&saying(v1p1(&[ADA]), "1.1", "users orgs"), &all()).unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(oddities(&reading), [("demographics.csv", Oddity::ManifestDiffers)]);
}

#[test]
fn roles_csv_wins_over_a_column_of_users_in_1p2_and_loses_in_1p1() {
    let (_, roles) = v1p2(&[battery::Given { role: "teacher", ..ADA }]).swap_remove(3);
    let both = with(v1p1(&[ADA]), "roles.csv", roles);
    let (people, reading) = read(&saying(both.clone(), "1.2", "users orgs roles"), &least()).unwrap();
    assert_eq!(people[0].student.role, patron::Role::Teacher);
    assert_eq!(oddities(&reading), [("users.csv", Oddity::RolesTwice)]);
    let (people, reading) = read(&saying(both, "1.1", "users orgs roles"), &least()).unwrap();
    assert_eq!(people[0].student.role, patron::Role::Student);
    assert_eq!(oddities(&reading), [("roles.csv", Oddity::RolesTwice)]);
}

#[test]
fn the_status_of_a_bulk_file_is_heeded_with_a_warning() {
    let status = |status: &str| {
        let text = format!(
            "sourcedId,status,enabledUser,orgSourcedIds,role,identifier,grades\nu,,true,s1,student,7,\nu,{status},true,s1,student,8,\n"
        );
        read(&with(v1p1(&[ADA]), "users.csv", text), &least()).unwrap()
    };
    for word in ["tobedeleted", "inactive"] {
        let (people, reading) = status(word);
        assert_eq!((people.len(), reading.withdrawn, reading.rows), (1, 1, 2));
        assert_eq!(oddities(&reading), [("users.csv", Oddity::Withdrawn)]);
    }
    assert_eq!(status("active").0.len(), 2);
    let (people, reading) = status("gone");
    assert_eq!((people.len(), reading.undecodable.count), (1, 1));
}
