//! The row of NCIP: `LookupUser` over HTTP connections that stay open, one in flight on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::district::District;
use super::pairs::{alternate, medians, micros, quantile};
use super::process::Server;
use super::report::{Bar, Line};
use super::requests::Requests;

const CONNECTIONS: usize = 64;
const PAIRS: usize = 5;
const ROUND: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(1);
/// The longest answer that is taken, with its head.
const ANSWER: usize = 8192;
/// What every right answer holds: the user's id.
const ADMITTED: &[u8] = b"<UserIdentifierValue>";

/// An HTTP client that keeps its connection.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What one server did in one round.
#[derive(Debug)]
struct Round {
    /// Answers a second.
    rate: f64,
    /// Of a hundred answers one took longer, in microseconds.
    p99: f64,
    /// Processor time of the server for each message, in microseconds.
    cpu: f64,
}

/// Measures the row. The other server's reply is one of ours, so that both send the same.
pub async fn measure(ours: &Server, district: &District) -> Result<Vec<Line>> {
    let requests = Arc::new(Requests::ncip(&district.answers(super::district::PLAIN))?);
    let head_and_body = Client::connect(district.ncip_address).await?.ask(requests.at(0)).await?.to_vec();
    let answer = String::from_utf8(head_and_body)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a head")?;
    let fixed = Server::fixed_reply(body).await?;
    let address = |server: &Server| if server.address == ours.address { district.ncip_address } else { server.address };
    for server in [&fixed, ours] {
        round(server, address(server), &requests, 0, WARM_UP).await?;
    }
    let pairs = alternate(PAIRS, &fixed, ours, async |server, number| {
        let round = round(server, address(server), &requests, number + 1, ROUND).await;
        district.empty_log()?;
        round
    })
    .await?;
    fixed.stop().await?;
    let [rate, our_rate, fixed_rate] = medians(&pairs, |round| round.rate);
    let [_, our_p99, fixed_p99] = medians(&pairs, |round| round.p99);
    let [_, our_cpu, fixed_cpu] = medians(&pairs, |round| round.cpu);
    let what = format!("NCIP: LookupUser over HTTP, {CONNECTIONS} connections that stay open: rate");
    Ok(vec![Line::new(what, Bar::AtLeast(0.70), rate).detail(format!(
        "{our_rate:.0}/s of a bare axum handler's {fixed_rate:.0}/s; p99 {our_p99:.0} us of {fixed_p99:.0} us; \
         processor {our_cpu:.1} us of {fixed_cpu:.1} us each"
    ))])
}

async fn round(
    server: &Server,
    address: SocketAddr,
    requests: &Arc<Requests>,
    number: usize,
    length: Duration,
) -> Result<Round> {
    let stretch = requests.count() / CONNECTIONS;
    let start = Arc::new(Barrier::new(CONNECTIONS + 1));
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut client = Client::connect(address).await?;
        let (requests, start) = (Arc::clone(requests), Arc::clone(&start));
        let mut next = connection * stretch + number * stretch / 2;
        connections.spawn(async move {
            let mut latencies = Vec::with_capacity(32_768);
            start.wait().await;
            let mut asked = Instant::now();
            let deadline = asked + length;
            while asked < deadline {
                client.ask(requests.at(next)).await?;
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
    Ok(Round {
        rate: messages as f64 / elapsed.as_secs_f64(),
        p99: quantile(&mut latencies, 0.99),
        cpu: micros(cpu) / messages as f64,
    })
}

impl Client {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; ANSWER] })
    }

    /// Sends a request and waits for its answer, which must name a user.
    async fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        while !self.buffer.get(..filled).is_some_and(|answer| answer.ends_with(b"NCIPMessage>\n")) {
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            ensure!(!free.is_empty(), "an answer of more than {ANSWER} bytes");
            let read = self.stream.read(free).await?;
            ensure!(read > 0, "the server closed");
            filled += read;
        }
        let answer = self.buffer.get(..filled).unwrap_or_default();
        if answer.windows(ADMITTED.len()).any(|window| window == ADMITTED) {
            return Ok(answer);
        }
        bail!("a request was answered with {:?}", String::from_utf8_lossy(answer));
    }
}
