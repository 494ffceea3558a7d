//! An unknown card against a wrong PIN: the same bytes, and the same time.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Stage;
use crate::bench::district::PLAIN;
use crate::bench::pairs::micros;
use crate::bench::report::{Bar, Line};
use crate::bench::requests::{NOBODYS_PIN, patron_information};

const EACH: usize = 20_000;
const RESAMPLES: usize = 2_000;
/// Asked before the clock runs.
const WARM_UP: usize = 500;

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let text = fs::read_to_string(stage.district.answers(PLAIN))?;
    let taken: HashSet<&str> = text.lines().filter_map(|line| Some(line.split_once('\t')?.0)).collect();
    // Each card is asked about once, so that none is locked.
    let mut unknown = (0..9_999_999)
        .rev()
        .map(|number| format!("{number:07}"))
        .filter(|card| !taken.contains(card.as_str()))
        .map(|card| patron_information(&card, NOBODYS_PIN));
    ensure!(stage.wrong.count() >= EACH, "only {} cards to be asked about", stage.wrong.count());

    let server = stage.server().await?;
    let mut stream = TcpStream::connect(server.address).await?;
    stream.set_nodelay(true)?;
    for request in unknown.by_ref().take(WARM_UP) {
        ask(&mut stream, request.as_bytes()).await?;
    }
    let unknown: Vec<String> = unknown.take(EACH).collect();
    let (mut first, mut second, mut different) = (Vec::new(), Vec::new(), 0_u32);
    for (number, one) in unknown.iter().enumerate() {
        let (one, other) = (one.as_bytes(), stage.wrong.at(number));
        // Who comes first alternates.
        let ((one_took, one_said), (other_took, other_said)) = if number % 2 == 0 {
            (ask(&mut stream, one).await?, ask(&mut stream, other).await?)
        } else {
            let later = ask(&mut stream, other).await?;
            (ask(&mut stream, one).await?, later)
        };
        different += u32::from(one_said != other_said);
        first.push(micros(one_took));
        second.push(micros(other_took));
    }
    server.stop().await?;
    let (low, high) = interval_of_difference(&first, &second);
    let bytes = Line::new(
        format!("{EACH} unknown cards, {EACH} wrong PINs: answers that differ"),
        Bar::AtMost(0.0),
        different.into(),
    );
    let time = Line::new(
        "their difference of medians, 99 % interval: us from zero at most",
        Bar::AtMost(20.0),
        low.abs().max(high.abs()),
    )
    .detail(format!(
        "{low:.2} to {high:.2} us; medians {:.1} and {:.1} us",
        median(&mut first),
        median(&mut second)
    ));
    Ok(vec![bytes, time])
}

/// The time, and the answer without what it echoes.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> Result<(Duration, String)> {
    let asked = Instant::now();
    stream.write_all(request).await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r") {
        ensure!(stream.read_buf(&mut line).await? > 0, "the service closed");
    }
    let took = asked.elapsed();
    Ok((took, without_echoes(&String::from_utf8(line)?)?))
}

/// A 64 without its date, its AA, and the checksum of both. AY is the same in all requests, and so in all answers.
fn without_echoes(line: &str) -> Result<String> {
    let (flags, rest) = line.split_at_checked(19).context("a short answer")?;
    let rest = rest.get(18..).context("a short answer")?;
    let (before, after) = rest.split_once("|AA").context("no AA")?;
    let (_, after) = after.split_once('|').context("an endless AA")?;
    let (after, _) = after.split_once("AZ").context("no checksum")?;
    Ok(format!("{flags}{before}{after}"))
}

/// The bootstrap's 99 % interval of the difference of two medians.
fn interval_of_difference(first: &[f64], second: &[f64]) -> (f64, f64) {
    let mut state = 1_u64;
    let mut resampled = |of: &[f64]| {
        let mut sample: Vec<f64> = (0..of.len())
            .map(|_| {
                // Knuth's MMIX: the same resamples in every run.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                of.get((state >> 33) as usize % of.len()).copied().unwrap_or_default()
            })
            .collect();
        median(&mut sample)
    };
    let mut differences: Vec<f64> = (0..RESAMPLES).map(|_| resampled(first) - resampled(second)).collect();
    differences.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| differences.get((share * (RESAMPLES - 1) as f64) as usize).copied().unwrap_or(f64::NAN);
    (at(0.005), at(0.995))
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_differ_in_more_than_echoes_differ() {
        let answer = |flags: &str, date: &str, card: &str, screen: &str| {
            without_echoes(&format!(
                "64{flags}001{date}000000000000000000000000AOEPL|AA{card}|AEStudent|BLN|CQN|AF{screen}|AY1AZ0000\r"
            ))
        };
        let (hidden, first, second) = ("YYYY          ", "20261125    010203", "20261125    010204");
        let same = answer(hidden, first, "1000001", "Not accepted").unwrap();
        assert_eq!(same, answer(hidden, second, "9999999", "Not accepted").unwrap());
        assert_ne!(same, answer(hidden, first, "1000001", "Expired").unwrap());
        assert_ne!(same, answer("              ", first, "1000001", "Not accepted").unwrap());
        assert!(without_echoes("96AZFEF5\r").is_err());
    }

    #[test]
    fn the_interval_holds_the_difference_and_not_zero_where_there_is_one() {
        let first: Vec<f64> = (0..500).map(|number| f64::from(number % 50)).collect();
        let second: Vec<f64> = first.iter().map(|value| value + 30.0).collect();
        let (low, high) = interval_of_difference(&first, &second);
        assert!((low..=high).contains(&-30.0) && high < 0.0, "{low} to {high}");
        let (low, high) = interval_of_difference(&first, &first);
        assert!((low..=high).contains(&0.0), "{low} to {high}");
    }
}
