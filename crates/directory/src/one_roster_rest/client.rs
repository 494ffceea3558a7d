//! One exchange over HTTP: TLS, deadlines, no redirects, a capped body.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, Error};
use zeroize::Zeroizing;

use super::{ServerFault, Settings, Trouble};
use crate::Refusal;

/// The largest body taken, in bytes.
pub(super) const MOST: u64 = 64 << 20;

/// A server is connected to within this, or the whole time-out where that is shorter.
const CONNECT: Duration = Duration::from_secs(10);

/// A client of one server.
pub(super) struct Client {
    agent: Agent,
    timeout: Duration,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub status: StatusCode,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `X-Total-Count`.
    pub total: Option<u64>,
    /// Wiped when dropped: it may hold PINs.
    pub body: Zeroizing<Vec<u8>>,
}

/// What went wrong below HTTP.
pub(super) enum Broken {
    /// Another try may go well.
    Passing(&'static str),
    /// It will not.
    Lasting(Trouble),
}

impl Client {
    pub fn new(settings: &Settings) -> Result<Self, Refusal> {
        let is_tls = |url: &str| url.starts_with("https:");
        let token_url = match &settings.auth {
            super::Auth::OAuth2 { token_url, .. } => token_url.as_str(),
            _ => "",
        };
        let roots = match is_tls(&settings.url) || is_tls(token_url) {
            true => roots(&settings.url, settings.ca_file.as_deref())?,
            false => Vec::new(),
        };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            // A proxy that the environment names would see what is asked over plain HTTP, and is nobody's wish here.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .timeout_global(Some(settings.timeout))
            .timeout_connect(Some(CONNECT.min(settings.timeout)))
            .build();
        Ok(Self { agent: config.new_agent(), timeout: settings.timeout })
    }

    /// Asks for an address.
    pub fn fetch(&self, url: &str, authorization: &str) -> Result<Answer, Broken> {
        let response = self.agent.get(url).header("Authorization", authorization).call();
        self.answer(response)
    }

    /// Sends a form.
    pub fn post(&self, url: &str, authorization: Option<&str>, form: &str) -> Result<Answer, Broken> {
        let mut request = self.agent.post(url).header("Content-Type", "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        self.answer(request.send(form))
    }

    fn answer(&self, response: Result<Response<Body>, Error>) -> Result<Answer, Broken> {
        let mut response = response.map_err(|error| self.broken(error))?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, total) = (header("retry-after"), header("x-total-count"));
        let body = response.body_mut().with_config().limit(MOST).read_to_vec();
        Ok(Answer {
            status: response.status(),
            retry_after,
            total: total.and_then(|total| total.trim().parse().ok()),
            body: Zeroizing::new(body.map_err(|error| self.broken(error))?),
        })
    }

    fn broken(&self, error: Error) -> Broken {
        let lasting = match error {
            Error::Timeout(_) => Trouble::Silent { seconds: self.timeout.as_secs() },
            Error::HostNotFound => Trouble::NoHost,
            Error::BodyExceedsLimit(_) => Trouble::TooLarge { mib: MOST >> 20 },
            Error::Rustls(error) => tls(&error),
            Error::Tls(_) => Trouble::Tls,
            Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => tls(error),
                None if error.kind() == io::ErrorKind::TimedOut => Trouble::Silent { seconds: self.timeout.as_secs() },
                None if error.kind() == io::ErrorKind::ConnectionRefused => {
                    return Broken::Passing("the connection was refused");
                }
                None => return Broken::Passing("the connection broke off"),
            },
            Error::ConnectionFailed => return Broken::Passing("the connection failed"),
            Error::BodyStalled => return Broken::Passing("the connection broke off"),
            _ => Trouble::NotHttp,
        };
        Broken::Lasting(lasting)
    }
}

fn tls(error: &rustls::Error) -> Trouble {
    let rustls::Error::InvalidCertificate(certificate) = error else { return Trouble::Tls };
    match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Trouble::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Trouble::Untrusted { why: "it is for another host" }
        }
        // An authority of the same name with another key is another authority.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Trouble::Untrusted { why: "nobody we trust has signed it" }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Trouble::Untrusted { why: "it is not valid yet; see this machine's clock" }
        }
        _ => Trouble::Untrusted { why: "it is damaged or withdrawn" },
    }
}

/// The system's certificates, and those of the file. One that cannot be read among the system's many does not matter.
fn roots(url: &str, ca_file: Option<&Path>) -> Result<Vec<Certificate<'static>>, Refusal> {
    let mut roots: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect();
    if let Some(file) = ca_file {
        let unreadable = |why: String| Refusal::unreadable(file)(io::Error::other(why));
        let mut found = false;
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(error.to_string()))?;
        for der in certificates {
            let der = der.map_err(|_| unreadable("holds a certificate that cannot be read".to_owned()))?;
            roots.push(Certificate::from_der(&der).to_owned());
            found = true;
        }
        if !found {
            return Err(unreadable("holds no certificate in PEM".to_owned()));
        }
    }
    if roots.is_empty() {
        return Err(ServerFault::new(url, Trouble::NoRoots).into());
    }
    Ok(roots)
}
