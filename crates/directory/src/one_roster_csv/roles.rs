//! Who is what, and where: a column of users.csv in 1.1, the file roles.csv in 1.2.

use jiff::civil::Date;
use patron::SchoolIndex;

use super::store::{File, Store};
use crate::cell::{self, STATUS};
use crate::join::{Join, Rows};
use crate::notes::Notes;
use crate::schools::Schools;
use crate::standing::{RoleRow, Standing, settle};
use crate::table::{Layout, Row, Table};
use crate::{Oddity, Refusal};

/// The roles of a bundle.
pub(super) struct Roles {
    /// The schools that people were found to be at so far.
    pub schools: Schools,
    /// The rows of roles.csv; `None`: each person's row of users.csv says it.
    file: Option<Join<RoleRow>>,
}

impl Roles {
    /// Roles are in users.csv.
    pub fn in_users(schools: Schools) -> Self {
        Self { schools, file: None }
    }

    /// Whether roles are in roles.csv.
    pub fn in_file(&self) -> bool {
        self.file.is_some()
    }

    /// Reads roles.csv. Roles that are not active on the day `today` make nobody anything.
    pub fn read(store: &Store<'_>, mut schools: Schools, today: Date, notes: &mut Notes) -> Result<Self, Refusal> {
        const FILE: &str = File::Roles.name();
        store.read(File::Roles, |source| {
            let mut table = Table::open(File::Roles.name(), source, Layout::ONE_ROSTER)?;
            let header = table.header();
            let person = header.need("userSourcedId", notes)?;
            let role = header.need("role", notes)?;
            let org = header.need("orgSourcedId", notes)?;
            let kind = header.want("roleType", notes)?;
            let status = header.seek("status", notes)?;
            let begins = header.seek("beginDate", notes)?;
            let ends = header.seek("endDate", notes)?;
            let mut rows = Rows::new();
            while let Some(row) = table.next(notes)? {
                let (Some(person), Some(role), Some(org)) = (row.cell(person), row.cell(role), row.cell(org)) else {
                    notes.undecodable(FILE, row.line, None, "cells for userSourcedId, role and orgSourcedId");
                    continue;
                };
                let Some(is_active) = cell::is_active(row.optional(status)) else {
                    notes.undecodable(FILE, row.line, Some("status"), STATUS);
                    continue;
                };
                let Ok(org) = std::str::from_utf8(org) else {
                    notes.undecodable(FILE, row.line, Some("orgSourcedId"), "text in UTF-8; export again in UTF-8");
                    continue;
                };
                let mut standing = Standing::parse(role);
                if !is_active {
                    notes.warn_row(FILE, row.line, Oddity::Withdrawn);
                    standing = Standing::Past;
                } else if !is_within(&row, begins, ends, today, notes) {
                    standing = Standing::Past;
                } else if standing == Standing::Unknown {
                    notes.warn_row(FILE, row.line, Oddity::UnknownRole);
                }
                let school = match standing {
                    Standing::Holds(_) if !org.is_empty() => schools.place(org, FILE, row.line, notes)?,
                    _ => None,
                };
                let secondary = row.optional(kind).eq_ignore_ascii_case(b"secondary");
                rows.push(person, RoleRow::new(secondary, standing, school));
            }
            table.refuse_without_rows()?;
            Ok(Self { schools, file: Some(rows.sorted()) })
        })
    }

    /// What roles.csv makes of a person, with the schools of the roles that may hold a card, sorted. `None`: it does
    /// not name the person.
    pub fn of(&self, source_id: &[u8]) -> Option<(Standing, Vec<SchoolIndex>)> {
        settle(self.file.as_ref()?.of(source_id))
    }
}

/// Whether a role has begun and not ended; `endDate` is the first day without it.
fn is_within(row: &Row<'_>, begins: Option<usize>, ends: Option<usize>, today: Date, notes: &mut Notes) -> bool {
    let mut day = |column| {
        let written = row.optional(column);
        let day = cell::date(written);
        if day.is_none() && !written.is_empty() {
            notes.warn_row(File::Roles.name(), row.line, Oddity::RoleDate);
        }
        day
    };
    day(begins).is_none_or(|begins| begins <= today) && day(ends).is_none_or(|ends| today < ends)
}
