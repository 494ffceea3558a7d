//! The configuration of one library, whole.

use std::net::SocketAddr;
use std::path::PathBuf;

use patron::{Budget, CardBook, Release};

use crate::{Client, District, Finding, Library, Limits, Listener, Log, Protocol};

/// The configuration of one library.
#[derive(Debug)]
pub struct Site {
    /// The main file.
    pub file: PathBuf,
    /// The folder of rosters and state.
    pub data_dir: PathBuf,
    /// The key file. It is not opened here.
    pub key_file: PathBuf,
    /// Who answers.
    pub library: Library,
    /// Where library systems connect; at least one.
    pub listeners: Vec<Listener>,
    /// Where health and metrics are served, if anywhere.
    pub admin: Option<SocketAddr>,
    /// What is written to standard error.
    pub log: Log,
    /// Bounds and deadlines of connections.
    pub limits: Limits,
    /// How many guesses a card has.
    pub budget: Budget,
    /// The districts, by id.
    pub districts: Vec<District>,
    /// The clients, by id.
    pub clients: Vec<Client>,
    /// All card rules, by index of `districts`.
    pub cards: CardBook,
}

/// A configuration that was read, and what somebody should look at.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub site: Site,
    /// The warnings, in the order of files and lines.
    pub warnings: Vec<Finding>,
}

impl Site {
    /// What must be stored for a district so that its clients can be shown it: what any of them may see.
    pub fn stored_release(&self, district: usize) -> Release {
        let ceiling = self.districts.get(district).map(|district| district.ceiling).unwrap_or_default();
        self.clients
            .iter()
            .filter(|client| client.districts.contains(&district))
            .fold(Release::default(), |stored, client| stored.or(client.release.within(ceiling)))
    }

    /// Whether a client is known by its networks alone: nothing else says which connections are its own.
    pub fn is_known_by_network(&self, client: usize) -> bool {
        let bound = self.listeners.iter().any(|listener| listener.client == Some(client));
        self.clients.get(client).is_some_and(|client| {
            !bound && client.login.is_none() && client.certificate_name.is_none() && !client.networks.is_empty()
        })
    }

    /// The keys whose change cannot be taken over without a restart; empty: `new` can be.
    pub fn restart_needed(&self, new: &Self) -> Vec<&'static str> {
        fn listeners(site: &Site) -> Vec<(Protocol, SocketAddr)> {
            site.listeners.iter().map(|listener| (listener.protocol, listener.address)).collect()
        }
        [
            ("data-dir", self.data_dir != new.data_dir),
            ("key-file", self.key_file != new.key_file),
            ("listener", listeners(self) != listeners(new)),
            ("admin", self.admin != new.admin),
            ("log", self.log != new.log),
            ("limits.connections", self.limits.connections != new.limits.connections),
        ]
        .into_iter()
        .filter_map(|(key, changed)| changed.then_some(key))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use patron::Attribute;

    use crate::trial::Trial;

    #[test]
    fn a_name_is_stored_only_where_a_client_of_that_district_may_see_it() {
        let mut trial = Trial::default();
        trial.district(
            "open",
            &trial.district_text().replace("[card]", "release = [\"name\", \"patron-type\"]\n[card]"),
        );
        trial.district("shut", &trial.district_text().replace("[0-9]{7}", "[a-z]{7}"));
        trial.client(
            "app",
            &trial.client_text("app").replace("[\"cms\"]", "[\"open\", \"shut\"]\nrelease = [\"name\"]"),
        );
        trial.client("web", &trial.client_text("web").replace("[\"cms\"]", "[\"shut\"]\nrelease = [\"patron-type\"]"));
        trial.remove("districts/cms.toml");
        trial.remove("clients/overdrive.toml");
        let site = trial.load().unwrap().site;
        assert_eq!(site.stored_release(0), [Attribute::Name].into_iter().collect());
        assert_eq!(site.stored_release(1), [Attribute::PatronType].into_iter().collect());
        assert_eq!(site.stored_release(2).bits(), 0, "no such district");
    }

    #[test]
    fn what_a_reload_cannot_change_is_named() {
        let mut trial = Trial::default();
        let old = trial.load().unwrap().site;
        assert!(old.restart_needed(&trial.load().unwrap().site).is_empty());
        let first = trial.main_text();
        trial.main(&first.replace("\"info\"", "\"debug\""));
        assert_eq!(old.restart_needed(&trial.load().unwrap().site), ["log"]);
        trial.main(
            &first
                .replace("data\"", "other\"")
                .replace("hallpass.key", "other.key")
                .replace(":6001", ":6002")
                .replace(":9600", ":9601"),
        );
        let new = trial.load().unwrap().site;
        assert_eq!(old.restart_needed(&new), ["data-dir", "key-file", "listener", "admin"]);
    }
}
