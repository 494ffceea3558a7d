//! Orders from commands, over a socket that only the data folder's owner can open.
//!
//! One line in, one answer out: `unlock CARD`, `forget SPACE`, `reload`, or `refresh`; `ok TEXT` or `error TEXT`.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patron::CardNumber;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::keeper;
use crate::reload::{Told, reload};
use crate::service::Service;

/// The longest order.
const LONGEST: u64 = 1024;
/// How long an order may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the socket of a data folder is.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Opens the socket. Call it under the daemon's lock: what stands in the way is then a dead daemon's.
pub fn open(data_dir: &Path) -> io::Result<UnixListener> {
    let path = socket_path(data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(socket)
}

/// Takes orders until the service drains.
pub async fn run(socket: UnixListener, service: Arc<Service>, draining: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = draining.cancelled() => break,
            accepted = socket.accept() => accepted,
        };
        let service = Arc::clone(&service);
        match stream {
            Ok((stream, _)) => drop(tokio::spawn(async move { take(stream, &service).await })),
            Err(error) => {
                tracing::error!(%error, "the control socket");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn take(mut stream: UnixStream, service: &Arc<Service>) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let mut order = BufReader::new(read.take(LONGEST));
    timeout(PATIENCE, order.read_line(&mut line)).await??;
    let told = obey(line.trim_end_matches('\n'), service).await;
    let answer = match told {
        Ok(text) => format!("ok {text}\n"),
        Err(text) => format!("error {text}\n"),
    };
    timeout(PATIENCE, write.write_all(answer.as_bytes())).await??;
    write.shutdown().await
}

async fn obey(order: &str, service: &Arc<Service>) -> Told {
    match order.split_once(' ').unwrap_or((order, "")) {
        ("refresh", "") => {
            keeper::refresh(service).await;
            Ok("serving what is published".to_owned())
        }
        ("forget", space) if !space.is_empty() => {
            service.resolver.forget_space(space);
            Ok("forgotten".to_owned())
        }
        ("reload", "") => {
            let service = Arc::clone(service);
            let reloaded = tokio::task::spawn_blocking(move || reload(&service)).await;
            reloaded.unwrap_or_else(|_| Err("the reload failed; nothing was changed".to_owned()))
        }
        ("unlock", card) => {
            let card = CardNumber::parse(card).ok_or("that is no card number")?;
            let unlocked = service.resolver.unlock(&service.house().rosters, &card, service.clock.now().moment);
            tracing::info!(unlocked, "unlock");
            Ok(if unlocked { "unlocked" } else { "there was nothing against this card" }.to_owned())
        }
        _ => Err("unknown order".to_owned()),
    }
}
