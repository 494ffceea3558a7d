//! How a service is reached: plainly, or over TLS.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::trouble::{self, Asked, Wanted};
use crate::failure::{Failure, INTERNAL, USAGE};

const PATIENCE: Duration = Duration::from_secs(10);
/// Where Debian keeps the authorities that everybody trusts.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What is needed for TLS.
#[derive(Args)]
pub struct TlsOptions {
    /// Speak TLS.
    #[arg(long)]
    tls: bool,
    /// Trust only these authorities (PEM), not the system's.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// The name or IP address that the service's certificate must have. Default: the host of the address.
    #[arg(long, value_name = "NAME", requires = "tls")]
    server_name: Option<String>,
    /// The certificate to show (PEM), where the service asks for one.
    #[arg(long, value_name = "FILE", requires_all = ["tls", "certificate_key_file"])]
    certificate_file: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    certificate_key_file: Option<PathBuf>,
}

/// Where a service listens.
#[derive(Clone)]
pub struct Address {
    host: String,
    port: u16,
}

/// A connection, encrypted or not.
pub struct Connection {
    /// What is written and read.
    pub stream: Box<dyn Stream>,
    mine: Option<Arc<Mine>>,
}

/// What can be written and read.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// The certificate to show, if any; remembers whether it was asked for. In TLS 1.3 a service that misses it says so
/// only after the handshake, or not at all.
#[derive(Debug)]
struct Mine {
    certificate: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Address {
    /// Reads HOST:PORT.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (host, port) = text.rsplit_once(':').ok_or("not HOST:PORT")?;
        let port = port.parse().map_err(|_| "not HOST:PORT")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match bare.unwrap_or(host) {
            "" => Err("not HOST:PORT"),
            _ if bare.is_none() && host.contains(':') => Err("an IPv6 address stands in brackets: [::1]:6001"),
            host => Ok(Self { host: host.to_owned(), port }),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Connects; what went wrong is one sentence that says who can mend it.
pub async fn connect(address: &Address, options: &TlsOptions) -> Result<Connection, Failure> {
    let unreachable = |why: String| Failure::unavailable(format!("{address}: {why}"));
    // What is wrong with the files is known without the service.
    let mine = Arc::new(options.mine()?);
    let config = if options.tls { Some(options.config(Arc::clone(&mine))?) } else { None };
    let stream = timeout(PATIENCE, reach(address))
        .await
        .map_err(|_| unreachable("no answer in 10 s: is a firewall between?".to_owned()))?
        .map_err(|error| unreachable(trouble::unreachable(&error)))?;
    let Some(config) = config else { return Ok(Connection { stream: Box::new(stream), mine: None }) };
    let name = options.server_name.as_deref().unwrap_or(&address.host);
    let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
        Failure::new(USAGE, format!("{name} is no name that a certificate can have: use --server-name"))
    })?;
    let connected = timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(server_name, stream))
        .await
        .map_err(|_| unreachable("no TLS handshake in 10 s: does it speak TLS at this port?".to_owned()))?;
    let wanted = Wanted { name, authorities: options.ca_file.as_deref() };
    match connected {
        Ok(stream) => Ok(Connection { stream: Box::new(stream), mine: Some(mine) }),
        Err(error) => Err(unreachable(trouble::handshake(&error, &wanted, mine.asked()))),
    }
}

async fn reach(address: &Address) -> std::io::Result<TcpStream> {
    let addresses: Vec<_> = lookup_host((address.host.as_str(), address.port)).await?.collect();
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    // What is measured is the service, not Nagle's algorithm.
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Connection {
    /// Whether the service asked for a certificate of ours, and was shown one.
    pub fn asked(&self) -> Asked {
        self.mine.as_ref().map_or(Asked::Never, |mine| mine.asked())
    }
}

impl TlsOptions {
    fn config(&self, mine: Arc<Mine>) -> Result<ClientConfig, Failure> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(INTERNAL, error.to_string()))?;
        Ok(builder.with_root_certificates(self.authorities()?).with_client_cert_resolver(mine))
    }

    fn authorities(&self) -> Result<RootCertStore, Failure> {
        let mut roots = RootCertStore::empty();
        let Some(file) = &self.ca_file else {
            // The system's bundle may hold one that is not understood.
            let _ = roots.add_parsable_certificates(certificates(Path::new(AUTHORITIES))?);
            return Ok(roots);
        };
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|error| unusable(file, &error))?;
        }
        Ok(roots)
    }

    fn mine(&self) -> Result<Mine, Failure> {
        let (Some(file), Some(key_file)) = (&self.certificate_file, &self.certificate_key_file) else {
            return Ok(Mine { certificate: None, asked: AtomicBool::new(false) });
        };
        let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| match error {
            pem::Error::NoItemsFound => unusable(key_file, &"there is no private key without a passphrase in it"),
            error => unreadable(key_file, &error),
        })?;
        let certificate = CertifiedKey::from_der(certificates(file)?, key, &default_provider());
        let certificate = certificate.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                unusable(key_file, &format!("this is not the key of the certificate in {}", file.display()))
            }
            error => unusable(key_file, &error),
        })?;
        Ok(Mine { certificate: Some(Arc::new(certificate)), asked: AtomicBool::new(false) })
    }
}

impl Mine {
    fn asked(&self) -> Asked {
        match (self.asked.load(Ordering::Relaxed), &self.certificate) {
            (false, _) => Asked::Never,
            (true, None) => Asked::InVain,
            (true, Some(_)) => Asked::Answered,
        }
    }
}

impl ResolvesClientCert for Mine {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unreadable(file, &error))?;
    if found.is_empty() { Err(unusable(file, &"there is no certificate in it")) } else { Ok(found) }
}

fn unreadable(file: &Path, error: &pem::Error) -> Failure {
    match error {
        pem::Error::Io(error) => unusable(file, error),
        error => unusable(file, &format!("this is not PEM: {error}")),
    }
}

fn unusable(file: &Path, why: &dyn fmt::Display) -> Failure {
    Failure::new(USAGE, format!("{}: {why}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_and_brackets_are_for_ipv6() {
        for text in ["sip.example:6001", "192.0.2.1:6001", "[::1]:6001"] {
            assert_eq!(Address::parse(text).map(|address| address.to_string()).as_deref(), Ok(text));
        }
        for text in ["sip.example", "sip.example:", ":6001", "sip.example:99999", "[]:1"] {
            assert_eq!(Address::parse(text).err(), Some("not HOST:PORT"), "{text}");
        }
        assert!(Address::parse("::1:6001").err().is_some_and(|why| why.contains("brackets")));
    }
}
