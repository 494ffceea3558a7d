//! Whom to trust, and what to show.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::fault::Trouble;
use super::settings::{ClientCertificate, Security, Server};

/// Reads the certificates; `None`: no server is asked over TLS.
pub(super) fn config(
    servers: &[Server],
    ca_file: Option<&Path>,
    shown: Option<&ClientCertificate>,
) -> Result<Option<Arc<ClientConfig>>, Trouble> {
    if servers.iter().all(|server| server.security == Security::Plain) {
        return Ok(None);
    }
    read(ca_file, shown).map(Arc::new).map(Some)
}

fn read(ca_file: Option<&Path>, shown: Option<&ClientCertificate>) -> Result<ClientConfig, Trouble> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Trouble::Tls(error.to_string()))?
        .with_root_certificates(roots(ca_file)?);
    let Some(shown) = shown else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(&shown.certificate_file)?;
    let key = PrivateKeyDer::from_pem_file(&shown.key_file).map_err(|error| pem(&shown.key_file, error))?;
    // What is wrong with a pair is most often that they are none.
    builder.with_client_auth_cert(chain, key).map_err(|error| pem(&shown.certificate_file, error))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Trouble> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| pem(file, error))?;
            }
        }
        // Of a system's hundred a few are too odd for us; the others do.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if roots.is_empty() { Err(Trouble::NoRoots) } else { Ok(roots) }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| pem(file, error))?;
    if certificates.is_empty() { Err(pem(file, "there is no certificate in it")) } else { Ok(certificates) }
}

fn pem(path: &Path, what: impl ToString) -> Trouble {
    Trouble::Pem { path: path.to_owned(), what: what.to_string() }
}
