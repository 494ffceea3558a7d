//! Row 1: many connections, each with one 63 in flight, all cards of a large roster.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::district::District;
use super::pairs::{alternate, medians, micros, quantile};
use super::process::Server;
use super::report::{Bar, Line};
use super::requests::Requests;

const CONNECTIONS: usize = 64;
pub const PAIRS: usize = 5;
pub const ROUND: Duration = Duration::from_secs(5);
pub const WARM_UP: Duration = Duration::from_secs(1);
/// How long the service may take to write the verdicts of a round that is over.
const FLUSH: Duration = Duration::from_millis(500);

/// What one server did in one round.
#[derive(Debug)]
pub struct Round {
    /// Answers a second.
    pub rate: f64,
    /// Half of the answers came within so many microseconds.
    p50: f64,
    /// Of a hundred answers one took longer.
    p99: f64,
    /// Processor time of the server for each message, in microseconds.
    cpu: f64,
    /// Of a hundred messages so many have their line in the log.
    logged: f64,
}

/// Measures the row.
pub async fn measure(echo: &Server, ours: &Server, district: &District, requests: &Arc<Requests>) -> Result<Vec<Line>> {
    for server in [echo, ours] {
        round(server, requests, 0, WARM_UP).await?;
    }
    district.empty_log()?;
    let pairs = alternate(PAIRS, echo, ours, async |server, round_number| {
        let (mut round, messages) = round(server, requests, round_number + 1, ROUND).await?;
        sleep(FLUSH).await;
        let lines = fs::read(district.log())?.into_iter().filter(|byte| *byte == b'\n').count();
        round.logged = 100.0 * lines as f64 / messages as f64;
        district.empty_log()?;
        Ok(round)
    })
    .await?;

    let [rate, our_rate, echo_rate] = medians(&pairs, |round| round.rate);
    let [_, our_p50, echo_p50] = medians(&pairs, |round| round.p50);
    let [p99, our_p99, echo_p99] = medians(&pairs, |round| round.p99);
    let [cpu, our_cpu, echo_cpu] = medians(&pairs, |round| round.cpu);
    let logged = pairs.iter().map(|pair| pair.ours.logged).fold(f64::INFINITY, f64::min);
    let what = format!("1. 63 -> 64, {} students, {CONNECTIONS} connections", district.students());
    Ok(vec![
        Line::new(format!("{what}: rate"), Bar::AtLeast(0.65), rate)
            .detail(format!("{our_rate:.0}/s of the echo server's {echo_rate:.0}/s")),
        Line::new("1. p99", Bar::AtMost(2.0), p99)
            .detail(format!("{our_p99:.0} us of {echo_p99:.0} us; p50 {our_p50:.0} us of {echo_p50:.0} us")),
        Line::new("1. processor time of the server, each message", Bar::AtMost(2.2), cpu)
            .detail(format!("{our_cpu:.2} us of {echo_cpu:.2} us")),
        Line::new("1. verdict lines written, % of messages", Bar::AtLeast(99.9), logged)
            .detail(format!("{logged:.2} %, the least of {PAIRS} rounds")),
    ])
}

/// One round, and how many messages it had. Each round starts elsewhere in the cards.
pub async fn round(
    server: &Server,
    requests: &Arc<Requests>,
    number: usize,
    length: Duration,
) -> Result<(Round, usize)> {
    let stretch = requests.count() / CONNECTIONS;
    // All connections are open before the clock starts.
    let start = Arc::new(Barrier::new(CONNECTIONS + 1));
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut client = Client::connect(server.address).await?;
        let (requests, start, answer) = (Arc::clone(requests), Arc::clone(&start), server.answer);
        // Half of the stretch on with every round: no card comes again before the others.
        let mut next = connection * stretch + number * stretch / 2;
        connections.spawn(async move {
            let mut latencies = Vec::with_capacity(32_768);
            start.wait().await;
            let mut asked = Instant::now();
            let deadline = asked + length;
            while asked < deadline {
                client.ask(requests.at(next), answer).await?;
                let answered = Instant::now();
                latencies.push(answered - asked);
                (asked, next) = (answered, next + 1);
            }
            anyhow::Ok(latencies)
        });
    }
    let cpu = server.cpu()?;
    start.wait().await;
    let started = Instant::now();
    let mut latencies = Vec::new();
    while let Some(connection) = connections.join_next().await {
        latencies.append(&mut connection??);
    }
    let (elapsed, cpu) = (started.elapsed(), server.cpu()? - cpu);
    let messages = latencies.len();
    ensure!(messages > 0, "nothing was answered");
    let round = Round {
        rate: messages as f64 / elapsed.as_secs_f64(),
        p50: quantile(&mut latencies, 0.5),
        p99: quantile(&mut latencies, 0.99),
        cpu: micros(cpu) / messages as f64,
        logged: 0.0,
    };
    Ok((round, messages))
}
