//! Reading secrets and showing progress.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::{Failure, UNAVAILABLE};

/// One line of standard input: asked for without an echo on a terminal, read from a pipe otherwise. Empty at its end.
pub fn secret(question: &str) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{question}: "))
            .map_err(|error| Failure::new(UNAVAILABLE, format!("cannot ask for it: {error}")));
    }
    line()
}

/// One line of standard input, without its end.
pub fn line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A counter on standard error where that is a terminal, and nothing elsewhere.
pub fn counter(of: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {of} {{human_pos}} ({{per_sec}})")) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
