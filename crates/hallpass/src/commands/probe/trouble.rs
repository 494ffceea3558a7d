//! Why a connection failed, in one sentence that says who mends it.

use std::io::{self, ErrorKind};
use std::path::Path;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

/// What a certificate had to be.
pub struct Wanted<'a> {
    /// The name that it must have.
    pub name: &'a str,
    /// The file of the authorities that are trusted; `None`: the system's.
    pub authorities: Option<&'a Path>,
}

/// Whether the service asked for a certificate of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It did not, or there is no TLS.
    Never,
    /// It did, and we had none.
    InVain,
    /// It did, and was shown ours.
    Answered,
}

const SHOW_ONE: &str =
    "the service wants a client certificate: show one with --certificate-file and --certificate-key-file";

/// Why no connection was made.
pub fn unreachable(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there: does the service run, and is this its port?".to_owned(),
        _ => error.to_string(),
    }
}

/// Why there was no handshake.
pub fn handshake(error: &io::Error, wanted: &Wanted<'_>, asked: Asked) -> String {
    match tls(error) {
        Some(Error::InvalidCertificate(why)) => certificate(why, wanted),
        Some(Error::InvalidMessage(_)) => {
            "it does not speak TLS at this port: take its port for TLS, or leave out --tls".to_owned()
        }
        Some(Error::PeerIncompatible(_)) => no_common_ground(),
        Some(_) => broken(Some(error), asked),
        None if asked == Asked::Never && is_end(error) => {
            "it closed the connection during the TLS handshake: does it speak TLS at this port?".to_owned()
        }
        None => broken(Some(error), asked),
    }
}

/// Why a connection ended before anything was said on it; `None`: it was closed.
pub fn broken(error: Option<&io::Error>, asked: Asked) -> String {
    match (error.and_then(tls), asked) {
        (Some(Error::AlertReceived(alert)), asked) => self::alert(*alert, asked),
        (None, Asked::InVain) if error.is_none_or(is_end) => SHOW_ONE.to_owned(),
        (None, Asked::Answered) if error.is_none_or(is_end) => {
            "the service closed the connection once it had seen the certificate of --certificate-file: its sysadmin says which \
             authority and name it wants"
                .to_owned()
        }
        (None, Asked::Never) if error.is_none_or(is_end) => {
            "the service closed the connection without a word: its log says why; is it TLS that it wants, or an address \
             that it knows?"
                .to_owned()
        }
        _ => error.map_or_else(String::new, |error| format!("the connection broke: {error}")),
    }
}

/// Whether the connection was ended from the other side, orderly or not.
pub fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) && tls(error).is_none()
}

fn tls(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn alert(alert: AlertDescription, asked: Asked) -> String {
    use AlertDescription as Alert;
    match (alert, asked) {
        (Alert::CertificateRequired, _) | (Alert::HandshakeFailure | Alert::BadCertificate, Asked::InVain) => {
            SHOW_ONE.to_owned()
        }
        (Alert::CertificateExpired, _) => {
            "the service says that the certificate of --certificate-file has expired: renew it".to_owned()
        }
        (Alert::UnrecognisedName, _) => {
            "the service has no certificate for this name: its sysadmin knows the right one, for --server-name"
                .to_owned()
        }
        (Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity, Asked::Never) => {
            no_common_ground()
        }
        (_, Asked::Answered) => format!(
            "the service does not accept the certificate of --certificate-file ({alert:?}): its sysadmin says which authority \
             it trusts"
        ),
        _ => format!("the service ended TLS with an alert ({alert:?}): its sysadmin finds the reason in its log"),
    }
}

fn no_common_ground() -> String {
    "the service has no version or cipher of TLS in common with us: its sysadmin allows TLS 1.2 or 1.3".to_owned()
}

fn certificate(why: &CertificateError, wanted: &Wanted<'_>) -> String {
    match why {
        CertificateError::UnknownIssuer => match wanted.authorities {
            Some(file) => format!(
                "its certificate is of an authority that is not in {}: its sysadmin says which one issued it",
                file.display()
            ),
            None => "its certificate is of an authority that is not trusted here: name that with --ca-file".to_owned(),
        },
        CertificateError::BadSignature => {
            "its certificate is of another authority of the same name as a trusted one: its sysadmin sends the right \
             one, for --ca-file"
                .to_owned()
        }
        CertificateError::Expired => "its certificate has expired: its sysadmin renews it".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate has expired on {}: its sysadmin renews it", day(*not_after))
        }
        CertificateError::NotValidYet => {
            "its certificate is not valid yet: its sysadmin has it issued anew, if the clock here is right".to_owned()
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "its certificate is not valid before {}: its sysadmin has it issued anew, if the clock here is right",
            day(*not_before)
        ),
        CertificateError::NotValidForName => misnamed(wanted.name, &[]),
        CertificateError::NotValidForNameContext { presented, .. } => misnamed(wanted.name, presented),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not one for servers: its sysadmin has one issued for serverAuth".to_owned()
        }
        // Of webpki, which rustls hides: what `openssl req -x509` makes.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "its certificate is that of an authority (CA:TRUE): its sysadmin has one issued for the service".to_owned()
        }
        other => format!("its certificate cannot be accepted ({other}): its sysadmin has it issued anew"),
    }
}

fn misnamed(name: &str, presented: &[String]) -> String {
    // `DnsName("sip.example")` and `IpAddress(192.0.2.1)`, as webpki writes them.
    let bare = |name: &String| name.split(['"', '(', ')']).rfind(|part| !part.is_empty()).unwrap_or(name).to_owned();
    let has = match presented {
        [] => String::new(),
        names => format!(" but for {}", names.iter().map(bare).collect::<Vec<_>>().join(", ")),
    };
    format!("its certificate is not for {name}{has}: use --server-name, or its sysadmin has the name put into it")
}

fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "a day long ago or far off".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(error: Error, asked: Asked) -> String {
        let wanted = Wanted { name: "sip.example", authorities: None };
        handshake(&io::Error::new(ErrorKind::InvalidData, error), &wanted, asked)
    }

    #[test]
    fn a_bad_certificate_is_told_with_who_mends_it() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let expired = CertificateError::ExpiredContext { time: at(1), not_after: at(86_400) };
        let presented = vec!["DnsName(\"other.example\")".to_owned(), "IpAddress(192.0.2.1)".to_owned()];
        let expected = "sip.example".try_into().unwrap();
        let misnamed = CertificateError::NotValidForNameContext { expected, presented };
        for (why, sentence) in [
            (expired, "its certificate has expired on 1970-01-02: its sysadmin renews it"),
            (misnamed, "its certificate is not for sip.example but for other.example, 192.0.2.1: use --server-name"),
            (CertificateError::UnknownIssuer, "not trusted here: name that with --ca-file"),
        ] {
            let told = told(Error::InvalidCertificate(why), Asked::Never);
            assert!(told.contains(sentence), "{told}");
        }
    }

    #[test]
    fn a_missing_client_certificate_is_told_however_the_service_ends_it() {
        let required = Error::AlertReceived(AlertDescription::CertificateRequired);
        assert_eq!(told(required, Asked::InVain), SHOW_ONE);
        assert_eq!(told(Error::AlertReceived(AlertDescription::HandshakeFailure), Asked::InVain), SHOW_ONE);
        assert_eq!(broken(Some(&ErrorKind::ConnectionReset.into()), Asked::InVain), SHOW_ONE);
        assert_eq!(broken(None, Asked::InVain), SHOW_ONE);
        assert!(broken(None, Asked::Never).starts_with("the service closed the connection without a word"));
        let refused = told(Error::AlertReceived(AlertDescription::UnknownCA), Asked::Answered);
        assert!(refused.contains("does not accept the certificate of --certificate-file"), "{refused}");
    }
}
