//! Which connector reads which kind of source.

mod delimited;
pub(crate) mod ldap;
mod one_roster_rest;
mod sql;

use std::env;
use std::path::{Path, PathBuf};

use directory::{Directory, Refusal, Secret, one_roster_csv};
use site::{Source, SourceKind};

/// A source that is there to be read.
pub(crate) struct Opened {
    pub directory: Box<dyn Directory>,
    /// How many deliveries lie there and come after it.
    pub follow: usize,
}

/// Opens a district's source; `None`: there is nothing new in its inbox. Deliveries whose fingerprints are in `applied` are
/// done.
pub(crate) fn open(source: &Source, applied: &[String]) -> Result<Option<Opened>, Refusal> {
    let directory: Option<Box<dyn Directory>> = match &source.kind {
        SourceKind::OneRosterCsv(path) if source.delta => {
            let next = one_roster_csv::find_next(path, applied)?;
            return Ok(next.map(|(bundle, follow)| Opened { directory: Box::new(bundle), follow }));
        }
        SourceKind::OneRosterCsv(path) => one_roster_csv::find(path)?.map(|bundle| Box::new(bundle) as _),
        SourceKind::Delimited(delimited) => delimited::open(delimited)?,
        SourceKind::OneRosterRest(rest) => Some(one_roster_rest::open(rest)?),
        SourceKind::Sql(sql) => Some(sql::open(sql)?),
        // What is new there is only known once it is pulled.
        SourceKind::Ldap(ldap) => Some(Box::new(directory::ldap::Pull::new(ldap::settings(ldap)))),
    };
    Ok(directory.map(|directory| Opened { directory, follow: 0 }))
}

/// Reads a secret as it is now: a file that was replaced counts from the next sync on.
fn secret(path: &Path) -> Result<Secret, Refusal> {
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    Secret::read(path, credentials.as_deref())
}
