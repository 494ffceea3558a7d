//! OAuth 1.0a from the server's side, written from RFC 5849 without a look at the client's.

use aws_lc_rs::hmac;
use base64ct::{Base64, Encoding as _};

use super::super::oauth1::{Signer, encode};
use super::Asked;
use super::stand_in::decode;
use crate::secret::Secret;

/// Whether an `Authorization` header signs what was asked.
pub(super) fn is_right(header: &str, asked: &Asked, client: &str, secret: &str) -> bool {
    let Some(parameters) = header.strip_prefix("OAuth ") else { return false };
    let mut signature = String::new();
    let mut all: Vec<(String, String)> = asked.parameters.clone().into_iter().collect();
    for parameter in parameters.split(',') {
        let Some((name, value)) = parameter.trim().split_once('=') else { return false };
        let value = decode(value.trim_matches('"'));
        match name {
            "oauth_signature" => signature = value,
            "realm" => {}
            _ => all.push((decode(name), value)),
        }
    }
    let of = |name: &str| all.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let algorithm = match of("oauth_signature_method") {
        "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "HMAC-SHA256" => hmac::HMAC_SHA256,
        _ => return false,
    };
    let stamped = of("oauth_nonce").len() == 32 && of("oauth_timestamp") == "1795000000";
    let base = base_string("GET", &asked.url, &all);
    let key = hmac::Key::new(algorithm, format!("{}&", escaped(secret)).as_bytes());
    stamped
        && of("oauth_consumer_key") == client
        && of("oauth_version") == "1.0"
        && Base64::encode_string(hmac::sign(&key, base.as_bytes()).as_ref()) == signature
}

fn base_string(method: &str, url: &str, parameters: &[(String, String)]) -> String {
    let mut pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}\u{0}{}", escaped(name), escaped(value))).collect();
    // A NUL sorts before whatever else a name may go on with.
    pairs.sort();
    [method.to_owned(), escaped(url), escaped(&pairs.join("&").replace('\u{0}', "="))].join("&")
}

fn escaped(text: &str) -> String {
    let unreserved = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    let mut escaped = String::new();
    for letter in text.chars() {
        match unreserved(letter) {
            true => escaped.push(letter),
            false => letter.to_string().bytes().for_each(|byte| escaped.extend(format!("%{byte:02X}").chars())),
        }
    }
    escaped
}

/// RFC 5849, 3.4.1.1: the string of the example.
#[test]
fn the_base_string_is_that_of_the_rfc() {
    let parameters = [
        ("b5", "=%3D"),
        ("a3", "a"),
        ("c@", ""),
        ("a2", "r b"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ];
    let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c\
                    %2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_\
                    method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
    let owned = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(base_string("POST", "http://example.com/request", &owned), expected);
    let borrowed = parameters.map(|(name, value)| (name, value.to_owned()));
    assert_eq!(super::super::oauth1::base_string("POST", "http://example.com/request", borrowed.iter()), expected);
}

/// A request of OneRoster's own kind, its signatures computed with Python's `hmac` and `urllib.parse.quote`.
#[test]
fn signatures_are_those_that_another_implementation_makes() {
    let secret = Secret::of("kd94hf93k423kf44");
    let query = [("limit", "100".to_owned()), ("fields", "sourcedId,role".to_owned())];
    for (sha256, expected) in [(false, SHA1), (true, SHA256)] {
        let signer = Signer { client_id: "dpf43f3p2l4k3l03", secret: &secret, sha256 };
        let url = "https://sis.example.org/ims/oneroster/v1p1/users";
        let header = signer.header(url, &query, "kllo9940pd9333jh", 1_191_242_096);
        assert!(header.ends_with(&format!("oauth_signature=\"{}\"", encode(expected))), "{header}");
    }
}

const SHA1: &str = "0h/SD0eAtoeJvIfjo1gMairr6yo=";
const SHA256: &str = "YBPpW+Nddrg32psLp1k2N/MNN6zI7wsfdFIY04HB+bc=";
