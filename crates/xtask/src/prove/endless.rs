//! 1 GiB without the end of a message.

use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Stage;
use crate::bench::report::{Bar, Line};

const BYTES: usize = 1 << 30;
const CHUNK: usize = 1 << 16;
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows it: what the service holds before, at most, and after.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let server = stage.server().await?;
    sleep(Duration::from_secs(1)).await;
    let before = server.memory()?.anonymous;
    let (mut sent, mut closed, mut peak) = (0, 0, before);
    let chunk = vec![b'6'; CHUNK];
    while sent < BYTES {
        let mut stream = TcpStream::connect(server.address).await?;
        while sent < BYTES {
            if stream.write_all(&chunk).await.is_err() {
                closed += 1;
                break;
            }
            sent += CHUNK;
            if sent % (64 * CHUNK) == 0 {
                peak = peak.max(server.memory()?.anonymous);
            }
        }
        // Whatever it still reads, it has ended its side.
        let mut rest = [0; 16];
        if sent >= BYTES && matches!(timeout(PATIENCE, stream.read(&mut rest)).await, Ok(Ok(0) | Err(_))) {
            closed += 1;
        }
    }
    let peak = peak.max(server.memory()?.anonymous);
    server.stop().await?;
    let growth = peak.saturating_sub(before) as f64 / 1024.0;
    let line = Line::new("1 GiB without a CR: KiB RssAnon more, at most", Bar::AtMost(64.0), growth);
    let closings = Line::new("connections that it took, each closed", Bar::AtLeast(1.0), f64::from(closed));
    Ok(vec![line.detail(format!("{before} bytes before")), closings])
}
