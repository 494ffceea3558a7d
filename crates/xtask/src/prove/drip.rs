//! 5,000 connections that send a byte a second, beside fifty that ask.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, interval_at, sleep, timeout};

use super::Stage;
use super::crowd::Crowd;
use crate::bench::client::Client;
use crate::bench::pairs::{median, quantile};
use crate::bench::process::Server;
use crate::bench::report::{Bar, Line};
use crate::bench::requests::Requests;

const DRIPS: usize = 5_000;
const GOOD: usize = 50;
/// Each of the good ones asks so often: what a busy library does.
const PACE: Duration = Duration::from_millis(20);
const ROUND: Duration = Duration::from_secs(4);
/// Quiet and wet in turn: others use this machine too.
const PAIRS: usize = 5;
const SECOND: Duration = Duration::from_secs(1);
/// A service that keeps its deadline closes each drip so long after its first byte. The drips come spread over it.
const FRAME_TIME: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

/// What the drips did.
#[derive(Debug, Default)]
struct Dripped {
    bytes: AtomicUsize,
    /// From the first byte to the service's end.
    lives: Mutex<Vec<Duration>>,
}

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let server = stage.server().await?;
    let (mut ratios, mut latest, mut lives, mut rates) = (Vec::new(), (0.0, 0.0), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let quiet = ask(&server, &stage.requests).await?;
        let dripped = Arc::new(Dripped::default());
        let (came, mut come) = watch::channel(0);
        let crowd = Crowd::start(drip_all(server.address, Arc::clone(&dripped), came))?;
        timeout(PATIENCE, come.wait_for(|come| *come >= DRIPS)).await??;
        let (before, started) = (dripped.bytes.load(Ordering::Relaxed), Instant::now());
        let wet = ask(&server, &stage.requests).await?;
        let bytes = dripped.bytes.load(Ordering::Relaxed) - before;
        rates.push(bytes as f64 / started.elapsed().as_secs_f64() / DRIPS as f64);
        crowd.end()?;
        lives.append(&mut dripped.lives.lock().unwrap_or_else(PoisonError::into_inner));
        ratios.push(wet / quiet);
        latest = (wet, quiet);
    }
    server.stop().await?;
    let (closed, (wet, quiet)) = (lives.len(), latest);
    Ok(vec![
        Line::new(
            format!("{GOOD} clients beside {DRIPS} that drip: p99 of quiet"),
            Bar::AtMost(2.0),
            median(ratios.iter().copied()),
        )
        .detail(format!("median of {ratios:.2?}; the last {wet:.0} us of {quiet:.0} us")),
        Line::new("bytes a second of each that drips", Bar::AtLeast(0.9), median(rates.into_iter())),
        Line::new("from its first byte to its end: s, p99", Bar::AtMost(5.5), quantile(&mut lives, 0.99) / 1e6)
            .detail(format!("{closed} were closed; at least {:.2} s", quantile(&mut lives, 0.0) / 1e6)),
    ])
}

/// All of them, coming again whenever they are closed. `came` counts connections.
async fn drip_all(address: SocketAddr, dripped: Arc<Dripped>, came: watch::Sender<usize>) {
    let came = Arc::new(came);
    let mut drips = JoinSet::new();
    for number in 0..DRIPS {
        let (dripped, came) = (Arc::clone(&dripped), Arc::clone(&came));
        drips.spawn(async move {
            sleep(FRAME_TIME * number as u32 / DRIPS as u32).await;
            loop {
                // Refused, it comes again like everybody.
                if drip(address, &dripped, &came).await.is_err() {
                    sleep(SECOND).await;
                }
            }
        });
    }
    drips.join_all().await;
}

/// A byte a second until the service ends it.
async fn drip(address: SocketAddr, dripped: &Dripped, came: &watch::Sender<usize>) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let (mut second, mut end) = (interval(SECOND), [0; 1]);
    let mut began = None;
    loop {
        tokio::select! {
            // An answer to a byte would be a fault; an end is due.
            read = stream.read(&mut end) => {
                ensure!(!matches!(read, Ok(1..)), "a drip was answered");
                let life = began.map_or(Duration::ZERO, |began: Instant| began.elapsed());
                dripped.lives.lock().unwrap_or_else(PoisonError::into_inner).push(life);
                return Ok(());
            }
            _ = second.tick() => {}
        }
        stream.write_all(b"6").await?;
        dripped.bytes.fetch_add(1, Ordering::Relaxed);
        if began.is_none() {
            began = Some(Instant::now());
            came.send_modify(|came| *came += 1);
        }
    }
}

/// The p99 of the good ones, in microseconds.
async fn ask(server: &Server, requests: &Arc<Requests>) -> Result<f64> {
    let mut clients = JoinSet::new();
    let start = Instant::now();
    for number in 0..GOOD {
        let mut client = Client::connect(server.address).await?;
        let (requests, answer) = (Arc::clone(requests), server.answer);
        // They do not all ask at once.
        let mut pace = interval_at(start + PACE * number as u32 / GOOD as u32, PACE);
        clients.spawn(async move {
            let mut latencies = Vec::new();
            let end = start + ROUND;
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
    Ok(quantile(&mut latencies, 0.99))
}
