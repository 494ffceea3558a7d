//! The other end: what is sent to it and comes back.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use sip2::{Codec, Dialect, ErrorDetection, Frame, Request, Sequence};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_util::codec::Decoder as _;

use super::due;
use super::shown::Discretion;
use super::tls::Connection;
use super::trouble;
use crate::failure::{DATA, Failure};

/// How long the service may take for each answer: Palace waits for three seconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A service that is asked.
pub struct Peer<'a> {
    connection: Connection,
    codec: Codec,
    dialect: Dialect,
    input: BytesMut,
    sequence: Option<Sequence>,
    discretion: Discretion<'a>,
    /// Whether the service has said anything: what ends a connection before is the handshake's fault.
    has_spoken: bool,
    /// Whether words that are not SIP2 may come before the first answer: after a login at prompts.
    may_talk: bool,
    is_hushed: bool,
}

/// What came of waiting.
pub enum Heard {
    /// A message.
    Message(Frame),
    /// The service closed the connection.
    Closed,
    /// Nothing in all that time.
    Nothing,
}

impl<'a> Peer<'a> {
    /// A peer that is spoken to in a dialect, with AY and AZ or without.
    pub fn new(connection: Connection, dialect: Dialect, detects_errors: bool, discretion: Discretion<'a>) -> Self {
        let sequence = if detects_errors { Sequence::new(0) } else { None };
        Self {
            connection,
            codec: Codec::default(),
            dialect,
            input: BytesMut::new(),
            sequence,
            discretion,
            has_spoken: false,
            may_talk: false,
            is_hushed: false,
        }
    }

    /// Sends a request, waits for its answer, and shows both. Anything else than its answer is a failure.
    pub async fn exchange(&mut self, request: Request<'_>) -> Result<Frame, Failure> {
        let mut sent = BytesMut::new();
        let detection = self.sequence.map_or(ErrorDetection::Off, ErrorDetection::Sequenced);
        request.encode(&self.dialect, detection, &mut sent);
        self.sequence = self.sequence.map(Sequence::next);
        self.send(&sent).await?;
        match self.answer().await? {
            Heard::Message(frame) => {
                let command = sent.first_chunk().copied().unwrap_or_default();
                due::fault(command, detection, &frame, &self.dialect)
                    .map_or(Ok(frame), |why| Err(Failure::new(DATA, why)))
            }
            Heard::Closed => Err(Failure::unavailable(self.end(None))),
            Heard::Nothing if self.input.is_empty() => Err(Failure::unavailable("no answer in 10 s")),
            Heard::Nothing => Err(Failure::new(
                DATA,
                format!("no answer in 10 s, only words ({}): for prompts there is --telnet", self.words(&self.input)),
            )),
        }
    }

    /// Sends bytes as they are, and shows them.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        for message in bytes.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|message| !message.is_empty()) {
            self.show('>', &Frame::new(Bytes::copy_from_slice(message)));
        }
        self.write(bytes).await
    }

    /// Sends a line that is not SIP2, and shows nothing of it.
    pub async fn type_line(&mut self, text: &str) -> Result<(), Failure> {
        self.may_talk = true;
        let end = self.dialect.terminator.as_bytes();
        self.write(&[text.as_bytes(), end].concat()).await
    }

    /// The next answer, shown.
    pub async fn answer(&mut self) -> Result<Heard, Failure> {
        timeout(PATIENCE, self.next()).await.unwrap_or(Ok(Heard::Nothing))
    }

    /// What was received and not yet read.
    pub fn heard(&self) -> &[u8] {
        &self.input
    }

    /// Leaves out the first bytes of what was received, and shows them where they say something.
    pub fn pass_over(&mut self, bytes: usize) {
        let said = self.input.split_to(bytes.min(self.input.len()));
        if !said.trim_ascii().is_empty() {
            println!("< {}", self.words(said.trim_ascii()));
        }
    }

    /// Waits for more; whether there is any.
    pub async fn hear(&mut self) -> Result<bool, Failure> {
        match self.connection.stream.read_buf(&mut self.input).await {
            Ok(0) => Ok(false),
            Ok(_) => {
                self.has_spoken = true;
                Ok(true)
            }
            Err(error) if trouble::is_end(&error) => Ok(false),
            Err(error) => Err(Failure::unavailable(self.end(Some(&error)))),
        }
    }

    /// Shows no more messages.
    pub fn hush(&mut self) {
        self.is_hushed = true;
    }

    /// A message, or what was expected of one, in a line without secrets.
    pub fn discreet(&self, message: &[u8]) -> String {
        self.discretion.line(&self.dialect.charset.decode(message), &self.dialect)
    }

    /// Why the connection ended.
    pub fn end(&self, error: Option<&io::Error>) -> String {
        match error {
            None if self.has_spoken => "the service closed the connection".to_owned(),
            Some(error) if self.has_spoken => format!("the connection broke: {error}"),
            _ => trouble::broken(error, self.connection.asked()),
        }
    }

    /// Takes leave, so that the service need not log a connection cut off.
    pub async fn close(&mut self) {
        // All has been asked and answered.
        let _ = timeout(PATIENCE, self.connection.stream.shutdown()).await;
    }

    async fn next(&mut self) -> Result<Heard, Failure> {
        loop {
            // An alert of TLS: the service expected a handshake.
            if self.input.starts_with(&[0x15, 3]) {
                return Err(Failure::new(DATA, "not SIP2: the service speaks TLS at this port, so use --tls"));
            }
            let frame = self.codec.decode(&mut self.input);
            if let Some(frame) = frame.map_err(|error| Failure::new(DATA, format!("not SIP2: {error}")))? {
                self.show('<', &frame);
                let is_talk = !frame.command().is_some_and(|command| command.iter().all(u8::is_ascii_digit));
                if self.may_talk && is_talk {
                    continue;
                }
                self.may_talk = false;
                return Ok(Heard::Message(frame));
            }
            if !self.hear().await? {
                let is_cut = !self.input.is_empty();
                let cut = || Failure::new(DATA, "not SIP2: the service closed in the middle of a message");
                return if is_cut { Err(cut()) } else { Ok(Heard::Closed) };
            }
        }
    }

    fn words(&self, said: &[u8]) -> String {
        self.discretion.excerpt(said)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let stream = &mut self.connection.stream;
        let written = timeout(PATIENCE, async {
            stream.write_all(bytes).await?;
            // TLS may hold back what it has taken.
            stream.flush().await
        });
        match written.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            // Why the service closed is to be read.
            Err(error) if !trouble::is_end(&error) => Err(Failure::unavailable(self.end(Some(&error)))),
            _ => Ok(()),
        }
    }

    fn show(&self, direction: char, frame: &Frame) {
        if !self.is_hushed {
            println!("{direction} {}", self.discretion.decoded(frame, &self.dialect).join("\n"));
        }
    }
}
