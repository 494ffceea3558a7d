//! Row 4: from starting the process to its first answer.

use anyhow::Result;
use tokio::time::Instant;

use super::district::District;
use super::pairs::{median, micros};
use super::process::Server;
use super::report::{Bar, Line};
use super::requests::Requests;
use crate::paths::Paths;

const STARTS: usize = 5;

/// Measures the row. The roster lies in the page cache: it was written just now.
pub async fn measure(paths: &Paths, district: &District, requests: &Requests) -> Result<Line> {
    let mut starts = Vec::new();
    for start in 0..=STARTS {
        let started = Instant::now();
        let mut server = Server::hallpass(paths, district)?;
        server.answers(requests.at(start)).await?;
        starts.push(micros(started.elapsed()) / 1e3);
        server.stop().await?;
    }
    // The first one reads the binary too.
    let warm = || starts.iter().skip(1).copied();
    let what = format!("4. Start with {} students to the first answer: ms", district.students());
    Ok(Line::new(what, Bar::AtMost(150.0), median(warm())).detail(format!(
        "median of {STARTS}; fastest {:.1}, slowest {:.1}",
        warm().fold(f64::INFINITY, f64::min),
        warm().fold(0.0, f64::max)
    )))
}
