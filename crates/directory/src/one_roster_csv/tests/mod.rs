//! Tests of whole bundles; each writes its own. The battery runs for both versions, loose and zipped.

mod archives;
mod clearing;
mod deltas;
mod files;
mod inbox;
mod joins;
mod manifests;

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{find, find_next};
use crate::battery::{self, Given, battery};
use crate::{BadData, Directory, Fault, Oddity, Person, Reading, Refusal, Wanted};

battery!(v1p1_loose, |inbox, people| super::loose(inbox, &super::v1p1(people)));
battery!(v1p2_loose, |inbox, people| super::loose(inbox, &super::v1p2(people)));
battery!(v1p1_zip, |inbox, people| super::zipped(inbox, &super::v1p1(people)));
battery!(v1p2_zip, |inbox, people| super::zipped(inbox, &super::v1p2(people)));

/// Names and contents.
type Files = Vec<(&'static str, Vec<u8>)>;

const USERS_1P1: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,\
                         familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,pin";
const USERS_1P2: &str = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,\
                         middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,pin";
const ROLES: &str =
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId";
const ORGS: &str = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
d1,,,Example County,district,,
s1,,,First School,school,370001,d1
s2,,,Second School,school,,d1
";

fn manifest(version: &str, files: &str) -> Vec<u8> {
    let mut manifest = format!("propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n");
    for file in files.split(' ') {
        manifest += &format!("file.{file},bulk\n");
    }
    manifest.into()
}

fn rows(header: &str, people: &[Given], row: impl Fn(usize, &Given) -> String) -> Vec<u8> {
    let rows = people.iter().enumerate().map(|(number, person)| row(number, person) + "\n");
    format!("{header}\n{}", rows.collect::<String>()).into()
}

fn demographics(people: &[Given]) -> Vec<u8> {
    rows("sourcedId,status,dateLastModified,birthDate,sex", people, |number, person| {
        format!("u{number},,,{},female", person.birth_date)
    })
}

fn v1p1(people: &[Given]) -> Files {
    let users = rows(USERS_1P1, people, |number, Given { id, role, school, enabled, grade, pin, .. }| {
        format!(
            "u{number},,,{enabled},{school},{role},user{number},,Ada,Byron,,{id},ada@example.org,,,,\"{grade}\",,{pin}"
        )
    });
    vec![
        ("manifest.csv", manifest("1.1", "users orgs demographics")),
        ("users.csv", users),
        ("orgs.csv", ORGS.into()),
        ("demographics.csv", demographics(people)),
    ]
}

fn v1p2(people: &[Given]) -> Files {
    let users = rows(USERS_1P2, people, |number, Given { id, enabled, grade, pin, .. }| {
        format!("u{number},,,{enabled},user{number},,Ada,Byron,,{id},ada@example.org,,,,\"{grade}\",,{pin}")
    });
    let roles = rows(ROLES, people, |number, Given { role, school, .. }| {
        format!("r{number},,,u{number},primary,{role},,,{school},")
    });
    vec![
        ("manifest.csv", manifest("1.2", "users orgs roles demographics")),
        ("users.csv", users),
        ("orgs.csv", ORGS.into()),
        ("roles.csv", roles),
        ("demographics.csv", demographics(people)),
    ]
}

/// Puts a file in place of another, or beside the others.
fn with(mut files: Files, name: &'static str, content: impl Into<Vec<u8>>) -> Files {
    files.retain(|(other, _)| *other != name);
    files.push((name, content.into()));
    files
}

fn without(mut files: Files, name: &str) -> Files {
    files.retain(|(other, _)| *other != name);
    files
}

fn write(inbox: &Path, files: &Files) {
    for (name, content) in files {
        fs::write(inbox.join(name), content).unwrap();
    }
}

fn pack(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn found(inbox: &Path) -> Box<dyn Directory> {
    Box::new(find(inbox).unwrap().unwrap())
}

fn loose(inbox: &Path, files: &Files) -> Box<dyn Directory> {
    write(inbox, files);
    found(inbox)
}

fn zipped(inbox: &Path, files: &Files) -> Box<dyn Directory> {
    fs::write(inbox.join("bundle.zip"), pack(files)).unwrap();
    found(inbox)
}

fn inbox() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn read(files: &Files, wanted: &Wanted) -> Result<(Vec<Person>, Reading), Refusal> {
    let inbox = inbox();
    battery::read(&mut *loose(inbox.path(), files), wanted)
}

fn bad<T>(result: Result<(Vec<T>, Reading), Refusal>) -> BadData {
    match result {
        Err(Refusal::BadData(bad)) => bad,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// The file, row and fault of a refusal.
fn refused(files: &Files, wanted: &Wanted) -> (String, Option<u64>, Fault) {
    let BadData { file, row, fault, .. } = bad(read(files, wanted));
    (file, row, fault)
}

fn oddities(reading: &Reading) -> Vec<(&str, Oddity)> {
    reading.warnings.iter().map(|warning| (warning.file.as_str(), warning.oddity.clone())).collect()
}
