//! LDAP directories: Active Directory, OpenLDAP, Google Secure LDAP (RFC 4511; reference: directories.md 2c).
//!
//! A roster is pulled whole, page by page (RFC 2696), each time. There is no delta: an entry that was deleted or moved
//! out of the base leaves nothing behind that a delta could be told of. Referrals and references to other servers are
//! passed over: Active Directory sends some with every search from the root of a domain, and who follows one shows the
//! password to a server that nobody named.
//!
//! - `settings` where and how to ask
//! - `session` a server found, connected and bound; `reach` its addresses; `tls` the certificates; `relay` the bytes, guarded
//!   by `message`
//! - [`live`] the other way to use a directory: asked at each login
//! - `entry` one entry as it came; `account` whether it is enabled; `people` entries as people
//! - `fault` why a server was not read, and who can mend it

mod account;
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

use self::people::People;
use self::session::Session;
use crate::{Cleared, Directory, Fingerprint, Person, Reading, Refusal, Wanted};

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
        let mut people = People::new(&self.settings, wanted, session.place().to_owned());
        let asked = people.attributes();
        let (mut cookie, mut before, mut empty) = (Vec::new(), None, 0);
        loop {
            let page = runtime.block_on(session.page(&self.settings, &asked, cookie))?;
            // Handed on between two questions, so that no deadline runs while the sync is busy.
            let first = page.entries.first().map(|entry| entry.dn.clone());
            if first.is_some() && first == before {
                return Err(session.fault(Trouble::Repeats).into());
            }
            empty = if first.is_none() { empty + 1 } else { 0 };
            for entry in page.entries {
                people.take(&entry, sink)?;
            }
            if people.rows() > MOST_ENTRIES || empty > MOST_EMPTY {
                return Err(session.fault(Trouble::Endless).into());
            }
            if page.cookie.is_empty() {
                break;
            }
            (cookie, before) = (page.cookie, first.or(before));
        }
        runtime.block_on(session.close());
        people.end()
    }
}

impl Directory for Pull {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        self.settings.can_answer(wanted)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::of(self.settings.places(), Trouble::Runtime(error)))?;
        let outcome = self.pull(&runtime, wanted, sink);
        // Without waiting: a resolver that hangs would hold up more than this sync.
        runtime.shutdown_background();
        outcome
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
