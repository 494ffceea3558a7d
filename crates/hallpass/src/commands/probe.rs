//! `hallpass probe`.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use sip2::{
    Codec, Dialect, EndPatronSession, ErrorDetection, Frame, Login, Number, Parts, PatronInformation, Request,
    ScStatus, Sequence, Timestamp,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::codec::Decoder as _;

use crate::failure::{DATA, Failure, INTERNAL, UNAVAILABLE};
use crate::terminal;

/// How long the service may take for each answer: Palace waits for three seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ask a service as a vendor would, and show each exchange field by field.
#[derive(Args)]
pub struct Probe {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Subcommand)]
enum Protocol {
    /// Status, login, patron information, end of session. The PIN is read from standard input.
    Sip2(Sip2),
}

#[derive(Args)]
struct Sip2 {
    /// HOST:PORT.
    address: String,
    /// The card to ask about; without one only the status is asked.
    #[arg(long)]
    card: Option<String>,
    /// The login name, where the service wants a login.
    #[arg(long, requires = "password_file")]
    login: Option<String>,
    /// The file with the login's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The institution id (AO).
    #[arg(long, default_value = "")]
    institution: String,
}

impl Probe {
    pub fn run(self) -> Result<(), Failure> {
        let Protocol::Sip2(probe) = self.protocol;
        let pin = if probe.card.is_some() { terminal::secret("PIN")? } else { String::new() };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(INTERNAL, format!("no runtime: {error}")))?;
        runtime.block_on(probe.run(&pin))
    }
}

impl Sip2 {
    async fn run(&self, pin: &str) -> Result<(), Failure> {
        let unreachable = |error: std::io::Error| Failure::unavailable(format!("{}: {error}", self.address));
        let stream = timeout(PATIENCE, TcpStream::connect(&self.address))
            .await
            .map_err(|_| Failure::unavailable(format!("{}: no answer", self.address)))?
            .map_err(unreachable)?;
        let mut peer = Peer {
            stream,
            codec: Codec::default(),
            dialect: Dialect::default(),
            input: BytesMut::new(),
            sequence: Sequence::new(0),
        };
        let institution = || Some(Cow::Borrowed(self.institution.as_str()));
        if let Some(login) = &self.login {
            let password = match &self.password_file {
                Some(file) => std::fs::read_to_string(file)?,
                None => String::new(),
            };
            let login = Login {
                login_user_id: Some(login.into()),
                login_password: Some(password.trim_end_matches(['\r', '\n']).into()),
                ..Default::default()
            };
            let answer = peer.exchange(login.into()).await?;
            // 94, then 1 or 0. Without a login a PIN has nothing to do on the wire.
            if answer.as_bytes().get(2) != Some(&b'1') {
                return Err(Failure::unavailable("the service refused the login; nothing was asked"));
            }
        }
        let status = ScStatus { max_print_width: Number::new(80), ..Default::default() };
        peer.exchange(status.into()).await?;
        let Some(card) = &self.card else { return Ok(()) };
        let now = Timestamp::local(TimeZone::system().to_datetime(jiff::Timestamp::now()));
        let information = PatronInformation {
            transaction_date: now,
            institution_id: institution(),
            patron_identifier: Some(card.into()),
            terminal_password: Some("".into()),
            patron_password: (!pin.is_empty()).then(|| pin.into()),
            ..Default::default()
        };
        peer.exchange(information.into()).await?;
        let end = EndPatronSession {
            transaction_date: now,
            institution_id: institution(),
            patron_identifier: Some(card.into()),
            ..Default::default()
        };
        peer.exchange(end.into()).await.map(drop)
    }
}

struct Peer {
    stream: TcpStream,
    codec: Codec,
    dialect: Dialect,
    input: BytesMut,
    sequence: Option<Sequence>,
}

impl Peer {
    /// Sends a request, waits for its answer, and shows both.
    async fn exchange(&mut self, request: Request<'_>) -> Result<Frame, Failure> {
        let mut sent = BytesMut::new();
        let detection = self.sequence.map_or(ErrorDetection::Off, ErrorDetection::Sequenced);
        request.encode(&self.dialect, detection, &mut sent);
        self.sequence = self.sequence.map(Sequence::next);
        self.show('>', &Frame::new(sent.clone().freeze()));
        let lost = |error: std::io::Error| Failure::new(UNAVAILABLE, format!("the connection broke: {error}"));
        self.stream.write_all(&sent).await.map_err(lost)?;
        loop {
            let frame = self.codec.decode(&mut self.input);
            if let Some(frame) = frame.map_err(|error| Failure::new(DATA, format!("not SIP2: {error}")))? {
                self.show('<', &frame);
                return Ok(frame);
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.input))
                .await
                .map_err(|_| Failure::unavailable("no answer in 10 s"))?
                .map_err(lost)?;
            if read == 0 {
                return Err(Failure::unavailable("the service closed the connection"));
            }
        }
    }

    fn show(&self, direction: char, frame: &Frame) {
        // A message as it is sent still has its terminator.
        let bytes = frame.as_bytes().trim_ascii_end().to_vec();
        let frame = Frame::new(bytes.into());
        let Ok(parts) = Parts::of(&frame, &self.dialect) else {
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
