//! Small OneRoster bundles, made by hand. All people in them are made up.

use std::fs;
use std::path::Path;

use crate::command::{Output, run};

/// The version of the OneRoster CSV binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.1: roles and organisations stand in users.csv.
    V1p1,
    /// 1.2: they stand in roles.csv.
    V1p2,
}

/// One row of users.csv with what belongs to it in the other files.
#[derive(Clone, Debug)]
pub struct Person {
    /// The ID on the card.
    pub id: String,
    /// As `2012-03-04`; empty: demographics.csv has none.
    pub born: String,
    /// The given name.
    pub given: String,
    /// The family name.
    pub family: String,
    /// As the bundle's version spells it.
    pub role: String,
    /// `enabledUser`.
    pub enabled: bool,
    /// The school's `sourcedId`, which is its name as well.
    pub school: String,
    /// `grades`; empty: none.
    pub grade: String,
    /// Columns of the district's own in users.csv.
    pub columns: Vec<(String, String)>,
}

impl Person {
    /// An enabled student of the first school.
    pub fn student(id: &str, born: &str) -> Self {
        Self {
            id: id.to_owned(),
            born: born.to_owned(),
            given: "Ada".to_owned(),
            family: "Example".to_owned(),
            role: "student".to_owned(),
            enabled: true,
            school: "school-1".to_owned(),
            grade: String::new(),
            columns: Vec::new(),
        }
    }

    /// With another name.
    #[must_use]
    pub fn named(mut self, given: &str, family: &str) -> Self {
        (self.given, self.family) = (given.to_owned(), family.to_owned());
        self
    }

    /// With another role.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.role = role.to_owned();
        self
    }

    /// Not enabled.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// At another school.
    #[must_use]
    pub fn school(mut self, school: &str) -> Self {
        self.school = school.to_owned();
        self
    }

    /// In a grade.
    #[must_use]
    pub fn grade(mut self, grade: &str) -> Self {
        self.grade = grade.to_owned();
        self
    }

    /// With a column of the district's own.
    #[must_use]
    pub fn column(mut self, name: &str, value: &str) -> Self {
        self.columns.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Rows, and how they are written.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The rows.
    pub people: Vec<Person>,
    /// The binding.
    pub version: Version,
}

impl Bundle {
    /// A 1.1 bundle.
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        Self { people: people.into_iter().collect(), version: Version::V1p1 }
    }

    /// The same in another version.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Writes the files into a folder, over what is there.
    pub fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let mut files = vec![
            ("manifest.csv", self.manifest()),
            ("orgs.csv", self.orgs()),
            ("users.csv", self.users()),
            ("demographics.csv", self.demographics()),
        ];
        if self.version == Version::V1p2 {
            files.push(("roles.csv", self.roles()));
        }
        for (name, rows) in files {
            let text: String = rows.iter().map(|row| csv_line(row)).collect();
            fs::write(folder.join(name), text).unwrap();
        }
    }

    fn manifest(&self) -> Vec<Vec<String>> {
        let version = if self.version == Version::V1p1 { "1.1" } else { "1.2" };
        let mut rows = vec![
            cells(["propertyName", "value"]),
            cells(["manifest.version", "1.0"]),
            cells(["oneroster.version", version]),
            cells(["file.demographics", "bulk"]),
            cells(["file.orgs", "bulk"]),
            cells(["file.users", "bulk"]),
        ];
        if self.version == Version::V1p2 {
            rows.push(cells(["file.roles", "bulk"]));
        }
        rows
    }

    fn orgs(&self) -> Vec<Vec<String>> {
        let mut schools: Vec<&str> = self.people.iter().map(|person| person.school.as_str()).collect();
        schools.sort_unstable();
        schools.dedup();
        let header =
            cells(["sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"]);
        let school = |school: &&str| cells([*school, "", "", *school, "school", "", ""]);
        std::iter::once(header).chain(schools.iter().map(school)).collect()
    }

    fn users(&self) -> Vec<Vec<String>> {
        let mut header = cells(["sourcedId", "status", "dateLastModified", "enabledUser"]);
        if self.version == Version::V1p1 {
            header.extend(cells(["orgSourcedIds", "role"]));
        }
        header.extend(cells(["username", "userIds", "givenName", "familyName", "middleName", "identifier", "email"]));
        header.extend(cells(["sms", "phone", "agentSourcedIds", "grades", "password"]));
        let mut own: Vec<&String> =
            self.people.iter().flat_map(|person| &person.columns).map(|(name, _)| name).collect();
        own.sort_unstable();
        own.dedup();
        header.extend(own.iter().map(|name| (*name).clone()));
        let row = |(number, person): (usize, &Person)| {
            let enabled = if person.enabled { "true" } else { "false" };
            let mut row = cells([source_id(number).as_str(), "", "", enabled]);
            if self.version == Version::V1p1 {
                row.extend(cells([&person.school, &person.role]));
            }
            let (username, email) = (format!("user{number}"), format!("user{number}@example.org"));
            row.extend(cells([&username, "", &person.given, &person.family, "", &person.id, &email]));
            row.extend(cells(["", "", "", &person.grade, ""]));
            row.extend(own.iter().map(|name| {
                let value = person.columns.iter().find(|(column, _)| column == *name);
                value.map(|(_, value)| value.clone()).unwrap_or_default()
            }));
            row
        };
        std::iter::once(header).chain(self.people.iter().enumerate().map(row)).collect()
    }

    fn demographics(&self) -> Vec<Vec<String>> {
        let header = cells(["sourcedId", "status", "dateLastModified", "birthDate", "sex"]);
        let row =
            |(number, person): (usize, &Person)| cells([source_id(number).as_str(), "", "", person.born.as_str(), ""]);
        std::iter::once(header).chain(self.people.iter().enumerate().map(row)).collect()
    }

    fn roles(&self) -> Vec<Vec<String>> {
        let header = cells([
            "sourcedId",
            "status",
            "dateLastModified",
            "userSourcedId",
            "roleType",
            "role",
            "beginDate",
            "endDate",
            "orgSourcedId",
            "userProfileSourcedId",
        ]);
        let row = |(number, person): (usize, &Person)| {
            let (id, user) = (format!("role-{number}"), source_id(number));
            cells([&id, "", "", &user, "primary", &person.role, "", "", &person.school, ""])
        };
        std::iter::once(header).chain(self.people.iter().enumerate().map(row)).collect()
    }
}

/// Runs `hallpass synth` with arguments: a district of any size.
#[track_caller]
pub fn synth(folder: &Path, args: &[&str]) -> Output {
    let folder = folder.to_str().unwrap();
    run(["synth", folder].iter().chain(args)).succeeded()
}

fn source_id(number: usize) -> String {
    format!("u{number}")
}

fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

/// A line as RFC 4180 has it.
fn csv_line(row: &[String]) -> String {
    let cell = |text: &String| match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.clone(),
    };
    row.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}
