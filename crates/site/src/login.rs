//! `login` of a client: the user it logs in as (SIP2 93), and the hash of its password.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use thiserror::Error;

use crate::entry::Entry;
use crate::section::Section;

/// How many bytes of a hash file are read: a PHC string has about a hundred.
const LARGEST_FILE: u64 = 4 << 10;
/// The most memory one hash may take, in KiB: a login must not stop the service.
const MOST_MEMORY: u32 = 1 << 20;

/// How a client logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The login user id (SIP2 CN).
    pub user: String,
    /// The hash of its password (SIP2 CO).
    pub password_hash: PasswordHash,
}

/// An argon2id hash in PHC form. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a text is no hash. It never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordHashError {
    /// Not even the beginning is right: perhaps a plain password.
    #[error("no argon2id hash in PHC form")]
    NotArgon2id,
    /// Parameters are missing, unreadable or out of bounds.
    #[error("the hash's parameters m, t and p are missing or out of bounds")]
    Parameters,
    /// The salt or the hash is cut off or not base64.
    #[error("the hash is cut off or damaged")]
    Damaged,
}

impl PasswordHash {
    /// Reads `$argon2id$v=19$m=...,t=...,p=...$SALT$HASH`.
    pub fn parse(text: &str) -> Result<Self, PasswordHashError> {
        let parts: Vec<&str> = text.split('$').collect();
        let ["", "argon2id", "v=19", parameters, rest @ ..] = parts.as_slice() else {
            return Err(PasswordHashError::NotArgon2id);
        };
        let number = |parameter: &str, name: &str| parameter.strip_prefix(name)?.parse::<u32>().ok();
        let [memory, passes, lanes] = *parameters.split(',').collect::<Vec<_>>() else {
            return Err(PasswordHashError::Parameters);
        };
        let (Some(memory), Some(1..), Some(lanes @ 1..=0xFF)) =
            (number(memory, "m="), number(passes, "t="), number(lanes, "p="))
        else {
            return Err(PasswordHashError::Parameters);
        };
        // RFC 9106 section 3.1: at least eight blocks for each lane.
        if !(8 * lanes..=MOST_MEMORY).contains(&memory) {
            return Err(PasswordHashError::Parameters);
        }
        // At least 8 bytes of salt and 16 of hash, in base64 without padding.
        let whole = |part: &str, least: usize| {
            (least..=88).contains(&part.len())
                && part.len() % 4 != 1
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        };
        match rest {
            [salt, hash] if whole(salt, 11) && whole(hash, 22) => Ok(Self(text.to_owned())),
            _ => Err(PasswordHashError::Damaged),
        }
    }

    /// For the verifier. Not for printing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A login, and where its user stands.
pub(crate) struct Draft<'a> {
    pub(crate) login: Login,
    pub(crate) user: Entry<'a>,
}

pub(crate) const KEYS: &[&str] = &["user", "password-hash", "password-hash-file"];
const EXPECTED: &str = "a line of `hallpass hash-password`, \"$argon2id$...\"";

pub(crate) fn read<'a>(section: &Section<'a>) -> Option<Draft<'a>> {
    let entry = section.required("user", "the login user id (SIP2 CN)");
    let user = entry.as_ref().and_then(Entry::field);
    let password_hash = match (section.optional("password-hash"), section.optional("password-hash-file")) {
        (Some(_), Some(file)) => {
            file.error("stands beside password-hash", "expected only one of the two");
            None
        }
        (Some(inline), None) => inline.parsed(EXPECTED, PasswordHash::parse),
        (None, Some(file)) => of_file(&file),
        (None, None) => {
            section.error("password-hash", "missing", format!("expected {EXPECTED}, or password-hash-file"));
            None
        }
    };
    Some(Draft { login: Login { user: user?, password_hash: password_hash? }, user: entry? })
}

fn of_file(entry: &Entry<'_>) -> Option<PasswordHash> {
    let path = entry.path()?;
    let text = contents(&path)
        .map_err(|error| entry.error(format!("{}: {error}", path.display()), "expected a file that can be read"))
        .ok()?;
    PasswordHash::parse(text.trim())
        .map_err(|error| entry.error(format!("{}: {error}", path.display()), format!("expected in it {EXPECTED}")))
        .ok()
}

fn contents(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{HASH, Trial};

    #[test]
    fn a_hash_is_kept_as_it_stands_and_not_printed() {
        let hash = PasswordHash::parse(HASH).unwrap();
        assert_eq!(hash.as_str(), HASH);
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }

    #[test]
    fn what_is_no_argon2id_hash_is_refused() {
        for (text, why) in [
            ("tiger".to_owned(), PasswordHashError::NotArgon2id),
            (HASH.replace("argon2id", "argon2i"), PasswordHashError::NotArgon2id),
            (HASH.replace("$v=19", ""), PasswordHashError::NotArgon2id),
            (HASH.replace("m=19456,", ""), PasswordHashError::Parameters),
            (HASH.replace("t=2", "t=0"), PasswordHashError::Parameters),
            (HASH.replace("m=19456", "m=4294967295"), PasswordHashError::Parameters),
            (HASH.replace("p=1$", "p=1,keyid=x$"), PasswordHashError::Parameters),
            (HASH.replace("$7fHRyEKVGz", "$"), PasswordHashError::Damaged),
            (HASH.chars().take(60).collect(), PasswordHashError::Damaged),
            (HASH.replace("c3lud", "c3!ud"), PasswordHashError::Damaged),
        ] {
            assert_eq!(PasswordHash::parse(&text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_plain_password_is_refused_and_shown_nowhere() {
        let mut trial = Trial::default();
        trial.client("overdrive", &trial.client_text("overdrive").replace(HASH, "tiger"));
        let faults = trial.load().map(|_| ()).unwrap_err();
        assert!(!format!("{faults} {faults:?}").contains("tiger"));
        assert_eq!(
            trial.errors(),
            ["clients/overdrive.toml:4:17 login.password-hash: no argon2id hash in PHC form; \
              expected a line of `hallpass hash-password`, \"$argon2id$...\""]
        );
    }

    #[test]
    fn a_password_under_another_key_is_shown_nowhere_either() {
        let mut trial = Trial::default();
        trial.client("overdrive", "districts = [\"cms\"]\nlogin = { user = \"overdrive\", password = \"tiger\" }\n");
        let faults = trial.load().map(|_| ()).unwrap_err();
        assert!(!format!("{faults} {faults:?}").contains("tiger"));
        assert_eq!(
            trial.errors(),
            [
                "clients/overdrive.toml:2:9 login.password-hash: missing; \
                 expected a line of `hallpass hash-password`, \"$argon2id$...\", or password-hash-file",
                "clients/overdrive.toml:2:31 login.password: unknown key, did you mean password-hash?; \
                 expected one of user, password-hash, password-hash-file",
            ]
        );
    }

    #[test]
    fn a_hash_may_stand_in_a_file_beside_the_clients() {
        let mut trial = Trial::default();
        let text = "districts = [\"cms\"]\n[login]\nuser = \"overdrive\"\npassword-hash-file = \"overdrive.hash\"\n";
        trial.client("overdrive", text);
        let path = trial.path("clients/overdrive.hash").display().to_string();
        assert_eq!(
            trial.errors(),
            [format!(
                "clients/overdrive.toml:4:22 login.password-hash-file: {path}: No such file or directory (os error 2); \
                 expected a file that can be read"
            )]
        );
        trial.write("clients/overdrive.hash", "tiger\n");
        assert_eq!(
            trial.errors(),
            [format!(
                "clients/overdrive.toml:4:22 login.password-hash-file: {path}: no argon2id hash in PHC form; \
                 expected in it a line of `hallpass hash-password`, \"$argon2id$...\""
            )]
        );
        trial.write("clients/overdrive.hash", format!("{HASH}\n"));
        let login = trial.load().unwrap().site.clients[0].login.clone().unwrap();
        assert_eq!(login.password_hash.as_str(), HASH);
    }
}
