//! The connection on which everybody is looked up: the service account's, never a student's.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ldap3::{Ldap, LdapError, Scope, SearchOptions};
use tokio::time::{Instant, timeout};

use super::servers::{Servers, Turn, patience};
use crate::ldap::entry::Entry;
use crate::ldap::fault::{Fault, Trouble};
use crate::ldap::session::{Session, ask};
use crate::ldap::settings::Bind;

/// A connection that was not used for so long is not used again: a firewall between may have forgotten it.
const IDLE: Duration = Duration::from_mins(1);

/// Nor is one that is so old, so that a new password or certificate is seen to work, and a server that is back is used.
const OLD: Duration = Duration::from_mins(10);

/// So long a password that was refused is not shown again, unless its file is written anew: who tries a wrong one at
/// each login has the service account locked.
const REFUSED: Duration = Duration::from_mins(5);

/// There is more than was asked for (RFC 4511, A.1).
const SIZE_LIMIT: u32 = 4;

/// "No attributes" (RFC 4511, 4.5.1.8).
const NONE: &str = "1.1";

/// A connection that may search. Many may do so at the same time: each question has its number.
pub(super) struct Searching {
    session: Session,
    /// Which server it is.
    pub number: usize,
    opened: Instant,
    used: Mutex<Instant>,
}

/// Who has an ID.
pub(super) enum Found {
    Nobody,
    /// The name to bind with.
    One(String),
    Several,
}

impl Searching {
    /// Connects to the first server that lets us, and binds there.
    pub async fn open(
        servers: &Servers,
        bind: Option<&Bind>,
        refused: &Refused,
        deadline: Instant,
    ) -> Result<Self, Fault> {
        let account = match bind {
            Some(bind) if refused.still(bind) => return Err(servers.fault(Trouble::Credentials)),
            Some(bind) => Some((bind, bind.password().map_err(|why| servers.fault(Trouble::Secret(why.to_string())))?)),
            None => None,
        };
        let account = account.as_ref().map(|(bind, password)| (*bind, password));
        let tls = servers.tls().map_err(|trouble| servers.fault(trouble))?;
        let mut tried = Vec::new();
        for Turn { number, server, best, share } in servers.turns(deadline) {
            let opening = async {
                let mut session = Session::connect(server, best, share, tls.as_ref()).await?;
                session.bind(account).await?;
                Ok(session)
            };
            let trouble = match timeout(share, opening).await {
                Ok(Ok(session)) => {
                    servers.answers(number);
                    let now = Instant::now();
                    return Ok(Self { session, number, opened: now, used: Mutex::new(now) });
                }
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble::Silent(share),
            };
            servers.note(&trouble);
            if let (Some(bind), Trouble::Credentials) = (bind, &trouble) {
                refused.note(bind);
            }
            let ends = !trouble.is_of_one_server();
            tried.push((server.to_string(), trouble));
            if ends {
                break;
            }
        }
        Err(Fault::of_each(tried))
    }

    /// Whether it may be used once more.
    pub fn is_good(&self) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        used < IDLE && self.opened.elapsed() < OLD
    }

    /// Looks an ID up.
    pub async fn find(&self, base: &str, filter: String, deadline: Instant) -> Result<Found, Trouble> {
        let mut ldap = self.session.asker();
        let base = base.to_owned();
        let asked = async move {
            // Two are asked for, as many as tell that it is not one.
            let options = SearchOptions::new().sizelimit(2);
            search(&mut ldap, options, &base, Scope::Subtree, &filter).await
        };
        let (code, names) = match ask(patience(deadline), asked).await? {
            Ok(answer) => answer,
            Err(LdapError::FilterParsing) => return Err(Trouble::Filter),
            Err(_) => return Err(Trouble::Cut),
        };
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let mut names = names.ok_or(Trouble::NotLdap)?.into_iter();
        match (code, names.next(), names.next()) {
            // Also where a server's own limit is one.
            (SIZE_LIMIT, Some(_), _) => Ok(Found::Several),
            (0, Some(name), None) => name_of(name).map(Found::One),
            (0, None, _) => Ok(Found::Nobody),
            _ => Err(Trouble::of_search(code).unwrap_or(Trouble::NotLdap)),
        }
    }
}

/// Whether a server is alive that nobody may search: whatever it answers to a question about itself.
pub(super) async fn is_alive(session: &Session, deadline: Instant) -> Result<(), Trouble> {
    let mut ldap = session.asker();
    let asked = async move { search(&mut ldap, SearchOptions::new(), "", Scope::Base, "(objectClass=*)").await };
    match ask(patience(deadline), asked).await? {
        Ok((code @ (51 | 52), _)) => Err(Trouble::Result(code)),
        Ok(_) => Ok(()),
        Err(_) => Err(Trouble::Cut),
    }
}

/// The result, and the names of the entries that came; `None`: one was none. With the second it is known that it is not
/// one: a server that goes on and on is not listened to.
async fn search(
    ldap: &mut Ldap,
    options: SearchOptions,
    base: &str,
    scope: Scope,
    filter: &str,
) -> Result<(u32, Option<Vec<Vec<u8>>>), LdapError> {
    let mut search = ldap.with_search_options(options).streaming_search(base, scope, filter, vec![NONE]).await?;
    let mut names = Vec::new();
    while let Some(answer) = search.next().await? {
        // Other servers are not followed.
        if answer.is_ref() || answer.is_intermediate() {
            continue;
        }
        let Some(entry) = Entry::parse(answer.0) else { return Ok((0, None)) };
        names.push(entry.dn);
        if names.len() > 1 {
            return Ok((SIZE_LIMIT, Some(names)));
        }
    }
    Ok((search.finish().await.rc, Some(names)))
}

/// Nobody may bind under an empty name: it stands for anybody, whom many servers let in with any password (RFC 4513,
/// 5.1.1).
fn name_of(name: Vec<u8>) -> Result<String, Trouble> {
    String::from_utf8(name).ok().filter(|name| !name.trim().is_empty()).ok_or(Trouble::NotLdap)
}

/// The service account's password that was refused last.
#[derive(Default)]
pub(super) struct Refused(Mutex<Option<(Instant, Option<SystemTime>)>>);

impl Refused {
    /// Whether what is in the file was refused a short while ago.
    fn still(&self, bind: &Bind) -> bool {
        let refused = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.is_some_and(|(since, written)| since.elapsed() < REFUSED && written == Self::written(bind))
    }

    fn note(&self, bind: &Bind) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Self::written(bind)));
    }

    fn written(bind: &Bind) -> Option<SystemTime> {
        fs::metadata(&bind.password_file).and_then(|file| file.modified()).ok()
    }
}
