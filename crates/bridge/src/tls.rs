//! TLS: what a listener shows, whom it asks for a certificate, and which client a certificate is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, ServerConfig, ServerConnection, WebPkiClientVerifier};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Why a listener's TLS cannot be used. The sysadmin mends it.
#[derive(Debug, Error)]
#[error("{}: {problem}; {mend}", path.display())]
pub struct TlsFault {
    path: PathBuf,
    problem: String,
    mend: &'static str,
}

/// Reads the files of a listener's TLS.
pub fn acceptor(tls: &site::Tls) -> Result<TlsAcceptor, TlsFault> {
    let provider = Arc::new(default_provider());
    let chain = certificates(&tls.certificate_file)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key_file)
        .map_err(|error| fault(&tls.key_file, error, "name a private key in PEM that the service's user can read"))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&tls.certificate_file, error, "report this"))?;
    let builder = match &tls.client_ca_file {
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file)? {
                roots
                    .add(certificate)
                    .map_err(|error| fault(file, error, "name certificates of authorities, in PEM"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| fault(file, error, "name certificates of authorities, in PEM"))?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let config = builder
        .with_single_cert(chain, key)
        .map_err(|error| fault(&tls.certificate_file, error, "the key must be that of the first certificate"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Whether the certificate that the peer showed, and that was verified, has this DNS name.
pub fn peer_has_name(connection: &ServerConnection, name: &str) -> bool {
    let Some(certificate) = connection.peer_certificates().and_then(<[_]>::first) else { return false };
    let Ok(name) = ServerName::try_from(name) else { return false };
    ParsedCertificate::try_from(certificate)
        .is_ok_and(|certificate| rustls::client::verify_server_name(&certificate, &name).is_ok())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    const MEND: &str = "name certificates in PEM that the service's user can read";
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| fault(file, error, MEND))?;
    if certificates.is_empty() { Err(fault(file, "there is no certificate in it", MEND)) } else { Ok(certificates) }
}

fn fault(path: &Path, problem: impl ToString, mend: &'static str) -> TlsFault {
    TlsFault { path: path.to_owned(), problem: problem.to_string(), mend }
}
