//! Who is what, and where: a column of users.csv in 1.1, the file roles.csv in 1.2.

use jiff::civil::Date;
use patron::SchoolIndex;

use super::store::{File, Store};
use crate::cell::{self, STATUS};
use crate::change::modified;
use crate::header::Header;
use crate::join::{Join, Rows};
use crate::notes::Notes;
use crate::role_set::role_key;
use crate::schools::Schools;
use crate::standing::{RoleRow, Standing, settle};
use crate::table::{Layout, Row, Table};
use crate::{Change, Oddity, Refusal, RoleEntry, What};

const FILE: &str = File::Roles.name();

/// The roles of a bundle.
pub(super) struct Roles {
    /// The schools that people were found to be at so far.
    pub schools: Schools,
    /// The rows of roles.csv.
    file: Option<Rowed>,
}

/// The rows of roles.csv by person: as they are on the day of the reading, or with their times where records are kept.
enum Rowed {
    Today(Join<RoleRow>),
    Dated(Join<RoleEntry>),
}

impl Roles {
    /// Roles are in users.csv, or in a file that a delta does not repeat.
    pub fn in_users(schools: Schools) -> Self {
        Self { schools, file: None }
    }

    /// Whether roles are in roles.csv.
    pub fn in_file(&self) -> bool {
        self.file.is_some()
    }

    /// Reads roles.csv. Roles that are not active on the day `today` make nobody anything; where records are kept, they
    /// are remembered until they begin.
    pub fn read(
        store: &Store<'_>,
        mut schools: Schools,
        today: Date,
        records: bool,
        notes: &mut Notes,
    ) -> Result<Self, Refusal> {
        store.read(File::Roles, |source| {
            let mut table = Table::open(FILE, source, Layout::ONE_ROSTER)?;
            let columns = Columns::find(table.header(), records, notes)?;
            let (mut of_today, mut dated) = (Rows::new(), Rows::new());
            while let Some(row) = table.next(notes)? {
                let Some(is_active) = columns.is_active(&row, notes) else { continue };
                let Some(person) = row.cell(columns.person) else {
                    notes.undecodable(FILE, row.line, None, CELLS);
                    continue;
                };
                if !is_active {
                    notes.warn_row(FILE, row.line, Oddity::Withdrawn);
                }
                let entry = match is_active {
                    true => columns.entry(&row, &mut schools, today, records, notes)?,
                    false => Some(RoleEntry::over()),
                };
                match entry {
                    Some(entry) if records => dated.push(person, entry),
                    Some(entry) => of_today.push(person, entry.on(today)),
                    None => {}
                }
            }
            table.refuse_without_rows()?;
            let file = if records { Rowed::Dated(dated.sorted()) } else { Rowed::Today(of_today.sorted()) };
            Ok(Self { schools, file: Some(file) })
        })
    }

    /// Reads the roles of a delta. Returns the latest time of a change.
    pub fn changes(
        store: &Store<'_>,
        schools: &mut Schools,
        today: Date,
        notes: &mut Notes,
        sink: &mut dyn FnMut(Change),
    ) -> Result<i64, Refusal> {
        store.read(File::Roles, |source| {
            let mut table = Table::open(FILE, source, Layout::ONE_ROSTER)?;
            let columns = Columns::find(table.header(), true, notes)?;
            table.header().need("sourcedId", notes)?;
            let mut newest = 0;
            while let Some(row) = table.next(notes)? {
                let Some(is_active) = columns.is_active(&row, notes) else { continue };
                let (key, modified) = (columns.key(&row), columns.modified(&row));
                newest = newest.max(modified);
                // A role that goes may be no more than its own key.
                let change = |source_id, what| Change { source_id, modified, what };
                if !is_active {
                    sink(change(String::new(), What::RoleGone(key)));
                    continue;
                }
                let person = row.cell(columns.person).and_then(|cell| str::from_utf8(cell).ok());
                let Some(person) = person.filter(|person| !person.is_empty()).map(str::to_owned) else {
                    notes.undecodable(FILE, row.line, Some("userSourcedId"), "the person's sourcedId");
                    continue;
                };
                match columns.entry(&row, schools, today, true, notes)? {
                    Some(entry) => sink(change(person, What::Role(entry))),
                    // What cannot be read is no role, here as in bulk.
                    None => sink(change(String::new(), What::RoleGone(key))),
                }
            }
            Ok(newest)
        })
    }

    /// What roles.csv makes of a person, with the schools of the roles that may hold a card, sorted. `None`: it does
    /// not name the person.
    pub fn of(&mut self, source_id: &[u8]) -> Option<(Standing, Vec<SchoolIndex>)> {
        match self.file.as_mut()? {
            Rowed::Today(join) => settle(join.of(source_id)),
            Rowed::Dated(_) => None,
        }
    }

    /// The roles of a person with their times, where records are kept.
    pub fn entries(&mut self, source_id: &[u8]) -> Option<Vec<RoleEntry>> {
        match self.file.as_mut()? {
            Rowed::Today(_) => None,
            Rowed::Dated(join) => Some(join.of(source_id).collect()),
        }
    }
}

const CELLS: &str = "cells for userSourcedId, role and orgSourcedId";

/// Where things stand in roles.csv.
struct Columns {
    person: usize,
    role: usize,
    org: usize,
    kind: Option<usize>,
    status: Option<usize>,
    begins: Option<usize>,
    ends: Option<usize>,
    key: Option<usize>,
    modified: Option<usize>,
}

impl Columns {
    fn find(header: &Header, records: bool, notes: &mut Notes) -> Result<Self, Refusal> {
        let mut only_for_records = |name| if records { header.seek(name, notes) } else { Ok(None) };
        let (key, modified) = (only_for_records("sourcedId")?, only_for_records("dateLastModified")?);
        Ok(Self {
            person: header.need("userSourcedId", notes)?,
            role: header.need("role", notes)?,
            org: header.need("orgSourcedId", notes)?,
            kind: header.want("roleType", notes)?,
            status: header.seek("status", notes)?,
            begins: header.seek("beginDate", notes)?,
            ends: header.seek("endDate", notes)?,
            key,
            modified,
        })
    }

    fn is_active(&self, row: &Row<'_>, notes: &mut Notes) -> Option<bool> {
        let is_active = cell::is_active(row.optional(self.status));
        if is_active.is_none() {
            notes.undecodable(FILE, row.line, Some("status"), STATUS);
        }
        is_active
    }

    fn key(&self, row: &Row<'_>) -> u64 {
        match row.optional(self.key) {
            [] => 0,
            source_id => role_key(source_id),
        }
    }

    fn modified(&self, row: &Row<'_>) -> i64 {
        modified(row.optional(self.modified))
    }

    /// An active role of somebody; `None`: it cannot be read.
    fn entry(
        &self,
        row: &Row<'_>,
        schools: &mut Schools,
        today: Date,
        records: bool,
        notes: &mut Notes,
    ) -> Result<Option<RoleEntry>, Refusal> {
        let (Some(role), Some(org)) = (row.cell(self.role), row.cell(self.org)) else {
            notes.undecodable(FILE, row.line, None, CELLS);
            return Ok(None);
        };
        let Ok(org) = str::from_utf8(org) else {
            notes.undecodable(FILE, row.line, Some("orgSourcedId"), "text in UTF-8; export again in UTF-8");
            return Ok(None);
        };
        let mut day = |column| {
            let written = row.optional(column);
            let day = cell::date(written);
            if day.is_none() && !written.is_empty() {
                notes.warn_row(FILE, row.line, Oddity::RoleDate);
            }
            day
        };
        let (begins, ends) = (day(self.begins), day(self.ends));
        let standing = Standing::parse(role);
        let secondary = row.optional(self.kind).eq_ignore_ascii_case(b"secondary");
        let dated = |school| {
            let row_of = RoleRow::new(secondary, standing, school);
            RoleEntry::new(row_of, self.key(row), self.modified(row), begins, ends)
        };
        let is_on = dated(None).is_on(today);
        if is_on && standing == Standing::Unknown {
            notes.warn_row(FILE, row.line, Oddity::UnknownRole);
        }
        let school = match standing {
            // Schools of roles that are over, or are not kept until they begin, are nobody's.
            Standing::Holds(_) if !org.is_empty() && (is_on || records) => schools.place(org, FILE, row.line, notes)?,
            _ => None,
        };
        Ok(Some(dated(school)))
    }
}
