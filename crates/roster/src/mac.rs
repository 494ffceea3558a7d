//! HMAC-SHA-256 with a key that is set up once.
//!
//! A request makes four, so this is RustCrypto's, whose keyed state is copied on the stack: that of aws-lc-rs lies on the
//! heap, and a copy of it costs more than the hashing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A key, ready to begin with.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// The key of 32 secret bytes.
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        // HMAC fills keys of fewer bytes than a block with zeros (RFC 2104, 2).
        let mut block = zeroize::Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(Hmac::new((&*block).into()))
    }

    /// The MAC of these parts, one after the other.
    pub(crate) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Its first bytes.
    pub(crate) fn truncated<const N: usize>(&self, parts: &[&[u8]]) -> [u8; N] {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(self.of(parts)) {
            *to = from;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;

    /// HMAC fills short keys with zeros itself, so that they are the same as keys of 32 bytes.
    fn key(short: &[u8]) -> MacKey {
        let mut bytes = [0; 32];
        bytes[..short.len()].copy_from_slice(short);
        MacKey::new(&bytes)
    }

    #[test]
    fn the_macs_of_rfc_4231_are_made() {
        assert_eq!(
            key(&[0x0b; 20]).of(&[b"Hi There"])[..8],
            [0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53],
            "test case 1"
        );
        let mac = key(b"Jefe").truncated(&[b"what do ya want ", b"", b"for nothing?"]);
        assert_eq!(mac, [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e], "test case 2, in parts");
    }

    #[test]
    fn aws_lc_makes_the_same_of_texts_of_every_length_up_to_some_blocks() {
        let bytes = [7; 32];
        let (ours, theirs) = (MacKey::new(&bytes), hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        let text: Vec<u8> = (0..=200).collect();
        for length in 0..text.len() {
            assert_eq!(ours.of(&[&text[..length]]), hmac::sign(&theirs, &text[..length]).as_ref(), "{length}");
        }
    }
}
