//! No descriptors left, and what happens once there are some again.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::Stage;
use crate::bench::client;
use crate::bench::process::Server;
use crate::bench::report::{Bar, Line};

/// More than a process of 64 descriptors can take; what it cannot waits in the kernel, which holds 128.
const FLOOD: usize = 100;

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]).arg(&stage.paths.hallpass);
    let mut server = Server::serve(command, stage.district, Stdio::null(), Stdio::null())?;
    let request = stage.requests.at(0);
    server.answers(request).await?;
    let pid = server.pid()?;
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        flood.push(TcpStream::connect(server.address).await?);
    }
    let refused = timeout(Duration::from_millis(500), client::admits(server.address, request, server.answer)).await;
    ensure!(refused.is_err(), "{FLOOD} connections did not use up 64 descriptors");
    let log = fs::read_to_string(stage.district.log())?;
    ensure!(log.contains("cannot accept"), "it was not for want of descriptors: the log says nothing of it");
    drop(flood);
    let released = Instant::now();
    while !matches!(
        timeout(Duration::from_millis(200), client::admits(server.address, request, server.answer)).await,
        Ok(true)
    ) {
        ensure!(released.elapsed() < Duration::from_secs(30), "it does not serve again");
        sleep(Duration::from_millis(1)).await;
    }
    let took = released.elapsed().as_secs_f64() * 1e3;
    ensure!(server.pid()? == pid, "another process serves");
    server.terminate().await?;
    let what = "ulimit -n 64, flood, release: ms until it serves again, same process";
    Ok(vec![Line::new(what, Bar::AtMost(1_000.0), took)])
}
