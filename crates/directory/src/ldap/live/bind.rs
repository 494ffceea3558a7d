//! The one question that carries a student's password, and what the answer to it tells.
//!
//! It is written and read here and not by ldap3, which leaves copies of passwords in memory and does not say whether one
//! has left the house.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::Told;
use crate::ldap::fault::{Trouble, sub_code};
use crate::ldap::message::{self, put, take};
use crate::ldap::relay::{self, Wire};

/// Tags of universal types.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;

/// Tags of a message's parts (RFC 4511, 4.1.1, 4.2 and 4.2.2).
const BIND_REQUEST: u8 = 0x60;
const SIMPLE: u8 = 0x80;
const BIND_RESPONSE: u8 = 0x61;
const CONTROLS: u8 = 0xa0;

/// The number of our only message.
const NUMBER: &[u8] = &[1];

/// The control by which OpenLDAP and others say why (draft-behera-ldap-password-policy-10, 6).
const PASSWORD_POLICY: &[u8] = b"1.3.6.1.4.1.42.2.27.8.5.1";

/// Tag of the control's error.
const POLICY_ERROR: u8 = 0x81;

/// Binds on a connection that nobody has bound on. Once it is begun the password may have arrived.
pub(super) async fn bind(wire: &mut dyn Wire, name: &str, password: &str) -> Result<Told, Trouble> {
    wire.write_all(&request(name, password)).await.map_err(relay::broken)?;
    wire.flush().await.map_err(relay::broken)?;
    let mut answer = Vec::new();
    let length = loop {
        if wire.read_buf(&mut answer).await.map_err(relay::broken)? == 0 {
            return Err(Trouble::Cut);
        }
        if let Some(length) = message::first(&answer)? {
            break length;
        }
    };
    told(answer.get(..length).unwrap_or_default())
}

/// A simple bind (RFC 4511, 4.2), with the wish to be told why not.
fn request(name: &str, password: &str) -> Zeroizing<Vec<u8>> {
    let credentials = [put(INTEGER, &[3]), put(OCTETS, name.as_bytes()), put(SIMPLE, password.as_bytes())];
    let control = put(SEQUENCE, &put(OCTETS, PASSWORD_POLICY));
    let parts = [put(INTEGER, NUMBER), put(BIND_REQUEST, &joined(&credentials)), put(CONTROLS, &control)];
    put(SEQUENCE, &joined(&parts))
}

/// In one piece of the right size: one that grows leaves copies behind.
fn joined(parts: &[Zeroizing<Vec<u8>>]) -> Zeroizing<Vec<u8>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    whole
}

fn told(message: &[u8]) -> Result<Told, Trouble> {
    let answer = Answer::parse(message).ok_or(Trouble::NotLdap)?;
    match answer.policy {
        // It may come with whatever result the server has for it.
        Some(Policy::Locked) if answer.code != 0 => return Ok(Told::Locked),
        Some(Policy::Expired | Policy::Reset) => return Ok(Told::MustChange),
        Some(Policy::Locked) | None => {}
    }
    match answer.code {
        0 => Ok(Told::Right),
        // Active Directory says of an account what is wrong with it, mostly only where the password is right.
        49 => Ok(match sub_code(&answer.diagnostic) {
            Some("525") => Told::Nobody,
            Some("530" | "531") => Told::NotNow,
            Some("532" | "773") => Told::MustChange,
            Some("533") => Told::Disabled,
            Some("701") => Told::Expired,
            Some("775") => Told::Locked,
            _ => Told::Wrong,
        }),
        // There is no such entry, or it has no password that could be right.
        32 => Ok(Told::Nobody),
        48 => Ok(Told::Wrong),
        8 | 13 => Err(Trouble::Encryption(answer.code)),
        10 => Err(Trouble::Elsewhere),
        code => Err(Trouble::Result(code)),
    }
}

/// A bind response.
struct Answer {
    code: u32,
    diagnostic: String,
    policy: Option<Policy>,
}

/// What a password policy has against a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Expired,
    Locked,
    Reset,
}

impl Answer {
    /// Reads the answer to our message. It must be one from its beginning to its end: what is half understood admits nobody.
    fn parse(message: &[u8]) -> Option<Self> {
        let (content, _) = take(message, SEQUENCE)?;
        let (number, rest) = take(content, INTEGER)?;
        let (response, rest) = take(rest, BIND_RESPONSE).filter(|_| number == NUMBER)?;
        let (code, parts) = take(response, ENUMERATED)?;
        let (_matched, parts) = take(parts, OCTETS)?;
        let (diagnostic, _) = take(parts, OCTETS)?;
        let policy = if rest.is_empty() { None } else { policy(take(rest, CONTROLS)?.0)? };
        Some(Self { code: number_of(code)?, diagnostic: String::from_utf8_lossy(diagnostic).into_owned(), policy })
    }
}

/// Looks through the controls for the policy's error: `None` where they are none.
fn policy(mut controls: &[u8]) -> Option<Option<Policy>> {
    let mut found = None;
    while !controls.is_empty() {
        let (control, others) = take(controls, SEQUENCE)?;
        controls = others;
        let (kind, mut rest) = take(control, OCTETS)?;
        // Its criticality means nothing in an answer.
        rest = take(rest, 0x01).map_or(rest, |(_, rest)| rest);
        if kind != PASSWORD_POLICY || rest.is_empty() {
            continue;
        }
        let (value, _) = take(rest, OCTETS)?;
        let (mut parts, _) = take(value, SEQUENCE)?;
        // The warning before it counts days and logins that are left, which lets the student in all the same.
        parts = take(parts, 0xa0).map_or(parts, |(_, rest)| rest);
        if !parts.is_empty() {
            found = match number_of(take(parts, POLICY_ERROR)?.0)? {
                0 => Some(Policy::Expired),
                1 => Some(Policy::Locked),
                2 => Some(Policy::Reset),
                // The others are about changing a password.
                _ => None,
            };
        }
    }
    Some(found)
}

/// A number that is not negative, as BER writes it.
fn number_of(bytes: &[u8]) -> Option<u32> {
    let [first, ..] = bytes else { return None };
    let fits = *first < 0x80 && bytes.len() <= 4;
    fits.then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}
