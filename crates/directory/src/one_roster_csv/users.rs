//! users.csv: the people, joined with the other files.

use jiff::civil::Date;
use patron::{IdSource, Role, Student};
use zeroize::Zeroizing;

use super::roles::Roles;
use super::store::File;
use crate::births::BirthDates;
use crate::cell::{self, STATUS};
use crate::change::modified;
use crate::column::{Column, Unread, grade};
use crate::header::Header;
use crate::notes::Notes;
use crate::reading::Outcome;
use crate::schools::Schools;
use crate::standing::{Standing, settle};
use crate::table::{Row, Table};
use crate::{Change, Holding, Oddity, Person, Reading, Refusal, RoleSource, SourceRecord, Wanted, What};

const FILE: &str = File::Users.name();

/// A column of IDs.
struct IdColumn {
    column: Column,
    /// The type of the `userIds` entry that is the ID, where it is one.
    kind: Option<String>,
}

/// How people are read from users.csv.
pub(super) struct Users {
    ids: Vec<IdColumn>,
    /// The key of the joins; `None` where there is nothing to join.
    source_id: Option<Column>,
    status: Option<usize>,
    enabled: Column,
    standing: Standings,
    grades: Option<usize>,
    pins: Vec<Column>,
    name: Option<(Column, Column)>,
    email: Option<Column>,
    roles: Roles,
    birth_dates: Option<BirthDates>,
    /// `dateLastModified`.
    modified: Option<usize>,
    /// The day of the reading, where records are kept.
    records: Option<Date>,
}

/// Where a person's roles are.
pub(super) enum Standings {
    /// Role and organisations are in this file.
    InRow(Column, Column),
    /// In roles.csv.
    InFile,
    /// In a roles.csv that this delta does not repeat, or whose rows are changes of their own.
    Elsewhere,
}

impl Users {
    /// Finds the columns. Only those that are wanted are needed.
    pub fn new(
        wanted: &Wanted,
        header: &Header,
        roles: Roles,
        birth_dates: Option<BirthDates>,
        in_row: bool,
        notes: &mut Notes,
    ) -> Result<Self, Refusal> {
        let mut need = |name: &str| header.column(name, notes);
        let ids = wanted.ids.iter().map(|source| {
            let (name, kind) = match source {
                IdSource::Identifier => ("identifier", None),
                IdSource::SourceId => ("sourcedId", None),
                IdSource::Username => ("username", None),
                IdSource::Email => ("email", None),
                IdSource::UserId(kind) => ("userIds", Some(kind.clone())),
                IdSource::Column(name) => (name.as_str(), None),
            };
            Ok(IdColumn { column: need(name)?, kind })
        });
        let ids = ids.collect::<Result<_, Refusal>>()?;
        let joined = roles.in_file() || birth_dates.is_some() || wanted.records;
        Ok(Self {
            ids,
            source_id: joined.then(|| need("sourcedId")).transpose()?,
            enabled: need("enabledUser")?,
            standing: match (roles.in_file(), in_row) {
                (true, _) => Standings::InFile,
                (false, true) => Standings::InRow(need("role")?, need("orgSourcedIds")?),
                (false, false) => Standings::Elsewhere,
            },
            pins: wanted.pin_columns.iter().map(|name| need(name)).collect::<Result<_, _>>()?,
            name: match wanted.name {
                true => Some((need("givenName")?, need("familyName")?)),
                false => None,
            },
            email: match wanted.email {
                true => header.wanted_column("email", notes)?,
                false => None,
            },
            modified: if wanted.records { header.seek("dateLastModified", notes)? } else { None },
            records: wanted.records.then_some(wanted.today),
            status: header.seek("status", notes)?,
            grades: header.want("grades", notes)?,
            roles,
            birth_dates,
        })
    }

    /// Reads all rows and hands the people on.
    pub fn read(
        mut self,
        table: &mut Table<'_>,
        mut notes: Notes,
        sink: &mut dyn FnMut(Person),
    ) -> Result<Reading, Refusal> {
        let mut reading = Reading::default();
        while let Some(row) = table.next(&mut notes)? {
            match self.person(&row, &mut notes) {
                Ok(outcome) => reading.count(outcome, self.birth_dates.is_some(), sink),
                Err(Unread::Undecodable { column, expected }) => {
                    notes.undecodable(FILE, row.line, Some(column), expected);
                }
                Err(Unread::Refused(refusal)) => return Err(refusal),
            }
        }
        table.refuse_without_rows()?;
        reading.rows = table.rows();
        reading.others = if self.records.is_some() { self.roles.schools.others() } else { Vec::new() };
        reading.schools = self.roles.schools.into_table();
        reading.undecodable = notes.undecodable;
        reading.warnings = notes.warnings;
        Ok(reading)
    }

    /// Reads the rows of a delta. Whoever is nobody who may be kept, or cannot be read, is gone: in bulk they would not
    /// be there either.
    pub fn changes(
        &mut self,
        table: &mut Table<'_>,
        notes: &mut Notes,
        reading: &mut Reading,
        sink: &mut dyn FnMut(Change),
    ) -> Result<(), Refusal> {
        while let Some(row) = table.next(notes)? {
            let source_id = self.source_id.as_ref().and_then(|column| str::from_utf8(row.cell(column.at)?).ok());
            let Some(source_id) = source_id.filter(|id| !id.is_empty()).map(str::to_owned) else {
                notes.undecodable(FILE, row.line, Some("sourcedId"), "the person's sourcedId");
                continue;
            };
            let modified = modified(row.optional(self.modified));
            reading.newest = reading.newest.max(modified);
            let mut what = What::Gone;
            match self.person(&row, notes) {
                Ok(outcome) => reading.count(outcome, false, &mut |person| what = What::Is(Box::new(person))),
                Err(Unread::Undecodable { column, expected }) => {
                    notes.undecodable(FILE, row.line, Some(column), expected);
                }
                Err(Unread::Refused(refusal)) => return Err(refusal),
            }
            sink(Change { source_id, modified, what });
        }
        reading.rows += table.rows();
        Ok(())
    }

    /// The schools that people were found to be at.
    pub fn into_schools(self) -> Schools {
        self.roles.schools
    }

    fn person(&mut self, row: &Row<'_>, notes: &mut Notes) -> Result<Outcome, Unread<'_>> {
        match cell::is_active(row.optional(self.status)) {
            Some(true) => {}
            Some(false) => {
                notes.warn_row(FILE, row.line, Oddity::Withdrawn);
                return Ok(Outcome::Withdrawn);
            }
            None => return Err(Unread::Undecodable { column: "status", expected: STATUS }),
        }
        let source_id = self.source_id.as_ref().map(|column| column.bytes(row)).transpose()?.unwrap_or_default();
        // Those who are not kept are told apart first, so that nothing more of them is looked at.
        let without_role =
            || Unread::Undecodable { column: "sourcedId", expected: "a person that roles.csv gives a role" };
        let (mut roles, mut waits) = (RoleSource::InRow, false);
        let (standing, schools) = match &self.standing {
            Standings::Elsewhere => {
                roles = RoleSource::Unsaid;
                (Standing::Holds(Role::Student), Vec::new())
            }
            Standings::InFile => match self.records {
                None => self.roles.of(source_id).ok_or_else(without_role)?,
                Some(today) => {
                    let entries = self.roles.entries(source_id).ok_or_else(without_role)?;
                    let holding = Holding::of(&entries, today);
                    let settled = settle(entries.iter().map(|entry| entry.on(today))).ok_or_else(without_role)?;
                    roles = RoleSource::Are(entries);
                    match holding {
                        Holding::Waits(role, schools) => {
                            waits = true;
                            (Standing::Holds(role), schools)
                        }
                        Holding::Holds(..) | Holding::Nobody => settled,
                    }
                }
            },
            Standings::InRow(role, orgs) => match Standing::parse(role.filled(row, "a role of OneRoster 1.1")?) {
                standing @ Standing::Holds(_) => {
                    let orgs = orgs.text(row)?.split(',');
                    let schools = self.roles.schools.places(orgs, FILE, row.line, notes).map_err(Unread::Refused)?;
                    (standing, schools)
                }
                Standing::Unknown => {
                    notes.warn_row(FILE, row.line, Oddity::UnknownRole);
                    (Standing::Unknown, Vec::new())
                }
                standing => (standing, Vec::new()),
            },
        };
        let role = match standing {
            Standing::Holds(role) => role,
            Standing::NeverStored => return Ok(Outcome::NeverStored),
            Standing::Unknown => return Ok(Outcome::UnknownRole),
            Standing::Past => return Ok(Outcome::Withdrawn),
        };
        let mut ids = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            let cell = id.column.text(row)?;
            ids.push(id.kind.as_ref().map_or(Some(cell), |kind| user_id(cell, kind)).unwrap_or_default().to_owned());
        }
        if ids.iter().all(String::is_empty) {
            return Ok(Outcome::WithoutId);
        }
        let expected = "true or false";
        let enabled = cell::boolean(self.enabled.filled(row, expected)?)
            .ok_or(Unread::Undecodable { column: &self.enabled.name, expected })?;
        let person = Person {
            ids,
            student: Student {
                role,
                grade: grade(row.optional(self.grades), FILE, row.line, notes),
                schools,
                enabled,
                expiry: None,
                withdrawn: None,
                name: match &self.name {
                    Some((given, family)) => cell::name(given.text(row)?, family.text(row)?),
                    None => None,
                },
                email: match &self.email {
                    Some(email) => email.optional_text(row)?.map(str::to_owned),
                    None => None,
                },
            },
            birth_date: match &mut self.birth_dates {
                Some(dates) => dates.single(source_id, FILE, row.line, notes),
                None => None,
            },
            pins: self
                .pins
                .iter()
                .map(|pin| Ok(Zeroizing::new(pin.optional_text(row)?.unwrap_or_default().to_owned())))
                .collect::<Result<_, Unread<'_>>>()?,
            row: row.line,
            record: self.records.is_some().then(|| {
                let source_id = String::from_utf8_lossy(source_id).into_owned();
                Box::new(SourceRecord { source_id, modified: modified(row.optional(self.modified)), roles, waits })
            }),
        };
        Ok(if waits { Outcome::Waiting(person) } else { Outcome::Person(person) })
    }
}

/// The ID of a type in `{LDAP:Id},{LTI:Id}`; of several the first.
fn user_id<'a>(list: &'a str, kind: &str) -> Option<&'a str> {
    list.split('{').skip(1).find_map(|entry| {
        let (theirs, id) = entry.split_once('}')?.0.split_once(':')?;
        (theirs.trim() == kind).then_some(id.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_found_by_its_type() {
        let list = "{LDAP:ada},{SIS: 0000001 },{Fed:a:b}";
        assert_eq!(user_id(list, "SIS"), Some("0000001"));
        assert_eq!(user_id(list, "Fed"), Some("a:b"));
        for (list, kind) in [(list, "sis"), ("0000001", "SIS"), ("{SIS:1", "SIS"), ("{SIS}", "SIS"), ("", "SIS")] {
            assert_eq!(user_id(list, kind), None, "{list} {kind}");
        }
    }
}
