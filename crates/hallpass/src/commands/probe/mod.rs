//! `hallpass probe`: a client that shows each exchange decoded.
//!
//! - [`peer`] what is sent and shown; [`tls`] how it is encrypted; [`script`] messages that somebody wrote down

mod peer;
mod script;
mod tls;

use std::borrow::Cow;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use sip2::{
    Charset, Delimiter, Dialect, EndPatronSession, Login, Number, PatronInformation, ScStatus, Terminator, Timestamp,
};

use self::peer::Peer;
use self::script::Script;
use crate::failure::{Failure, INTERNAL, USAGE};
use crate::terminal;

/// Ask a service as a vendor would, and show each exchange field by field.
#[derive(Args)]
pub struct Probe {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Subcommand)]
enum Protocol {
    /// Status, login, patron information, end of session; or a script of messages. The PIN is read from standard input.
    Sip2(Box<Sip2>),
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
    /// Log in at the prompts `login:` and `password:` instead of by a 93.
    #[arg(long, requires = "login")]
    prompts: bool,
    /// The institution id (AO).
    #[arg(long, default_value = "")]
    institution: String,
    #[command(flatten)]
    tls: tls::Options,
    /// The character set of text, both ways.
    #[arg(long, default_value = "utf-8")]
    charset: Characters,
    /// What ends a field.
    #[arg(long, default_value = "|", value_parser = delimiter)]
    delimiter: Delimiter,
    /// End messages in CR LF instead of CR.
    #[arg(long)]
    crlf: bool,
    /// Send neither AY nor AZ.
    #[arg(long)]
    no_error_detection: bool,
    /// Send these messages instead, line by line: `> MESSAGE`, `< EXPECTED`, `<` for any answer, `closed`, `# COMMENT`.
    /// {card}, {pin}, {now} and {az} are filled in.
    #[arg(long, value_name = "FILE", conflicts_with = "institution")]
    script: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Characters {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "latin-1")]
    Latin1,
    Cp850,
    Ascii,
}

impl Probe {
    pub fn run(self) -> Result<(), Failure> {
        let Protocol::Sip2(probe) = self.protocol;
        let pin = if probe.card.is_some() { terminal::secret("PIN")? } else { String::new() };
        let script = match &probe.script {
            None => None,
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .map_err(|error| Failure::new(USAGE, format!("{}: {error}", file.display())))?;
                Some(Script::parse(&text).map_err(|why| Failure::new(USAGE, format!("{}:{why}", file.display())))?)
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(INTERNAL, format!("no runtime: {error}")))?;
        runtime.block_on(probe.run(&pin, script.as_ref()))
    }
}

impl Sip2 {
    async fn run(&self, pin: &str, script: Option<&Script>) -> Result<(), Failure> {
        let stream = tls::connect(&self.address, &self.tls).await?;
        let mut peer = Peer::new(stream, self.dialect(), !self.no_error_detection);
        self.log_in(&mut peer).await?;
        match script {
            Some(script) => script.play(&mut peer, self.card.as_deref().unwrap_or_default(), pin).await,
            None => self.ask(&mut peer, pin).await,
        }
    }

    async fn log_in(&self, peer: &mut Peer) -> Result<(), Failure> {
        let Some(login) = &self.login else { return Ok(()) };
        let password = match &self.password_file {
            Some(file) => std::fs::read_to_string(file)?,
            None => String::new(),
        };
        let password = password.trim_end_matches(['\r', '\n']);
        if self.prompts {
            return peer.type_in(login, password).await;
        }
        let login =
            Login { login_user_id: Some(login.into()), login_password: Some(password.into()), ..Default::default() };
        let answer = peer.exchange(login.into()).await?;
        // 94, then 1 or 0. Without a login a PIN has nothing to do on the wire.
        if answer.as_bytes().get(2) != Some(&b'1') {
            return Err(Failure::unavailable("the service refused the login; nothing was asked"));
        }
        Ok(())
    }

    async fn ask(&self, peer: &mut Peer, pin: &str) -> Result<(), Failure> {
        let institution = || Some(Cow::Borrowed(self.institution.as_str()));
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

    fn dialect(&self) -> Dialect {
        Dialect {
            charset: match self.charset {
                Characters::Utf8 => Charset::Utf8,
                Characters::Latin1 => Charset::Latin1,
                Characters::Cp850 => Charset::Cp850,
                Characters::Ascii => Charset::Ascii,
            },
            delimiter: self.delimiter,
            terminator: if self.crlf { Terminator::CrLf } else { Terminator::Cr },
            ..Dialect::default()
        }
    }
}

fn delimiter(text: &str) -> Result<Delimiter, &'static str> {
    match text.as_bytes() {
        [byte] => Delimiter::new(*byte),
        _ => None,
    }
    .ok_or("not one punctuation character")
}
