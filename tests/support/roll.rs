//! A school district made by hand: every cell of its bundle is known, and any of them may be spoilt.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// One row of users.csv and its birth date.
#[derive(Clone, Debug)]
pub struct Pupil {
    /// The school ID: what stands on the card.
    pub id: String,
    /// The given name, of this person only.
    pub given: String,
    /// The family name, of this person only.
    pub family: String,
    /// OneRoster's word.
    pub role: &'static str,
    /// `enabledUser`.
    pub enabled: bool,
    /// Year, month, day; `None`: demographics.csv leaves it empty.
    pub born: Option<(u16, u8, u8)>,
}

impl Pupil {
    /// The PIN, where the district's format is `MMDDYYYY`.
    pub fn pin(&self) -> String {
        let (year, month, day) = self.born.expect("a birth date");
        format!("{month:02}{day:02}{year:04}")
    }

    /// A PIN that is not this person's, another for each `number`.
    pub fn wrong_pin(&self, number: u16) -> String {
        format!("0101{}", 1950 + number)
    }
}

/// The people of a district.
#[derive(Clone, Debug)]
pub struct Roll {
    /// In the order of the file.
    pub people: Vec<Pupil>,
}

impl Roll {
    /// So many students. Every second ID begins with a zero; no birth date has the same day and month, and no day is
    /// over 12, so that swapping them makes another date.
    pub fn of(count: u16) -> Self {
        Self::from(0, count)
    }

    /// The same, beginning with another number: no ID of one is one of the other where the numbers don't overlap.
    pub fn from(first: u16, count: u16) -> Self {
        let student = |number: u16| {
            let month = u8::try_from(number % 12 + 1).unwrap();
            Pupil {
                id: format!("{:07}", if number.is_multiple_of(2) { 60_000 } else { 8_060_000 } + u32::from(number)),
                given: format!("Quillonia{number:05}"),
                family: format!("Vandersloot{number:05}"),
                role: "student",
                enabled: true,
                born: Some((2008 + number / 12 % 10, month, month % 12 + 1)),
            }
        };
        Self { people: (first..first + count).map(student).collect() }
    }

    /// users.csv.
    pub fn users(&self) -> String {
        let header = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,\
                      familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\r\n";
        self.people.iter().enumerate().fold(header.to_owned(), |mut text, (number, person)| {
            let Pupil { id, given, family, role, enabled, .. } = person;
            let email = format!("{given}.{family}@example.org").to_lowercase();
            write!(text, "u-{number:05},,,{enabled},school-1,{role},,,{given},{family},,{id},{email},,,,05,\r\n")
                .unwrap();
            text
        })
    }

    /// demographics.csv.
    pub fn demographics(&self) -> String {
        self.people.iter().enumerate().fold(
            "sourcedId,status,dateLastModified,birthDate\r\n".to_owned(),
            |mut text, (number, person)| {
                let born =
                    person.born.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}")).unwrap_or_default();
                write!(text, "u-{number:05},,,{born}\r\n").unwrap();
                text
            },
        )
    }

    /// All files, by name.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let manifest = "propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.1\r\n\
                        file.demographics,bulk\r\nfile.orgs,bulk\r\nfile.users,bulk\r\n";
        let orgs = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\r\n\
                    school-1,,,First School,school,00001,\r\n";
        vec![
            ("manifest.csv", manifest.into()),
            ("orgs.csv", orgs.into()),
            ("users.csv", self.users().into()),
            ("demographics.csv", self.demographics().into()),
        ]
    }
}

/// Writes loose files into an inbox, in place of all that lay there.
pub fn deliver(inbox: &Path, files: &[(&str, Vec<u8>)]) {
    empty(inbox);
    for (name, bytes) in files {
        fs::write(inbox.join(name), bytes).unwrap();
    }
}

/// Writes one archive into an inbox, in place of all that lay there. It comes into sight whole.
pub fn deliver_zip(inbox: &Path, files: &[(&str, Vec<u8>)]) {
    empty(inbox);
    let upload = inbox.join(".upload");
    let mut zip = ZipWriter::new(File::create(&upload).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    fs::rename(upload, inbox.join("bundle.zip")).unwrap();
}

fn empty(inbox: &Path) {
    let _ = fs::remove_dir_all(inbox);
    fs::create_dir_all(inbox).unwrap();
}
