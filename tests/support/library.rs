//! The library of the transcripts: its people stand in `transcripts/people.txt`, its clients here.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::bundle::{Bundle, Person};
use crate::daemon::Daemon;
use crate::site::Site;
use crate::wire::Wire;

/// The zone of the dates on the wire.
pub(crate) const TIME_ZONE: &str = "America/New_York";

/// The clients that transcripts name, in the order of their listeners. All but `overdrive`, which logs in, are known by
/// theirs.
const CLIENTS: [(&str, &str); 6] = [
    ("catalogue", "release = [\"name\", \"patron-type\"]\n"),
    ("overdrive", ""),
    ("kiosk", "pin = \"optional\"\nrelease = [\"patron-type\"]\n"),
    ("cp850", "release = [\"name\"]\n\n[dialect]\ncharset = \"cp850\"\n"),
    ("latin-1", "release = [\"name\"]\n\n[dialect]\ncharset = \"latin-1\"\n"),
    ("ascii", "release = [\"name\"]\n\n[dialect]\ncharset = \"ascii\"\n"),
];

/// A running library of its own.
#[derive(Debug)]
pub struct Library {
    daemon: Daemon,
    _site: Site,
}

/// Where the transcripts are.
pub fn transcripts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

impl Library {
    /// Opens it: two districts, published, and the daemon.
    pub fn open() -> Self {
        let site = Site::new();
        let district = site.district("cms");
        site.write_district(
            "branch",
            &district
                .replace("[0-9]{7}", "[0-9]{4}")
                .replace(
                    "scheme = \"birth-date\"\nformat = \"MMDDYYYY\"",
                    "scheme = \"column\"\ncolumn = \"libraryPin\"",
                )
                .replace("inbox/cms", "inbox/branch"),
        );
        let listener = |client: &str| match client {
            "overdrive" => "\n[[listener]]\nprotocol = \"sip2\"\naddress = \"127.0.0.1:0\"\n".to_owned(),
            bound => format!("\n[[listener]]\nprotocol = \"sip2\"\naddress = \"127.0.0.1:0\"\nclient = \"{bound}\"\n"),
        };
        let main = site.main();
        let head = main.split("[[listener]]").next().unwrap();
        site.write_main(&(head.to_owned() + &CLIENTS.map(|(client, _)| listener(client)).concat()));
        for (client, text) in CLIENTS.into_iter().filter(|(client, _)| *client != "overdrive") {
            site.write_client(client, &format!("districts = [\"cms\", \"branch\"]\n{text}"));
        }
        site.write_client("overdrive", &site.client("overdrive").replace("[\"cms\"]", "[\"cms\", \"branch\"]"));

        let (branch, cms): (Vec<Person>, Vec<Person>) = people().into_iter().partition(|person| person.id.len() == 4);
        Bundle::new(cms).write(&site.path("inbox/cms"));
        Bundle::new(branch).write(&site.path("inbox/branch"));
        site.sync().succeeded();
        Self { daemon: Daemon::start(&site), _site: site }
    }

    /// Where a client connects.
    pub fn address(&self, client: &str) -> SocketAddr {
        let at = CLIENTS.iter().position(|(name, _)| *name == client);
        self.daemon.address(at.unwrap_or_else(|| panic!("no client {client} in {CLIENTS:?}")))
    }

    /// A connection to the listener of a client.
    pub fn connect(&self, client: &str) -> Wire {
        Wire::connect(self.address(client))
    }

    /// Its daemon.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }
}

/// The people of `people.txt`: card | born | given name | family name | role | oddity, with a library PIN at the branch.
fn people() -> Vec<Person> {
    let path = transcripts_folder().join("people.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [card, born, given, family, role, pin, state] = cells[..] else {
            panic!("people.txt: {row:?} has not seven columns")
        };
        let person = Person::student(card, born).named(given, family).role(role).column("libraryPin", pin);
        match state {
            "disabled" => person.disabled(),
            "" => person,
            other => panic!("people.txt: {other:?} is neither \"disabled\" nor empty"),
        }
    })
    .collect()
}
