//! All that a request is answered from: configuration, clients, rosters. One consistent view, swapped whole.

use std::net::IpAddr;
use std::sync::Arc;

use patron::Role;
use resolver::{ClientRules, District, PinPolicy, Rosters};
use roster::Store;
use sip2::{Charset, Dialect};
use site::{Network, Site};

use crate::metrics::{ClientCounters, Metrics};

/// The view of one moment. A request takes it once and never sees half of another.
pub struct House {
    /// The configuration.
    pub site: Arc<Site>,
    /// The clients, in the configuration's order.
    pub clients: Arc<Vec<Client>>,
    /// What each district serves.
    pub rosters: Rosters,
}

/// A client, as its sessions need it.
pub struct Client {
    /// The id: the stem of its file.
    pub id: String,
    /// What it may ask and be told.
    pub rules: ClientRules,
    /// How it writes.
    pub dialect: Dialect,
    /// What AO says where the request did not.
    pub institution_id: String,
    /// What AN says.
    pub location: String,
    /// Where it may connect from; empty: from anywhere.
    pub networks: Vec<Network>,
    /// Its login.
    pub login: Option<site::Login>,
    /// Its counters.
    pub counters: ClientCounters,
}

impl House {
    /// Opens everything for a configuration.
    pub fn open(site: Arc<Site>, store: &Store, metrics: &Metrics) -> Self {
        let districts = district_rules(&site);
        let clients = site.clients.iter().map(|client| Client::new(client, &site, &districts, metrics)).collect();
        Self { rosters: Rosters::open(store, districts), clients: Arc::new(clients), site }
    }

    /// The same house with what the districts serve now.
    #[must_use]
    pub fn with_new_rosters(&self, store: &Store) -> Self {
        let districts = self.rosters.districts().into();
        Self {
            site: Arc::clone(&self.site),
            clients: Arc::clone(&self.clients),
            rosters: Rosters::open(store, districts),
        }
    }

    /// A client by id; `at` is where it stood when it was last found.
    pub fn client(&self, id: &str, at: usize) -> Option<&Client> {
        self.clients
            .get(at)
            .filter(|client| client.id == id)
            .or_else(|| self.clients.iter().find(|client| client.id == id))
    }

    /// The client with a login name, and where it stands.
    pub fn client_of_login(&self, user: &str) -> Option<(usize, &Client)> {
        let has_user = |client: &Client| client.login.as_ref().is_some_and(|login| login.user == user);
        self.clients.iter().enumerate().find(|(_, client)| has_user(client))
    }
}

impl Client {
    fn new(client: &site::Client, site: &Site, districts: &[District], metrics: &Metrics) -> Self {
        let charset = match client.charset {
            site::Charset::Utf8 => Charset::Utf8,
            site::Charset::Latin1 => Charset::Latin1,
            site::Charset::Cp850 => Charset::Cp850,
            site::Charset::Ascii => Charset::Ascii,
        };
        Self {
            id: client.id.clone(),
            rules: client_rules(client),
            dialect: Dialect { charset, max_fields: site.limits.fields, ..Dialect::default() },
            institution_id: client.institution_id.clone().unwrap_or_else(|| site.library.institution_id.clone()),
            location: client.location.clone().unwrap_or_else(|| site.library.location.clone()),
            networks: client.networks.clone(),
            login: client.login.clone(),
            counters: metrics.client(&client.id, districts),
        }
    }

    /// Whether the client may connect from an address.
    pub fn may_connect_from(&self, peer: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(peer))
    }
}

/// The live rules of each district, from the configuration.
pub fn district_rules(site: &Site) -> Arc<[District]> {
    site.districts
        .iter()
        .map(|district| District {
            id: district.id.clone(),
            card: district.card.clone(),
            eligibility: district.eligibility.clone(),
            ceiling: district.ceiling,
            patron_types: Role::ALL
                .into_iter()
                .filter_map(|role| Some((role, district.privileges.patron_type(role)?.to_owned())))
                .collect(),
        })
        .collect()
}

/// The rules of a client, from the configuration.
pub fn client_rules(client: &site::Client) -> ClientRules {
    ClientRules {
        districts: client.districts.clone(),
        pin: match client.pin {
            site::PinPolicy::Required => PinPolicy::Required,
            site::PinPolicy::Optional => PinPolicy::Optional,
        },
        release: client.release,
    }
}
