//! `[[listener]]`: where library systems connect.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::entry::Entry;
use crate::network::{self, Network};
use crate::section::Section;

/// What is spoken on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SIP2 over TCP, or over TLS.
    Sip2,
    /// NCIP in the bodies of HTTP, or HTTPS.
    NcipHttp,
    /// NCIP over TCP, or over TLS: message after message.
    NcipTcp,
}

impl Protocol {
    const WORDS: &[(&str, Self)] = &[("sip2", Self::Sip2), ("ncip-http", Self::NcipHttp), ("ncip-tcp", Self::NcipTcp)];

    /// The word in the configuration and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sip2 => "sip2",
            Self::NcipHttp => "ncip-http",
            Self::NcipTcp => "ncip-tcp",
        }
    }
}

/// An address that library systems connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What is spoken there.
    pub protocol: Protocol,
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// Every connection belongs to this client, by its index: for systems that never log in.
    pub client: Option<usize>,
    /// What its TLS is made of; `None`: plain TCP.
    pub tls: Option<Tls>,
    /// The load balancers whose PROXY header is believed, and without whose header nobody comes in; empty: no header.
    pub proxy_from: Vec<Network>,
    /// Whether it asks for login and password as a terminal does, before the first message.
    pub prompts: bool,
}

/// The files of a listener's TLS. They are not opened here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, in PEM, the server's own first.
    pub certificate_file: PathBuf,
    /// Its private key, in PEM.
    pub key_file: PathBuf,
    /// Who signs clients' certificates, in PEM; with it every client must show one.
    pub client_ca_file: Option<PathBuf>,
}

impl Tls {
    pub(crate) const KEYS: &[&str] = &["certificate-file", "key-file", "client-ca-file"];

    fn read(section: &Section<'_>) -> Option<Self> {
        let certificate_file = section.required("certificate-file", "the certificate chain, in PEM");
        let certificate_file = certificate_file.and_then(|entry| entry.path());
        let key_file = section.required("key-file", "the certificate's private key, in PEM");
        let key_file = key_file.and_then(|entry| entry.secret_file());
        let client_ca_file = section.optional("client-ca-file").map_or(Some(None), |entry| entry.path().map(Some));
        Some(Self { certificate_file: certificate_file?, key_file: key_file?, client_ca_file: client_ca_file? })
    }
}

/// A listener as its section says it.
pub(crate) struct Draft<'a> {
    /// `None`: something in it is wrong.
    pub(crate) listener: Option<Listener>,
    /// Its address, and where that stands.
    pub(crate) address: Option<(SocketAddr, Entry<'a>)>,
    /// Its client; `None`: it names one that does not exist.
    pub(crate) bound: Option<Option<usize>>,
}

pub(crate) const KEYS: &[&str] = &["protocol", "address", "client", "tls", "proxy-from", "prompts"];

pub(crate) fn read<'a>(section: &Section<'a>, clients: &[&str]) -> Draft<'a> {
    let protocol = section
        .required("protocol", "\"sip2\", \"ncip-http\" or \"ncip-tcp\"")
        .and_then(|entry| entry.word(Protocol::WORDS));
    let address = section
        .required("address", "an address such as \"0.0.0.0:6001\"")
        .and_then(|entry| Some((socket_address(&entry)?, entry)));
    let bound = section.optional("client").map_or(Some(None), |entry| entry.id_among("client", clients).map(Some));
    let tls = match section.optional("tls") {
        Some(entry) => entry.section(Tls::KEYS).and_then(|section| Tls::read(&section)).map(Some),
        None => Some(None),
    };
    let proxy_from = section.optional("proxy-from").map_or(Some(Vec::new()), |entry| network::list(&entry));
    let prompts = section.optional("prompts").map_or(Some(false), |entry| entry.flag());
    if let (Some(Some(_)), Some(true), Some(entry)) = (bound, prompts, section.optional("prompts")) {
        entry.error("nobody is asked on a listener that is bound to a client", "expected prompts or client, not both");
    }
    if let (Some(Protocol::NcipHttp | Protocol::NcipTcp), Some(true), Some(entry)) =
        (protocol, prompts, section.optional("prompts"))
    {
        entry.error("NCIP has no prompts before the first message", "expected prompts only with protocol = \"sip2\"");
    }
    if let (Some(Protocol::NcipHttp | Protocol::NcipTcp), Some(None), Some((address, entry))) =
        (protocol, &tls, &address)
        && !address.ip().is_loopback()
        && proxy_from.as_ref().is_some_and(Vec::is_empty)
    {
        entry.warning(
            "NCIP without TLS: PINs and the clients' own secrets travel in every message as they are",
            "tls, or a loopback address behind a proxy",
        );
    }
    let listener = || {
        Some(Listener {
            protocol: protocol?,
            address: address.as_ref()?.0,
            client: bound?,
            tls: tls?,
            proxy_from: proxy_from?,
            prompts: prompts?,
        })
    };
    Draft { listener: listener(), address, bound }
}

/// An IP address and a port. Names are not looked up: nothing waits for a name server.
pub(crate) fn socket_address(entry: &Entry<'_>) -> Option<SocketAddr> {
    entry.parsed("an IP address and a port, such as \"0.0.0.0:6001\" or \"[::]:6001\"", |text| {
        text.parse().map_err(|_| "no address with a port")
    })
}

/// Whether two addresses cannot be listened on at once.
pub(crate) fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let unspecified = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0
        && one.port() == other.port()
        && one.is_ipv4() == other.is_ipv4()
        && (one.ip() == other.ip() || unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    #[test]
    fn a_listener_names_a_protocol_an_address_and_a_client_that_exist() {
        let mut trial = Trial::default();
        trial.main(&trial.main_text().replace(
            "\"sip2\"\naddress = \"127.0.0.1:6001\"",
            "\"sip\"\naddress = \"localhost:6001\"\nclient = \"overdrve\"",
        ));
        assert_eq!(
            trial.errors(),
            [
                "hallpass.toml:8:12 listener[0].protocol: unknown word, did you mean sip2?; \
                 expected one of sip2, ncip-http, ncip-tcp",
                "hallpass.toml:9:11 listener[0].address: no address with a port; \
                 expected an IP address and a port, such as \"0.0.0.0:6001\" or \"[::]:6001\"",
                "hallpass.toml:10:10 listener[0].client: unknown client, did you mean overdrive?; \
                 expected one of overdrive",
            ]
        );
    }

    #[test]
    fn ncip_is_listened_for_without_prompts() {
        let mut trial = Trial::default();
        let listener = |more: &str| trial.main_text().replace("\"sip2\"\n", &format!("\"ncip-http\"\n{more}"));
        let (plain, prompting) = (listener(""), listener("prompts = true\n"));
        trial.main(&plain);
        assert_eq!(trial.load().unwrap().site.listeners[0].protocol, Protocol::NcipHttp);
        assert!(trial.warnings().is_empty());
        trial.main(&plain.replace("127.0.0.1:6001", "0.0.0.0:6001"));
        assert_eq!(
            trial.warnings(),
            [
                "hallpass.toml:9:11 listener[0].address: NCIP without TLS: PINs and the clients' own secrets travel in every \
              message as they are; tls, or a loopback address behind a proxy"
            ]
        );
        trial.main(&prompting);
        assert_eq!(
            trial.errors(),
            ["hallpass.toml:9:11 listener[0].prompts: NCIP has no prompts before the first message; \
              expected prompts only with protocol = \"sip2\""]
        );
    }

    #[test]
    fn addresses_collide_where_two_sockets_could_not_both_listen() {
        let collide = |one: &str, other: &str| collide(one.parse().unwrap(), other.parse().unwrap());
        assert!(collide("127.0.0.1:6001", "127.0.0.1:6001"));
        assert!(collide("0.0.0.0:6001", "127.0.0.1:6001"));
        assert!(!collide("127.0.0.1:6001", "127.0.0.2:6001"));
        assert!(!collide("127.0.0.1:6001", "127.0.0.1:6002"));
        assert!(!collide("127.0.0.1:0", "127.0.0.1:0"), "each takes a free one");
        assert!(!collide("0.0.0.0:6001", "[::]:6001"));
    }
}
