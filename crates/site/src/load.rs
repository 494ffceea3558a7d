//! The way from the files to a [`Site`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use patron::Budget;

use crate::entry::Entry;
use crate::files::{self, Folder};
use crate::finding::Place;
use crate::secret_file::CREDENTIALS;
use crate::section::{Reader, Section, Sink};
use crate::tree::Node;
use crate::{
    Faults, Library, Limits, Loaded, Log, Site, across, client, district, environment, listener, lockout, ncip,
};

pub(crate) const KEYS: &[&str] = &["data-dir", "key-file", "library", "listener", "admin", "log", "limits", "lockout"];
pub(crate) const ADMIN_KEYS: &[&str] = &["address"];

impl Site {
    /// Reads the main file, the process's environment, and `districts/` and `clients/` beside the main file.
    pub fn load(file: &Path) -> Result<Loaded, Faults> {
        // What is not UTF-8 becomes U+FFFD, which no key and no value may hold.
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self::load_with_env(file, std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))))
    }

    /// The same with another environment.
    pub fn load_with_env(file: &Path, env: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, Faults> {
        let sink = Sink::default();
        let site = read(file, env.into_iter(), &sink);
        let (mut errors, mut warnings) = sink.into_findings();
        errors.sort_by_cached_key(|finding| position(&finding.place));
        warnings.sort_by_cached_key(|finding| position(&finding.place));
        match site {
            Some(site) if errors.is_empty() => Ok(Loaded { site, warnings }),
            _ => Err(Faults::new(errors)),
        }
    }
}

/// The environment first, then files and lines.
fn position(place: &Place) -> (PathBuf, usize, usize) {
    match place {
        Place::Variable(_) => (PathBuf::new(), 0, 0),
        Place::File(file) => (file.clone(), 0, 0),
        Place::Line { file, line, column, .. } => (file.clone(), *line, *column),
    }
}

/// Reads everything, also after a mistake: all are told at once. `None` only where one was.
fn read(file: &Path, env: impl Iterator<Item = (String, String)>, sink: &Sink) -> Option<Site> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let env: Vec<(String, String)> = env.collect();
    let credentials = env.iter().find(|(name, _)| name == CREDENTIALS).map(|(_, folder)| folder.as_str());
    let main = main_node(file, env.iter().cloned(), sink);
    let district_files = Folder::read(folder.join("districts"), sink);
    let client_files = Folder::read(folder.join("clients"), sink);
    let (district_ids, client_ids) = (district_files.ids(), client_files.ids());

    let main = main.as_ref().and_then(|node| Section::root(node, Reader { sink, folder, credentials }, KEYS));
    let main = main.map(|root| Main::read(&root, &client_ids));
    let districts = district_files.drafts(sink, credentials, district::KEYS, district::read);
    let clients =
        client_files.drafts(sink, credentials, client::KEYS, |root, id| client::read(root, id, &district_ids));

    for (files, what) in [(&district_ids, "districts"), (&client_ids, "clients")] {
        if files.is_empty() {
            let place = Place::File(folder.join(what));
            sink.warning(place, String::new(), format!("no {what}: no card is accepted"), "one file for each: ID.toml");
        }
    }
    across::check_releases(&clients, &districts);
    across::check_logins(&clients);
    across::check_certificates(&clients);
    ncip::check_agencies(&clients);
    let own_cards = main.as_ref().and_then(|main| main.library.as_ref()).map(|library| library.own_cards.as_slice());
    let cards = across::card_book(&districts, &district_ids, own_cards.unwrap_or_default());
    let main = main?;
    across::check_addresses(&main.listeners, main.admin.as_ref());
    across::check_bindings(&main.listeners, &clients);

    Some(Site {
        file: file.to_owned(),
        data_dir: main.data_dir?,
        key_file: main.key_file?,
        library: main.library?,
        listeners: main.listeners.into_iter().map(|draft| draft.listener).collect::<Option<_>>()?,
        admin: main.admin.map(|(address, _)| address),
        log: main.log,
        limits: main.limits,
        budget: main.budget,
        districts: districts.into_iter().map(|draft| Some(draft?.district)).collect::<Option<_>>()?,
        clients: clients.into_iter().map(|draft| Some(draft?.client)).collect::<Option<_>>()?,
        cards: cards?,
    })
}

/// The main file with the environment laid over it.
fn main_node(file: &Path, env: impl Iterator<Item = (String, String)>, sink: &Sink) -> Option<Node> {
    let text = files::read(file, sink)?;
    let content = text.text().to_owned();
    let mut node = Node::parse(text, sink)?;
    environment::lay_over(&mut node, &content, env, sink);
    Some(node)
}

/// The main file. What is wrong has been reported, and a default stands for it where there is one.
struct Main<'a> {
    data_dir: Option<PathBuf>,
    key_file: Option<PathBuf>,
    library: Option<Library>,
    listeners: Vec<listener::Draft<'a>>,
    admin: Option<(SocketAddr, Entry<'a>)>,
    log: Log,
    limits: Limits,
    budget: Budget,
}

impl<'a> Main<'a> {
    fn read(root: &Section<'a>, clients: &[&str]) -> Self {
        let library = root
            .required("library", "[library] with name, institution-id and time-zone")
            .and_then(|entry| entry.section(Library::KEYS));
        let listeners = root
            .required("listener", "at least one [[listener]] with protocol and address")
            .and_then(|entry| entry.list())
            .unwrap_or_default();
        let admin = root
            .section("admin", ADMIN_KEYS)
            .and_then(|section| section.required("address", "an address such as \"127.0.0.1:9600\""));
        Self {
            data_dir: root.required("data-dir", "the folder of rosters and state").and_then(|entry| entry.path()),
            key_file: root
                .required("key-file", "the file that `hallpass keygen` writes")
                .and_then(|entry| entry.secret_file()),
            library: library.and_then(|section| Library::read(&section)),
            listeners: listeners
                .into_iter()
                .filter_map(|entry| entry.section(listener::KEYS))
                .map(|section| listener::read(&section, clients))
                .collect(),
            admin: admin.and_then(|entry| Some((listener::socket_address(&entry)?, entry))),
            log: root.section("log", Log::KEYS).map(|section| Log::read(&section)).unwrap_or_default(),
            limits: root.section("limits", Limits::KEYS).map(|section| Limits::read(&section)).unwrap_or_default(),
            budget: root.section("lockout", lockout::KEYS).map(|section| lockout::read(&section)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn every_mistake_is_told_in_the_order_of_files_and_lines() {
        let mut trial = Trial::default();
        trial.main(&trial.main_text().replace("[log]", "[lgo]").replace("EPL", ""));
        trial.district("cms", &trial.district_text().replace("MMDDYYYY", "MMXX").replace("name", "nmae"));
        trial.client("overdrive", &trial.client_text("overdrive").replace("cms", "dms"));
        trial.variable("HALLPASS__LOCKOUT__WINDOW", "15");
        assert_eq!(
            trial.errors(),
            [
                "HALLPASS__LOCKOUT__WINDOW lockout.window: the unit is missing; \
                 expected a whole number with ms, s, m, h or d, such as \"15m\"",
                "clients/overdrive.toml:1:14 districts[0]: unknown district, did you mean cms?; expected one of cms",
                "districts/cms.toml:1:1 nmae: unknown key, did you mean name?; \
                 expected one of name, home-library, release, card, pin, directory, eligibility, privileges, source, goal",
                "districts/cms.toml:1:1 name: missing; expected the district's name",
                "districts/cms.toml:7:10 pin.format: only YYYY, YY, MM, DD and the separators - / . may stand in it; \
                 expected a format such as \"MMDDYYYY\"",
                "hallpass.toml:5:18 library.institution-id: the text is empty; expected text",
                "hallpass.toml:12:2 lgo: unknown key, did you mean log?; \
                 expected one of data-dir, key-file, library, listener, admin, log, limits, lockout",
            ]
        );
    }

    #[test]
    fn errors_of_syntax_have_their_place_and_spoil_only_their_own_file() {
        let mut trial = Trial::default();
        trial.district("cms", "name = Example\n[card\n");
        assert_eq!(
            trial.errors(),
            [
                "districts/cms.toml:1:8 : string values must be quoted; expected literal string",
                "districts/cms.toml:2:6 : unclosed table; expected `]`",
            ]
        );
    }

    #[test]
    fn a_fault_is_shown_as_a_compiler_shows_it() {
        let mut trial = Trial::default();
        trial.district("cms", &trial.district_text().replace("MMDDYYYY", "MMXX"));
        let file = trial.path("districts/cms.toml").display().to_string();
        assert_eq!(
            trial.load().map(|_| ()).unwrap_err().to_string(),
            format!(
                "error: {file}:7:10: pin.format: only YYYY, YY, MM, DD and the separators - / . may stand in it
  |
7 | format = \"MMXX\"
  |          ^^^^^^ expected a format such as \"MMDDYYYY\"
  = who: the library's sysadmin

1 error: the configuration is not applied"
            )
        );
    }

    #[test]
    fn a_library_without_districts_or_clients_is_warned_of() {
        let mut trial = Trial::default();
        trial.remove("districts/cms.toml");
        trial.remove("clients/overdrive.toml");
        assert_eq!(
            trial.warnings(),
            [
                "clients : no clients: no card is accepted; one file for each: ID.toml",
                "districts : no districts: no card is accepted; one file for each: ID.toml",
            ]
        );
    }

    #[test]
    fn relative_paths_of_the_main_file_start_at_its_folder() {
        let trial = Trial::default();
        let site = trial.load().unwrap().site;
        assert_eq!((site.data_dir, site.key_file), (trial.path("data"), trial.path("hallpass.key")));
    }
}
