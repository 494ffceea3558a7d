//! The rows: one person at one school each.

use jiff::civil::Date;
use patron::{Role, Student};
use zeroize::Zeroizing;

use super::mapping::Mapping;
use crate::cell;
use crate::column::{Column, Unread, grade};
use crate::header::Header;
use crate::notes::Notes;
use crate::person::may_be_born;
use crate::reading::Outcome;
use crate::schools::Schools;
use crate::standing::Standing;
use crate::table::{Row, Table};
use crate::{Oddity, Person, Reading, Refusal, Wanted};

/// How people are read from rows.
pub(crate) struct People<'a> {
    file: &'a str,
    mapping: &'a Mapping,
    today: Date,
    ids: Vec<Column>,
    pins: Vec<Column>,
    role: Option<Column>,
    enabled: Option<Column>,
    grade: Option<Column>,
    school: Option<Column>,
    school_name: Option<Column>,
    birth_date: Option<Column>,
    given_name: Option<Column>,
    family_name: Option<Column>,
    email: Option<Column>,
}

/// What the rows came to so far.
#[derive(Default)]
pub(crate) struct Rows {
    reading: Reading,
    schools: Schools,
}

impl<'a> People<'a> {
    /// Finds the columns. Those that the district's configuration names are needed where anything is wanted of them.
    pub fn new(
        file: &'a str,
        mapping: &'a Mapping,
        wanted: &Wanted,
        header: &Header,
        notes: &mut Notes,
    ) -> Result<Self, Refusal> {
        let columns = &mapping.columns;
        let mut need = |name: &str| header.column(name, notes);
        let mut named =
            |name: &Option<String>, is_wanted: bool| name.as_deref().filter(|_| is_wanted).map(&mut need).transpose();
        Ok(Self {
            role: named(&columns.role, true)?,
            enabled: named(&columns.enabled, true)?,
            grade: named(&columns.grade, true)?,
            school: named(&columns.school, true)?,
            school_name: named(&columns.school_name, true)?,
            given_name: named(&columns.given_name, wanted.name)?,
            family_name: named(&columns.family_name, wanted.name)?,
            email: named(&columns.email, wanted.email)?,
            birth_date: wanted.birth_date.then(|| need(mapping.birth_date()?)).transpose()?,
            ids: wanted.ids.iter().map(|source| need(mapping.id(source)?)).collect::<Result<_, _>>()?,
            pins: wanted.pin_columns.iter().map(|pin| need(mapping.pin(pin))).collect::<Result<_, _>>()?,
            today: wanted.today,
            file,
            mapping,
        })
    }

    /// Reads all rows and hands the people on.
    pub fn read(
        self,
        table: &mut Table<'_>,
        mut notes: Notes,
        sink: &mut dyn FnMut(Person),
    ) -> Result<Reading, Refusal> {
        let mut rows = Rows::default();
        while let Some(row) = table.next(&mut notes)? {
            self.take(&row, &mut rows, &mut notes, sink)?;
        }
        table.refuse_without_rows()?;
        Ok(rows.end(table.rows(), notes))
    }

    /// Reads the next row, and hands it on if it is a person.
    pub fn take(
        &self,
        row: &Row<'_>,
        rows: &mut Rows,
        notes: &mut Notes,
        sink: &mut dyn FnMut(Person),
    ) -> Result<(), Refusal> {
        match self.person(row, &mut rows.schools, notes) {
            Ok(outcome) => rows.reading.count(outcome, self.birth_date.is_some(), sink),
            Err(Unread::Undecodable { column, expected }) => {
                notes.undecodable(self.file, row.line, Some(column), expected);
            }
            Err(Unread::Refused(refusal)) => return Err(refusal),
        }
        Ok(())
    }

    fn person(&self, row: &Row<'_>, schools: &mut Schools, notes: &mut Notes) -> Result<Outcome, Unread<'_>> {
        // Those who are not kept are told apart first, so that nothing more of them is looked at.
        let role = match self.role(row)? {
            Standing::Holds(role) => role,
            Standing::NeverStored => return Ok(Outcome::NeverStored),
            Standing::Unknown | Standing::Past => {
                notes.warn_row(self.file, row.line, Oddity::UnmappedRole);
                return Ok(Outcome::UnknownRole);
            }
        };
        let ids = self.ids.iter().map(|id| id.text(row).map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
        if ids.iter().all(String::is_empty) {
            return Ok(Outcome::WithoutId);
        }
        let enabled = match &self.enabled {
            Some(column) => self
                .mapping
                .is_enabled(column.text(row)?)
                .ok_or_else(|| column.undecodable(self.mapping.enabled_words()))?,
            None => true,
        };
        let (code, school_name) = (text(&self.school, row)?, text(&self.school_name, row)?);
        let school = schools.named(code, school_name, self.file).map_err(Unread::Refused)?;
        let list = self.grade.as_ref().and_then(|column| row.cell(column.at)).unwrap_or_default();
        Ok(Outcome::Person(Person {
            ids,
            student: Student {
                role,
                grade: grade(list, self.file, row.line, notes),
                schools: school.into_iter().collect(),
                enabled,
                expiry: None,
                withdrawn: None,
                name: cell::name(text(&self.given_name, row)?, text(&self.family_name, row)?),
                email: Some(text(&self.email, row)?).filter(|email| !email.is_empty()).map(str::to_owned),
            },
            birth_date: self.birth_date(row, notes),
            pins: self
                .pins
                .iter()
                .map(|pin| Ok(Zeroizing::new(pin.optional_text(row)?.unwrap_or_default().to_owned())))
                .collect::<Result<_, Unread<'_>>>()?,
            row: row.line,
            record: None,
        }))
    }

    fn role(&self, row: &Row<'_>) -> Result<Standing, Unread<'_>> {
        let Some(column) = &self.role else { return Ok(Standing::Holds(Role::Student)) };
        let word = column.text(row)?;
        match self.mapping.role(word) {
            // The district may have said what an empty cell means.
            Standing::Unknown if word.is_empty() => Err(column.undecodable("a role")),
            role => Ok(role),
        }
    }

    /// The birth date, where all shapes that can read it agree on it.
    fn birth_date(&self, row: &Row<'_>, notes: &mut Notes) -> Option<Date> {
        let written = row.optional(Some(self.birth_date.as_ref()?.at));
        let read = self.mapping.dates.iter().filter_map(|shape| shape.read(written));
        let mut read = read.filter(|birth| may_be_born(*birth, self.today));
        let first = read.next();
        let agreed = first.filter(|first| read.all(|other| other == *first));
        if agreed.is_none() && !written.is_empty() {
            notes.warn_row(self.file, row.line, Oddity::BirthDateShape);
        }
        agreed
    }
}

impl Rows {
    /// What it all came to, with what was noted meanwhile.
    pub fn end(self, rows: u64, notes: Notes) -> Reading {
        Reading {
            rows,
            schools: self.schools.into_table(),
            undecodable: notes.undecodable,
            warnings: notes.warnings,
            ..self.reading
        }
    }
}

/// The text of a column that may not be named, and of a cell that may be missing.
fn text<'r, 'c>(column: &'c Option<Column>, row: &Row<'r>) -> Result<&'r str, Unread<'c>> {
    match column {
        Some(column) => Ok(column.optional_text(row)?.unwrap_or_default()),
        None => Ok(""),
    }
}
