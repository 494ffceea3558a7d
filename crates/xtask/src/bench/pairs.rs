//! Ratios on a machine that others use too: both sides in turn, and the median of the pairs.

use std::time::Duration;

use anyhow::Result;

use super::process::Server;

/// The same thing measured at both servers, one right after the other.
#[derive(Debug)]
pub struct Pair<T> {
    /// At the echo server.
    pub echo: T,
    /// At ours.
    pub ours: T,
}

/// Measures so many pairs; who comes first alternates too, so that a drift favours nobody.
pub async fn alternate<T>(
    pairs: usize,
    echo: &Server,
    ours: &Server,
    measure: impl AsyncFn(&Server, usize) -> Result<T>,
) -> Result<Vec<Pair<T>>> {
    let mut measured = Vec::new();
    for round in 0..pairs {
        measured.push(if round.is_multiple_of(2) {
            let echo = measure(echo, round).await?;
            Pair { echo, ours: measure(ours, round).await? }
        } else {
            let ours = measure(ours, round).await?;
            Pair { echo: measure(echo, round).await?, ours }
        });
    }
    Ok(measured)
}

/// Three medians of a figure: ours over the echo server's pair by pair, ours, and the echo server's.
pub fn medians<T>(pairs: &[Pair<T>], figure: impl Fn(&T) -> f64) -> [f64; 3] {
    [
        median(pairs.iter().map(|pair| figure(&pair.ours) / figure(&pair.echo))),
        median(pairs.iter().map(|pair| figure(&pair.ours))),
        median(pairs.iter().map(|pair| figure(&pair.echo))),
    ]
}

/// The middle one, or the upper of the middle two; of nothing, NaN, which passes no bar.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The latency that a share of all do not exceed, in microseconds; sorts as far as it must.
pub fn quantile(latencies: &mut [Duration], share: f64) -> f64 {
    if latencies.is_empty() {
        return f64::NAN;
    }
    let rank = ((latencies.len() as f64 * share) as usize).min(latencies.len() - 1);
    micros(*latencies.select_nth_unstable(rank).1)
}

/// A duration in microseconds.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_and_of_nothing_passes_no_bar() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn a_ratio_is_taken_within_each_pair() {
        let pairs = [(10.0, 5.0), (100.0, 60.0), (1.0, 0.7)].map(|(echo, ours)| Pair { echo, ours });
        assert_eq!(medians(&pairs, |rate| *rate), [0.6, 5.0, 10.0]);
    }

    #[test]
    fn of_a_hundred_latencies_one_lies_over_the_99th_percentile() {
        let mut latencies: Vec<Duration> = (1..=100).rev().map(Duration::from_micros).collect();
        assert!((quantile(&mut latencies, 0.99) - 100.0).abs() < 1e-9);
        assert!((quantile(&mut latencies, 0.5) - 51.0).abs() < 1e-9);
    }
}
