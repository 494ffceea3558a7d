//! Which connector reads which kind of source.

mod delimited;
mod ldap;
mod one_roster_rest;
mod sql;

use std::env;
use std::path::{Path, PathBuf};

use directory::{Directory, Refusal, Secret, one_roster_csv};
use site::{Source, SourceKind};

/// Opens a district's source; `None`: there is nothing new in its inbox.
pub(crate) fn open(source: &Source) -> Result<Option<Box<dyn Directory>>, Refusal> {
    match &source.kind {
        SourceKind::OneRosterCsv(path) => {
            Ok(one_roster_csv::find(path)?.map(|bundle| Box::new(bundle) as Box<dyn Directory>))
        }
        SourceKind::Delimited(delimited) => delimited::open(delimited),
        SourceKind::OneRosterRest(rest) => one_roster_rest::open(rest).map(Some),
        SourceKind::Sql(sql) => sql::open(sql).map(Some),
        // What is new there is only known once it is pulled.
        SourceKind::Ldap(ldap) => Ok(Some(Box::new(directory::ldap::Pull::new(ldap::settings(ldap))))),
    }
}

/// Reads a secret as it is now: a file that was replaced counts from the next sync on.
fn secret(path: &Path) -> Result<Secret, Refusal> {
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    Secret::read(path, credentials.as_deref())
}
