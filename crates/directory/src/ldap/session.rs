//! A server found, connected and bound; and pages asked of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchResult, StdStream};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::entry::Entry;
use super::fault::{Fault, Trouble};
use super::reach::{Best, reach};
use super::relay::{self, Wire};
use super::settings::{Bind, Security, Server, Settings};
use super::tls;
use crate::{Refusal, Secret};

/// How long a connection that ended may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection that may ask.
pub(super) struct Session {
    ldap: Ldap,
    /// Ends with the connection, and knows why.
    relay: JoinHandle<Result<(), Trouble>>,
    place: String,
    timeout: Duration,
}

/// One page of a search.
pub(super) struct Page {
    pub entries: Vec<Entry>,
    /// Where the next page begins; empty: there is none.
    pub cookie: Vec<u8>,
}

impl Session {
    /// Tries the servers in turn. What another server would only say again ends it.
    pub async fn open(settings: &Settings) -> Result<Self, Refusal> {
        let password = settings.bind.as_ref().map(|bind| bind.password()).transpose()?;
        let tls = tls::config(&settings.servers, settings.ca_file.as_deref(), settings.client_certificate.as_ref());
        let tls = tls.map_err(|trouble| Fault::of(settings.places(), trouble))?;
        let mut tried = Vec::new();
        for server in &settings.servers {
            let trouble = match Self::connect(server, &Best::default(), settings.timeout, tls.as_ref()).await {
                Ok(mut session) => match session.bind(settings.bind.as_ref().zip(password.as_ref())).await {
                    Ok(()) => return Ok(session),
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            let ends = !trouble.is_of_one_server();
            tried.push((server.to_string(), trouble));
            if ends {
                break;
            }
        }
        Err(Fault::of_each(tried).into())
    }

    /// Connects; the connection is nobody's yet.
    pub async fn connect(
        server: &Server,
        best: &Best,
        patience: Duration,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Self, Trouble> {
        let server_wire = wire(server, best, patience, tls).await?;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(Trouble::Runtime)?;
        ours.set_nonblocking(true).map_err(Trouble::Runtime)?;
        let ours = UnixStream::from_std(ours).map_err(Trouble::Runtime)?;
        // It is given its end of a pair, so that the URL only says of what kind it is.
        let pair = LdapConnSettings::new().set_std_stream(StdStream::Unix(theirs));
        let (driver, ldap) = LdapConnAsync::with_settings(pair, "ldapi://pair").await.map_err(|_| Trouble::NotLdap)?;
        // A task of its own: ldap3 panics where a message is whole, but not LDAP.
        tokio::spawn(driver.drive());
        let relay = tokio::spawn(relay::carry(server_wire, ours));
        Ok(Self { ldap, relay, place: server.to_string(), timeout: patience })
    }

    /// Binds as an account, or else as the owner of the client certificate (SASL EXTERNAL).
    pub async fn bind(&mut self, account: Option<(&Bind, &Secret)>) -> Result<(), Trouble> {
        let mut ldap = self.ldap.clone();
        let with_password = account.is_some();
        let account = account.map(|(bind, password)| (bind.dn.clone(), password.clone()));
        let asked = async move {
            match account {
                Some((dn, password)) => ldap.simple_bind(&dn, password.expose()).await,
                None => ldap.sasl_external_bind().await,
            }
        };
        let LdapResult { rc, text, .. } = self.ask(asked).await?;
        Trouble::of_bind(rc, &text, with_password).map_or(Ok(()), Err)
    }

    /// The page that begins at `cookie`.
    pub async fn page(
        &mut self,
        settings: &Settings,
        filter: &str,
        attributes: &[String],
        cookie: Vec<u8>,
    ) -> Result<Page, Fault> {
        let mut ldap = self.ldap.clone();
        let (base, filter, attributes) = (settings.base.clone(), filter.to_owned(), attributes.to_vec());
        let paged = RawControl::from(PagedResults { size: settings.page.into(), cookie });
        let asked = async move {
            let search = ldap.with_controls(paged).streaming_search(&base, Scope::Subtree, &filter, attributes);
            let mut search = search.await?;
            let (mut entries, mut whole) = (Vec::new(), true);
            while let Some(answer) = search.next().await? {
                if answer.is_ref() || answer.is_intermediate() {
                    continue;
                }
                match Entry::parse(answer.0) {
                    Some(entry) => entries.push(entry),
                    None => whole = false,
                }
            }
            let result = search.finish().await;
            // Not asked for as critical: a server without pages answers in one, or runs into a limit and says so.
            let paged = result.ctrls.iter().find(|Control(kind, _)| matches!(kind, Some(ControlType::PagedResults)));
            let cookie = paged.map(|Control(_, raw)| raw.parse::<PagedResults>().cookie).unwrap_or_default();
            Ok((result.rc, Page { entries, cookie }, whole))
        };
        let (code, page, whole) = self.ask(asked).await.map_err(|trouble| self.fault(trouble))?;
        match Trouble::of_search(code) {
            Some(trouble) => Err(self.fault(trouble)),
            None if !whole => Err(self.fault(Trouble::NotLdap)),
            None => Ok(page),
        }
    }

    /// Whether it says of itself that it is Active Directory (MS-ADTS 3.1.1.3.4.3): by what it can, at its root.
    pub async fn is_active_directory(&mut self) -> Result<bool, Fault> {
        const CAPABILITIES: &str = "supportedCapabilities";
        const ACTIVE_DIRECTORY: &[u8] = b"1.2.840.113556.1.4.800";
        let mut ldap = self.ldap.clone();
        let asked = async move { ldap.search("", Scope::Base, "(objectClass=*)", vec![CAPABILITIES]).await };
        // Whoever hides its root hides what it can.
        let SearchResult(entries, _) = self.ask(asked).await.map_err(|trouble| self.fault(trouble))?;
        let root = entries.into_iter().find_map(|answer| Entry::parse(answer.0));
        Ok(root.is_some_and(|root| root.values(CAPABILITIES).iter().any(|value| value == ACTIVE_DIRECTORY)))
    }

    /// One question under the deadline.
    async fn ask<T: Send + 'static>(
        &mut self,
        question: impl Future<Output = Result<T, LdapError>> + Send + 'static,
    ) -> Result<T, Trouble> {
        match ask(self.timeout, question).await? {
            Ok(answer) => Ok(answer),
            Err(LdapError::FilterParsing) => Err(Trouble::Filter),
            // The connection has ended, or its driver has: the relay knows which.
            Err(_) => Err(match timeout(LAST_WORDS, &mut self.relay).await {
                Ok(Ok(Err(trouble))) => trouble,
                _ => Trouble::NotLdap,
            }),
        }
    }

    /// What asks over this connection, beside others who do.
    pub fn asker(&self) -> Ldap {
        self.ldap.clone()
    }

    /// Says goodbye; nothing depends on it.
    pub async fn close(mut self) {
        let mut ldap = self.ldap.clone();
        drop(self.ask(async move { ldap.unbind().await }).await);
    }

    /// The server that answers.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What went wrong with it.
    pub fn fault(&self, trouble: Trouble) -> Fault {
        Fault::of(&self.place, trouble)
    }
}

/// One question under a deadline, in a task of its own: where an answer makes ldap3 panic, only that ends. The task does
/// not outlive who asked.
pub(super) async fn ask<T: Send + 'static>(
    patience: Duration,
    question: impl Future<Output = Result<T, LdapError>> + Send + 'static,
) -> Result<Result<T, LdapError>, Trouble> {
    let mut task = JoinSet::new();
    task.spawn(question);
    match timeout(patience, task.join_next()).await {
        Err(_) => Err(Trouble::Silent(patience)),
        Ok(Some(Ok(answer))) => Ok(answer),
        Ok(Some(Err(_)) | None) => Err(Trouble::NotLdap),
    }
}

/// A connection to a server as its URL wants it.
pub(super) async fn wire(
    server: &Server,
    best: &Best,
    patience: Duration,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Box<dyn Wire>, Trouble> {
    let opened = timeout(patience, open(server, best, patience, tls)).await;
    let opened = opened.unwrap_or(Err(Trouble::Silent(patience)));
    best.note(opened.as_ref().ok().and_then(|(_, address)| *address));
    opened.map(|(wire, _)| wire)
}

async fn open(
    server: &Server,
    best: &Best,
    patience: Duration,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<(Box<dyn Wire>, Option<SocketAddr>), Trouble> {
    let mut stream = reach(server, best, patience).await?;
    let address = stream.peer_addr().ok();
    // A question behind the end of a handshake must not wait until that is acknowledged.
    stream.set_nodelay(true).map_err(Trouble::Connect)?;
    match server.security {
        Security::Plain => return Ok((Box::new(stream), address)),
        Security::StartTls => relay::start_tls(&mut stream).await?,
        Security::Tls => {}
    }
    let name = ServerName::try_from(server.host.clone()).map_err(|error| Trouble::Tls(error.to_string()))?;
    let tls = tls.ok_or(Trouble::NoRoots)?;
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(relay::no_tls)?;
    Ok((Box::new(stream), address))
}
