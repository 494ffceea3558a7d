//! The address of a web service: https, or http to this machine.

use std::net::IpAddr;

use thiserror::Error;

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum WebAddressError {
    /// Another scheme, or none.
    #[error("it begins with neither https:// nor http://")]
    Scheme,
    /// Credentials and rosters would be in the clear.
    #[error("http is for this machine only")]
    Plain,
    /// No host, or one that cannot be.
    #[error("the host is missing or cannot be one")]
    Host,
    /// No port number.
    #[error("the port is no number from 1 to 65535")]
    Port,
    /// A name or a password before the host.
    #[error("it holds a login; that belongs into client-id and client-secret-file")]
    Login,
    /// `?` or `#`.
    #[error("it holds a query or a fragment")]
    Query,
    /// A character that has to be written with a percent sign.
    #[error("it holds a character that no address has")]
    Character,
}

/// Reads an address and writes it as it is signed: scheme and host in small letters, no port that goes without saying,
/// no slash at the end (RFC 5849, 3.4.1.2).
pub(super) fn parse(text: &str) -> Result<String, WebAddressError> {
    let (scheme, rest) = text.split_once("://").ok_or(WebAddressError::Scheme)?;
    let scheme = scheme.to_ascii_lowercase();
    let own_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return Err(WebAddressError::Scheme),
    };
    if rest.contains(['?', '#']) {
        return Err(WebAddressError::Query);
    }
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(WebAddressError::Login);
    }
    let is_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%:@!$'()*+,;=&".contains(&byte);
    if !path.bytes().all(is_path) {
        return Err(WebAddressError::Character);
    }
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or(WebAddressError::Port)?),
        None => (authority, own_port),
    };
    let host = host.to_ascii_lowercase();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let ip: Option<IpAddr> = bare.unwrap_or(&host).parse().ok();
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if host.is_empty() || bare.is_some() != ip.is_some_and(|ip| ip.is_ipv6()) || (bare.is_none() && !is_name) {
        return Err(WebAddressError::Host);
    }
    if scheme == "http" && host != "localhost" && !ip.is_some_and(|ip| ip.is_loopback()) {
        return Err(WebAddressError::Plain);
    }
    let port = if port == own_port { String::new() } else { format!(":{port}") };
    Ok(format!("{scheme}://{host}{port}{}", path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_it_is_signed() {
        for (text, written) in [
            ("HTTPS://SIS.Example.org:443/ims/OneRoster/v1p1/", "https://sis.example.org/ims/OneRoster/v1p1"),
            ("https://sis.example.org:8443", "https://sis.example.org:8443"),
            ("http://127.0.0.1:80/x", "http://127.0.0.1/x"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(written));
        }
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        for (text, error) in [
            ("sis.example.org", WebAddressError::Scheme),
            ("ftp://sis.example.org", WebAddressError::Scheme),
            ("http://sis.example.org", WebAddressError::Plain),
            ("http://localhost.example.org", WebAddressError::Plain),
            ("http://10.0.0.1", WebAddressError::Plain),
            ("https://", WebAddressError::Host),
            ("https:///x", WebAddressError::Host),
            ("https://a b/", WebAddressError::Host),
            ("https://[127.0.0.1]/", WebAddressError::Host),
            ("https://h:0/", WebAddressError::Port),
            ("https://h:x/", WebAddressError::Port),
            ("https://user:word@h/", WebAddressError::Login),
            ("https://h/?a=b", WebAddressError::Query),
            ("https://h/a b", WebAddressError::Character),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
