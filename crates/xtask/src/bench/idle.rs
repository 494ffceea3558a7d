//! Row 3: what a connection costs that logged in and says nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::Client;
use super::district::District;
use super::process::{Memory, Server};
use super::report::{Bar, Line};

const CONNECTIONS: u64 = 10_000;
/// So many log in at once.
const AT_A_TIME: u64 = 50;
/// Descriptors that a process needs beside its connections.
const SPARE: u64 = 200;
/// Memory is read so often, and counts when it stands still.
const SETTLE: Duration = Duration::from_millis(500);
/// Rounds of logins before it, and the time between them.
const WARM_UPS: usize = 4;
const GIVEN_BACK: Duration = Duration::from_millis(1500);

/// Lets this process, and the servers it starts, open as many sockets as the system allows.
pub fn raise_descriptor_limit() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(())
}

/// Measures the row, on a server that answered a few before.
pub async fn measure(ours: &Server) -> Result<Line> {
    if let Some(most) = getrlimit(Resource::Nofile).current {
        ensure!(most >= CONNECTIONS + SPARE, "{CONNECTIONS} connections need more descriptors than {most}: ulimit -Hn");
    }
    // Buffers and queues are there before. The memory of the first login's argon2 is not: the allocator gives it back late,
    // and only when it is asked for another piece.
    for _ in 0..WARM_UPS {
        drop(connect(ours, AT_A_TIME).await?);
        sleep(GIVEN_BACK).await;
    }
    let before = settled(ours).await?;
    let connections = connect(ours, CONNECTIONS).await?;
    let after = settled(ours).await?;
    drop(connections);
    let each = |memory: fn(Memory) -> u64| (memory(after).saturating_sub(memory(before))) as f64 / CONNECTIONS as f64;
    let (anonymous, total) = (each(|memory| memory.anonymous), each(|memory| memory.total));
    let what = format!("3. {CONNECTIONS} idle connections, logged in, plain: KiB each");
    Ok(Line::new(what, Bar::AtMost(4.0), anonymous / 1024.0).detail(format!(
        "{anonymous:.0} bytes RssAnon each, {total:.0} with files; {:.1} MiB in all",
        after.total as f64 / f64::from(1 << 20)
    )))
}

async fn connect(server: &Server, connections: u64) -> Result<Vec<TcpStream>> {
    let &Server { login_address, accepted, .. } = server;
    let mut logins = JoinSet::new();
    for _ in 0..AT_A_TIME {
        logins.spawn(async move {
            let login = District::login();
            let mut streams = Vec::new();
            for _ in 0..connections / AT_A_TIME {
                let mut client = Client::connect(login_address).await?;
                client.ask(login.as_bytes(), accepted).await?;
                streams.push(client.into_stream());
            }
            anyhow::Ok(streams)
        });
    }
    let mut streams = Vec::new();
    while let Some(login) = logins.join_next().await {
        streams.append(&mut login??);
    }
    Ok(streams)
}

/// Memory once it has stopped changing; an allocator may give back for a while.
pub async fn settled(server: &Server) -> Result<Memory> {
    let mut before = server.memory()?;
    for _ in 0..20 {
        sleep(SETTLE).await;
        let now = server.memory()?;
        if now.anonymous == before.anonymous {
            return Ok(now);
        }
        before = now;
    }
    Ok(before)
}
