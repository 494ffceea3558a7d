//! A PIN that the district hashed already: argon2, bcrypt or SHA-crypt, as directories keep passwords.

use std::fmt;

/// A hash that can be verified, at a cost that one request may have. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPin(Box<str>);

/// How a hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum HashKind {
    Argon2,
    Bcrypt,
    ShaCrypt,
}

/// The most memory of an argon2 that is worked out for one request, in KiB.
const MOST_MEMORY: u32 = 64 << 10;

impl HashedPin {
    /// Takes `$argon2id$v=19$m=...`, `$2b$12$...`, `$6$...` and their sisters. `None` of anything else, also of what
    /// would cost more than a request may: over 64 MiB, 10 passes, bcrypt 12 or 100,000 rounds.
    pub fn parse(text: &str) -> Option<Self> {
        let bearable = match HashKind::of(text)? {
            HashKind::Argon2 => bearable_argon2(text),
            HashKind::Bcrypt => bearable_bcrypt(text),
            HashKind::ShaCrypt => bearable_sha_crypt(text),
        };
        (bearable? && text.len() <= usize::from(u8::MAX)).then(|| Self(text.into()))
    }

    /// How it was made.
    pub fn kind(&self) -> HashKind {
        HashKind::of(&self.0).unwrap_or(HashKind::Argon2)
    }

    /// For the verifier. Not for printing.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash of the same cost that no PIN has: what an unknown card is verified against.
    #[must_use]
    pub fn decoy(&self) -> Self {
        const HIDDEN: usize = 20;
        // The digit zero of each one's alphabet: any hash may end in it.
        let zero = if self.kind() == HashKind::Argon2 { "A" } else { "." };
        let kept = self.0.get(..self.0.len().saturating_sub(HIDDEN)).unwrap_or_default();
        Self(format!("{kept}{}", zero.repeat(HIDDEN)).into())
    }
}

impl HashKind {
    fn of(text: &str) -> Option<Self> {
        let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        if begins(&["$argon2id$", "$argon2i$", "$argon2d$"]) {
            Some(Self::Argon2)
        } else if begins(&["$2a$", "$2b$", "$2x$", "$2y$"]) {
            Some(Self::Bcrypt)
        } else if begins(&["$5$", "$6$"]) {
            Some(Self::ShaCrypt)
        } else {
            None
        }
    }
}

fn bearable_argon2(text: &str) -> Option<bool> {
    let ["", _, version, parameters, salt, hash] = *text.split('$').collect::<Vec<_>>() else { return None };
    let mut numbers = parameters.split(',').map(|parameter| {
        let (name, number) = parameter.split_once('=')?;
        Some((name, number.parse::<u32>().ok()?))
    });
    let (Some(Some(("m", memory))), Some(Some(("t", passes))), Some(Some(("p", lanes))), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    let whole = version == "v=19" && salt.len() >= 11 && hash.len() >= 22;
    Some(
        whole && (8 * lanes..=MOST_MEMORY).contains(&memory) && (1..=10).contains(&passes) && (1..=16).contains(&lanes),
    )
}

fn bearable_bcrypt(text: &str) -> Option<bool> {
    let cost: u32 = text.get(4..6)?.parse().ok()?;
    Some((4..=12).contains(&cost) && text.get(6..7) == Some("$") && text.len() == 60)
}

fn bearable_sha_crypt(text: &str) -> Option<bool> {
    let mut parts = text.split('$').skip(2);
    let mut salt = parts.next()?;
    if let Some(rounds) = salt.strip_prefix("rounds=") {
        if !(1000..=100_000).contains(&rounds.parse::<u32>().ok()?) {
            return Some(false);
        }
        salt = parts.next()?;
    }
    let hash = parts.next()?;
    let length = if text.starts_with("$5$") { 43 } else { 86 };
    Some(salt.len() <= 16 && hash.len() == length && parts.next().is_none())
}

impl fmt::Debug for HashedPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedPin(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGON2: &str = "$argon2id$v=19$m=256,t=1,p=1$c3ludGhldGljLXNhbHQ$7fHRyEKVGzzxSlVKQ3YVqvZg8yP0rQ3wqzRk4iVb0yE";
    /// Of glibc's crypt; of `Hello world!`.
    const SHA512: &str =
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";

    fn bcrypt(cost: &str) -> String {
        format!("$2b${cost}$abcdefghijklmnopqrstuu5Lz8Gf0ZpRkXTQ2rTtFhdYXkKzTnkUu")
    }

    #[test]
    fn the_three_kinds_are_told_by_their_beginnings() {
        for (text, kind) in
            [(ARGON2, HashKind::Argon2), (SHA512, HashKind::ShaCrypt), (&bcrypt("10"), HashKind::Bcrypt)]
        {
            assert_eq!(HashedPin::parse(text).unwrap().kind(), kind);
        }
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much_is_not_taken() {
        for text in [
            "0201",
            "",
            "$6$saltstring$short",
            "$1$abc$defdefdefdefdefdefdefd",
            &ARGON2.replace("m=256", "m=1048576"),
            &ARGON2.replace("t=1", "t=99"),
            &bcrypt("15"),
            &SHA512.replace("$saltstring", "$rounds=999999999$saltstring"),
        ] {
            assert!(HashedPin::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_decoy_costs_the_same_and_is_another_hash() {
        for text in [ARGON2, SHA512, &bcrypt("10")] {
            let hash = HashedPin::parse(text).unwrap();
            let decoy = hash.decoy();
            assert!(HashedPin::parse(decoy.as_str()).is_some() && decoy != hash);
            assert_eq!(decoy.as_str().get(..30), hash.as_str().get(..30), "kind, cost and salt");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", HashedPin::parse(SHA512)).contains("salt"));
    }
}
