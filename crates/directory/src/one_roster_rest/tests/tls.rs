//! TLS: whom we trust, and what we say of those we do not.

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server for a name, with a certificate until a year, and the certificate of the authority that signed it.
fn serving(name: &str, until: i32) -> (StandIn, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let stand_in =
        StandIn::start_with(Some(acceptor), |asked| signed_in(asked).unwrap_or_else(|| paged(&students(2), asked)));
    (stand_in, authority.pem())
}

fn pull_over(stand_in: &StandIn, authority: Option<&str>) -> Result<usize, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let settings = Settings {
        ca_file: authority.map(|pem| {
            fs::write(&file, pem).unwrap();
            file
        }),
        ..settings(stand_in, Version::V1p1, Auth::OAuth1Sha256)
    };
    let mut server = Server::with_clock(settings, Secret::of(SECRET), Box::new(TestClock::default()))?;
    battery::read(&mut server, &battery::all()).map(|(people, _)| people.len())
}

fn untrusted(result: Result<usize, Refusal>) -> Trouble {
    match result {
        Err(Refusal::Server(fault)) => fault.trouble,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[test]
fn a_server_whose_authority_we_were_given_is_pulled() {
    let (stand_in, authority) = serving("localhost", 2100);
    assert_eq!(pull_over(&stand_in, Some(&authority)).unwrap(), 2);
}

#[test]
fn certificates_that_are_not_to_be_trusted_are_told_apart() {
    let (expired, authority) = serving("localhost", 2021);
    assert_eq!(untrusted(pull_over(&expired, Some(&authority))), Trouble::Expired);
    let (other, authority) = serving("other.example.org", 2100);
    assert_eq!(untrusted(pull_over(&other, Some(&authority))), Trouble::Untrusted { why: "it is for another host" });
    let (stranger, _) = serving("localhost", 2100);
    assert_eq!(
        untrusted(pull_over(&stranger, Some(&authority))),
        Trouble::Untrusted { why: "nobody we trust has signed it" }
    );
    assert!(expired.asked().is_empty() && other.asked().is_empty() && stranger.asked().is_empty());
}

#[test]
fn a_ca_file_without_a_certificate_is_refused_by_its_name() {
    let (stand_in, _) = serving("localhost", 2100);
    for text in ["", "-----BEGIN CERTIFICATE-----\nMarker\n"] {
        let Err(Refusal::Unreadable { path, error }) = pull_over(&stand_in, Some(text)) else { panic!("a refusal") };
        assert_eq!(path.file_name(), Path::new("ca.pem").file_name());
        assert!(!error.to_string().contains("Marker"));
    }
}

#[test]
fn a_server_without_tls_behind_an_https_address_is_refused() {
    let plain = StandIn::start(|_| Reply::status(200));
    let (_, authority) = serving("localhost", 2100);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, authority).unwrap();
    let settings = Settings {
        url: plain.url().replace("http:", "https:"),
        ca_file: Some(file),
        ..settings(&plain, Version::V1p1, Auth::OAuth1Sha1)
    };
    let result = battery::read(&mut open(settings).0, &battery::least()).map(|(people, _)| people.len());
    assert_eq!(untrusted(result), Trouble::Tls);
}
