//! 50 restarts under load, with sockets that stay open as systemd holds them.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::Stage;
use super::load::{CLIENTS, Load};
use crate::bench::process::Server;
use crate::bench::report::{Bar, Line};

const RESTARTS: u64 = 50;
/// Answers under each process, before it is told to end.
const ANSWERS: u64 = 500;
const PATIENCE: Duration = Duration::from_secs(20);

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let sockets = [TcpListener::bind(stage.district.address)?, TcpListener::bind(stage.district.login_address)?];
    let start = || -> Result<Server> {
        let [first, second] = &sockets;
        let handed = |socket: &TcpListener| Ok::<_, std::io::Error>(Stdio::from(OwnedFd::from(socket.try_clone()?)));
        let mut command = Command::new("sh");
        // The shell makes of its standard streams what systemd hands over: descriptors 3 and 4.
        let script = "exec 3<&0 4<&1 </dev/null >/dev/null; LISTEN_FDS=2 LISTEN_PID=$$ exec \"$0\" \"$@\"";
        command.args(["-c", script]).arg(&stage.paths.hallpass);
        Server::serve(command, stage.district, handed(first)?, handed(second)?)
    };
    let mut server = start()?;
    server.answers(stage.requests.at(0)).await?;
    let load = Load::start(server.address, stage);
    for _ in 0..RESTARTS {
        let enough = load.seen().answers.load(Ordering::Relaxed) + ANSWERS;
        let due = Instant::now() + PATIENCE;
        while load.seen().answers.load(Ordering::Relaxed) < enough {
            ensure!(Instant::now() < due, "the load stands still");
            sleep(Duration::from_millis(1)).await;
        }
        // Reconnects from here to the next restart are of this one.
        load.seen().era.fetch_add(1, Ordering::Relaxed);
        server.terminate().await?;
        server = start()?;
    }
    server.answers(stage.requests.at(0)).await?;
    let seen = load.stop().await?;
    server.terminate().await?;
    let what = format!("{RESTARTS} restarts under load: refused connects, truncated replies, wrong verdicts");
    let most = seen.most_reconnects.load(Ordering::Relaxed);
    let reconnects = seen.reconnects.load(Ordering::Relaxed);
    Ok(vec![
        Line::new(what, Bar::AtMost(0.0), seen.faults() as f64).detail(seen.told()),
        Line::new("reconnects of one client in one restart, at most", Bar::AtMost(1.0), most as f64)
            .detail(format!("{reconnects} in all, by {CLIENTS} clients")),
    ])
}
