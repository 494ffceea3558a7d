//! Certificates of the tests' own, and a wire over TLS.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::{fs, iter};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use crate::wire::PATIENCE;

/// Somebody who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    certificate: String,
    key: String,
}

/// A SIP2 client over TLS.
pub struct TlsWire(StreamOwned<ClientConnection, TcpStream>);

impl Authority {
    /// An authority with a key of its own.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for these names that is valid now.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.sign(names, 2020..2100)
    }

    /// A certificate that was valid until 2021.
    pub fn issue_expired(&self, names: &[&str]) -> Identity {
        self.sign(names, 2020..2021)
    }

    /// Writes the authority's own certificate.
    pub fn write(&self, file: &Path) {
        fs::write(file, self.0.pem()).unwrap();
    }

    fn sign(&self, names: &[&str], years: std::ops::Range<i32>) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(years.start, 1, 1);
        params.not_after = date_time_ymd(years.end, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.0.pem().as_bytes()).unwrap()).unwrap();
        roots
    }
}

impl Identity {
    /// Writes both files.
    pub fn write(&self, certificate: &Path, key: &Path) {
        fs::write(certificate, &self.certificate).unwrap();
        fs::write(key, &self.key).unwrap();
    }
}

impl TlsWire {
    /// Connects to a server that `authority` vouches for, showing a certificate where there is one. The handshake is
    /// carried out; what the server thinks of the certificate shows with the first answer.
    pub fn connect(address: SocketAddr, authority: &Authority, shown: Option<&Identity>) -> io::Result<Self> {
        Self::connect_with(address, authority, shown, rustls::ALL_VERSIONS)
    }

    /// The same with these versions of TLS only.
    pub fn connect_with(
        address: SocketAddr,
        authority: &Authority,
        shown: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(authority.roots());
        let config = match shown {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = iter::once(CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap());
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain.collect(), key).unwrap()
            }
        };
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let mut wire = Self(StreamOwned::new(connection, stream));
        while wire.0.conn.is_handshaking() {
            wire.0.conn.complete_io(&mut wire.0.sock)?;
        }
        Ok(wire)
    }

    /// Sends a message with its CR and returns the answer without, or why there is none.
    pub fn try_ask(&mut self, message: &str) -> io::Result<String> {
        self.0.write_all(message.as_bytes())?;
        self.0.write_all(b"\r")?;
        let mut line = Vec::new();
        let mut byte = [0];
        while self.0.read(&mut byte)? > 0 {
            if byte == *b"\r" {
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            line.extend(byte);
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// The same, where there must be an answer.
    #[track_caller]
    pub fn ask(&mut self, message: &str) -> String {
        self.try_ask(message).unwrap_or_else(|error| panic!("no answer over TLS: {error}"))
    }
}

impl io::Read for TlsWire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl io::Write for TlsWire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
