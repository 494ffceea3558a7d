//! A delta: the same files with changes only. Rows carry `status` and `dateLastModified`; what is gone may be no more than
//! its `sourcedId` and `tobedeleted`.
//!
//! Each file may be a delta, in bulk or absent, whatever the others are. A roles.csv in bulk is the whole truth of roles. A
//! demographics.csv in bulk counts as changes: a birth date that is not repeated is not taken back, or a file of the few that
//! changed, called bulk by mistake, would leave nobody a PIN. A file with a header alone changes nothing here.

use super::Bundle;
use super::demographics;
use super::manifest::Manifest;
use super::orgs;
use super::roles::Roles;
use super::store::{File, Store};
use super::users::Users;
use crate::notes::Notes;
use crate::table::{Layout, Table};
use crate::{Before, Change, Extent, Oddity, Reading, Refusal, Wanted};

/// Reads a bundle of changes.
pub(super) fn read(
    bundle: &Bundle,
    wanted: &Wanted,
    before: &Before,
    sink: &mut dyn FnMut(Change),
) -> Result<Reading, Refusal> {
    let mut notes = Notes::default();
    let mut needed = vec![File::Manifest, File::Orgs, File::Users, File::Roles];
    needed.extend(wanted.birth_date.then_some(File::Demographics));
    let store = Store::open(bundle, &needed, &mut notes)?;
    let manifest = Manifest::read(&store, &needed, Extent::Changes, &mut notes)?;
    let mut reading = Reading::default();
    let mut schools = orgs::changes(&store, before, &mut notes)?;
    let mut in_rows = false;
    if store.has(File::Users) {
        schools = store.read(File::Users, |source| {
            let mut table = Table::open(File::Users.name(), source, Layout::ONE_ROSTER)?;
            in_rows = manifest.roles_in_rows(table.header(), store.has(File::Roles), &mut notes)?;
            let roles = Roles::in_users(schools);
            let mut users = Users::new(wanted, table.header(), roles, None, in_rows, &mut notes)?;
            users.changes(&mut table, &mut notes, &mut reading, sink)?;
            Ok(users.into_schools())
        })?;
    }
    if store.has(File::Roles) && !in_rows {
        let newest = Roles::changes(&store, &mut schools, wanted.today, &mut notes, sink)?;
        reading.newest = reading.newest.max(newest);
        reading.roles_whole = manifest.is_bulk(File::Roles);
    }
    if store.has(File::Demographics) {
        let newest = demographics::changes(&store, wanted.today, &mut notes, sink)?;
        reading.newest = reading.newest.max(newest);
    }
    reading.others = schools.others();
    reading.schools = schools.into_table();
    reading.undecodable = notes.undecodable;
    reading.warnings = notes.warnings;
    // In a delta it is no oddity that `status` is filled.
    reading.warnings.retain(|warning| warning.oddity != Oddity::Withdrawn);
    Ok(reading)
}
