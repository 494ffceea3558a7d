//! `cargo xtask bench`: the rows of docs/BENCHMARKS.md, measured on loopback beside their own load generator.
//!
//! - [`district`] what is served; [`process`] who serves it; [`echo`] what it is held against
//! - [`requests`] and [`client`] what is said; [`pairs`] how ratios are taken; [`report`] how they are told
//! - [`load`] [`exchange`] [`idle`] [`start`] [`sync`] [`delta`] [`sources`] [`ten`] [`ncip`] the rows ([`fixed`] what the last is held against); [`steps`] where a request's time goes

pub mod client;
mod delta;
pub mod district;
pub mod echo;
mod exchange;
pub mod fixed;
pub mod idle;
mod load;
mod ncip;
pub mod pairs;
pub mod process;
pub mod report;
pub mod requests;
mod sources;
mod start;
mod steps;
pub mod sync;
mod ten;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use self::district::{District, PLAIN};
use self::process::{Server, output};
use self::report::Line;
use self::requests::Requests;
use crate::paths::Paths;
use crate::tools;

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// Rows, by number or name; all with a bar without any.
    rows: Vec<Row>,
    /// Also write the table into docs/BENCHMARKS.md.
    #[arg(long, conflicts_with_all = ["rows", "students"])]
    write: bool,
    /// Students of the district. The bars are for the default.
    #[arg(long, default_value_t = 1_000_000)]
    students: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Row {
    /// 63 -> 64 over 64 connections.
    #[value(name = "1")]
    Load,
    /// Connect, 93, 63, close.
    #[value(name = "2")]
    Exchange,
    /// Idle connections.
    #[value(name = "3")]
    Idle,
    /// Start to the first answer.
    #[value(name = "4")]
    Start,
    /// Sync.
    #[value(name = "5")]
    Sync,
    /// A delta on 147,000 students.
    Delta,
    /// An LDAP directory, a delimited file, and OneRoster's files beside `sqlite3 .import`. Needs Debian's slapd and sqlite3.
    Sources,
    /// Row 1 with ten districts beside one.
    #[value(name = "10")]
    Ten,
    /// NCIP's LookupUser over HTTP.
    Ncip,
    /// Each step of a request, in nanoseconds; has no bar.
    Steps,
}

impl Row {
    /// Without those that need other people's programs.
    const BARRED: [Self; 8] =
        [Self::Load, Self::Exchange, Self::Idle, Self::Start, Self::Sync, Self::Delta, Self::Ten, Self::Ncip];
}

/// Builds the service, measures, prints the table; a bar that is missed is an error.
pub fn run(options: &Options) -> Result<()> {
    let paths = Paths::find()?;
    let page = options.write.then(|| paths.root.join("docs/BENCHMARKS.md"));
    on_the_release_build(&paths, measure(options, &paths), page.as_deref())
}

/// Builds the service, does the work, prints its table and writes it into a page; a bar that is missed is an error.
pub fn on_the_release_build(
    paths: &Paths,
    work: impl Future<Output = Result<Vec<Line>>>,
    page: Option<&Path>,
) -> Result<()> {
    let busy = report::load_average();
    tools::run(paths.cargo().args(["build", "--release", "--locked", "--quiet", "--package", "hallpass"]))?;
    idle::raise_descriptor_limit()?;
    let lines = Runtime::new()?.block_on(async {
        tokio::select! {
            lines = work => lines,
            // Dropping the work kills what it started.
            outcome = interrupted() => outcome.and_then(|()| bail!("interrupted")),
        }
    })?;
    if lines.is_empty() {
        return Ok(());
    }
    let table = report::table(&lines, &commit(paths)?, &busy);
    println!("\n{table}");
    if let Some(page) = page {
        report::write(page, &table)?;
    }
    let missed = lines.iter().filter(|line| !line.is_met()).count();
    ensure!(missed == 0, "{missed} of {} bars missed", lines.len());
    Ok(())
}

async fn measure(options: &Options, paths: &Paths) -> Result<Vec<Line>> {
    let rows = if options.rows.is_empty() { &Row::BARRED[..] } else { &options.rows };
    let wants = |row| rows.contains(&row);
    let district = District::prepare(paths, "bench", options.students).await?;
    let bundle = district.bundle(paths, PLAIN).await?;
    let mut lines = Vec::new();

    // The table is in the order of its rows, the measuring is not: a sync leaves the roster that the others ask.
    let synced = if wants(Row::Sync) {
        heading("5: sync");
        sync::measure(paths, &district).await?
    } else {
        district.take_bundle(&bundle)?;
        sync::sync(paths, &district).await?;
        Vec::new()
    };
    let requests = Arc::new(Requests::read(&district.answers(PLAIN))?);

    if wants(Row::Load) || wants(Row::Exchange) {
        let echo = Server::echo().await?;
        let mut ours = Server::hallpass(paths, &district)?;
        ours.answers(requests.at(0)).await?;
        if wants(Row::Load) {
            heading("1: load");
            lines.extend(load::measure(&echo, &ours, &district, &requests).await?);
        }
        if wants(Row::Exchange) {
            heading("2: exchanges");
            lines.push(exchange::measure(&echo, &ours, &district, &requests).await?);
        }
        echo.stop().await?;
        ours.stop().await?;
    }
    if wants(Row::Idle) {
        heading("3: idle connections");
        // A server of its own: memory that the load left behind would be used again, and hide what is taken.
        let mut ours = Server::hallpass(paths, &district)?;
        ours.answers(requests.at(0)).await?;
        lines.push(idle::measure(&ours).await?);
        ours.stop().await?;
    }
    if wants(Row::Start) {
        heading("4: start");
        lines.push(start::measure(paths, &district, &requests).await?);
    }
    lines.extend(synced);
    if wants(Row::Delta) {
        heading("a delta");
        lines.extend(delta::measure(paths).await?);
    }
    if wants(Row::Sources) {
        heading("sources");
        lines.extend(sources::measure(paths, &district).await?);
        // The rows after it ask the district's own roster.
        district.take_bundle(&bundle)?;
        sync::sync(paths, &district).await?;
    }
    if wants(Row::Ten) {
        heading("10: ten districts");
        lines.extend(ten::measure(paths, &district, &requests).await?);
    }
    if wants(Row::Ncip) {
        heading("NCIP");
        let mut ours = Server::hallpass(paths, &district)?;
        ours.answers(requests.at(0)).await?;
        lines.extend(ncip::measure(&ours, &district).await?);
        ours.stop().await?;
    }
    if wants(Row::Steps) {
        heading("steps");
        steps::measure(paths, &district).await?;
    }
    Ok(lines)
}

fn heading(what: &str) {
    println!("== measuring {what}");
}

/// The commit that is measured, and whether the tree is it.
fn commit(paths: &Paths) -> Result<String> {
    let root = paths.root.display().to_string();
    let arguments = ["-C", &root, "describe", "--always", "--dirty", "--abbrev=12"];
    Runtime::new()?.block_on(output(Path::new("git"), &arguments, Stdio::null()))
}

/// Waits until somebody wants this to end.
async fn interrupted() -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
