//! The other end: what is sent to it and comes back, and how both are shown.

use std::time::Duration;

use bytes::BytesMut;
use sip2::{Codec, Dialect, ErrorDetection, Frame, Parts, Request, Sequence};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_util::codec::Decoder as _;

use super::tls::Stream;
use crate::failure::{DATA, Failure, UNAVAILABLE};

/// How long the service may take for each answer: Palace waits for three seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service that is asked.
pub struct Peer {
    stream: Box<dyn Stream>,
    codec: Codec,
    dialect: Dialect,
    input: BytesMut,
    sequence: Option<Sequence>,
}

impl Peer {
    /// A peer that is spoken to in a dialect, with AY and AZ or without.
    pub fn new(stream: Box<dyn Stream>, dialect: Dialect, error_detection: bool) -> Self {
        let sequence = if error_detection { Sequence::new(0) } else { None };
        Self { stream, codec: Codec::default(), dialect, input: BytesMut::new(), sequence }
    }

    /// Sends a request, waits for its answer, and shows both.
    pub async fn exchange(&mut self, request: Request<'_>) -> Result<Frame, Failure> {
        let mut sent = BytesMut::new();
        let detection = self.sequence.map_or(ErrorDetection::Off, ErrorDetection::Sequenced);
        request.encode(&self.dialect, detection, &mut sent);
        self.sequence = self.sequence.map(Sequence::next);
        self.send(&sent).await?;
        match self.answer().await? {
            Some(frame) => Ok(frame),
            None => Err(Failure::unavailable("the service closed the connection")),
        }
    }

    /// Sends bytes as they are, and shows them.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.show('>', &Frame::new(bytes.trim_ascii_end().to_vec().into()));
        self.stream.write_all(bytes).await.map_err(lost)
    }

    /// The next answer, shown; `None`: the service closed.
    pub async fn answer(&mut self) -> Result<Option<Frame>, Failure> {
        loop {
            let frame = self.codec.decode(&mut self.input);
            if let Some(frame) = frame.map_err(|error| Failure::new(DATA, format!("not SIP2: {error}")))? {
                self.show('<', &frame);
                return Ok(Some(frame));
            }
            if self.read().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Logs in at prompts.
    pub async fn type_in(&mut self, login: &str, password: &str) -> Result<(), Failure> {
        for (prompt, typed) in [("login:", login), ("password:", password)] {
            self.wait_for(prompt).await?;
            println!("> at {prompt:<10} {}", if prompt == "login:" { typed } else { "****" });
            self.stream.write_all(format!("{typed}\r\n").as_bytes()).await.map_err(lost)?;
        }
        self.wait_for("\n").await
    }

    /// Reads until these words came, and forgets what stood before and in them.
    async fn wait_for(&mut self, words: &str) -> Result<(), Failure> {
        loop {
            let said = String::from_utf8_lossy(&self.input).to_lowercase();
            if said.contains("invalid") {
                return Err(Failure::unavailable("the service refused the login; nothing was asked"));
            }
            if let Some((before, _)) = said.split_once(words) {
                let read = before.len() + words.len();
                drop(self.input.split_to(read.min(self.input.len())));
                return Ok(());
            }
            if self.read().await? == 0 {
                return Err(Failure::unavailable(format!("the service closed before it said {words:?}")));
            }
        }
    }

    async fn read(&mut self) -> Result<usize, Failure> {
        timeout(PATIENCE, self.stream.read_buf(&mut self.input))
            .await
            .map_err(|_| Failure::unavailable("no answer in 10 s"))?
            .map_err(lost)
    }

    fn show(&self, direction: char, frame: &Frame) {
        let Ok(parts) = Parts::of(frame, &self.dialect) else {
            println!("{direction} a message that SIP2 does not know");
            return;
        };
        let command = frame.command().unwrap_or(*b"??");
        println!("{direction} {} {}", String::from_utf8_lossy(&command), parts.title());
        for entry in parts.entries() {
            let id = entry.id.map_or_else(|| "  ".to_owned(), |id| id.to_string());
            let text = if entry.is_secret() && !entry.text.is_empty() { "****" } else { &entry.text };
            println!("    {id} {:<24} {text}", entry.name);
        }
    }
}

fn lost(error: std::io::Error) -> Failure {
    Failure::new(UNAVAILABLE, format!("the connection broke: {error}"))
}
