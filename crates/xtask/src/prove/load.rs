//! Clients that ask without a pause, and note what should not happen.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bench::requests::Requests;

/// Clients at a time.
pub const CLIENTS: usize = 8;
/// After so many questions a client connects anew, so that connecting is shown too.
const FRESH: usize = 200;
/// How long an answer may take, restarts included.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Right answers.
    pub answers: AtomicU64,
    /// Connections that were refused.
    pub refused: AtomicU64,
    /// Answers that broke off.
    pub truncated: AtomicU64,
    /// Answers that were not the right one.
    pub wrong: AtomicU64,
    /// Connections that ended before an answer had begun, and were opened again.
    pub reconnects: AtomicU64,
    /// The most reconnects of one client.
    pub most_reconnects: AtomicU64,
}

/// Clients under way.
pub struct Load {
    seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
    clients: JoinSet<Result<()>>,
}

impl Load {
    /// Starts them.
    pub fn start(address: SocketAddr, requests: &Arc<Requests>) -> Self {
        let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (seen, stop, requests) = (Arc::clone(&seen), Arc::clone(&stop), Arc::clone(requests));
            clients.spawn(async move { ask(number, address, &requests, &seen, &stop).await });
        }
        Self { seen, stop, clients }
    }

    /// What was seen so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Lets them finish their question, and tells what was seen.
    pub async fn stop(mut self) -> Result<Arc<Seen>> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client??;
        }
        Ok(self.seen)
    }
}

async fn ask(number: usize, address: SocketAddr, requests: &Requests, seen: &Seen, stop: &AtomicBool) -> Result<()> {
    let (mut next, mut reconnects) = (number * 1_000, 0);
    while !stop.load(Ordering::Relaxed) {
        let mut stream = match TcpStream::connect(address).await {
            Ok(stream) => stream,
            Err(_) => {
                seen.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
        };
        for _ in 0..FRESH {
            let asked = timeout(PATIENCE, exchange(&mut stream, requests.at(next))).await.context("no answer")?;
            match asked {
                Answer::Whole(line) => {
                    let right = line.windows(9).any(|window| window == b"|BLY|CQY|");
                    if right { &seen.answers } else { &seen.wrong }.fetch_add(1, Ordering::Relaxed);
                    next += 1;
                }
                Answer::Broken => {
                    seen.truncated.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Answer::None => {
                    seen.reconnects.fetch_add(1, Ordering::Relaxed);
                    reconnects += 1;
                    seen.most_reconnects.fetch_max(reconnects, Ordering::Relaxed);
                    break;
                }
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    Ok(())
}

enum Answer {
    Whole(Vec<u8>),
    Broken,
    None,
}

async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Answer {
    if stream.write_all(request).await.is_err() {
        return Answer::None;
    }
    let mut line = Vec::new();
    loop {
        match stream.read_buf(&mut line).await {
            Ok(0) => return if line.is_empty() { Answer::None } else { Answer::Broken },
            Ok(_) if line.ends_with(b"\r") => return Answer::Whole(line),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset && line.is_empty() => return Answer::None,
            Err(_) => return Answer::Broken,
        }
    }
}
