//! The daemon: what stands between a library system's socket and the resolver.
//!
//! A request's way, in the order of the files: [`listener`] accepts, [`arrival`] finds out who it is
//! ([`proxy`], [`tls`], [`prompts`], [`gate`]), [`connection`] turns bytes into frames and one
//! write ([`alarms`] wake it, [`buffer`] lends it memory, [`lanes`] keep it in one thread), [`sip`] holds what a session knows and turns messages into queries and verdicts into messages ([`ncip`] does all of this for NCIP), and the
//! verdict (`question`) is told to [`verdict_log`] (perhaps into an [`audit`] log of its own), [`metrics`] and, where somebody was admitted, [`usage`]. [`house`] is all that a request is answered from, swapped whole.
//!
//! Around it: [`daemon`] starts and drains, [`keeper`] does what is due each second and [`schedule`] the syncs, [`reload`] swaps the
//! configuration, [`control`] takes orders from commands, [`admin`] answers monitoring, [`logins`] checks clients, [`live`] is where logins meet directories.

pub mod admin;
pub mod alarms;
pub mod arrival;
pub mod audit;
pub mod buffer;
pub mod clock;
pub mod connection;
pub mod control;
pub mod daemon;
pub mod gate;
pub mod house;
pub mod keeper;
pub mod lanes;
pub mod listener;
pub mod live;
pub mod log_writer;
pub mod logins;
pub mod metrics;
pub mod ncip;
pub mod prompts;
pub mod proxy;
mod question;
pub mod reload;
pub mod schedule;
pub mod service;
pub mod sip;
pub mod sockets;
pub mod tls;
pub mod usage;
pub mod verdict_log;

pub use daemon::{BridgeError, Opened, open_store, serve};
pub use house::{client_rules, district_rules};
pub use sip::shown;

/// Whether the files of every listener's TLS can be used, and the names of every directory; the fault names place and mend.
pub fn check(site: &site::Site) -> Result<(), house::HouseFault> {
    live::lines(site, None)?;
    let tls = site.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    Ok(tls.map(tls::acceptor).try_for_each(|acceptor| acceptor.map(drop))?)
}
