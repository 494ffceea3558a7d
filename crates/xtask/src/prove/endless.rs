//! 1 GiB without the end of a message.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Stage;
use crate::bench::idle;
use crate::bench::report::{Bar, Line};

const BYTES: usize = 1 << 30;
const CHUNK: usize = 1 << 16;
/// Connections at once that send too much, but little, before it.
const BEFORE: usize = 50;
const SECONDS: Duration = Duration::from_millis(2500);
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows it: what the service holds before, at most, and after. It closes at its limit, but reads on for a while so that
/// no reset takes back an answer; who is cut off then goes on with another connection.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let server = stage.server().await?;
    // A thread sets up its part of the heap, once, with the first connection that it serves and the first that it closes.
    let mut streams = Vec::new();
    for _ in 0..BEFORE {
        streams.push(TcpStream::connect(server.address).await?);
    }
    for stream in &mut streams {
        stream.write_all(&vec![b'6'; CHUNK]).await?;
    }
    for stream in &mut streams {
        drop(timeout(PATIENCE, stream.read(&mut [0; 1])).await.context("it neither reads nor ends")?);
    }
    drop(streams);
    // So does what works once a second.
    sleep(SECONDS).await;
    let before = idle::settled(&server).await?.anonymous;
    let (mut sent, mut taken, mut open, mut peak) = (0, 0_u32, 0_u32, before);
    let chunk = vec![b'6'; CHUNK];
    while sent < BYTES {
        let mut stream = TcpStream::connect(server.address).await?;
        taken += 1;
        let mut is_cut = false;
        while sent < BYTES && !is_cut {
            is_cut = timeout(PATIENCE, stream.write_all(&chunk)).await.context("it neither reads nor ends")?.is_err();
            sent += if is_cut { 0 } else { CHUNK };
            if sent % (64 * CHUNK) == 0 {
                peak = peak.max(server.memory()?.anonymous);
            }
        }
        // Whatever it still reads, it has ended its side.
        let ended = timeout(PATIENCE, stream.read(&mut [0; 1])).await;
        open += u32::from(!matches!(ended, Ok(Ok(0) | Err(_))));
    }
    let peak = peak.max(server.memory()?.anonymous);
    server.stop().await?;
    let growth = peak.saturating_sub(before) as f64 / 1024.0;
    Ok(vec![
        Line::new("1 GiB without a CR: KiB RssAnon more, at most", Bar::AtMost(64.0), growth)
            .detail(format!("{before} bytes before")),
        Line::new("its connections that were not closed", Bar::AtMost(0.0), open.into())
            .detail(format!("it took {taken}")),
    ])
}
