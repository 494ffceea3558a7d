//! `/users`: the people, joined with their schools and birth dates.

use jiff::civil::Date;
use patron::{Grade, IdSource, SchoolIndex, Student};
use zeroize::Zeroizing;

use super::demographics::Births;
use super::requests::Requests;
use super::value::{self, Row};
use super::{Version, pages};
use crate::births::BirthDates;
use crate::cell::{self, STATUS};
use crate::notes::Notes;
use crate::reading::Outcome;
use crate::schools::Schools;
use crate::standing::{RoleRow, Standing, settle};
use crate::{
    BadData, Change, Fault, Holding, Oddity, Person, Reading, Refusal, RoleEntry, RoleSource, SourceRecord, Wanted,
    What,
};

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
    births: Option<Births>,
    mut notes: Notes,
    sink: &mut dyn FnMut(Person),
) -> Result<Reading, Refusal> {
    let (births, newest) = births.map_or((None, 0), |births| (Some(births.dates), births.newest));
    let met = (vec![false; wanted.ids.len()], vec![false; wanted.pin_columns.len()]);
    let version = requests.settings.version;
    let url = format!("{}/{USERS}", requests.settings.url);
    let mut users = Users { version, wanted, schools, births, met };
    let mut reading = Reading { newest, ..Reading::default() };
    reading.rows = pages::each(requests, USERS, &fields(version, wanted), None, &mut notes, &mut |row, notes| {
        reading.newest = reading.newest.max(row.modified());
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
    reading.others = if wanted.records { users.schools.others() } else { Vec::new() };
    reading.schools = users.schools.into_table();
    reading.undecodable = notes.undecodable;
    reading.warnings = notes.warnings;
    Ok(reading)
}

/// Reads the people who changed since, and hands on what became of each. Whoever is nobody who may be kept, or cannot be
/// read, is gone: in a whole pull they would not be there either.
pub(super) fn changes(
    requests: &mut Requests<'_>,
    wanted: &Wanted,
    schools: Schools,
    since: &str,
    notes: &mut Notes,
    sink: &mut dyn FnMut(Change),
) -> Result<Reading, Refusal> {
    let met = (vec![false; wanted.ids.len()], vec![false; wanted.pin_columns.len()]);
    let version = requests.settings.version;
    let mut users = Users { version, wanted, schools, births: None, met };
    let mut reading = Reading::default();
    reading.rows = pages::each(requests, USERS, &fields(version, wanted), Some(since), notes, &mut |row, notes| {
        let Some(source_id) = row.source_id() else {
            notes.undecodable(USERS, row.number, Some("sourcedId"), "the person's sourcedId");
            return Ok(());
        };
        let modified = row.modified();
        reading.newest = reading.newest.max(modified);
        let mut what = What::Gone;
        match users.person(&row, notes) {
            Ok(outcome) => reading.count(outcome, false, &mut |person| what = What::Is(Box::new(person))),
            Err(Unread::Undecodable { column, expected }) => {
                notes.undecodable(USERS, row.number, Some(&column), expected);
            }
            Err(Unread::Refused(refusal)) => return Err(refusal),
        }
        sink(Change { source_id, modified, what });
        Ok(())
    })?;
    reading.others = users.schools.others();
    reading.schools = users.schools.into_table();
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
    if wanted.records {
        fields.push("dateLastModified");
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

/// What a person is, and where that comes from.
struct Stood {
    standing: Standing,
    schools: Vec<SchoolIndex>,
    roles: RoleSource,
    /// None of the roles has begun.
    waits: bool,
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
        let Stood { standing, schools, roles, waits } = self.standing(row, notes)?;
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
        let record = self
            .wanted
            .records
            .then(|| Box::new(SourceRecord { source_id: source_id.clone(), modified: row.modified(), roles, waits }));
        let person = Person {
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
            birth_date: match &mut self.births {
                Some(births) => births.single(source_id.as_bytes(), USERS, row.number, notes),
                None => None,
            },
            pins,
            row: row.number,
            record,
        };
        Ok(if waits { Outcome::Waiting(person) } else { Outcome::Person(person) })
    }

    /// What the person is, and where.
    fn standing(&mut self, row: &Row, notes: &mut Notes) -> Result<Stood, Unread> {
        let in_row = |standing, schools| Stood { standing, schools, roles: RoleSource::InRow, waits: false };
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
                return Ok(in_row(standing, Vec::new()));
            }
            let orgs: Vec<String> = row.list("orgs").iter().map(value::reference).collect();
            let schools = self.schools.places(orgs.iter().map(String::as_str), USERS, row.number, notes);
            return schools.map(|schools| in_row(standing, schools)).map_err(Unread::Refused);
        }
        let (today, records) = (self.wanted.today, self.wanted.records);
        let mut entries = Vec::new();
        for role in row.list("roles") {
            let standing = Standing::parse(value::inner(role, "role").as_bytes());
            let org = role.get("org").map(value::reference).unwrap_or_default();
            let (begins, ends) = times(role, row.number, notes);
            let secondary = value::inner(role, "roleType").eq_ignore_ascii_case("secondary");
            let dated = |school| RoleEntry::new(RoleRow::new(secondary, standing, school), 0, 0, begins, ends);
            let is_on = dated(None).is_on(today);
            if is_on && standing == Standing::Unknown {
                notes.warn_row(USERS, row.number, Oddity::UnknownRole);
            }
            let school = match standing {
                Standing::Holds(_) if !org.is_empty() && (is_on || records) => {
                    self.schools.place(&org, USERS, row.number, notes).map_err(Unread::Refused)?
                }
                _ => None,
            };
            entries.push(dated(school));
        }
        let mut rows: Vec<RoleRow> = entries.iter().map(|entry| entry.on(today)).collect();
        rows.sort_unstable();
        let undecodable = || Unread::Undecodable { column: "roles".to_owned(), expected: "the roles of OneRoster 1.2" };
        let (standing, schools) = settle(rows).ok_or_else(undecodable)?;
        if !records {
            return Ok(in_row(standing, schools));
        }
        let (standing, schools, waits) = match Holding::of(&entries, today) {
            Holding::Waits(role, schools) => (Standing::Holds(role), schools, true),
            Holding::Holds(..) | Holding::Nobody => (standing, schools, false),
        };
        Ok(Stood { standing, schools, roles: RoleSource::Are(entries), waits })
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

/// When a role begins and ends; `endDate` is the first day without it.
fn times(role: &serde_json::Value, number: u64, notes: &mut Notes) -> (Option<Date>, Option<Date>) {
    let mut day = |name| {
        let written = value::inner(role, name);
        let day = cell::date(written.as_bytes());
        if day.is_none() && !written.is_empty() {
            notes.warn_row(USERS, number, Oddity::RoleDate);
        }
        day
    };
    (day("beginDate"), day("endDate"))
}
