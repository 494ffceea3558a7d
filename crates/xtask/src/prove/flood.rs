//! 15,000 connections of one address, while another wants to come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Stage;
use crate::bench::client::Client;
use crate::bench::district::District;
use crate::bench::report::{Bar, Line};

const FLOOD: usize = 15_000;
const AT_A_TIME: usize = 100;
const EXCHANGES: usize = 50;

/// Shows it, at the usual bound of 64 strangers of one address.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    stage.district.change("per-source = 16384", "per-source = 64")?;
    let server = stage.server().await?;
    // The one login that costs an argon2.
    let login = District::login();
    Client::connect(server.login_address).await?.ask(login.as_bytes(), server.accepted).await?;

    let opened = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (address, opened) = (server.login_address, Arc::clone(&opened));
        flood.spawn(async move {
            let mut streams = Vec::new();
            for _ in 0..FLOOD / AT_A_TIME {
                // From 127.0.0.1; the others come from 127.0.1.x.
                streams.extend(TcpStream::connect(address).await);
                opened.fetch_add(1, Ordering::Relaxed);
            }
            std::future::pending::<()>().await;
            drop(streams);
        });
    }
    let mut slowest = 0.0_f64;
    for number in 0..EXCHANGES {
        // Spread over the flood.
        while opened.load(Ordering::Relaxed) < FLOOD / EXCHANGES * number {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        let mut client = Client::connect(server.login_address).await?;
        client.ask(login.as_bytes(), server.accepted).await?;
        client.ask(stage.requests.at(number), server.answer).await?;
        slowest = slowest.max(started.elapsed().as_secs_f64() * 1e3);
    }
    let came = opened.load(Ordering::Relaxed);
    flood.abort_all();
    server.stop().await?;
    stage.district.change("per-source = 64", "per-source = 16384")?;
    let what = format!("connect, 93, 63 of another address in a flood of {FLOOD}: ms, the slowest of {EXCHANGES}");
    Ok(vec![Line::new(what, Bar::AtMost(100.0), slowest).detail(format!("{came} had come by the last"))])
}
