//! How a service is reached: plainly, or over TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::failure::{Failure, USAGE};

const PATIENCE: Duration = Duration::from_secs(10);
/// Where Debian keeps the authorities that everybody trusts.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What is needed for TLS.
#[derive(Args)]
pub struct Options {
    /// Speak TLS.
    #[arg(long)]
    tls: bool,
    /// Trust only these authorities (PEM), not the system's.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// The name that the service's certificate must have. Default: the host of the address.
    #[arg(long, value_name = "NAME", requires = "tls")]
    server_name: Option<String>,
    /// The certificate to show (PEM), where the service asks for one.
    #[arg(long, value_name = "FILE", requires_all = ["tls", "certificate_key_file"])]
    certificate_file: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    certificate_key_file: Option<PathBuf>,
}

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Connects; what went wrong is one sentence that says who can mend it.
pub async fn connect(address: &str, options: &Options) -> Result<Box<dyn Stream>, Failure> {
    let unreachable = |why: String| Failure::unavailable(format!("{address}: {why}"));
    let stream = timeout(PATIENCE, TcpStream::connect(address))
        .await
        .map_err(|_| unreachable("no answer".to_owned()))?
        .map_err(|error| unreachable(error.to_string()))?;
    if !options.tls {
        return Ok(Box::new(stream));
    }
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let name = options.server_name.as_deref().unwrap_or(host);
    let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
        Failure::new(USAGE, format!("{name} is no name that a certificate can have: use --server-name"))
    })?;
    let connector = TlsConnector::from(Arc::new(config(options)?));
    let connected = timeout(PATIENCE, connector.connect(server_name, stream)).await;
    let connected =
        connected.map_err(|_| unreachable("no TLS handshake; does it speak TLS at this port?".to_owned()))?;
    Ok(Box::new(connected.map_err(|error| unreachable(explained(&error, name)))?))
}

fn config(options: &Options) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    let authorities = options.ca_file.as_deref().unwrap_or(Path::new(AUTHORITIES));
    for certificate in certificates(authorities)? {
        // The system's bundle may hold one that is not understood.
        let _ = roots.add(certificate);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::unavailable(error.to_string()))?
        .with_root_certificates(roots);
    match (&options.certificate_file, &options.certificate_key_file) {
        (Some(certificate), Some(key)) => {
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, secret)
                .map_err(|error| unusable(certificate, &error))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unusable(file, &error))?;
    if found.is_empty() { Err(unusable(file, &"there is no certificate in it")) } else { Ok(found) }
}

fn unusable(file: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(USAGE, format!("{}: {why}", file.display()))
}

/// A failed handshake in a sentence.
fn explained(error: &std::io::Error, name: &str) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            CertificateError::UnknownIssuer => {
                "its certificate is of an authority that is not trusted here: name that with --ca-file".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired: its sysadmin renews it".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("its certificate is not for {name}: use --server-name, or its sysadmin renews it")
            }
            other => format!("its certificate cannot be accepted: {other}"),
        },
        Some(rustls::Error::InvalidMessage(_)) => "it does not speak TLS at this port".to_owned(),
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("it ended the handshake ({alert:?}): does it want another certificate of yours?")
        }
        _ => error.to_string(),
    }
}
