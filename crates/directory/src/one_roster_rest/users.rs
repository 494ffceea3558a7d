//! `/users`: the people, joined with their schools and birth dates.

use jiff::civil::Date;
use patron::{Grade, IdSource, SchoolIndex, Student};
use zeroize::Zeroizing;

use super::requests::Requests;
use super::value::{self, Row};
use super::{Version, pages};
use crate::births::BirthDates;
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::reading::Outcome;
use crate::schools::Schools;
use crate::standing::{RoleRow, Standing, settle};
use crate::{BadData, Fault, Oddity, Person, Reading, Refusal, Wanted};

const USERS: &str = "users";
const TEXT: &str = "text";

/// How people are read.
struct Users<'a> {
    version: Version,
    wanted: &'a Wanted,
    schools: Schools,
    births: Option<BirthDates>,
    /// Which of the ID fields and of the PIN fields were met at all.
    met: (Vec<bool>, Vec<bool>),
}

/// Why a row was not read.
enum Unread {
    Undecodable { column: String, expected: &'static str },
    Refused(Refusal),
}

/// Reads all people and hands them on.
pub(super) fn read(
    requests: &mut Requests<'_>,
    wanted: &Wanted,
    schools: Schools,
    births: Option<BirthDates>,
    mut notes: Notes,
    sink: &mut dyn FnMut(Person),
) -> Result<Reading, Refusal> {
    let met = (vec![false; wanted.ids.len()], vec![false; wanted.pin_columns.len()]);
    let version = requests.settings.version;
    let url = format!("{}/{USERS}", requests.settings.url);
    let mut users = Users { version, wanted, schools, births, met };
    let mut reading = Reading::default();
    reading.rows = pages::each(requests, USERS, &fields(version, wanted), &mut notes, &mut |row, notes| {
        match users.person(&row, notes) {
            Ok(outcome) => reading.count(outcome, users.births.is_some(), sink),
            Err(Unread::Undecodable { column, expected }) => {
                notes.undecodable(USERS, row.number, Some(&column), expected);
            }
            Err(Unread::Refused(refusal)) => return Err(refusal),
        }
        Ok(())
    })?;
    if reading.rows == 0 {
        return Err(BadData::file(url, Fault::EmptyList).into());
    }
    if reading.delivered > 0 {
        users.refuse_unmet_fields(&url, &mut notes)?;
    }
    reading.schools = users.schools.into_table();
    reading.undecodable = notes.undecodable;
    reading.warnings = notes.warnings;
    Ok(reading)
}

/// The fields to ask for: those that are looked at.
fn fields(version: Version, wanted: &Wanted) -> String {
    let mut fields = vec!["sourcedId", "status", "enabledUser", "grades"];
    fields.extend(match version {
        Version::V1p1 => ["role", "orgs"].as_slice(),
        Version::V1p2 => ["roles"].as_slice(),
    });
    let own = wanted.ids.iter().map(id_field).chain(wanted.pin_columns.iter().map(String::as_str));
    fields.extend(own.map(|name| if name.starts_with("metadata.") { "metadata" } else { name }));
    if wanted.name {
        fields.extend(["givenName", "familyName"]);
    }
    if wanted.email {
        fields.push("email");
    }
    let mut unique = Vec::new();
    for field in fields {
        if !unique.contains(&field) {
            unique.push(field);
        }
    }
    unique.join(",")
}

fn id_field(source: &IdSource) -> &str {
    match source {
        IdSource::Identifier => "identifier",
        IdSource::SourceId => "sourcedId",
        IdSource::Username => "username",
        IdSource::Email => "email",
        IdSource::UserId(_) => "userIds",
        IdSource::Column(name) => name,
    }
}

impl Users<'_> {
    fn person(&mut self, row: &Row, notes: &mut Notes) -> Result<Outcome, Unread> {
        let text = |name: &str| {
            let text = row.text(name).ok_or_else(|| Unread::Undecodable { column: name.to_owned(), expected: TEXT });
            text.map(Option::unwrap_or_default)
        };
        match cell::is_active(text("status")?.as_bytes()) {
            Some(true) => {}
            Some(false) => return Ok(Outcome::Withdrawn),
            None => return Err(Unread::Undecodable { column: "status".to_owned(), expected: STATUS }),
        }
        // Those who are not kept are told apart first, so that nothing more of them is looked at.
        let (standing, schools) = self.standing(row, notes)?;
        let role = match standing {
            Standing::Holds(role) => role,
            Standing::NeverStored => return Ok(Outcome::NeverStored),
            Standing::Unknown => return Ok(Outcome::UnknownRole),
            Standing::Past => return Ok(Outcome::Withdrawn),
        };
        let mut ids = Vec::with_capacity(self.wanted.ids.len());
        for (source, met) in self.wanted.ids.iter().zip(&mut self.met.0) {
            *met |= row.field(id_field(source)).is_some();
            ids.push(match source {
                IdSource::UserId(kind) => user_id(row, kind),
                other => text(id_field(other))?,
            });
        }
        if ids.iter().all(String::is_empty) {
            return Ok(Outcome::WithoutId);
        }
        let enabled = cell::boolean(text("enabledUser")?.as_bytes())
            .ok_or_else(|| Unread::Undecodable { column: "enabledUser".to_owned(), expected: "true or false" })?;
        let mut pins = Vec::with_capacity(self.wanted.pin_columns.len());
        for (name, met) in self.wanted.pin_columns.iter().zip(&mut self.met.1) {
            *met |= row.field(name).is_some();
            pins.push(Zeroizing::new(text(name)?));
        }
        let source_id = row.source_id().unwrap_or_default();
        Ok(Outcome::Person(Person {
            ids,
            student: Student {
                role,
                grade: grade(row, notes),
                schools,
                enabled,
                expiry: None,
                withdrawn: None,
                name: match self.wanted.name {
                    true => cell::name(&text("givenName")?, &text("familyName")?),
                    false => None,
                },
                email: match self.wanted.email {
                    true => Some(text("email")?).filter(|email| !email.is_empty()),
                    false => None,
                },
            },
            birth_date: match &self.births {
                Some(births) => births.single(source_id.as_bytes(), USERS, row.number, notes),
                None => None,
            },
            pins,
            row: row.number,
        }))
    }

    /// What the person is, and where.
    fn standing(&mut self, row: &Row, notes: &mut Notes) -> Result<(Standing, Vec<SchoolIndex>), Unread> {
        if self.version == Version::V1p1 {
            let role = row.text("role").flatten().filter(|role| !role.is_empty());
            let role = role.ok_or_else(|| Unread::Undecodable {
                column: "role".to_owned(),
                expected: "a role of OneRoster 1.1",
            })?;
            let standing = Standing::parse(role.as_bytes());
            if standing == Standing::Unknown {
                notes.warn_row(USERS, row.number, Oddity::UnknownRole);
            }
            if !matches!(standing, Standing::Holds(_)) {
                return Ok((standing, Vec::new()));
            }
            let orgs: Vec<String> = row.list("orgs").iter().map(value::reference).collect();
            let schools = self.schools.places(orgs.iter().map(String::as_str), USERS, row.number, notes);
            return schools.map(|schools| (standing, schools)).map_err(Unread::Refused);
        }
        let mut roles = Vec::new();
        for role in row.list("roles") {
            let mut standing = Standing::parse(value::inner(role, "role").as_bytes());
            let org = role.get("org").map(value::reference).unwrap_or_default();
            if !is_within(role, self.wanted.today, row.number, notes) {
                standing = Standing::Past;
            } else if standing == Standing::Unknown {
                notes.warn_row(USERS, row.number, Oddity::UnknownRole);
            }
            let school = match standing {
                Standing::Holds(_) if !org.is_empty() => {
                    self.schools.place(&org, USERS, row.number, notes).map_err(Unread::Refused)?
                }
                _ => None,
            };
            let secondary = value::inner(role, "roleType").eq_ignore_ascii_case("secondary");
            roles.push(RoleRow::new(secondary, standing, school));
        }
        roles.sort_unstable();
        settle(roles)
            .ok_or_else(|| Unread::Undecodable { column: "roles".to_owned(), expected: "the roles of OneRoster 1.2" })
    }

    /// Nobody with a PIN where PINs are asked for is a mistyped name, and never a roster. IDs may be of former forms.
    fn refuse_unmet_fields(&self, url: &str, notes: &mut Notes) -> Result<(), Refusal> {
        for (source, met) in self.wanted.ids.iter().zip(&self.met.0) {
            if !met {
                notes.warn(USERS, Oddity::NoColumn(id_field(source).to_owned()));
            }
        }
        match self.wanted.pin_columns.iter().zip(&self.met.1).find(|(_, met)| !**met) {
            Some((name, _)) => Err(BadData::column(url, name, Fault::NoField).into()),
            None => Ok(()),
        }
    }
}

/// The ID of a type in `userIds`; of several the first.
fn user_id(row: &Row, kind: &str) -> String {
    let entry = row.list("userIds").iter().find(|entry| value::inner(entry, "type") == kind);
    entry.map(|entry| value::inner(entry, "identifier")).unwrap_or_default()
}

/// The first grade of the list that the vocabulary knows.
fn grade(row: &Row, notes: &mut Notes) -> Option<Grade> {
    let grades = row.list("grades").iter().filter_map(value::text);
    let mut grades = grades.filter(|grade| !grade.is_empty()).peekable();
    grades.peek()?;
    let grade = grades.find_map(|grade| Grade::parse(&grade));
    if grade.is_none() {
        notes.warn_row(USERS, row.number, Oddity::UnknownGrade);
    }
    grade
}

/// Whether a role has begun and not ended; `endDate` is the first day without it.
fn is_within(role: &serde_json::Value, today: Date, number: u64, notes: &mut Notes) -> bool {
    let mut day = |name| {
        let written = value::inner(role, name);
        let day = cell::date(written.as_bytes());
        if day.is_none() && !written.is_empty() {
            notes.warn_row(USERS, number, Oddity::RoleDate);
        }
        day
    };
    day("beginDate").is_none_or(|begins| begins <= today) && day("endDate").is_none_or(|ends| today < ends)
}
