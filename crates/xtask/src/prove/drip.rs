//! 5,000 connections that send a byte a second, beside fifty that ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use super::Stage;
use crate::bench::client::Client;
use crate::bench::pairs::quantile;
use crate::bench::process::Server;
use crate::bench::report::{Bar, Line};
use crate::bench::requests::Requests;

const DRIPS: usize = 5_000;
const GOOD: usize = 50;
/// Each of the good ones asks so often: what a busy library does.
const PACE: Duration = Duration::from_millis(20);
const ROUND: Duration = Duration::from_secs(8);

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let server = stage.server().await?;
    let mut quiet = ask(&server, &stage.requests).await?;
    let mut drips = JoinSet::new();
    for number in 0..DRIPS {
        let address = server.address;
        // They do not all come at once, nor all send at once.
        let after = Duration::from_millis(number as u64 % 1_000);
        drips.spawn(async move {
            sleep(after).await;
            loop {
                drip(address).await;
            }
        });
    }
    sleep(Duration::from_secs(2)).await;
    let mut wet = ask(&server, &stage.requests).await?;
    drips.abort_all();
    server.stop().await?;
    let (quiet, wet) = (quantile(&mut quiet, 0.99), quantile(&mut wet, 0.99));
    let what = format!("{GOOD} clients beside {DRIPS} that drip: p99 of quiet");
    Ok(vec![Line::new(what, Bar::AtMost(2.0), wet / quiet).detail(format!("{wet:.0} us of {quiet:.0} us"))])
}

/// A byte a second until the service ends it, five seconds after the first.
async fn drip(address: SocketAddr) {
    let Ok(mut stream) = TcpStream::connect(address).await else { return sleep(Duration::from_secs(1)).await };
    let mut second = interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        if stream.write_all(b"6").await.is_err() {
            return;
        }
    }
}

async fn ask(server: &Server, requests: &Arc<Requests>) -> Result<Vec<Duration>> {
    let mut clients = JoinSet::new();
    for number in 0..GOOD {
        let mut client = Client::connect(server.address).await?;
        let (requests, answer) = (Arc::clone(requests), server.answer);
        clients.spawn(async move {
            let mut latencies = Vec::new();
            let mut pace = interval(PACE);
            let end = Instant::now() + ROUND;
            let mut next = number * 400;
            while Instant::now() < end {
                pace.tick().await;
                let asked = Instant::now();
                client.ask(requests.at(next), answer).await?;
                latencies.push(asked.elapsed());
                next += 1;
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(client) = clients.join_next().await {
        latencies.append(&mut client??);
    }
    Ok(latencies)
}
