//! What the load generator says: lines out, lines back, each one looked at.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The longest answer that is taken.
const ANSWER: usize = 1024;
/// The source addresses that connections come from in turn: a closed one keeps its port for a minute, and one address
/// has only 28,000.
const SOURCES: u32 = 240;

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: [u8; ANSWER],
}

impl Client {
    /// Connects from the next of the source addresses.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let turn = NEXT.fetch_add(1, Ordering::Relaxed) % SOURCES;
        let source = Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 1, 1).to_bits() + turn);
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into()).with_context(|| format!("no free port of {source}"))?;
        let stream = socket.connect(address).await.with_context(|| format!("connecting to {address}"))?;
        Ok(Self { stream, buffer: [0; ANSWER] })
    }

    /// Sends a line and waits for its answer, which must hold `expected`.
    pub async fn ask(&mut self, request: &[u8], expected: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        let answer = self.answer().await?;
        if answer.windows(expected.len()).any(|window| window == expected) {
            return Ok(());
        }
        bail!("{:?} was answered with {:?}", String::from_utf8_lossy(request), String::from_utf8_lossy(answer));
    }

    /// The socket alone: of ten thousand idle ones.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    async fn answer(&mut self) -> Result<&[u8]> {
        let mut filled = 0;
        while !self.buffer.get(..filled).is_some_and(|answer| answer.ends_with(b"\r")) {
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            ensure!(!free.is_empty(), "an answer of more than {ANSWER} bytes");
            let read = self.stream.read(free).await?;
            ensure!(read > 0, "the server closed");
            filled += read;
        }
        Ok(self.buffer.get(..filled).unwrap_or_default())
    }
}

/// Whether a request gets the expected answer, on a connection of its own; being refused is a no.
pub async fn admits(address: SocketAddr, request: &[u8], expected: &[u8]) -> bool {
    match Client::connect(address).await {
        Ok(mut client) => client.ask(request, expected).await.is_ok(),
        Err(_) => false,
    }
}
