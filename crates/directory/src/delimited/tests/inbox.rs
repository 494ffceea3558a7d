//! Which file a drop folder holds, and what becomes of it.

use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use super::*;
use crate::Cleared;

/// A file with one number, so old.
fn file(folder: &Path, name: &str, id: &str, hours: u64) {
    fs::write(folder.join(name), format!("id\n{id}\n")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 - hours * 3600);
    fs::File::options().write(true).open(folder.join(name)).unwrap().set_modified(time).unwrap();
}

fn id_in(path: &Path) -> String {
    battery::read(&mut *found(path, numbers()), &least()).unwrap().0[0].ids[0].clone()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_inbox_without_an_export_is_empty() {
    let inbox = inbox();
    for name in [".upload.csv", "students.xlsx", "students.csv.part", "csv"] {
        file(inbox.path(), name, "1", 0);
    }
    fs::create_dir(inbox.path().join("old.csv")).unwrap();
    assert!(find(inbox.path(), numbers()).unwrap().is_none());
    let gone = inbox.path().join("gone");
    assert!(matches!(find(&gone, numbers()), Err(Refusal::Unreadable { path, .. }) if path == gone));
    // A file that was taken and cleared away; of a folder that is not there nobody can say that it is empty.
    assert!(find(&inbox.path().join("students.csv"), numbers()).unwrap().is_none());
    let nowhere = gone.join("students.csv");
    assert!(matches!(find(&nowhere, numbers()), Err(Refusal::Unreadable { .. })));
}

#[test]
fn the_newest_file_is_taken() {
    let inbox = inbox();
    for (name, id, hours) in [("a.csv", "1", 5), ("b.TXT", "2", 3), ("c.tsv", "3", 4), ("d.bak", "4", 1)] {
        file(inbox.path(), name, id, hours);
    }
    assert_eq!(id_in(inbox.path()), "2");
    assert_eq!(find(inbox.path(), numbers()).unwrap().unwrap().superseded(), 2);
    assert_eq!(id_in(&inbox.path().join("d.bak")), "4", "a file can be named itself");
}

#[test]
fn refuses_a_link_in_the_inbox() {
    let (inbox, elsewhere) = (inbox(), inbox());
    file(elsewhere.path(), "other.csv", "1", 0);
    symlink(elsewhere.path().join("other.csv"), inbox.path().join("students.csv")).unwrap();
    let Err(Refusal::BadData(bad)) = find(inbox.path(), numbers()) else { panic!("refused") };
    assert_eq!((bad.file.as_str(), bad.fault), ("students.csv", Fault::SymbolicLink));
}

#[test]
fn deletes_or_archives_the_file_and_the_older_ones_it_supersedes() {
    let inbox = inbox();
    for delete in [true, false] {
        file(inbox.path(), "a.csv", "1", 2);
        file(inbox.path(), "b.txt", "2", 1);
        file(inbox.path(), "notes.doc", "3", 0);
        let source = found(inbox.path(), numbers());
        let cleared = if delete { source.delete() } else { source.archive() };
        assert_eq!(cleared.unwrap(), Cleared { files: 2, newer: 0 });
    }
    assert_eq!(names(inbox.path()), ["archive", "notes.doc"]);
    assert_eq!(names(&inbox.path().join("archive")), ["a.csv", "b.txt"]);
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_is_not_taken() {
    let inbox = inbox();
    file(inbox.path(), "a.csv", "1", 1);
    let mut source = found(inbox.path(), numbers());
    let result = source.read(&least(), &mut |_| file(inbox.path(), "a.csv", "22", 0));
    assert!(matches!(result, Err(Refusal::Replaced { .. })));
}

#[test]
fn a_fingerprint_knows_the_file_again_until_it_or_the_way_to_read_it_changes() {
    let inbox = inbox();
    file(inbox.path(), "a.csv", "1", 1);
    let print = |mapping: Mapping| found(inbox.path(), mapping).fingerprint().unwrap();
    let first = print(numbers());
    assert_eq!(print(numbers()), first);
    assert_ne!(print(mapping()), first);
    file(inbox.path(), "a.csv", "2", 1);
    assert_ne!(print(numbers()), first);
}

#[test]
fn a_look_at_a_growing_file_is_another_each_time() {
    let inbox = inbox();
    file(inbox.path(), "a.csv", "1", 1);
    let look = || found(inbox.path(), numbers()).look().unwrap();
    let first = look();
    assert_eq!((look(), first.bytes), (first, 5));
    // Whoever uploads may set the time of change back, as `file` does, but not that of this.
    assert!(first.changed > 1_700_000_000);
    file(inbox.path(), "a.csv", "12", 1);
    assert_eq!(look().bytes, 6);
}
