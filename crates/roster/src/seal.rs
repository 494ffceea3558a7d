//! Sealing: AES-256-GCM under a key of the generation.
//!
//! The nonce is the first 12 bytes of the row index, unique within a generation (the writer checks it); a generation's
//! id, and so its key, is never used again. The associated data name where the row belongs.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::keyring::random_bytes;
use crate::{GenerationId, Key, RosterError, RowIndex};

/// The format of sealed rows; a release reads the previous one too.
pub(crate) const FORMAT: u8 = 1;
/// The length of the tag at the end of what is sealed.
pub(crate) const TAG: usize = 16;
/// Room for where something belongs: the ids of districts and ID spaces have at most 32 characters.
const PLACE: usize = 128;

/// Seals and opens the rows of one generation.
pub struct Seal {
    key: LessSafeKey,
    place: Vec<u8>,
}

/// What was sealed is not what is there.
#[derive(Debug, PartialEq, Eq)]
pub struct Tampered;

impl Seal {
    /// The seal of a generation: associated data are (format, key id, district, generation, index).
    pub fn of_generation(key: &Key, district: &str, generation: GenerationId) -> Result<Self, RosterError> {
        let mut place = vec![FORMAT];
        place.extend_from_slice(&key.id().0);
        place.extend_from_slice(district.as_bytes());
        place.push(0);
        place.extend_from_slice(&generation.0);
        Self::new(&key.sealing_key(&generation.0)?, place)
    }

    /// The seal of a generation's records: another key than that of its rows, whose nonces it may use again.
    pub(crate) fn of_records(key: &Key, district: &str, generation: GenerationId) -> Result<Self, RosterError> {
        let place = Self::of_generation(key, district, generation)?.place;
        Self::new(&key.sealing_key(&[b"records", generation.0.as_slice()].concat())?, place)
    }

    /// The seal of the identity key.
    pub(crate) fn of_identity(key: &Key) -> Result<Self, RosterError> {
        Self::new(&key.sealing_key(b"identity key")?, vec![FORMAT])
    }

    /// The seal of a district's use marks and counts. Nonces are random here, so no more than 2^32 may be sealed: a
    /// hundred million uses a year reach that in forty years.
    pub(crate) fn of_usage(key: &[u8; 32], district: &str) -> Result<Self, RosterError> {
        Self::new(key, [&[FORMAT], district.as_bytes(), &[0]].concat())
    }

    /// The seal of one verifier of a good password; `salt` is random, and never used again.
    pub(crate) fn of_offline(key: &Key, space: &str, salt: &[u8; 16]) -> Result<Self, RosterError> {
        Self::new(&key.sealing_key(&[b"offline", &salt[..]].concat())?, [&[FORMAT], space.as_bytes(), &[0]].concat())
    }

    /// A seal for what lives no longer than this process: spilled runs of a sync.
    pub fn ephemeral() -> Result<Self, RosterError> {
        Self::new(&random_bytes()?, vec![0])
    }

    fn new(key: &[u8; 32], place: Vec<u8>) -> Result<Self, RosterError> {
        if place.len() + size_of::<RowIndex>() > PLACE {
            return Err(RosterError::Crypto("too long a place"));
        }
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| RosterError::Crypto("sealing key"))?;
        Ok(Self { key: LessSafeKey::new(key), place })
    }

    /// Appends the sealed form of `plain` to `out`.
    pub fn seal(&self, index: &RowIndex, plain: &[u8], out: &mut Vec<u8>) -> Result<(), RosterError> {
        let start = out.len();
        out.extend_from_slice(plain);
        let body = out.get_mut(start..).ok_or(RosterError::Crypto("buffer"))?;
        let tag = self
            .with_place(index, |nonce, aad| self.key.seal_in_place_separate_tag(nonce, aad, body))
            .map_err(|_| RosterError::Crypto("sealing"))?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens `sealed` into `plain`, whose earlier content is replaced.
    pub fn open(&self, index: &RowIndex, sealed: &[u8], plain: &mut Vec<u8>) -> Result<(), Tampered> {
        let (body, tag) = sealed.split_last_chunk::<TAG>().ok_or(Tampered)?;
        plain.clear();
        plain.resize(body.len(), 0);
        self.with_place(index, |nonce, aad| self.key.open_separate_gather(nonce, aad, body, tag, plain))
            .map_err(|_| Tampered)
    }

    fn with_place<T>(&self, index: &RowIndex, act: impl FnOnce(Nonce, Aad<&[u8]>) -> T) -> T {
        // On the stack, with room for every place that a seal is made for.
        let mut place = [0_u8; PLACE];
        let length = self.place.len() + index.0.len();
        if let Some((named, rest)) = place.split_at_mut_checked(self.place.len())
            && let Some(at) = rest.first_chunk_mut()
        {
            named.copy_from_slice(&self.place);
            *at = index.0;
        }
        let (nonce, _) = index.0.split_first_chunk().unwrap_or((&[0; 12], &[]));
        act(Nonce::assume_unique_for_key(*nonce), Aad::from(place.get(..length).unwrap_or_default()))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(district: &str, generation: u8) -> Seal {
        let key = Key::derive(&[7; 32]).unwrap();
        Seal::of_generation(&key, district, GenerationId([generation; 16])).unwrap()
    }

    #[test]
    fn a_row_opens_only_in_its_own_place() {
        let index = RowIndex([1; 32]);
        let mut sealed = Vec::new();
        seal("cms", 1).seal(&index, b"row", &mut sealed).unwrap();
        let mut plain = Vec::new();
        assert_eq!(seal("cms", 1).open(&index, &sealed, &mut plain), Ok(()));
        assert_eq!(plain, b"row");
        // The same nonce, another index; another district; another generation.
        let mut moved = RowIndex([1; 32]);
        moved.0[31] = 2;
        assert_eq!(seal("cms", 1).open(&moved, &sealed, &mut plain), Err(Tampered));
        assert_eq!(seal("duval", 1).open(&index, &sealed, &mut plain), Err(Tampered));
        assert_eq!(seal("cms", 2).open(&index, &sealed, &mut plain), Err(Tampered));
    }

    #[test]
    fn a_flipped_bit_is_noticed_everywhere() {
        let index = RowIndex([1; 32]);
        let mut sealed = Vec::new();
        seal("cms", 1).seal(&index, b"a row of some length", &mut sealed).unwrap();
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert_eq!(seal("cms", 1).open(&index, &flipped, &mut Vec::new()), Err(Tampered));
        }
        assert_eq!(seal("cms", 1).open(&index, &sealed[..10], &mut Vec::new()), Err(Tampered));
    }

    #[test]
    fn the_longest_district_id_fits_the_place_and_none_is_cut_short() {
        let key = Key::derive(&[7; 32]).unwrap();
        assert!(Seal::of_generation(&key, &"d".repeat(32), GenerationId([1; 16])).is_ok());
        assert!(Seal::of_generation(&key, &"d".repeat(128), GenerationId([1; 16])).is_err());
    }
}
