//! Which number stands on whose card.

use std::io;

use super::rng::mix;

/// IDs of more digits than this are not made.
const MOST_DIGITS: u32 = 9;

/// The IDs with as many digits as the first one, dealt out in an order that jumps about: neighbours in the file are no
/// neighbours by ID, and everybody's is their own.
#[derive(Clone)]
pub(super) struct IdSpace {
    first: u64,
    size: u64,
    step: u64,
    offset: u64,
}

impl IdSpace {
    /// A space for `wanted` IDs from `first_id` on. Where the digits of `first_id` do not suffice, IDs have two more.
    pub(super) fn new(first_id: u32, wanted: u64, seed: u64) -> io::Result<Self> {
        let first = u64::from(first_id);
        let digits = first.checked_ilog10().map_or(0, |log| log + 1);
        let (first, size) = [(first, digits), (first * 100, digits + 2)]
            .into_iter()
            .filter(|(first, digits)| *first > 0 && *digits <= MOST_DIGITS)
            .map(|(first, digits)| (first, 10u64.pow(digits) - first))
            .find(|(_, size)| wanted <= *size)
            .ok_or_else(|| {
                let why =
                    format!("there are no {wanted} different IDs of up to {MOST_DIGITS} digits from {first_id} on");
                io::Error::new(io::ErrorKind::InvalidInput, why)
            })?;
        // A step without a common divisor meets every ID once; one near the golden section spreads them best.
        let golden = size * 618_033_989 / 1_000_000_000 + 1;
        let step = (golden..).find(|step| gcd(*step, size) == 1).unwrap_or(1);
        Ok(Self { first, size, step, offset: mix(seed) % size })
    }

    /// The ID with a number: a bijection over the space.
    pub(super) const fn at(&self, number: u64) -> u64 {
        // No factor has more than nine digits, so the product has at most eighteen.
        self.first + (number % self.size * self.step + self.offset) % self.size
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_has_an_id_of_its_own_until_the_space_is_full() {
        // Among so many sizes are some that a step begins by sharing a divisor with.
        for first in (100u32..300).chain([9, 9_999_000]) {
            let size = 10u64.pow(first.ilog10() + 1) - u64::from(first);
            let ids = IdSpace::new(first, size, 7).unwrap();
            let all: BTreeSet<u64> = (0..size).map(|number| ids.at(number)).collect();
            assert_eq!(all, (u64::from(first)..u64::from(first) + size).collect());
        }
    }

    #[test]
    fn neighbours_have_distant_ids() {
        let ids = IdSpace::new(1_000_001, 1_000_000, 7).unwrap();
        assert!((0..1000).all(|number| ids.at(number).abs_diff(ids.at(number + 1)) > 100_000));
    }

    #[test]
    fn ids_have_seven_digits_as_long_as_those_suffice_and_nine_beyond() {
        let digits = |wanted| {
            let ids = IdSpace::new(1_000_001, wanted, 7).unwrap();
            (0..1000).map(|number| ids.at(number).ilog10() + 1).collect::<BTreeSet<_>>()
        };
        assert_eq!(digits(8_999_999), BTreeSet::from([7]));
        assert_eq!(digits(9_000_000), BTreeSet::from([9]));
    }

    #[test]
    fn a_space_that_cannot_hold_everybody_is_refused() {
        assert!(IdSpace::new(1_000_001, 1_000_000_000, 7).is_err());
        assert!(IdSpace::new(0, 1, 7).is_err());
        assert!(IdSpace::new(u32::MAX, 1, 7).is_err());
    }
}
