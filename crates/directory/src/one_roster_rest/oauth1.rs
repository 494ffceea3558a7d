//! OAuth 1.0a without a token: the client signs each request (RFC 5849, section 3).

use aws_lc_rs::{hmac, rand};
use base64ct::{Base64, Encoding as _};

use crate::secret::Secret;

/// What a request is signed with beside its address.
pub(super) struct Signer<'a> {
    pub client_id: &'a str,
    pub secret: &'a Secret,
    pub sha256: bool,
}

impl Signer<'_> {
    /// The `Authorization` header of a GET request. The parameters of the query are those of the address, unencoded.
    pub fn header(&self, url: &str, query: &[(&str, String)], nonce: &str, seconds: i64) -> String {
        let method = if self.sha256 { "HMAC-SHA256" } else { "HMAC-SHA1" };
        let own = [
            ("oauth_consumer_key", self.client_id.to_owned()),
            ("oauth_nonce", nonce.to_owned()),
            ("oauth_signature_method", method.to_owned()),
            ("oauth_timestamp", seconds.to_string()),
            ("oauth_version", "1.0".to_owned()),
        ];
        let base = base_string("GET", url, own.iter().chain(query));
        let algorithm = if self.sha256 { hmac::HMAC_SHA256 } else { hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY };
        let signature = sign(algorithm, self.secret, &base);
        let mut header = "OAuth ".to_owned();
        for (name, value) in &own {
            header += &format!("{name}=\"{}\", ", encode(value));
        }
        header + &format!("oauth_signature=\"{}\"", encode(&signature))
    }
}

/// RFC 5849, 3.4.1: the method, the address and all parameters, sorted by their encoded names and values.
pub(super) fn base_string<'a>(
    method: &str,
    url: &str,
    parameters: impl Iterator<Item = &'a (&'a str, String)>,
) -> String {
    let mut encoded: Vec<_> = parameters.map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort_unstable();
    let joined: Vec<String> = encoded.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}&{}&{}", encode(url), encode(&joined.join("&")))
}

/// RFC 5849, 3.4.2: the key is the client's secret and, as there is no token, nothing behind the `&`.
fn sign(algorithm: hmac::Algorithm, secret: &Secret, base: &str) -> String {
    let key = zeroize::Zeroizing::new(format!("{}&", encode(secret.expose())));
    Base64::encode_string(hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), base.as_bytes()).as_ref())
}

/// RFC 5849, 3.6: all but the unreserved characters, with capital digits.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

/// What makes each request another: 128 random bits.
pub(super) fn nonce() -> String {
    let mut bytes = [0; 16];
    // Without random bytes the time still tells requests apart, and TLS would not have come about.
    let _ = rand::fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
