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

use super::Stage;
use crate::bench::requests::Requests;

/// Clients at a time.
pub const CLIENTS: usize = 8;
/// After so many questions a client connects anew, so that connecting is shown too.
const FRESH: usize = 200;
/// One question of so many has a wrong PIN: what must be refused is as much a verdict.
const WRONG: usize = 4;
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
    /// The most reconnects of one client in one era.
    pub most_reconnects: AtomicU64,
    /// How many eras there were: each restart begins one.
    pub era: AtomicU64,
}

impl Seen {
    /// Refused connects, broken answers and wrong verdicts.
    pub fn faults(&self) -> u64 {
        [&self.refused, &self.truncated, &self.wrong].map(|count| count.load(Ordering::Relaxed)).iter().sum()
    }

    /// The same in words, with the right answers.
    pub fn told(&self) -> String {
        let [refused, truncated, wrong, answers] =
            [&self.refused, &self.truncated, &self.wrong, &self.answers].map(|count| count.load(Ordering::Relaxed));
        format!("{refused} refused, {truncated} truncated, {wrong} wrong; {answers} right answers")
    }
}

/// Clients under way.
pub struct Load {
    seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
    clients: JoinSet<Result<()>>,
}

impl Load {
    /// Starts them.
    pub fn start(address: SocketAddr, stage: &Stage<'_>) -> Self {
        let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = Client {
                address,
                right: Arc::clone(&stage.requests),
                wrong: Arc::clone(&stage.wrong),
                seen: Arc::clone(&seen),
                stop: Arc::clone(&stop),
            };
            clients.spawn(client.ask(number * 1_000));
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

struct Client {
    address: SocketAddr,
    right: Arc<Requests>,
    wrong: Arc<Requests>,
    seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
}

impl Client {
    async fn ask(self, mut next: usize) -> Result<()> {
        let Self { address, right, wrong, seen, stop } = self;
        let (mut era, mut reconnects) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            let Ok(mut stream) = TcpStream::connect(address).await else {
                seen.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            for _ in 0..FRESH {
                let (request, due): (_, &[u8]) = if next.is_multiple_of(WRONG) {
                    (wrong.at(next), b"|BLN|CQN|")
                } else {
                    (right.at(next), b"|BLY|CQY|")
                };
                match timeout(PATIENCE, exchange(&mut stream, request)).await.context("no answer")? {
                    Answer::Whole(line) => {
                        let is_right = line.windows(due.len()).any(|window| window == due);
                        if is_right { &seen.answers } else { &seen.wrong }.fetch_add(1, Ordering::Relaxed);
                        next += 1;
                    }
                    Answer::Broken => {
                        seen.truncated.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                    Answer::None => {
                        seen.reconnects.fetch_add(1, Ordering::Relaxed);
                        let now = seen.era.load(Ordering::Relaxed);
                        reconnects = if now == era { reconnects + 1 } else { 1 };
                        era = now;
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::runtime::Runtime;

    use super::*;

    /// What a client sees of a service that says this and closes.
    fn seen_of(said: &'static [u8]) -> Answer {
        Runtime::new().unwrap().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let service = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_exact(&mut [0; 3]).await.unwrap();
                stream.write_all(said).await.unwrap();
            });
            let mut stream = TcpStream::connect(address).await.unwrap();
            let answer = exchange(&mut stream, b"63\r").await;
            service.await.unwrap();
            answer
        })
    }

    #[test]
    fn an_answer_that_breaks_off_is_truncated_and_none_at_all_is_not() {
        assert!(matches!(seen_of(b"64    |BLY|CQ"), Answer::Broken));
        assert!(matches!(seen_of(b""), Answer::None));
        assert!(matches!(seen_of(b"64    |BLY|CQY|\r"), Answer::Whole(line) if line.ends_with(b"|CQY|\r")));
    }
}
