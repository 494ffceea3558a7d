//! What the tests of the real binary have in common: a site on disk, a daemon, a wire, and people who are made up.
//!
//! Nothing here uses the crates of the product: what they misunderstand together must show.

mod bundle; // small OneRoster bundles, made by hand
mod command; // the binary, and commands that run to their end
mod daemon; // `hallpass serve`, its log and its addresses
mod foreign; // other people's clients
mod library; // the library of the transcripts
mod ncip; // messages of the other protocol, and HTTP by hand
mod samba; // an Active Directory of a test binary's own
mod script; // dialogues as plain text
mod site; // a configuration with its folders
mod slapd; // an LDAP server of a test's own
mod sql_server; // PostgreSQL and MariaDB of the tests' own
mod stage; // a script played against a daemon
mod tls; // certificates of the tests' own, and a wire over TLS
mod wire; // raw bytes over TCP

pub use bundle::{Bundle, Person, Version, synth};
pub use command::{Output, binary, run, run_program, run_with_input};
pub use daemon::Daemon;
pub use foreign::{Tool, tool};
pub use library::{Library, transcripts_folder};
pub use ncip::{Http, HttpReply, input, lookup_user, text_of, user_id, version_1, wanted};
pub use samba::{Account, Samba};
pub use script::Script;
pub use site::{LOGIN_PASSWORD, LOGIN_USER, Site, password_hash};
pub use slapd::{Attribute, Slapd};
pub use sql_server::{SqlKind, SqlServer};
pub use stage::{Reply, play};
pub use tls::{Authority, Identity, TlsWire};
pub use wire::{PATIENCE, Wire, az, checksum};

mod answer; // one question about one card
mod one_roster_server; // a district's server, which stands in for a real one
mod roll; // a district made by hand, to be spoilt
mod told; // what commands and monitoring tell

pub use answer::{Answer, request};
pub use one_roster_server::OneRosterServer;
pub use roll::{Pupil, Roll, deliver, deliver_zip};
pub use told::until;
