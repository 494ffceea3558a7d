//! One login at a time: whether a password is right is asked of the directory itself.
//!
//! The entry is looked up by the service account and then bound as, on another connection; or it is bound as at once,
//! under a name made of the ID. All look-ups share one connection. Each bind has a fresh one, so that no answer to one
//! student can ever be taken for another's.
//!
//! - `filter`, `template` which entry, or which name, is a student's
//! - `servers` who is asked first; `searching` looking up; `bind` the student's own question

mod bind;
mod filter;
mod searching;
mod servers;
mod template;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use patron::Pin;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use self::searching::{Found, Refused, Searching};
use self::servers::{Servers, Turn, patience};
use super::fault::{Fault, Trouble};
use super::relay::Wire;
use super::session::{Session, wire};
use super::settings::{Bind, ClientCertificate, Server};

pub use filter::{Filter, FilterError};
pub use template::{Template, TemplateError};

/// No ID and no password is longer. What a server says to one that is may look like an outage.
const LONGEST: usize = 256;

/// With less time left than this no password is sent.
const LEAST: Duration = Duration::from_millis(50);

/// Where and how to ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The servers, the best first.
    pub servers: Vec<Server>,
    /// Certificates of the authorities to trust, in PEM; `None`: those of the system.
    pub ca_file: Option<PathBuf>,
    /// What is shown to the server.
    pub client_certificate: Option<ClientCertificate>,
    /// As whom a student binds.
    pub who: Who,
    /// How long one verification or probe may take in all.
    pub timeout: Duration,
    /// So many connections at most are open at one time; where there is a search, at least two: one searches.
    pub connections: usize,
}

/// As whom a student binds.
#[derive(Clone, Debug)]
pub enum Who {
    /// As the one entry that a search finds.
    Search {
        /// Who searches; `None`: the owner of the client certificate (SASL EXTERNAL).
        bind: Option<Bind>,
        /// Below which entry, the whole subtree.
        base: String,
        /// Which entry.
        filter: Filter,
    },
    /// Under a name made of the ID.
    Template(Template),
}

/// What the directory said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The password is right.
    Right,
    /// It is not; of a name made of an ID, or of a disabled account, some servers say no more than that either.
    Wrong,
    /// Nobody has this ID.
    Nobody,
    /// More than one has it: nobody is bound as.
    Several,
    /// The account is disabled.
    Disabled,
    /// The account has expired.
    Expired,
    /// The password has expired, or must be changed before it is good.
    MustChange,
    /// The account is locked, whether the password is right or not.
    Locked,
    /// The account may not log in at this hour, or not from here.
    NotNow,
}

/// No answer: neither right nor wrong.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct Silent {
    /// The student's password may have reached a server, which may have counted it.
    pub forwarded: bool,
    /// What is wrong, with which server, and who can mend it.
    pub fault: Fault,
}

/// Asks a directory, at a login, whether a password is right. One for each district.
pub struct Live {
    servers: Servers,
    who: Who,
    timeout: Duration,
    /// Connections that may bind.
    binding: Semaphore,
    most: usize,
    searching: Mutex<Option<Arc<Searching>>>,
    refused: Refused,
}

impl Live {
    /// Nothing is asked, and no file read, before the first login.
    pub fn new(settings: Settings) -> Self {
        let Settings { servers, ca_file, client_certificate, who, timeout, connections } = settings;
        let most = match who {
            Who::Search { .. } => connections.saturating_sub(1).max(1),
            Who::Template(_) => connections.max(1),
        };
        Self {
            servers: Servers::new(servers, ca_file, client_certificate),
            who,
            timeout,
            binding: Semaphore::new(most),
            most,
            searching: Mutex::new(None),
            refused: Refused::default(),
        }
    }

    /// For tests: how long one login may take.
    #[cfg(test)]
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks until the deadline whether this is the password of whoever has this ID. The password is sent once at most, to
    /// one server.
    ///
    /// To most directories IDs are the same that differ in letter case alone: whoever counts guesses must too.
    pub async fn verify(&self, id: &str, password: &Pin, deadline: Instant) -> Result<Told, Silent> {
        let Some(password) = sendable(password) else { return Ok(Told::Wrong) };
        let kept = |fault| Silent { forwarded: false, fault };
        if !is_plain(id) {
            return Ok(Told::Nobody);
        }
        let name = match &self.who {
            Who::Template(template) => template.of(id),
            Who::Search { bind, base, filter } => {
                match self.find(bind.as_ref(), base, &filter.of(id), deadline).await.map_err(kept)? {
                    Found::Nobody => None,
                    Found::One(name) => Some(name),
                    Found::Several => return Ok(Told::Several),
                }
            }
        };
        let Some(name) = name else { return Ok(Told::Nobody) };
        // Whoever came to the end while waiting is not asked about: that would count as a guess, and answer nothing.
        let permit = timeout_at(deadline, self.binding.acquire()).await.ok().filter(|_| patience(deadline) >= LEAST);
        let _permit = permit.ok_or_else(|| kept(self.servers.fault(Trouble::Busy(self.most))))?;
        let (mut wire, number) = self.connect(deadline).await.map_err(kept)?;
        let left = patience(deadline);
        if left < LEAST {
            return Err(kept(Fault::of(self.servers.place(number), Trouble::Silent(self.timeout))));
        }
        match timeout(left, bind::bind(&mut *wire, &name, password)).await.unwrap_or(Err(Trouble::Silent(left))) {
            Ok(told) => Ok(told),
            Err(trouble) => {
                if trouble.is_of_one_server() {
                    self.servers.fails(number);
                }
                Err(Silent { forwarded: true, fault: Fault::of(self.servers.place(number), trouble) })
            }
        }
    }

    /// Whether a server answers, and lets the service account in; no student is asked about. An account whose password
    /// was refused is not tried again for a while.
    pub async fn is_back(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + self.timeout;
        match &self.who {
            Who::Search { bind, .. } => {
                let mut kept = timeout_at(deadline, self.searching.lock()).await.map_err(|_| self.silent())?;
                *kept = None;
                *kept = Some(Arc::new(Searching::open(&self.servers, bind.as_ref(), &self.refused, deadline).await?));
                Ok(())
            }
            Who::Template(_) => {
                let _permit = timeout_at(deadline, self.binding.acquire()).await.map_err(|_| self.silent())?;
                let tls = self.servers.tls().map_err(|trouble| self.servers.fault(trouble))?;
                let mut tried = Vec::new();
                for Turn { number, server, best, share } in self.servers.turns(deadline) {
                    let asked = async {
                        let session = Session::connect(server, best, share, tls.as_ref()).await?;
                        searching::is_alive(&session, deadline).await
                    };
                    match timeout(share, asked).await.unwrap_or(Err(Trouble::Silent(share))) {
                        Ok(()) => {
                            self.servers.answers(number);
                            return Ok(());
                        }
                        Err(trouble) => {
                            self.servers.note(&trouble);
                            tried.push((server.to_string(), trouble));
                        }
                    }
                }
                Err(Fault::of_each(tried))
            }
        }
    }

    /// Looks an ID up. A connection that was kept may have ended unseen, and one server of several may be unwell: once, it
    /// is asked again on another.
    async fn find(&self, bind: Option<&Bind>, base: &str, filter: &str, deadline: Instant) -> Result<Found, Fault> {
        let mut again = true;
        loop {
            let searching = self.searching(bind, deadline).await?;
            let trouble = match searching.find(base, filter.to_owned(), deadline).await {
                Ok(found) => return Ok(found),
                Err(trouble) => trouble,
            };
            if trouble.is_of_one_server() {
                self.forget(&searching, deadline).await;
                let again = std::mem::take(&mut again) && !matches!(trouble, Trouble::Silent(_));
                // That a connection has ended says nothing against its server: the next one will.
                if !(again && matches!(trouble, Trouble::Cut)) {
                    self.servers.fails(searching.number);
                }
                if again {
                    continue;
                }
            }
            return Err(Fault::of(self.servers.place(searching.number), trouble));
        }
    }

    /// The connection that searches, opened where there is none that is good.
    async fn searching(&self, bind: Option<&Bind>, deadline: Instant) -> Result<Arc<Searching>, Fault> {
        let mut kept = timeout_at(deadline, self.searching.lock()).await.map_err(|_| self.silent())?;
        if let Some(searching) = kept.as_ref().filter(|searching| searching.is_good()) {
            return Ok(Arc::clone(searching));
        }
        *kept = None;
        let searching = Arc::new(Searching::open(&self.servers, bind, &self.refused, deadline).await?);
        *kept = Some(Arc::clone(&searching));
        Ok(searching)
    }

    /// A connection that does not serve is not used again.
    async fn forget(&self, searching: &Arc<Searching>, deadline: Instant) {
        if let Ok(mut kept) = timeout_at(deadline, self.searching.lock()).await
            && kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, searching))
        {
            *kept = None;
        }
    }

    /// A fresh connection, on which nobody is bound.
    async fn connect(&self, deadline: Instant) -> Result<(Box<dyn Wire>, usize), Fault> {
        let tls = self.servers.tls().map_err(|trouble| self.servers.fault(trouble))?;
        let mut tried = Vec::new();
        for Turn { number, server, best, share } in self.servers.turns(deadline) {
            match wire(server, best, share, tls.as_ref()).await {
                Ok(wire) => {
                    self.servers.answers(number);
                    return Ok((wire, number));
                }
                Err(trouble) => {
                    self.servers.note(&trouble);
                    tried.push((server.to_string(), trouble));
                }
            }
        }
        Err(Fault::of_each(tried))
    }

    fn silent(&self) -> Fault {
        self.servers.fault(Trouble::Silent(self.timeout))
    }
}

/// Whether a password can be anybody's: one that cannot is never sent.
pub fn may_be_password(password: &Pin) -> bool {
    sendable(password).is_some()
}

/// A password as it is sent. What is no text, or ends early for a server written in C, is nobody's; nor is what is longer
/// than Active Directory has any.
fn sendable(password: &Pin) -> Option<&str> {
    let text = str::from_utf8(password.expose()).ok()?;
    let sendable = !text.is_empty() && !text.contains('\0') && text.chars().count() <= LONGEST;
    sendable.then_some(text)
}

/// Whether a directory takes an ID for what it is. Between some it sees no difference: it passes over what does not show,
/// joins blanks, reads wide digits as plain ones (RFC 4518), and Samba ends an ID at a NUL. One student must not have many
/// IDs, each with guesses of its own.
fn is_plain(id: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_graphic() || letter.is_alphabetic();
    id.len() <= LONGEST && id.split(' ').all(|word| !word.is_empty() && word.chars().all(plain))
}
