//! Which connector reads which kind of source.

mod ldap;

use directory::{Directory, Refusal, one_roster_csv};
use site::{Source, SourceKind};

/// Opens a district's source; `None`: there is nothing new in its inbox.
pub(crate) fn open(source: &Source) -> Result<Option<Box<dyn Directory>>, Refusal> {
    match &source.kind {
        SourceKind::OneRosterCsv(path) => {
            Ok(one_roster_csv::find(path)?.map(|bundle| Box::new(bundle) as Box<dyn Directory>))
        }
        // What is new there is only known once it is pulled.
        SourceKind::Ldap(ldap) => Ok(Some(Box::new(directory::ldap::Pull::new(ldap::settings(ldap))))),
    }
}
