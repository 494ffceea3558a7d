//! Which bundle a folder holds.

use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use super::*;
use crate::battery::{ADA, Given, least};

/// A zip of one person with this ID, so old.
fn zip(folder: &Path, name: &str, id: &'static str, hours: u64) {
    let path = folder.join(name);
    fs::write(&path, pack(&v1p1(&[Given { id, ..ADA }]))).unwrap();
    age(&path, hours);
}

fn age(path: &Path, hours: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 - hours * 3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn id_in(folder: &Path) -> String {
    battery::read(&mut *found(folder), &least()).unwrap().0[0].ids[0].clone()
}

#[test]
fn an_empty_inbox_is_no_error() {
    let inbox = inbox();
    fs::write(inbox.path().join("README.txt"), "").unwrap();
    fs::write(inbox.path().join(".upload.zip"), "").unwrap();
    fs::create_dir(inbox.path().join("archive")).unwrap();
    zip(&inbox.path().join("archive"), "old.zip", "1", 0);
    assert!(find(inbox.path()).unwrap().is_none());
}

#[test]
fn a_missing_inbox_is_the_sysadmins() {
    let gone = inbox().path().join("gone");
    assert!(matches!(find(&gone), Err(Refusal::Unreadable { path, .. }) if path == gone));
}

#[test]
fn csv_files_with_other_names_are_a_misnamed_bundle() {
    let files = vec![("students.csv", b"id\n1\n".to_vec())];
    assert_eq!(refused(&files, &least()), ("users.csv".into(), None, Fault::Missing));
}

#[test]
fn the_newest_zip_is_taken() {
    let inbox = inbox();
    zip(inbox.path(), "b.zip", "1", 5);
    zip(inbox.path(), "a.ZIP", "2", 3);
    zip(inbox.path(), "c.zip", "3", 4);
    assert_eq!(id_in(inbox.path()), "2");
    assert_eq!(find(inbox.path()).unwrap().unwrap().superseded(), 2);
}

#[test]
fn a_zip_can_be_named_itself() {
    let inbox = inbox();
    zip(inbox.path(), "a.zip", "1", 5);
    zip(inbox.path(), "b.zip", "2", 3);
    assert_eq!(id_in(&inbox.path().join("a.zip")), "1");
}

#[test]
fn of_zips_and_loose_files_the_younger_are_taken() {
    let inbox = inbox();
    let files = v1p1(&[Given { id: "9", ..ADA }]);
    write(inbox.path(), &files);
    files.iter().for_each(|(name, _)| age(&inbox.path().join(name), 4));
    zip(inbox.path(), "old.zip", "1", 5);
    assert_eq!(id_in(inbox.path()), "9");
    zip(inbox.path(), "new.zip", "2", 3);
    assert_eq!(id_in(inbox.path()), "2");
}

#[test]
fn refuses_a_link_in_the_inbox() {
    let (inbox, elsewhere) = (inbox(), inbox());
    zip(elsewhere.path(), "other.zip", "1", 0);
    symlink(elsewhere.path().join("other.zip"), inbox.path().join("bundle.zip")).unwrap();
    let Err(Refusal::BadData(bad)) = find(inbox.path()) else { panic!("refused") };
    assert_eq!((bad.file.as_str(), bad.fault), ("bundle.zip", Fault::SymbolicLink));
}

#[test]
fn a_fingerprint_knows_the_file_again_and_no_other() {
    let inbox = inbox();
    zip(inbox.path(), "a.zip", "1", 1);
    let print = || found(inbox.path()).fingerprint().unwrap();
    let first = print();
    assert_eq!(print(), first);
    zip(inbox.path(), "a.zip", "2", 1);
    let content = print();
    age(&inbox.path().join("a.zip"), 2);
    let time = print();
    assert!(first != content && content != time && first != time);
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_is_not_taken() {
    let inbox = inbox();
    zip(inbox.path(), "a.zip", "1", 1);
    let mut source = found(inbox.path());
    let result = source.read(&least(), &mut |_| zip(inbox.path(), "a.zip", "2", 0));
    assert!(matches!(result, Err(Refusal::Replaced { .. })));
}
