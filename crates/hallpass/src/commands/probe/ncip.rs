//! `hallpass probe ncip`: the versions, the agency, and a card where one is given, over HTTP or a raw socket.

use std::path::PathBuf;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use clap::Args;
use ncip::{Asks, Edition, Found, Framing, Initiation, limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::shown::MASK;
use super::{read, tls};
use crate::failure::{DATA, Failure, INTERNAL};
use crate::terminal;

/// How long the service may take for each answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is heard of an answer by HTTP: a head, and a message.
const LONGEST: usize = limits::MESSAGE + (64 << 10);
/// What a service says to a login that it does not take.
const REFUSALS: [&str; 3] = ["Unknown Agency", "Agency Authentication Failed", "System Authentication Failed"];

/// What is asked, and how.
#[derive(Args)]
pub struct Ncip {
    /// HOST:PORT; an IPv6 address stands in brackets.
    #[arg(value_parser = tls::Address::parse)]
    address: tls::Address,
    /// The card to ask about; without one only versions and agency are asked.
    #[arg(long)]
    card: Option<String>,
    /// The login name, where the service wants a login: by HTTP Basic, or in each message with --in-message or --raw.
    #[arg(long, requires = "password_file")]
    login: Option<String>,
    /// The file with the login's password.
    #[arg(long, value_name = "FILE", requires = "login")]
    password_file: Option<PathBuf>,
    /// Show the login in each message, as FromAgencyId and FromAgencyAuthentication.
    #[arg(long, requires = "login")]
    in_message: bool,
    /// Speak over a raw socket instead of HTTP.
    #[arg(long)]
    raw: bool,
    /// Ask by version 1: AuthenticateUser instead of LookupUser.
    #[arg(long)]
    version_1: bool,
    /// The path to post to.
    #[arg(long, default_value = "/", conflicts_with = "raw")]
    path: String,
    /// Who asks (FromAgencyId), where that is not the login.
    #[arg(long, value_name = "AGENCY")]
    from_agency: Option<String>,
    /// Who is asked (ToAgencyId).
    #[arg(long, value_name = "AGENCY", default_value = "EPL")]
    to_agency: String,
    #[command(flatten)]
    tls: tls::TlsOptions,
}

/// The secrets of this run: whatever holds one is not shown.
struct Secrets<'a> {
    pin: &'a str,
    password: &'a str,
}

impl Ncip {
    /// Asks, and shows each exchange.
    pub fn run(&self) -> Result<(), Failure> {
        let pin = if self.card.is_some() { terminal::secret("PIN (empty: none)")? } else { String::new() };
        let password = self.password_file.as_deref().map(read).transpose()?.unwrap_or_default();
        let secrets = Secrets { pin: &pin, password: password.trim_end_matches(['\r', '\n']) };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(INTERNAL, format!("no runtime: {error}")))?;
        runtime.block_on(async {
            self.exchange(Asks::Version, &secrets).await?;
            self.exchange(Asks::Agency, &secrets).await?;
            let Some(card) = self.card.as_deref() else { return Ok(()) };
            let asks = match (self.version_1, secrets.pin) {
                (_, "") => Asks::User { card, pin: None },
                (true, pin) => Asks::Authentication { card, pin },
                (false, pin) => Asks::User { card, pin: Some(pin) },
            };
            self.exchange(asks, &secrets).await
        })
    }

    /// One message and its answer, on a connection of their own.
    async fn exchange(&self, asks: Asks<'_>, secrets: &Secrets<'_>) -> Result<(), Failure> {
        let shown = self.raw || self.in_message;
        let sent = Initiation {
            edition: if self.version_1 { Edition::V1 } else { Edition::V2 },
            from: self.from_agency.as_deref().or(self.login.as_deref()),
            secret: Some(secrets.password).filter(|password| shown && !password.is_empty()),
            to: &self.to_agency,
            asks,
        };
        let sent = sent.to_text();
        println!("> {}", if self.raw { "over a socket".to_owned() } else { format!("POST {}", self.path) });
        secrets.show(&sent)?;
        let mut connection = tls::connect(&self.address, &self.tls).await?;
        let request = if self.raw { sent } else { self.request(&sent, secrets) };
        let late = |_| Failure::unavailable("no answer in 10 s");
        let broke = |error: std::io::Error| Failure::unavailable(format!("the connection broke: {error}"));
        let heard = async {
            connection.stream.write_all(request.as_bytes()).await?;
            connection.stream.flush().await?;
            let (mut heard, mut framing) = (Vec::new(), Framing::default());
            while heard.len() < LONGEST && connection.stream.read_buf(&mut heard).await? > 0 {
                if self.raw && framing.find(&heard) != Found::More {
                    break;
                }
                if !self.raw && is_whole(&heard) {
                    break;
                }
            }
            std::io::Result::Ok(heard)
        };
        let heard = timeout(PATIENCE, heard).await.map_err(late)?.map_err(broke)?;
        if heard.is_empty() {
            return Err(Failure::unavailable("the service closed the connection without an answer"));
        }
        let answer = if self.raw { heard.as_slice() } else { body(&heard)? };
        let said = secrets.show(&String::from_utf8_lossy(answer))?;
        match said.iter().find(|said| REFUSALS.contains(&said.as_str())) {
            Some(why) => Err(Failure::unavailable(format!(
                "the service did not take the login ({why}): its sysadmin knows the right name and password"
            ))),
            None => Ok(()),
        }
    }

    /// The message in HTTP 1.0, so that the answer comes in one piece and ends with the connection.
    fn request(&self, message: &str, secrets: &Secrets<'_>) -> String {
        let login = match &self.login {
            Some(login) if !self.in_message => {
                let pair = format!("{login}:{}", secrets.password);
                format!("Authorization: Basic {}\r\n", Base64::encode_string(pair.as_bytes()))
            }
            _ => String::new(),
        };
        format!(
            "POST {} HTTP/1.0\r\nHost: {}\r\n{login}Content-Type: application/xml; charset=utf-8\r\n\
             Content-Length: {}\r\n\r\n{message}",
            self.path,
            self.address,
            message.len()
        )
    }
}

impl Secrets<'_> {
    /// Shows a message element by element, and returns what its elements say.
    fn show(&self, message: &str) -> Result<Vec<String>, Failure> {
        let lines = ncip::outline(message.as_bytes())
            .map_err(|why| Failure::new(DATA, format!("not NCIP: {why}; is this its port, and --raw or not?")))?;
        for line in &lines {
            let hides = [self.pin, self.password].iter().any(|secret| !secret.is_empty() && line.text.contains(secret));
            let text = if hides { MASK } else { &line.text };
            let name = format!("{:indent$}{}", "", line.name, indent = 2 * line.depth);
            println!("    {}", format!("{name:<40} {}", text.escape_debug()).trim_end());
        }
        Ok(lines.into_iter().map(|line| line.text).collect())
    }
}

/// Whether a whole answer of HTTP has come, where its length is said.
fn is_whole(heard: &[u8]) -> bool {
    let Some((head, body)) = split(heard) else { return false };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// Shows HTTP's own words, and returns the message.
fn body(heard: &[u8]) -> Result<&[u8], Failure> {
    if heard.starts_with(&[0x15, 3]) {
        return Err(Failure::new(DATA, "not HTTP: the service speaks TLS at this port, so use --tls"));
    }
    let (head, body) = split(heard)
        .filter(|(head, _)| head.starts_with(b"HTTP/"))
        .ok_or_else(|| Failure::new(DATA, "not HTTP: is this its port, or does it speak over a raw socket (--raw)?"))?;
    let status = String::from_utf8_lossy(head);
    println!("< {}", status.lines().next().unwrap_or_default().escape_debug());
    Ok(body)
}

fn split(heard: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((heard.get(..end)?, heard.get(end + 4..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        assert!(!is_whole(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab"));
        assert!(is_whole(b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc"));
        assert!(!is_whole(b"HTTP/1.0 200 OK\r\n\r\nabc"), "it ends with the connection");
    }

    #[test]
    fn what_is_no_http_is_told() {
        for (heard, why) in [(&b"\x15\x03\x01"[..], "--tls"), (b"9400802.00", "--raw")] {
            assert!(body(heard).is_err_and(|failure| failure.code == DATA && failure.message.contains(why)));
        }
    }
}
