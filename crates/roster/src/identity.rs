//! The key of internal ids, a student's stable pseudonym, another for each client; and of the marks of opt-outs.
//!
//! It is random, made once, and kept sealed in the state: so ids outlive a rotation of the keys, which seals it anew.

use std::fmt;

use crate::keyring::{hex, random_bytes};
use crate::mac::MacKey;
use crate::seal::Seal;
use crate::state::State;
use crate::{KeyId, Keyring, RosterError, RowIndex};

/// The length of a key's id before what is sealed.
const ID: usize = 8;

/// A student who opted out, as the state keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptOutMark(pub [u8; 16]);

/// Makes internal ids.
pub struct IdentityKey(MacKey);

impl IdentityKey {
    /// The key of a data folder: opened, sealed anew where another key is the current one, or made.
    ///
    /// Where none of the keys opens it, a new one is made, as with rosters whose key is lost: ids begin anew.
    pub(crate) fn open(state: &State, keyring: &Keyring) -> Result<Self, RosterError> {
        if let Some(stored) = state.identity()?
            && let Some((id, sealed)) = stored.split_at_checked(ID)
            && let Some(key) = KeyId::from_slice(id).and_then(|id| keyring.find(id))
        {
            let (nonce, sealed) = sealed.split_at_checked(32).ok_or(RosterError::Crypto("identity key"))?;
            let mut index = [0; 32];
            index.copy_from_slice(nonce);
            let mut plain = Vec::new();
            let opened = Seal::of_identity(key)?.open(&RowIndex(index), sealed, &mut plain);
            if let (Ok(()), Ok(plain)) = (opened, plain[..].try_into()) {
                if key.id() != keyring.current().id() {
                    Self::keep(plain, state, keyring)?;
                }
                return Ok(Self(MacKey::new(plain)));
            }
        }
        let fresh: [u8; 32] = random_bytes()?;
        Self::keep(&fresh, state, keyring)?;
        Ok(Self(MacKey::new(&fresh)))
    }

    /// The id of a student for a client: 16 hex digits.
    pub fn internal_id(&self, client: &str, space: &str, id: &str) -> String {
        let mac = self.0.truncated(&[client.as_bytes(), &[0], space.as_bytes(), &[0], id.as_bytes()]);
        hex(mac).map(char::from).iter().collect()
    }

    /// What stands for a student in the list of those who opted out: it tells nobody who they are.
    pub fn opt_out_mark(&self, space: &str, id: &str) -> OptOutMark {
        // No client has such an id.
        OptOutMark(self.0.truncated(&[b"\x01opt-out", &[0], space.as_bytes(), &[0], id.as_bytes()]))
    }

    /// 32 bytes for a purpose of its own. No client's id begins with a NUL, so that none is an internal id.
    pub(crate) fn subkey(&self, label: &[u8]) -> [u8; 32] {
        self.0.of(&[&[0], label])
    }

    fn keep(plain: &[u8; 32], state: &State, keyring: &Keyring) -> Result<(), RosterError> {
        let key = keyring.current();
        // The nonce is random, and a key seals a handful of these in its life.
        let index = RowIndex(random_bytes()?);
        let mut sealed = key.id().0.to_vec();
        sealed.extend_from_slice(&index.0);
        Seal::of_identity(key)?.seal(&index, plain, &mut sealed)?;
        state.set_identity(&sealed)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn keyring(keys: &[u8]) -> Keyring {
        Keyring::new(keys.iter().map(|byte| Key::derive(&[*byte; 32]).unwrap()).collect()).unwrap()
    }

    #[test]
    fn an_id_is_stable_and_another_for_each_client_and_outlives_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let first = IdentityKey::open(&state, &keyring(&[1])).unwrap();
        let id = first.internal_id("overdrive", "district:cms", "1000001");
        assert_eq!(id.len(), 16);
        assert_ne!(id, first.internal_id("hoopla", "district:cms", "1000001"));
        // A new key in front, then the old one gone.
        for keys in [&[2, 1][..], &[2]] {
            let later = IdentityKey::open(&state, &keyring(keys)).unwrap();
            assert_eq!(later.internal_id("overdrive", "district:cms", "1000001"), id);
        }
        let lost = IdentityKey::open(&state, &keyring(&[3])).unwrap();
        assert_ne!(lost.internal_id("overdrive", "district:cms", "1000001"), id, "with its keys it is lost");
    }
}
