//! Which connector reads which kind of source.

mod delimited;
mod ldap;
mod one_roster_rest;

use std::env;
use std::path::{Path, PathBuf};

use directory::{Directory, Refusal, Secret, one_roster_csv};
use site::{Source, SourceKind};

/// Opens a district's source, and says how many deliveries follow; `None`: there is nothing new in its inbox. Those whose
/// fingerprints are in `applied` are done.
pub(crate) fn open(source: &Source, applied: &[String]) -> Result<Option<(Box<dyn Directory>, usize)>, Refusal> {
    if let (SourceKind::OneRosterCsv(path), true) = (&source.kind, source.delta) {
        let next = one_roster_csv::find_next(path, applied)?;
        return Ok(next.map(|(bundle, follow)| (Box::new(bundle) as Box<dyn Directory>, follow)));
    }
    let opened: Result<Option<Box<dyn Directory>>, Refusal> = match &source.kind {
        SourceKind::OneRosterCsv(path) => {
            Ok(one_roster_csv::find(path)?.map(|bundle| Box::new(bundle) as Box<dyn Directory>))
        }
        SourceKind::Delimited(delimited) => delimited::open(delimited),
        SourceKind::OneRosterRest(rest) => one_roster_rest::open(rest).map(Some),
        // What is new there is only known once it is pulled.
        SourceKind::Ldap(ldap) => Ok(Some(Box::new(directory::ldap::Pull::new(ldap::settings(ldap))))),
    };
    Ok(opened?.map(|opened| (opened, 0)))
}

/// Reads a secret as it is now: a file that was replaced counts from the next sync on.
fn secret(path: &Path) -> Result<Secret, Refusal> {
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    Secret::read(path, credentials.as_deref())
}
