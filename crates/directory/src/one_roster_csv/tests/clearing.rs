//! What is removed after publishing, and what is not.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::Cleared;
use crate::battery::ADA;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn deletes_the_zip_and_the_older_ones_it_supersedes() {
    // An older one left behind would be the newest at the next sync and bring yesterday back.
    let inbox = inbox();
    for name in ["a.zip", "b.zip", "c.zip"] {
        fs::write(inbox.path().join(name), pack(&v1p1(&[ADA]))).unwrap();
    }
    fs::write(inbox.path().join("README.txt"), "").unwrap();
    assert_eq!(found(inbox.path()).delete().unwrap(), Cleared { files: 3, newer: 0 });
    assert_eq!(names(inbox.path()), ["README.txt"]);
}

#[test]
fn deletes_every_file_of_a_loose_bundle_and_no_other() {
    let inbox = inbox();
    let files = with(v1p1(&[ADA]), "Enrollments.csv", "x");
    let source = loose(inbox.path(), &with(files, "notes.csv", "x"));
    assert_eq!(source.delete().unwrap().files, 5);
    assert_eq!(names(inbox.path()), ["notes.csv"]);
}

#[test]
fn leaves_a_file_that_was_replaced_since() {
    let inbox = inbox();
    let source = zipped(inbox.path(), &v1p1(&[ADA]));
    fs::write(inbox.path().join("bundle.zip"), "another, longer or shorter").unwrap();
    fs::write(inbox.path().join("newer.zip"), "x").unwrap();
    assert_eq!(source.delete().unwrap(), Cleared { files: 0, newer: 1 });
    assert_eq!(names(inbox.path()), ["bundle.zip", "newer.zip"]);
}

#[test]
fn archives_with_nobody_else_to_read_and_is_not_found_there() {
    let inbox = inbox();
    for _ in 0..2 {
        assert_eq!(zipped(inbox.path(), &v1p1(&[ADA])).archive().unwrap().files, 1);
        assert!(find(inbox.path()).unwrap().is_none());
    }
    let archive = inbox.path().join("archive");
    assert_eq!(names(&archive), ["bundle-2.zip", "bundle.zip"]);
    assert_eq!((mode(&archive), mode(&archive.join("bundle.zip"))), (0o700, 0o600));
}

#[test]
fn archives_the_files_of_a_bundle_under_one_number() {
    let inbox = inbox();
    loose(inbox.path(), &without(v1p1(&[ADA]), "demographics.csv")).archive().unwrap();
    loose(inbox.path(), &v1p1(&[ADA])).archive().unwrap();
    let archive = inbox.path().join("archive");
    assert!(names(&archive).contains(&"demographics-2.csv".to_owned()));
    assert_eq!(names(&archive).len(), 7);
}

#[test]
fn does_not_archive_through_a_link() {
    let (inbox, elsewhere) = (inbox(), inbox());
    symlink(elsewhere.path(), inbox.path().join("archive")).unwrap();
    assert!(matches!(zipped(inbox.path(), &v1p1(&[ADA])).archive(), Err(Refusal::Unreadable { .. })));
    assert_eq!(names(elsewhere.path()), [""; 0]);
}
