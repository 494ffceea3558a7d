//! A query on a PostgreSQL, MySQL or MariaDB server (reference: directories.md 2g).
//!
//! The columns of the query are named as what they are: `id`, `birth_date`, and so on; it stands in the configuration. A
//! roster is read whole each time, in a transaction that only reads, and batch by batch, so that what is held does not grow
//! with the rows. Each row is then read as a row of a file is.
//!
//! - `settings` where and how to ask; `tls` the certificates
//! - `session` the conversation, in `postgres` and in `my_sql`; `statement` what is sent
//! - `columns` what the columns can hold, and which are asked for
//! - `fault` why a database was not read, and who can mend it; `told` from its codes to that

mod columns;
mod fault;
mod my_sql;
mod postgres;
mod session;
mod settings;
mod statement;
#[cfg(test)]
mod tests;
mod tls;
mod told;

use tokio::runtime::{Builder, Runtime};

pub use fault::{Fault, Spot, Trouble};
pub use settings::{Engine, Server, Settings};

use self::columns::Chosen;
use self::session::Session;
use self::statement::Asked;
use self::tls::Papers;
use crate::delimited::{People, Rows};
use crate::notes::Notes;
use crate::table::Row;
use crate::{BadData, Cleared, Directory, Fingerprint, Oddity, Person, Reading, Refusal, Wanted};

/// More rows than any state has students: a query that never comes to an end is one that multiplies them.
const MOST_ROWS: u64 = 5_000_000;

/// One pull from a database.
#[derive(Debug)]
pub struct Pull {
    settings: Settings,
    print: Fingerprint,
}

impl Pull {
    /// A pull that has not begun; nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, print: Fingerprint::like_no_other() }
    }

    fn pull(&self, runtime: &Runtime, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let papers = Papers::read(&self.settings).map_err(|trouble| self.fault(trouble))?;
        let mut session = Session::begin(runtime, &self.settings, papers);
        let given = session.columns().map_err(|trouble| self.fault(trouble))?;
        let mut chosen = Chosen::of(&self.settings, wanted, &given)?;
        let asked: Vec<_> =
            chosen.columns.iter().map(|theirs| Asked { name: &theirs.name, kind: &theirs.kind }).collect();
        session.read(statement::rows(self.settings.server.engine, &self.settings.query, &asked));
        let reading = self.read_rows(&mut session, &mut chosen, wanted, sink)?;
        session.close();
        Ok(reading)
    }

    fn read_rows(
        &self,
        session: &mut Session<'_>,
        chosen: &mut Chosen,
        wanted: &Wanted,
        sink: &mut dyn FnMut(Person),
    ) -> Result<Reading, Refusal> {
        let place = self.settings.server.to_string();
        let (header, mapping) = (chosen.header(&place), chosen.mapping.clone());
        // Columns were found in any letter case, as SQL has it: nothing odd about that.
        let people = People::new(&place, &mapping, wanted, &header, &mut Notes::default())?;
        let (mut rows, mut notes, mut number) = (Rows::default(), Notes::default(), 0);
        for key in mapping.unnamed(wanted) {
            notes.warn(&place, Oddity::NoColumn(key.replace('-', "_")));
        }
        loop {
            let batch = session.rows().map_err(|trouble| self.fault(trouble))?;
            if batch.is_empty() {
                break;
            }
            for record in batch {
                number += 1;
                match chosen.unfit(&record) {
                    Some((column, expected)) => notes.undecodable(&place, number, Some(column), expected),
                    None => people.take(&Row::new(&record, number), &mut rows, &mut notes, sink)?,
                }
            }
            if number > MOST_ROWS {
                return Err(self.fault(Trouble::Endless));
            }
        }
        if number == 0 {
            return Err(BadData::file(place, crate::Fault::NoRows).into());
        }
        for oddity in chosen.without_zeros() {
            notes.warn(&place, oddity);
        }
        Ok(rows.end(number, notes))
    }

    fn fault(&self, trouble: Trouble) -> Refusal {
        Fault::of(self.settings.server.to_string(), trouble).into()
    }
}

impl Directory for Pull {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| self.fault(Trouble::Runtime(error)))?;
        let outcome = self.pull(&runtime, wanted, sink);
        // Without waiting: a resolver that hangs would hold up more than this sync.
        runtime.shutdown_background();
        outcome
    }

    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        Ok(self.print)
    }

    /// There is nothing to delete: the database is the district's.
    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }

    /// There is nothing to archive.
    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }
}
