//! A library with one district, whose inbox tests fill.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use patron::{
    BirthFormat, CardForm, CardRules, CardSpec, Eligibility, ExpiryRules, IdSource, PinRule, PinRules, PinScheme,
    PrivilegeRules, Release, Role, Scope,
};
use roster::{Keyring, Row, Store, key_file};
use site::{After, District, Guard, Source, SourceKind};
use sync::{Cause, Looks, Mode, Outcome, Report, Request, SyncError};
use tempfile::TempDir;

pub const SPACE: &str = "district:cms";

pub struct Library {
    pub folder: TempDir,
    pub store: Store,
    pub district: District,
    /// The day of the syncs.
    pub today: Date,
    pub looks: Looks,
    /// The time of the syncs.
    pub now: Timestamp,
    /// What clients may be shown.
    pub stored: Release,
}

/// A row of users.csv, with its row of demographics.csv.
#[derive(Clone)]
pub struct Line {
    pub id: u32,
    pub born: &'static str,
    pub role: &'static str,
    pub grade: &'static str,
    pub school: &'static str,
    /// An earlier number.
    pub old: &'static str,
    /// The cell of the column `password`.
    pub password: &'static str,
}

impl Line {
    /// A student of grade 9 at the school s1.
    pub const fn student(id: u32, born: &'static str) -> Self {
        Self { id, born, role: "student", grade: "09", school: "s1", old: "", password: "" }
    }
}

pub fn keyring(folder: &TempDir, name: &str) -> Arc<Keyring> {
    let path = folder.path().join(name);
    if !path.exists() {
        key_file::generate(&path, None).unwrap();
    }
    Arc::new(key_file::load(&path, None).unwrap())
}

impl Library {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inbox")).unwrap();
        let store = Store::open(&folder.path().join("data"), keyring(&folder, "key")).unwrap();
        let district = District {
            id: "cms".into(),
            name: "Example County Schools".into(),
            cards: CardRules::new(vec![card("", "[0-9]{7}", &[], SPACE)]),
            pins: PinRules::new(vec![birth_date("MMDD")]),
            eligibility: Eligibility::default(),
            expiry: ExpiryRules::default(),
            opt_out_file: None,
            ceiling: Release::CEILING,
            home_library: None,
            privileges: PrivilegeRules::default(),
            directory: None,
            source: Some(Source {
                kind: SourceKind::OneRosterCsv(folder.path().join("inbox")),
                schedule: None,
                after: After::Keep,
                settle: Duration::ZERO,
                guard: Guard::default(),
                delta: false,
                full_every: Duration::from_secs(7 * 24 * 3600),
            }),
            goal: None,
        };
        Self {
            folder,
            store,
            district,
            today: date(2026, 11, 23),
            looks: Looks::default(),
            now: Timestamp::from_second(1_795_000_000).unwrap(),
            stored: Release::default(),
        }
    }

    pub fn inbox(&self, file: &str) -> PathBuf {
        self.folder.path().join("inbox").join(file)
    }

    /// Delivers a 1.1 bundle: (ID, birth date) of each student.
    pub fn deliver(&self, people: impl IntoIterator<Item = (u32, &'static str)>) {
        self.deliver_lines(people.into_iter().map(|(id, born)| Line::student(id, born)));
    }

    /// Delivers a 1.1 bundle.
    pub fn deliver_lines(&self, lines: impl IntoIterator<Item = Line>) {
        let mut users = String::from(
            "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,\
             middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,old\r\n",
        );
        let mut demographics = String::from("sourcedId,status,dateLastModified,birthDate,sex\r\n");
        for (number, line) in lines.into_iter().enumerate() {
            let Line { id, born, role, grade, school, old, password } = line;
            write!(
                users,
                "u{number},,,true,{school},{role},n{number},,Ana,Example,,{id},,,,,{grade},{password},{old}\r\n"
            )
            .unwrap();
            write!(demographics, "u{number},,,{born},\r\n").unwrap();
        }
        let manifest = "propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.1\r\nfile.users,bulk\r\nfile.demographics,bulk\r\n";
        fs::write(self.inbox("manifest.csv"), manifest).unwrap();
        fs::write(self.inbox("users.csv"), users).unwrap();
        fs::write(self.inbox("demographics.csv"), demographics).unwrap();
    }

    pub fn sync(&self, mode: Mode) -> Result<Outcome, SyncError> {
        let request = Request {
            district: &self.district,
            stored: self.stored,
            mode,
            now: self.now,
            today: self.today,
            looks: &self.looks,
        };
        sync::run(&self.store, &request, &|_| {})
    }

    pub fn refusal(&self, mode: Mode) -> Cause {
        match self.sync(mode).unwrap() {
            Outcome::Refused(report) => report.objection.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub fn publish(&self) -> Report {
        match self.sync(Mode::Manual).unwrap() {
            Outcome::Published(report, None) => report,
            other => panic!("{other:?}"),
        }
    }

    pub fn row(&self, id: u32) -> Option<Row> {
        self.row_in(SPACE, &id.to_string())
    }

    pub fn row_in(&self, space: &str, id: &str) -> Option<Row> {
        let generation = self.store.serving("cms").unwrap().unwrap();
        generation.row(&self.store.keyring().current().row_index(space, id)).unwrap()
    }
}

pub fn birth_date(format: &str) -> PinRule {
    let scheme = PinScheme::BirthDate(vec![BirthFormat::parse(format).unwrap()]);
    PinRule { scope: Scope::default(), scheme }
}

pub fn card(prefix: &str, pattern: &str, roles: &[Role], space: &str) -> CardForm {
    let scope = Scope { roles: roles.to_vec(), grades: vec![] };
    CardForm::new(CardSpec { scope, ..CardSpec::plain(IdSource::Identifier, prefix, pattern, space) }).unwrap()
}
