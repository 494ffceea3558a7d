//! `hallpass probe`: a client that shows each exchange decoded.
//!
//! - [`peer`] what is sent and heard, [`due`] whether that is the answer, [`shown`] what may be seen of it
//! - [`login`] by a 93, or as at a terminal
//! - [`dialect`] how it is spoken; [`tls`] how it is encrypted, [`trouble`] why it was not
//! - [`script`] messages that somebody wrote down, line by line; [`message`] one of them, [`clock`] its date
//! - [`latency`] how long the answers took
//! - [`ncip`] the other protocol

mod clock;
mod dialect;
mod due;
mod latency;
mod login;
mod message;
mod ncip;
mod peer;
mod script;
mod shown;
mod tls;
mod trouble;

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use sip2::{EndPatronSession, FieldId, Frame, Number, Parts, PatronInformation, ScStatus, Timestamp};
use tokio::time::Instant;

use self::latency::Latency;
use self::message::Filling;
use self::peer::Peer;
use self::script::Script;
use self::shown::Discretion;
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
    ///
    /// Exit codes: 0 the exchange worked, whatever was said of the card; 64 wrong usage; 65 an answer was not SIP2 or
    /// not the expected one; 69 the service cannot be reached, TLS failed, or the login was refused.
    Sip2(Box<Sip2>),
    /// Versions, agency and a card: `LookupVersion`, `LookupAgency`, and `LookupUser` or `AuthenticateUser`. The PIN is
    /// read from standard input; an empty one is none.
    ///
    /// Exit codes: 0 the exchange worked, whatever was said of the card; 64 wrong usage; 65 an answer was not NCIP;
    /// 69 the service cannot be reached, TLS failed, or the login was refused.
    Ncip(Box<ncip::Ncip>),
}

#[derive(Args)]
struct Sip2 {
    /// HOST:PORT; an IPv6 address stands in brackets.
    #[arg(value_parser = tls::Address::parse)]
    address: tls::Address,
    /// The card to ask about; without one only the status is asked.
    #[arg(long)]
    card: Option<String>,
    /// The login name, where the service wants a login.
    #[arg(long, requires = "password_file")]
    login: Option<String>,
    /// The file with the login's password.
    #[arg(long, value_name = "FILE", requires = "login")]
    password_file: Option<PathBuf>,
    /// Log in at the prompts `login:` and `password:` instead of by a 93.
    #[arg(long, visible_alias = "prompts", requires = "login")]
    telnet: bool,
    /// The institution id (AO).
    #[arg(long, default_value = "")]
    institution: String,
    #[command(flatten)]
    tls: tls::TlsOptions,
    #[command(flatten)]
    dialect: dialect::DialectOptions,
    /// Send these messages instead, after the login if there is one.
    ///
    /// Line by line: `> MESSAGE`, `< ANSWER` that is expected (with `...` at its end: and any rest), `<` for any
    /// answer, `closed`, `# COMMENT`. {card}, {pin}, {now}, {utc} and {az} are filled in; \r, \n, \xNN and \\ are
    /// bytes. A script that expects nothing shows what is answered.
    #[arg(long, value_name = "FILE", conflicts_with = "institution", value_parser = script_file)]
    script: Option<PathBuf>,
    /// Then ask about the card this many times more, and show how long the answers took.
    #[arg(long, value_name = "N", requires = "card", conflicts_with = "script")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    repeat: Option<u32>,
}

impl Probe {
    pub fn run(self) -> Result<(), Failure> {
        let probe = match self.protocol {
            Protocol::Sip2(probe) => probe,
            Protocol::Ncip(probe) => return probe.run(),
        };
        let script = probe.script.as_deref().map(|file| probe.read_script(file)).transpose()?;
        let asks = probe.card.is_some() || script.as_ref().is_some_and(Script::needs_pin);
        let pin = if asks { terminal::secret("PIN")? } else { String::new() };
        let password = probe.password_file.as_deref().map(read).transpose()?.unwrap_or_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(INTERNAL, format!("no runtime: {error}")))?;
        runtime.block_on(probe.run(&pin, password.trim_end_matches(['\r', '\n']), script.as_ref()))
    }
}

impl Sip2 {
    async fn run(&self, pin: &str, password: &str, script: Option<&Script>) -> Result<(), Failure> {
        let (connection, card) = (tls::connect(&self.address, &self.tls).await?, self.card.as_deref());
        let (dialect, discretion) = (self.dialect.dialect(), Discretion::new(card, [pin, password]));
        let mut peer = Peer::new(connection, dialect, self.dialect.detects_errors(), discretion);
        if let Some(login) = &self.login {
            match self.telnet {
                true => login::at_prompts(&mut peer, login, password).await?,
                false => login::by_message(&mut peer, login, password).await?,
            }
        }
        match (script, card) {
            (Some(script), _) => script.play(&mut peer, &Filling::new(card.unwrap_or_default(), pin, &dialect)).await?,
            (None, card) => self.ask(&mut peer, card, pin).await?,
        }
        peer.close().await;
        Ok(())
    }

    async fn ask(&self, peer: &mut Peer<'_>, card: Option<&str>, pin: &str) -> Result<(), Failure> {
        let status = ScStatus { max_print_width: Number::new(80), ..Default::default() };
        peer.exchange(status.into()).await?;
        let Some(card) = card else { return Ok(()) };
        let answer = peer.exchange(self.information(card, pin).into()).await?;
        let end = EndPatronSession {
            transaction_date: now(),
            institution_id: Some(Cow::Borrowed(&self.institution)),
            patron_identifier: Some(card.into()),
            ..Default::default()
        };
        peer.exchange(end.into()).await?;
        let Some(times) = self.repeat else { return Ok(()) };
        // Asking on with a wrong PIN would lock somebody's card.
        if self.says(&answer, FieldId::VALID_PATRON_PASSWORD) != Some(b'Y') {
            println!("\nnot repeated: the service did not accept the PIN, and repeating it could lock the card");
            return Ok(());
        }
        let latency = self.repeat(peer, times, card, pin).await?;
        println!("\n{latency}");
        Ok(())
    }

    async fn repeat(&self, peer: &mut Peer<'_>, times: u32, card: &str, pin: &str) -> Result<Latency, Failure> {
        let mut took = Vec::new();
        peer.hush();
        for _ in 0..times {
            let (request, start) = (self.information(card, pin), Instant::now());
            let answer = peer.exchange(request.into()).await?;
            took.push(start.elapsed());
            if self.says(&answer, FieldId::VALID_PATRON_PASSWORD) != Some(b'Y') {
                let why = format!("after {} times the service no longer accepted the PIN", took.len());
                return Err(Failure::unavailable(why));
            }
        }
        Ok(Latency::of(took))
    }

    fn information<'a>(&'a self, card: &'a str, pin: &'a str) -> PatronInformation<'a> {
        PatronInformation {
            transaction_date: now(),
            institution_id: Some(Cow::Borrowed(&self.institution)),
            patron_identifier: Some(card.into()),
            terminal_password: Some("".into()),
            patron_password: (!pin.is_empty()).then(|| pin.into()),
            ..Default::default()
        }
    }

    /// The first character of a field of an answer.
    fn says(&self, answer: &Frame, id: FieldId) -> Option<u8> {
        Parts::of(answer, &self.dialect.dialect()).ok()?.fields().find(id)?.first().copied()
    }

    fn read_script(&self, file: &Path) -> Result<Script, Failure> {
        let wrong = |why: String| Failure::new(USAGE, format!("{}:{why}", file.display()));
        let script = Script::parse(&read(file)?).map_err(wrong)?;
        match script.needs_card() {
            Some(number) if self.card.is_none() => Err(wrong(format!("{number}: {{card}} needs --card"))),
            _ => Ok(script),
        }
    }
}

/// Now, in the zone of this machine.
fn now() -> Timestamp {
    Timestamp::local(TimeZone::system().to_datetime(jiff::Timestamp::now()))
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::new(USAGE, format!("{}: {error}", file.display())))
}

fn script_file(text: &str) -> Result<PathBuf, &'static str> {
    if text == "-" { Err("a script is a file: standard input is for the PIN") } else { Ok(PathBuf::from(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Result<clap::ArgMatches, clap::Error> {
        let command = Probe::augment_args(clap::Command::new("probe"));
        command.try_get_matches_from(format!("probe sip2 sip.example:6001 {arguments}").split_whitespace())
    }

    #[test]
    fn the_command_line_says_which_options_belong_together() {
        for right in [
            "",
            "--card 1 --repeat 9 --terminator crlf --charset cp850 --delimiter ^ --no-error-detection",
            "--login a --password-file b --telnet --script c",
            "--login a --password-file b --prompts",
            "--tls --server-name 192.0.2.1 --ca-file a --certificate-file b --certificate-key-file c",
        ] {
            assert!(parsed(right).is_ok(), "{right}");
        }
        for wrong in [
            "--telnet",
            "--login a",
            "--repeat 9",
            "--card 1 --repeat 0",
            "--card 1 --repeat 9 --script c",
            "--script -",
            "--ca-file a",
            "--tls --certificate-file b",
            "--tls --certificate-key-file c",
            "--delimiter A",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
