//! All that a request is answered from: configuration, clients, rosters. One consistent view, swapped whole.

use std::net::IpAddr;
use std::sync::Arc;

use ncip::Agency;
use resolver::{ClientKind, ClientRules, District, LiveLine, PinPolicy, Rosters};
use roster::Store;
use sip2::{Charset, Delimiter, Dialect, FieldId, Frame, Parts, Terminator};
use site::{Network, Site};
use tokio_rustls::TlsAcceptor;

use crate::live::{self, DirectoryFault};
use crate::metrics::{ClientCounters, Metrics};
use crate::tls::{self, TlsFault};

/// The view of one moment. A request takes it once and never sees half of another.
pub struct House {
    /// The configuration.
    pub site: Arc<Site>,
    /// The clients, in the configuration's order.
    pub clients: Arc<Vec<Client>>,
    /// The ways in, in the order of the configuration's listeners.
    pub doors: Arc<Vec<Door>>,
    /// How is written to those who are not known yet.
    pub usual: Arc<site::Dialect>,
    /// What we call ourselves to them in NCIP.
    pub agency: Agency,
    /// What each district serves.
    pub rosters: Rosters,
}

/// What stands between a listener and a session.
pub struct Door {
    /// What is spoken there.
    pub protocol: site::Protocol,
    /// The client that all its connections belong to, by index.
    pub client: Option<usize>,
    /// Its TLS, where it has any.
    pub tls: Option<TlsAcceptor>,
    /// The load balancers whose PROXY header is due; empty: none is.
    pub proxy_from: Vec<Network>,
    /// Whether login and password are asked for as a terminal does.
    pub prompts: bool,
}

/// A client, as its sessions need it.
pub struct Client {
    /// The id: the stem of its file.
    pub id: String,
    /// What it may ask and be told.
    pub rules: ClientRules,
    /// How it writes, on the wire.
    pub dialect: Dialect,
    /// How it writes, field by field.
    pub manner: site::Dialect,
    /// How it is met in NCIP.
    pub ncip: site::Ncip,
    /// What we call ourselves to it there.
    pub agency: Agency,
    /// Where it wants another answer than the usual one.
    pub answers: site::Answers,
    /// What AO says where the request did not.
    pub institution_id: String,
    /// What AN says.
    pub location: String,
    /// Where it may connect from; empty: from anywhere.
    pub networks: Vec<Network>,
    /// How many connections it may have.
    pub connections: Option<usize>,
    /// The name in its certificate.
    pub certificate_name: Option<String>,
    /// Whether it is known by its networks alone.
    pub by_network: bool,
    /// Its login.
    pub login: Option<site::Login>,
    /// Its counters.
    pub counters: ClientCounters,
}

/// Why a configuration cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum HouseFault {
    /// The files of a listener's TLS.
    #[error("listener.tls: {0}")]
    Tls(#[from] TlsFault),
    /// A district's directory.
    #[error(transparent)]
    Directory(#[from] DirectoryFault),
}

impl House {
    /// Opens everything for a configuration. Only the files of a listener's TLS and the names in a directory can stand in
    /// the way.
    ///
    /// Of `previous` the lists of opt-outs are taken over whose files are as they were, and the lines to directories.
    pub fn open(
        site: Arc<Site>,
        store: &Store,
        metrics: &Metrics,
        previous: Option<&Self>,
    ) -> Result<Self, HouseFault> {
        let doors = site.listeners.iter().map(Door::open).collect::<Result<_, _>>()?;
        let lines = live::lines(&site, previous.map(|house| (&*house.site, &house.rosters)))?;
        let districts = with_lines(&site, lines);
        let clients = (0..).zip(&site.clients).map(|(at, client)| Client::new(client, at, &site, &districts, metrics));
        Ok(Self {
            clients: Arc::new(clients.collect()),
            doors: Arc::new(doors),
            usual: Arc::default(),
            agency: Agency::new(&site.library.agency_id),
            rosters: Rosters::open(store, districts, previous.map(|house| &house.rosters)),
            site,
        })
    }

    /// The same house with what the districts serve now.
    #[must_use]
    pub fn with_new_rosters(&self, store: &Store) -> Self {
        let districts = self.rosters.districts().into();
        Self {
            site: Arc::clone(&self.site),
            clients: Arc::clone(&self.clients),
            doors: Arc::clone(&self.doors),
            usual: Arc::clone(&self.usual),
            agency: self.agency.clone(),
            rosters: Rosters::open(store, districts, Some(&self.rosters)),
        }
    }

    /// A client by id; `at` is where it stood when it was last found.
    pub fn client(&self, id: &str, at: usize) -> Option<&Client> {
        self.clients
            .get(at)
            .filter(|client| client.id == id)
            .or_else(|| self.clients.iter().find(|client| client.id == id))
    }

    /// How to read a frame of somebody who is not known yet. A delimiter must be known before a login can be read, so a
    /// 93 is tried with those that clients use, and taken where it names a client of that delimiter.
    pub fn strangers_dialect(&self, frame: &Frame) -> Dialect {
        let usual = Dialect::default();
        if frame.command() != Some(*b"93") {
            return usual;
        }
        let others = self.clients.iter().filter(|client| client.dialect.delimiter != usual.delimiter);
        let named = others.filter(|client| {
            let user =
                Parts::of(frame, &client.dialect).ok().and_then(|parts| parts.fields().find(FieldId::LOGIN_USER_ID));
            client.login.as_ref().is_some_and(|login| user == Some(login.user.as_bytes()))
        });
        named.map(|client| client.dialect).next().unwrap_or(usual)
    }

    /// The client with a login name, and where it stands.
    pub fn client_of_login(&self, user: &str) -> Option<(usize, &Client)> {
        let has_user = |client: &Client| client.login.as_ref().is_some_and(|login| login.user == user);
        self.clients.iter().enumerate().find(|(_, client)| has_user(client))
    }
}

impl Door {
    fn open(listener: &site::Listener) -> Result<Self, TlsFault> {
        Ok(Self {
            protocol: listener.protocol,
            client: listener.client,
            tls: listener.tls.as_ref().map(tls::acceptor).transpose()?,
            proxy_from: listener.proxy_from.clone(),
            prompts: listener.prompts,
        })
    }
}

impl Client {
    fn new(client: &site::Client, at: usize, site: &Site, districts: &[District], metrics: &Metrics) -> Self {
        Self {
            id: client.id.clone(),
            rules: client_rules(client),
            dialect: wire_dialect(client, site),
            manner: client.dialect.clone(),
            ncip: client.ncip.clone(),
            agency: Agency::new(client.ncip.agency_id.as_ref().unwrap_or(&site.library.agency_id)),
            answers: client.answers,
            institution_id: client.institution_id.clone().unwrap_or_else(|| site.library.institution_id.clone()),
            location: client.location.clone().unwrap_or_else(|| site.library.location.clone()),
            networks: client.networks.clone(),
            connections: client.connections,
            certificate_name: client.certificate_name.clone(),
            by_network: site.is_known_by_network(at),
            login: client.login.clone(),
            counters: metrics.client(&client.id, districts),
        }
    }

    /// Whether the client may connect from an address.
    pub fn may_connect_from(&self, peer: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(peer))
    }
}

/// How a client writes on the wire, from the configuration.
pub(crate) fn wire_dialect(client: &site::Client, site: &Site) -> Dialect {
    Dialect {
        charset: match client.dialect.charset {
            site::Charset::Utf8 => Charset::Utf8,
            site::Charset::Latin1 => Charset::Latin1,
            site::Charset::Cp850 => Charset::Cp850,
            site::Charset::Ascii => Charset::Ascii,
        },
        delimiter: Delimiter::new(client.dialect.delimiter).unwrap_or_default(),
        terminator: if client.dialect.crlf { Terminator::CrLf } else { Terminator::Cr },
        max_fields: site.limits.fields,
    }
}

/// The live rules of each district, from the configuration; no directory is asked.
pub fn district_rules(site: &Site) -> Arc<[District]> {
    with_lines(site, site.districts.iter().map(|_| None))
}

fn with_lines(site: &Site, lines: impl IntoIterator<Item = Option<Arc<LiveLine>>>) -> Arc<[District]> {
    site.districts
        .iter()
        .zip(lines)
        .map(|(district, live)| District {
            live,
            id: district.id.clone(),
            cards: district.cards.clone(),
            eligibility: district.eligibility.clone(),
            opt_out_file: district.opt_out_file.clone(),
            ceiling: district.ceiling,
            home_library: district.home_library.clone(),
            privileges: district.privileges.clone(),
        })
        .collect()
}

/// The rules of a client, from the configuration.
pub fn client_rules(client: &site::Client) -> ClientRules {
    ClientRules {
        id: client.id.clone(),
        districts: client.districts.clone(),
        kind: match client.kind {
            site::ClientKind::EResource => ClientKind::EResource,
            site::ClientKind::SelfCheck => ClientKind::SelfCheck,
        },
        pin: match client.pin {
            site::PinPolicy::Required => PinPolicy::Required,
            site::PinPolicy::Optional => PinPolicy::Optional,
            site::PinPolicy::Never => PinPolicy::Never,
        },
        release: client.release,
    }
}
