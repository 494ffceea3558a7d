//! Archives that must not be taken.

use zip::unstable::write::FileOptionsExt as _;

use super::*;
use crate::battery::{ADA, all, least};
use crate::one_roster_csv::MOST_TIMES;

fn refused(zip: Vec<u8>) -> (String, Fault) {
    let inbox = inbox();
    fs::write(inbox.path().join("bundle.zip"), zip).unwrap();
    let BadData { file, fault, .. } = bad(battery::read(&mut *found(inbox.path()), &all()));
    (file, fault)
}

fn empty() -> ZipWriter<Cursor<Vec<u8>>> {
    ZipWriter::new(Cursor::new(Vec::new()))
}

#[test]
fn refuses_a_zip_whose_member_climbs_out() {
    for path in ["../users.csv", "/users.csv", "bundle/users.csv", "..\\users.csv", "C:\\users.csv", "a/../users.csv"] {
        let mut files = without(v1p1(&[ADA]), "users.csv");
        files.push((path, b"sourcedId\n".to_vec()));
        assert_eq!(refused(pack(&files)), ("users.csv".into(), Fault::Path), "{path}");
    }
}

#[test]
fn a_member_that_is_not_needed_may_be_anywhere() {
    let mut files = v1p1(&[ADA]);
    files.extend([("../classes.csv", vec![]), ("__MACOSX/users.csv", vec![0]), ("__MACOSX/._users.csv", vec![0])]);
    let inbox = inbox();
    let (people, reading) = battery::read(&mut *zipped(inbox.path(), &files), &all()).unwrap();
    assert_eq!((people.len(), reading.warnings), (1, vec![]));
}

#[test]
fn refuses_a_member_that_is_a_symbolic_link() {
    let mut zip = empty();
    zip.add_symlink("users.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert_eq!(refused(zip.finish().unwrap().into_inner()), ("users.csv".into(), Fault::SymbolicLink));
}

#[test]
fn refuses_an_encrypted_archive() {
    let mut zip = empty();
    let options = SimpleFileOptions::default().with_deprecated_encryption(b"secret").unwrap();
    zip.start_file("users.csv", options).unwrap();
    zip.write_all(b"sourcedId\n").unwrap();
    assert_eq!(refused(zip.finish().unwrap().into_inner()), ("users.csv".into(), Fault::Encrypted));
}

#[test]
fn refuses_the_same_file_twice_in_any_letter_case() {
    let mut files = v1p1(&[ADA]);
    files.push(("Users.csv", b"sourcedId\n".to_vec()));
    assert_eq!(refused(pack(&files)), ("users.csv".into(), Fault::Twice));

    // No writer makes two members of one name; renamed in place, one does.
    let mut files = v1p1(&[ADA]);
    files.push(("Zsers.csv", b"sourcedId\n".to_vec()));
    let mut zip = pack(&files);
    for at in 0..zip.len() - 9 {
        if &zip[at..at + 9] == b"Zsers.csv" {
            zip[at] = b'u';
        }
    }
    assert_eq!(refused(zip), ("bundle.zip".into(), Fault::Twice));
}

#[test]
fn a_name_in_another_letter_case_is_taken_with_a_warning() {
    let (_, users) = v1p1(&[ADA]).swap_remove(1);
    let files = with(without(v1p1(&[ADA]), "users.csv"), "Users.CSV", users);
    for source in [loose, zipped] {
        let inbox = inbox();
        let (people, reading) = battery::read(&mut *source(inbox.path(), &files), &least()).unwrap();
        assert_eq!((people.len(), oddities(&reading)), (1, vec![("users.csv", Oddity::NameCase)]));
    }
}

#[test]
fn refuses_a_zip_bomb_while_it_unpacks() {
    // 64 MiB in rows of 1 KiB, which pack a thousandfold.
    let row = format!("{}\n", ",".repeat(1023));
    let bomb = format!("{USERS_1P1}\n{}", row.repeat(64 << 10));
    let zip = pack(&with(v1p1(&[ADA]), "users.csv", bomb));
    assert!(zip.len() < (64 << 20) / MOST_TIMES as usize);
    assert_eq!(refused(zip), ("users.csv".into(), Fault::Ratio { limit: MOST_TIMES }));
}

#[test]
fn a_header_that_lies_about_its_size_lifts_no_limit() {
    let mut bomb = format!("{USERS_1P1}\n").into_bytes();
    bomb.resize(64 << 20, b',');
    let mut zip = pack(&vec![("users.csv", bomb), ("manifest.csv", manifest("1.1", "users"))]);
    // Both sizes of the first entry of the central directory: 20 and 24 bytes into it.
    let entry = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    zip[entry + 20..entry + 24].copy_from_slice(&(1u32 << 30).to_le_bytes());
    zip[entry + 24..entry + 28].copy_from_slice(&100u32.to_le_bytes());
    let (file, fault) = refused(zip);
    assert_eq!(file, "users.csv");
    assert!(matches!(fault, Fault::RowTooLong | Fault::Ratio { .. } | Fault::Damaged | Fault::Archive), "{fault:?}");
}

#[test]
fn refuses_an_archive_that_was_cut_short_or_damaged() {
    let whole = pack(&v1p1(&[ADA]));
    assert_eq!(refused(whole[..whole.len() / 2].to_vec()), ("bundle.zip".into(), Fault::Archive));
    assert_eq!(refused(b"no archive".to_vec()), ("bundle.zip".into(), Fault::Archive));

    let mut stored = empty();
    let plain = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in v1p1(&[ADA]) {
        stored.start_file(name, plain).unwrap();
        stored.write_all(&content).unwrap();
    }
    let mut zip = stored.finish().unwrap().into_inner();
    let id = zip.windows(7).position(|bytes| bytes == b"0000001").unwrap();
    zip[id] = b'9';
    assert_eq!(refused(zip), ("users.csv".into(), Fault::Damaged));
}
