//! `hallpass unlock` and `hallpass reload`: what only the running daemon can do; and how commands tell it of a change.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use crate::cli::Configuration;
use crate::failure::{CONFIGURATION, Failure, UNAVAILABLE};
use crate::terminal;

/// How long the daemon may take: a reload opens every roster.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lift the lock that wrong PINs have put on a card.
#[derive(Args)]
pub struct Unlock {
    /// The card number; `-` reads it from standard input, and so out of the shell's history.
    card: String,
    #[command(flatten)]
    configuration: Configuration,
}

/// Make the running daemon read its configuration again: everything or nothing.
#[derive(Args)]
pub struct Reload {
    #[command(flatten)]
    configuration: Configuration,
}

impl Unlock {
    pub fn run(self) -> Result<(), Failure> {
        let site = self.configuration.load_as_owner()?.site;
        let card = if self.card == "-" { terminal::line()? } else { self.card };
        println!("{}", order(&site.data_dir, &format!("unlock {card}"))?);
        Ok(())
    }
}

impl Reload {
    pub fn run(self) -> Result<(), Failure> {
        let site = self.configuration.load_as_owner()?.site;
        let told = order(&site.data_dir, "reload");
        println!(
            "{}",
            told.map_err(|failure| match failure.code {
                ORDER_REFUSED => Failure::new(CONFIGURATION, failure.message),
                _ => failure,
            })?
        );
        Ok(())
    }
}

/// The daemon said no.
const ORDER_REFUSED: u8 = crate::failure::DATA;

/// Tells a running daemon to serve what is published now; nothing to do where none runs.
pub fn refresh_daemon(data_dir: &Path) -> Result<(), Failure> {
    if_running(order(data_dir, "refresh"))
}

/// Tells a running daemon to forget the lockouts of an ID space; nothing to do where none runs.
pub fn forget_lockouts(data_dir: &Path, space: &str) -> Result<(), Failure> {
    if_running(order(data_dir, &format!("forget {space}")))
}

/// Where no daemon runs, there is nobody to tell.
fn if_running(told: Result<String, Failure>) -> Result<(), Failure> {
    match told {
        Err(failure) if failure.code == UNAVAILABLE => Ok(()),
        told => told.map(drop),
    }
}

fn order(data_dir: &Path, order: &str) -> Result<String, Failure> {
    let path = bridge::control::socket_path(data_dir);
    let not_running = |error: std::io::Error| {
        Failure::unavailable(match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                format!("no daemon serves {}; start it with `hallpass serve`", data_dir.display())
            }
            _ => format!("{}: {error}", path.display()),
        })
    };
    let mut stream = UnixStream::connect(&path).map_err(not_running)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{order}\n").as_bytes())?;
    let mut answer = String::new();
    let mut lines = BufReader::new(stream);
    while lines.read_line(&mut answer)? > 0 {}
    let answer = answer.trim_end();
    match answer.split_once(' ') {
        Some(("ok", text)) => Ok(text.to_owned()),
        Some(("error", text)) => Err(Failure::new(ORDER_REFUSED, text)),
        _ => Err(Failure::unavailable("the daemon ended before it answered")),
    }
}
