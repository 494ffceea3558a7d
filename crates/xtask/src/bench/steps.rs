//! Where a request's time goes: `benches/steps.rs`, which reads the same roster.

use std::process::Stdio;

use anyhow::{Result, ensure};
use tokio::process::Command;

use super::district::{DISTRICT, District, PLAIN};
use crate::paths::Paths;

/// Runs it. It is a bench and no part of this binary, so that the chores need not be linked with the service's crates.
pub async fn measure(paths: &Paths, district: &District) -> Result<()> {
    let mut command = Command::from(paths.cargo());
    command.args(["bench", "--quiet", "--locked", "--package", "xtask", "--bench", "steps", "--"]);
    command.arg(district.site()).arg(DISTRICT).arg(district.answers(PLAIN));
    let status = command.stdin(Stdio::null()).kill_on_drop(true).status().await?;
    ensure!(status.success(), "the steps failed: {status}");
    Ok(())
}
