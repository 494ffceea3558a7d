//! What a library system sends as the secret (SIP2 AD, NCIP AuthenticationInput).

use std::fmt;

use zeroize::Zeroizing;

/// A PIN, password or birth date as typed.
///
/// It cannot be empty, printed, serialised or compared with `==`, and is wiped when dropped.
///
/// ```compile_fail
/// let (a, b) = (patron::Pin::parse("0201").unwrap(), patron::Pin::parse("0201").unwrap());
/// let _ = a == b; // only verifiers are compared, and in constant time
/// ```
/// ```compile_fail
/// let pin = patron::Pin::parse("0201").unwrap();
/// println!("{pin}");
/// ```
pub struct Pin(Zeroizing<Box<str>>);

impl Pin {
    /// Takes what was typed, without the blanks around it. `None` is "no PIN": a directory that is asked with
    /// an empty password may answer yes (RFC 4513 section 5.1.2), so an empty one must not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return None;
        }
        Some(Self(Zeroizing::new(text.into())))
    }

    /// The same once more, for whoever asks a directory while the request waits.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// What the keyed verifier is made from. Not for comparing and not for printing.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_blank_pin_is_no_pin() {
        assert!(Pin::parse("").is_none());
        assert!(Pin::parse("    ").is_none());
    }

    #[test]
    fn leading_zeros_survive() {
        assert_eq!(Pin::parse("0201").unwrap().expose(), b"0201");
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", Pin::parse("0201").unwrap()).contains("0201"));
    }
}
