//! The parsed configuration of one library: what exists here is valid.
//!
//! [`Site::load`] reads the main file, the environment, and the files of `districts/` and `clients/` beside it. It
//! answers with a [`Site`] and its warnings, or with every mistake it found: file, line, column, key, what was expected.
//! Nothing else is opened, but for the files that `password-hash-file` names.
//!
//! What a user writes, one file each:
//! - [`library`], [`listener`], [`log`], [`limits`], `lockout` the sections of the main file
//! - [`district`] a file of `districts/`, with its `card`, `pin`, [`source`] and [`goal`] sections
//! - [`client`] a file of `clients/`, with its [`login`], [`network`]s, [`ncip`] and [`dialect`] (a `preset` laid over, its [`texts`])
//! - [`units`] durations, sizes and shares
//!
//! How it is read:
//! - `load` the way from the `files` to a [`site`]; `across` what must hold between them
//! - `text` one file and its places; `tree` its values, each with its place; `environment` what is laid over it
//! - `section` and `entry` from the tree to types; `nearest` which word was meant; [`finding`] what was wrong
//!
//! Types are read from the tree by hand, not by serde: a derived reader stops at the first mistake.

mod across;
mod card;
pub mod client;
pub mod dialect;
pub mod directory;
pub mod district;
mod eligibility;
mod entry;
mod environment;
mod files;
pub mod finding;
pub mod goal;
pub mod library;
pub mod limits;
pub mod listener;
mod load;
mod lockout;
pub mod log;
pub mod login;
pub mod ncip;
mod nearest;
pub mod network;
mod pin;
mod preset;
mod privileges;
mod scope;
mod secret_file;
mod section;
pub mod site;
pub mod source;
mod text;
pub mod texts;
mod tree;
pub mod units;

pub use client::{Answers, Client, ClientKind, PinPolicy};
pub use dialect::{Charset, Dialect, ExpiryFormat, FieldName};
pub use directory::{Directory, DirectoryName};
pub use district::District;
pub use finding::{Faults, Finding, Place, Severity};
pub use goal::Goal;
pub use library::Library;
pub use limits::Limits;
pub use listener::{Listener, Protocol, Tls};
pub use log::{Level, Log, LogFormat};
pub use login::{Login, PasswordHash};
pub use ncip::{Convention, Ncip};
pub use network::Network;
pub use site::{Loaded, Site};
pub use source::{
    After, Due, Guard, Ldap, LdapAttributes, LdapSecurity, LdapServer, OneRosterAuth, OneRosterRest, OneRosterVersion,
    Quiet, Schedule, Source, SourceKind, Sql, SqlQuery, SqlServer,
};
pub use texts::{Said, Texts};
pub use units::Share;

#[cfg(test)]
mod programmes;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod trial;
