//! Values that must not be seen: neither printed nor left in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A PIN, a password or a shared secret. It cannot be empty, printed or compared, and is wiped when dropped.
pub struct Secret(Zeroizing<Box<str>>);

impl Secret {
    /// Takes a text. `None`: there is nothing in it, and nothing is no secret.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(Zeroizing::new(text.into())))
    }

    /// For whoever verifies it. Not for printing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a user is known by, such as a card number. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier(Box<str>);

impl Identifier {
    /// Takes a text. `None`: there is nothing in it.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The identifier as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_secret_nor_an_identifier_is_printed() {
        let shown = format!("{:?} {:?}", Secret::new("0201"), Identifier::new("4200017"));
        assert!(!shown.contains("0201") && !shown.contains("4200017"), "{shown}");
    }

    #[test]
    fn an_empty_secret_is_none() {
        assert!(Secret::new("").is_none() && Identifier::new("").is_none());
    }
}
