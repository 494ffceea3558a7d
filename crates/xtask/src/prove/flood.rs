//! 15,000 connections of one address, while another wants to come in.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::Stage;
use super::crowd::Crowd;
use crate::bench::client::Client;
use crate::bench::district::District;
use crate::bench::pairs::median;
use crate::bench::report::{Bar, Line};

const FLOOD: usize = 15_000;
const AT_A_TIME: usize = 100;
const EXCHANGES: usize = 50;
/// The usual bound of strangers of one address.
const STRANGERS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the service may take to turn the last of them away.
const TURNING_AWAY: Duration = Duration::from_secs(5);

/// What the flood tells, and is told.
#[derive(Debug, Default)]
struct Tide {
    came: watch::Sender<usize>,
    /// Connections that the service has not closed, once the flood has stopped.
    held: watch::Sender<Option<usize>>,
    stop: AtomicBool,
}

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    stage.district.change("per-source = 16384", &format!("per-source = {STRANGERS}"))?;
    let server = stage.server().await?;
    // The one login that costs an argon2.
    let login = District::login();
    Client::connect(server.login_address).await?.ask(login.as_bytes(), server.accepted).await?;

    let tide = Arc::new(Tide::default());
    let (mut came, mut held) = (tide.came.subscribe(), tide.held.subscribe());
    let crowd = Crowd::start(flood(server.login_address, Arc::clone(&tide)))?;
    let began = Instant::now();
    let mut took = Vec::new();
    for number in 1..=EXCHANGES {
        // Spread over the flood, which goes on until the last of them.
        timeout(PATIENCE, came.wait_for(|came| *came >= FLOOD / EXCHANGES * number)).await??;
        let started = Instant::now();
        let mut client = Client::connect(server.login_address).await?;
        client.ask(login.as_bytes(), server.accepted).await?;
        client.ask(stage.requests.at(number), server.answer).await?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let (came, flooding) = (*came.borrow(), began.elapsed());
    tide.stop.store(true, Ordering::Relaxed);
    let held = timeout(PATIENCE, held.wait_for(Option::is_some)).await??.unwrap_or(usize::MAX);
    crowd.end()?;
    server.stop().await?;
    let what = format!("connect, 93, 63 of another address in a flood: ms, the slowest of {EXCHANGES}");
    let slowest = took.iter().copied().fold(0.0, f64::max);
    let rate = came as f64 / flooding.as_secs_f64();
    Ok(vec![
        Line::new(what, Bar::AtMost(100.0), slowest)
            .detail(format!("median {:.1} ms; {rate:.0} of the flood came a second", median(took.into_iter()))),
        Line::new("connections of the flood, before the last exchange", Bar::AtLeast(FLOOD as f64), came as f64),
        Line::new("of them held", Bar::AtMost(STRANGERS as f64), held as f64),
    ])
}

/// Connects without a pause, holding the last 15,000. All come from 127.0.0.1; the others from 127.0.1.x.
async fn flood(address: SocketAddr, tide: Arc<Tide>) {
    let mut flood = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let tide = Arc::clone(&tide);
        flood.spawn(async move {
            let mut streams = VecDeque::new();
            while !tide.stop.load(Ordering::Relaxed) {
                if streams.len() == FLOOD / AT_A_TIME {
                    streams.pop_front();
                }
                if let Ok(stream) = TcpStream::connect(address).await {
                    streams.push_back(stream);
                    tide.came.send_modify(|came| *came += 1);
                }
            }
            streams
        });
    }
    let streams: Vec<TcpStream> = flood.join_all().await.into_iter().flatten().collect();
    let due = Instant::now() + TURNING_AWAY;
    let held = loop {
        let held = streams.iter().filter(|stream| is_open(stream)).count();
        if held <= STRANGERS || Instant::now() > due {
            break held;
        }
        sleep(Duration::from_millis(10)).await;
    };
    tide.held.send_replace(Some(held));
    std::future::pending::<()>().await;
    drop(streams);
}

/// Whether the service has neither said anything nor ended it.
fn is_open(stream: &TcpStream) -> bool {
    stream.try_read(&mut [0; 1]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}
