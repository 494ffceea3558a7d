//! LDAP directories: Active Directory, OpenLDAP, Google Secure LDAP (RFC 4511; reference: directories.md 2c).
//!
//! A roster is pulled whole, page by page (RFC 2696), or what changed since an earlier pull; an entry that was deleted
//! or moved out of the base leaves nothing behind that could be told of then. Referrals and references to other servers
//! are passed over: Active Directory sends some with every search from the root of a domain, and who follows one shows
//! the password to a server that nobody named.
//!
//! - `settings` where and how to ask
//! - `session` a server found, connected and bound; `reach` its addresses; `tls` the certificates; `relay` the bytes, guarded
//!   by `message`
//! - [`live`] the other way to use a directory: asked at each login
//! - `entry` one entry as it came; `account` whether it is enabled; `people` entries as people
//! - `changes` which of them have changed
//! - `fault` why a server was not read, and who can mend it

mod account;
mod changes;
mod entry;
mod fault;
pub mod live;
mod message;
mod people;
mod reach;
mod relay;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod tls;

use tokio::runtime::{Builder, Runtime};

pub use fault::{Fault, Trouble};
pub use settings::{Attributes, Bind, ClientCertificate, Security, Server, Settings};

use self::changes::Stamp;
use self::entry::Entry;
use self::people::People;
use self::session::Session;
use crate::schools::Schools;
use crate::{Before, Change, Cleared, Directory, Extent, Fingerprint, Person, Reading, Refusal, Wanted, What};

/// More entries than any state has students: a server that never comes to an end is one that invents them.
const MOST_ENTRIES: u64 = 5_000_000;

/// So many pages without an entry may come one after the other: a server may filter a page empty, but not for ever.
const MOST_EMPTY: u32 = 1000;

/// One pull from a directory server.
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
        let mut session = runtime.block_on(Session::open(&self.settings))?;
        let mut people = People::new(&self.settings, wanted, session.place().to_owned(), Schools::default());
        let asked = people.attributes();
        let filter = &self.settings.filter;
        self.search(runtime, &mut session, filter, &asked, &mut |entry| people.take(entry, sink))?;
        runtime.block_on(session.close());
        people.end()
    }

    fn pull_changes(
        &self,
        runtime: &Runtime,
        wanted: &Wanted,
        before: &Before,
        sink: &mut dyn FnMut(Change),
    ) -> Result<Option<Reading>, Refusal> {
        let mut session = runtime.block_on(Session::open(&self.settings))?;
        let stamp = match runtime.block_on(session.is_active_directory())? {
            true => Stamp::WhenChanged,
            false => Stamp::ModifyTimestamp,
        };
        let Some([ours, others]) = stamp.filters(&self.settings.filter, before.since, wanted.today) else {
            return Ok(None);
        };
        let mut people = People::new(&self.settings, wanted, session.place().to_owned(), Schools::of_before(before));
        let asked = people.attributes();
        self.search(runtime, &mut session, &ours, &asked, &mut |entry| people.change(entry, sink))?;
        self.search(runtime, &mut session, &others, &changes::KEYS.map(str::to_owned), &mut |entry| {
            sink(Change { source_id: changes::key(entry), modified: 0, what: What::Gone });
            Ok(())
        })?;
        runtime.block_on(session.close());
        Ok(Some(people.so_far()))
    }

    /// Searches page by page.
    fn search(
        &self,
        runtime: &Runtime,
        session: &mut Session,
        filter: &str,
        asked: &[String],
        take: &mut dyn FnMut(&Entry) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let (mut cookie, mut before, mut empty, mut entries) = (Vec::new(), None, 0, 0);
        loop {
            let page = runtime.block_on(session.page(&self.settings, filter, asked, cookie))?;
            // Handed on between two questions, so that no deadline runs while the sync is busy.
            let first = page.entries.first().map(|entry| entry.dn.clone());
            if first.is_some() && first == before {
                return Err(session.fault(Trouble::Repeats).into());
            }
            empty = if first.is_none() { empty + 1 } else { 0 };
            for entry in page.entries {
                entries += 1;
                take(&entry)?;
            }
            if entries > MOST_ENTRIES || empty > MOST_EMPTY {
                return Err(session.fault(Trouble::Endless).into());
            }
            if page.cookie.is_empty() {
                return Ok(());
            }
            (cookie, before) = (page.cookie, first.or(before));
        }
    }

    /// Asks with a runtime of its own: a sync has a thread, and waits.
    fn ask<T>(&self, question: impl FnOnce(&Runtime) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::of(self.settings.places(), Trouble::Runtime(error)))?;
        let outcome = question(&runtime);
        // Without waiting: a resolver that hangs would hold up more than this sync.
        runtime.shutdown_background();
        outcome
    }
}

impl Directory for Pull {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        self.settings.can_answer(wanted)?;
        self.ask(|runtime| self.pull(runtime, wanted, sink))
    }

    fn extent(&self) -> Extent {
        Extent::Either
    }

    fn changes(
        &mut self,
        wanted: &Wanted,
        before: &Before,
        sink: &mut dyn FnMut(Change),
    ) -> Result<Option<Reading>, Refusal> {
        self.settings.can_answer(wanted)?;
        match self.ask(|runtime| self.pull_changes(runtime, wanted, before, sink)) {
            // It does not search by time.
            Err(Refusal::Ldap(fault)) if fault.is_of_the_question() => Ok(None),
            outcome => outcome,
        }
    }

    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        Ok(self.print)
    }

    /// There is nothing to delete: the directory is the district's.
    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }

    /// There is nothing to archive.
    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }
}
