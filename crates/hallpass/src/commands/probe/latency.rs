//! How long answers took.

use std::fmt;
use std::time::Duration;

/// How long the answers to one request took, shortest first.
pub struct Latency(Vec<Duration>);

impl Latency {
    /// Of times in any order.
    pub fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        Self(took)
    }

    /// The time within which this share of the answers came, by the nearest rank, in microseconds.
    fn percentile(&self, percent: usize) -> u128 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(0, Duration::as_micros)
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, median, p99] = [0, 50, 99].map(|percent| self.percentile(percent));
        write!(f, "63 asked {} times more: min {min}, median {median}, p99 {p99} microseconds", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_by_nearest_rank_whatever_the_order() {
        let micros = |numbers: &mut dyn Iterator<Item = u64>| Latency::of(numbers.map(Duration::from_micros).collect());
        let summary = micros(&mut (1..=200).rev()).to_string();
        assert_eq!(summary, "63 asked 200 times more: min 1, median 100, p99 198 microseconds");
        let one = micros(&mut [7].into_iter()).to_string();
        assert_eq!(one, "63 asked 1 times more: min 7, median 7, p99 7 microseconds");
    }
}
