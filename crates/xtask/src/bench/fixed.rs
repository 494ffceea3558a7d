//! The measure of NCIP's ratio: a bare axum handler that reads the body and returns a fixed reply.

use std::io::{self, Write as _};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The hidden command that runs it in a process of its own.
pub const COMMAND: &str = "fixed-reply";

/// Serves on a free port, which it prints, until standard input ends: it cannot outlive whoever holds the other end.
pub fn run(reply: String) -> Result<()> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    let answer = async move |_: Bytes| ([(CONTENT_TYPE, "application/xml; charset=utf-8")], reply).into_response();
    runtime.spawn(async move { axum::serve(listener, Router::new().route("/ncip", post(answer))).await });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
