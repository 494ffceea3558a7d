//! OAuth 2 client credentials (RFC 6749, section 4.4): a token for a while.

use base64ct::{Base64, Encoding as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use ureq::http::StatusCode;
use zeroize::Zeroizing;

use super::Trouble;
use super::client::Answer;
use super::oauth1::encode;
use crate::secret::Secret;

/// A token is renewed so long before it runs out: a page may take a while.
const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// A token and when to have the next.
pub(super) struct Token {
    pub header: Zeroizing<String>,
    pub renew: Option<Timestamp>,
}

/// How the client says who it is. Both occur in the field; RFC 6749 2.3.1 prefers the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Basic,
    Form,
}

/// The header and the body of the request for a token.
pub(super) fn request(
    manner: Manner,
    client_id: &str,
    secret: &Secret,
    scope: Option<&str>,
) -> (Option<Zeroizing<String>>, Zeroizing<String>) {
    let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
    if let Some(scope) = scope {
        *form += &format!("&scope={}", encode(scope));
    }
    let (id, secret) = (encode(client_id), Zeroizing::new(encode(secret.expose())));
    match manner {
        Manner::Basic => {
            let pair = Zeroizing::new(format!("{id}:{}", *secret));
            (Some(Zeroizing::new(format!("Basic {}", Base64::encode_string(pair.as_bytes())))), form)
        }
        Manner::Form => {
            *form += &format!("&client_id={id}&client_secret={}", *secret);
            (None, form)
        }
    }
}

/// Reads what the server gave.
pub(super) fn token(answer: &Answer, now: Timestamp) -> Result<Token, Trouble> {
    match answer.status {
        StatusCode::OK | StatusCode::CREATED => {}
        status @ (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            return Err(Trouble::Credentials { status: status.as_u16() });
        }
        status => return Err(super::requests::refused(status)),
    }
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(&answer.body) else { return Err(Trouble::NoToken) };
    let is_bearer = match fields.get("token_type") {
        Some(Value::String(kind)) => kind.eq_ignore_ascii_case("bearer"),
        // Required, and left out by some.
        other => other.is_none(),
    };
    let Some(Value::String(token)) = fields.remove("access_token") else { return Err(Trouble::NoToken) };
    let token = Zeroizing::new(token);
    if !is_bearer || token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Trouble::NoToken);
    }
    let seconds = match fields.get("expires_in") {
        Some(Value::Number(seconds)) => seconds.as_i64(),
        Some(Value::String(seconds)) => seconds.parse().ok(),
        _ => None,
    };
    let lasts = seconds.map(|seconds| SignedDuration::from_secs(seconds.max(0)));
    // One that runs out sooner than that is asked for once a page, and works.
    let renew = lasts.and_then(|lasts| now.checked_add(lasts - EARLY.min(lasts)).ok());
    Ok(Token { header: Zeroizing::new(format!("Bearer {}", *token)), renew })
}
