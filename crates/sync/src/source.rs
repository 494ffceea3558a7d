//! Which connector reads which kind of source.

use directory::{Directory, Refusal, one_roster_csv};
use site::{Source, SourceKind};

/// Opens a district's source; `None`: there is nothing new in its inbox.
pub(crate) fn open(source: &Source) -> Result<Option<Box<dyn Directory>>, Refusal> {
    match &source.kind {
        SourceKind::OneRosterCsv(path) => {
            Ok(one_roster_csv::find(path)?.map(|bundle| Box::new(bundle) as Box<dyn Directory>))
        }
        SourceKind::Delimited(delimited) => crate::delimited::open(delimited),
    }
}
