//! Whom to trust, and what to show, as sqlx takes it.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::fault::Trouble;
use super::settings::Settings;

/// Files that were looked through, in PEM.
pub(super) struct Papers {
    /// Authorities. sqlx trusts the public ones (Mozilla's list) beside them.
    pub roots: Vec<u8>,
    /// A chain and its key.
    pub shown: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

impl Papers {
    /// Reads them; `None`: the connection is not protected.
    pub fn read(settings: &Settings) -> Result<Option<Self>, Trouble> {
        if !settings.tls {
            return Ok(None);
        }
        let roots = match &settings.ca_file {
            Some(file) => {
                let mut store = RootCertStore::empty();
                for certificate in certificates(file)? {
                    store.add(certificate).map_err(|error| pem(file, error))?;
                }
                bytes(file)?
            }
            None => of_the_system(),
        };
        let shown = settings.client_certificate.as_ref().map(|(chain, key)| {
            certificates(chain)?;
            PrivateKeyDer::from_pem_file(key).map_err(|error| pem(key, error))?;
            Ok((bytes(chain)?, Zeroizing::new(bytes(key)?)))
        });
        Ok(Some(Self { roots, shown: shown.transpose()? }))
    }
}

/// What the system trusts. A few of its hundred are too odd for us, and one of those would refuse all of them.
fn of_the_system() -> Vec<u8> {
    let mut store = RootCertStore::empty();
    let mut text = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        if store.add(certificate.clone()).is_ok() {
            let body = Base64::encode_string(&certificate);
            text.push_str(&format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"));
        }
    }
    text.into_bytes()
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| pem(file, error))?;
    if certificates.is_empty() { Err(pem(file, "there is no certificate in it")) } else { Ok(certificates) }
}

fn bytes(file: &Path) -> Result<Vec<u8>, Trouble> {
    fs::read(file).map_err(|error| pem(file, error))
}

fn pem(path: &Path, what: impl ToString) -> Trouble {
    Trouble::Pem { path: path.to_owned(), what: what.to_string() }
}
