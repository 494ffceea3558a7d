//! The generator behind every made-up detail: SplitMix64.

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): sixteen lines that will
/// give the same numbers in ten years, which no random-number crate promises.
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    /// The numbers of one person. Nobody's depend on anybody else's, so each file is written in a pass of its own.
    pub(super) const fn of_person(seed: u64, serial: u64) -> Self {
        Self(mix(mix(seed) ^ serial))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `first` to `last`, both included.
    pub(super) const fn between(&mut self, first: i16, last: i16) -> i16 {
        first + self.below(last.abs_diff(first) as u64 + 1) as i16
    }

    /// One of a list, which is not empty.
    pub(super) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        let at = self.below(list.len() as u64) as usize;
        list.get(at).copied().unwrap_or_default()
    }
}

/// SplitMix64's finalizer. It is a bijection: different numbers stay different.
pub(super) const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_others_publish_for_splitmix64() {
        let mut rng = SplitMix64(1_234_567);
        let numbers = [(); 3].map(|()| rng.next());
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn both_ends_of_a_range_are_met_and_nothing_beyond() {
        let mut rng = SplitMix64(1);
        let met: std::collections::BTreeSet<_> = (0..1000).map(|_| rng.between(9, 12)).collect();
        assert_eq!(met.into_iter().collect::<Vec<_>>(), [9, 10, 11, 12]);
    }
}
