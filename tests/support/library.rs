//! The library of the transcripts: `transcripts/conf` configures it, its people stand in `transcripts/people.txt`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::bundle::{Bundle, Person};
use crate::daemon::Daemon;
use crate::site::{Site, password_hash};
use crate::wire::Wire;

/// The zone of the dates on the wire.
pub(crate) const TIME_ZONE: &str = "America/New_York";

/// Who logs in where no listener names a client.
const LOGS_IN: &str = "overdrive";

/// The same where the listener asks for it as a terminal does.
const AT_PROMPTS: &str = "terminal";

/// A running library of its own.
#[derive(Debug)]
pub struct Library {
    daemon: Daemon,
    /// The clients in the order of their listeners.
    clients: Vec<String>,
    _site: Site,
}

/// Where the transcripts are.
pub fn transcripts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

impl Library {
    /// Opens it: two districts have their roster published, a third has none.
    pub fn open() -> Self {
        let site = Site::new();
        let conf = transcripts_folder().join("conf");
        site.copy_configuration(&conf);
        fs::write(site.path("conf/clients/overdrive.hash"), password_hash()).unwrap();

        // The length of a card tells the districts apart.
        let (branch, cms): (Vec<Person>, Vec<Person>) = people().into_iter().partition(|person| person.id.len() == 4);
        for (district, people) in [("cms", cms), ("branch", branch)] {
            Bundle::new(people).write(&site.path("inbox").join(district));
            site.run(&["sync", district]).succeeded();
        }
        let client = |listener: &str| {
            let named = listener.lines().find_map(|line| line.strip_prefix("client = "));
            let prompts = listener.lines().any(|line| line == "prompts = true");
            named.map_or(if prompts { AT_PROMPTS } else { LOGS_IN }, |name| name.trim_matches('"')).to_owned()
        };
        let clients = site.main().split("[[listener]]").skip(1).map(client).collect();
        Self { daemon: Daemon::start(&site), clients, _site: site }
    }

    /// Where a client connects.
    pub fn address(&self, client: &str) -> SocketAddr {
        let at = self.clients.iter().position(|name| name == client);
        self.daemon.address(at.unwrap_or_else(|| panic!("no client {client} in {:?}", self.clients)))
    }

    /// A connection to the listener of a client.
    pub fn connect(&self, client: &str) -> Wire {
        Wire::connect(self.address(client))
    }
}

/// The people of `people.txt`; its comment names the columns.
fn people() -> Vec<Person> {
    let path = transcripts_folder().join("people.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [card, born, given, family, role, pin, school, grade, state] = cells[..] else {
            panic!("people.txt: {row:?} has not nine columns")
        };
        let person = Person::student(card, born).named(given, family).role(role);
        let person = person.school(school).grade(grade).column("libraryPin", pin);
        match state {
            "disabled" => person.disabled(),
            "" => person,
            other => panic!("people.txt: {other:?} is neither \"disabled\" nor empty"),
        }
    })
    .collect()
}
