//! `[directory]` of a district: who is asked at each login, where a PIN rule says `scheme = "directory"`.

use std::path::PathBuf;
use std::time::Duration;

use crate::section::Section;
use crate::source::LdapServer;
use crate::source::ldap::{Reached, reached};

pub(crate) const KEYS: &[&str] = &[
    "kind",
    "urls",
    "start-tls",
    "ca-file",
    "bind-dn",
    "bind-password-file",
    "client-certificate-file",
    "client-key-file",
    "base",
    "filter",
    "bind-as",
    "timeout",
    "connections",
    "forwards",
    "window",
    "offline-grace",
];

/// A directory that checks passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its servers, the best first.
    pub servers: Vec<LdapServer>,
    /// The authorities to trust; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// What is shown to the server: the chain, and the file with its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// As whom a student logs in there.
    pub who: DirectoryName,
    /// How long a student waits at the most.
    pub timeout: Duration,
    /// How many students are asked about at a time.
    pub connections: usize,
    /// How many wrong passwords of a student are passed on until the directory has forgotten them.
    pub forwards: u8,
    /// How long it remembers one.
    pub window: Duration,
    /// For how long the last good password serves while the directory is away.
    pub offline_grace: Option<Duration>,
}

/// As whom a student logs in at a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryName {
    /// As the entry that a search finds.
    Search {
        /// The account that searches: its DN, and the file with its password.
        bind: Option<(String, PathBuf)>,
        /// Below which entry.
        base: String,
        /// Which entry; `{id}` stands for the ID.
        filter: String,
    },
    /// Under a name in which `{id}` stands for the ID.
    BindAs(String),
}

/// Longer than this no client waits: many hang up after three seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// Active Directory's observation window, as it comes.
const WINDOW: Duration = Duration::from_secs(30 * 60);

pub(crate) fn read(section: &Section<'_>) -> Option<Directory> {
    section.required("kind", "kind = \"ldap\"").and_then(|kind| kind.word(&[("ldap", ())]))?;
    let who = match section.optional("bind-as") {
        Some(entry) => {
            for key in ["bind-dn", "bind-password-file", "base", "filter"] {
                if let Some(other) = section.optional(key) {
                    other.error(
                        "says nothing beside bind-as, with which nothing is searched for",
                        "expected only one of the two",
                    );
                }
            }
            entry
                .parsed("a name such as {id}@students.example.org", |text| {
                    with_id(text, text.matches("{id}").count() == 1)
                })
                .map(DirectoryName::BindAs)
        }
        None => {
            let base = section.required("base", "the entry below which everybody is, or bind-as instead");
            let filter = section.optional("filter").map_or(Some("(employeeID={id})".to_owned()), |entry| {
                entry.parsed("a filter such as (employeeID={id})", |text| {
                    with_id(text, text.starts_with('(') && text.ends_with(')') && text.contains("{id}"))
                })
            });
            base.and_then(|base| base.text().map(str::to_owned))
                .zip(filter)
                .map(|(base, filter)| DirectoryName::Search { bind: None, base, filter })
        }
    };
    let Reached { servers, ca_file, client_certificate, bind } =
        reached(section, section.optional("bind-as").is_none())?;
    let who = match who? {
        DirectoryName::Search { base, filter, .. } => DirectoryName::Search { bind, base, filter },
        name @ DirectoryName::BindAs(_) => name,
    };
    Some(Directory {
        servers,
        ca_file,
        client_certificate,
        who,
        timeout: section.optional("timeout").map_or(Some(PATIENCE), |entry| entry.duration("100ms"..="3s"))?,
        connections: section.optional("connections").map_or(Some(8), |entry| entry.integer(2..=256))?,
        forwards: section.optional("forwards").map_or(Some(2), |entry| entry.integer(1..=4))?,
        window: section.optional("window").map_or(Some(WINDOW), |entry| entry.duration("1m"..="1d"))?,
        offline_grace: match section.optional("offline-grace") {
            Some(entry) => Some(entry.duration("1m"..="31d")?),
            None => None,
        },
    })
}

fn with_id(text: &str, holds: bool) -> Result<String, &'static str> {
    if holds { Ok(text.to_owned()) } else { Err("there is no place for the ID, {id}, or more than one") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    const SCHEME: &str = "scheme = \"directory\"\n";

    fn with(directory: &str) -> Trial {
        let mut trial = Trial::default();
        let text = trial.district_text().replace("scheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n", SCHEME);
        trial.district("cms", &text.replace("[source]", &format!("{directory}[source]")));
        trial
    }

    fn read(directory: &str) -> Directory {
        with(directory).load().unwrap().site.districts[0].directory.clone().unwrap()
    }

    #[test]
    fn a_directory_is_searched_or_bound_to_at_once() {
        let searched = read(
            "[directory]\nkind = \"ldap\"\nurls = [\"ldaps://dc1.example.org\"]\nbind-dn = \"cn=reader\"\n\
             bind-password-file = \"secret\"\nbase = \"dc=example\"\n",
        );
        let DirectoryName::Search { bind: Some((dn, _)), base, filter } = &searched.who else { panic!("a search") };
        assert_eq!((dn.as_str(), base.as_str(), filter.as_str()), ("cn=reader", "dc=example", "(employeeID={id})"));
        let [patience, window] = [2, 1800].map(Duration::from_secs);
        assert_eq!((searched.timeout, searched.forwards, searched.window), (patience, 2, window));
        assert_eq!(searched.offline_grace, None, "only where the district allows it");
        let bound = read(
            "[directory]\nkind = \"ldap\"\nurls = [\"ldaps://dc1.example.org\"]\nbind-as = \"{id}@example.org\"\n\
             offline-grace = \"7d\"\n",
        );
        assert_eq!(bound.who, DirectoryName::BindAs("{id}@example.org".into()));
        assert_eq!(bound.offline_grace, Some(Duration::from_secs(7 * 24 * 3600)));
    }

    #[test]
    fn each_mistake_is_told_where_it_stands() {
        assert_eq!(
            with(
                "[directory]\nkind = \"ldap\"\nurls = [\"ldap://dc1.example.org\"]\nbase = \"dc=example\"\n\
                 filter = \"(cn=x)\"\ntimeout = \"10s\"\n"
            )
            .errors()
            .iter()
            .map(|error| error.split("; expected").next().unwrap().to_owned())
            .collect::<Vec<_>>(),
            [
                "districts/cms.toml:7:1 directory.bind-dn: nobody is named who asks",
                "districts/cms.toml:9:9 directory.urls[0]: \
                 the password and everybody in the directory would cross the network in the clear",
                "districts/cms.toml:11:10 directory.filter: there is no place for the ID, {id}, or more than one",
            ]
        );
    }

    #[test]
    fn a_rule_and_its_directory_need_one_another() {
        assert_eq!(
            with("").errors(),
            ["districts/cms.toml:6:10 pin.scheme: nobody is named who could be asked; \
              expected [directory] in the same file"]
        );
        let mut trial = Trial::default();
        let text = trial.district_text().replace(
            "[source]",
            "[directory]\nkind = \"ldap\"\nurls = [\"ldaps://x\"]\nbind-as = \"{id}@x\"\n[source]",
        );
        trial.district("cms", &text);
        assert_eq!(
            trial.warnings(),
            [
                "districts/cms.toml:8:1 directory: no PIN rule asks it; scheme = \"directory\" in [pin], or no [directory]"
            ]
        );
    }
}
