//! The measure of all ratios: a bare tokio server that sends each line back.

use std::io::{self, Write as _};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// The hidden command that runs it in a process of its own.
pub const COMMAND: &str = "echo";

/// Serves on a free port, which it prints, until standard input ends: it cannot outlive whoever holds the other end.
pub fn run() -> Result<()> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// One write for each line that ends in CR.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let mut filled = 0;
    loop {
        let free = buffer.get_mut(filled..).unwrap_or_default();
        let read = stream.read(free).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut written = 0;
        for line in buffer.get(..filled).unwrap_or_default().split_inclusive(|byte| *byte == b'\r') {
            if line.ends_with(b"\r") {
                stream.write_all(line).await?;
                written += line.len();
            }
        }
        buffer.copy_within(written..filled, 0);
        filled -= written;
    }
}
