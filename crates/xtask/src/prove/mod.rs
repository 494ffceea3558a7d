//! `cargo xtask prove`: promises of docs/RELIABILITY.md that take floods, minutes or a clock, shown on the real binary.
//!
//! - [`drip`] [`endless`] [`flood`] [`descriptors`] who wants to be served at the cost of others; [`crowd`] where they run
//! - [`reload`] [`restart`] what a sysadmin does under load; [`load`] the load
//! - [`outage`] a directory that does not answer
//! - [`timing`] what a clock could tell

mod crowd;
mod descriptors;
mod drip;
mod endless;
mod flood;
mod load;
mod outage;
mod reload;
mod restart;
mod timing;

use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::bench::district::{District, PLAIN};
use crate::bench::process::Server;
use crate::bench::report::{Bar, Line};
use crate::bench::requests::Requests;
use crate::bench::{self, idle, sync};
use crate::paths::Paths;

/// Enough for 20,000 cards that are asked about once each.
const STUDENTS: u32 = 24_000;

/// What to show.
#[derive(Debug, Args)]
pub struct Options {
    /// Proofs, by name; all without any.
    proofs: Vec<Proof>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Proof {
    /// 5,000 sockets that send a byte a second.
    Drip,
    /// 1 GiB without a CR.
    Endless,
    /// 15,000 connections of one address.
    Flood,
    /// No descriptors left.
    Descriptors,
    /// 100 SIGHUPs under load, every second with a broken file.
    Reload,
    /// 50 restarts under load, with sockets that stay open.
    Restart,
    /// An unknown card against a wrong PIN.
    Timing,
    /// A directory that falls silent, and one that dies, under load.
    Outage,
    /// 10,000 idle connections.
    Idle,
}

/// What a proof works with.
struct Stage<'a> {
    paths: &'a Paths,
    district: &'a District,
    /// What must be admitted.
    requests: Arc<Requests>,
    /// The same cards with a PIN that is not theirs.
    wrong: Arc<Requests>,
}

impl Stage<'_> {
    /// A server that answers.
    async fn server(&self) -> Result<Server> {
        let mut server = Server::hallpass(self.paths, self.district)?;
        server.answers(self.requests.at(0)).await?;
        Ok(server)
    }
}

/// Builds the service, shows, prints the table; a bar that is missed is an error.
pub fn run(options: &Options) -> Result<()> {
    let paths = Paths::find()?;
    bench::on_the_release_build(&paths, show(options, &paths), None)
}

async fn show(options: &Options, paths: &Paths) -> Result<Vec<Line>> {
    let proofs = if options.proofs.is_empty() { Proof::value_variants() } else { &options.proofs };
    let mut lines = Vec::new();
    for proof in proofs {
        println!("== {proof:?}");
        // What cannot be shown is no reason to show nothing else.
        let shown = proof.show(paths).await.unwrap_or_else(|error| {
            let line = Line::new(format!("{proof:?} could not be shown"), Bar::AtMost(0.0), f64::NAN);
            vec![line.detail(format!("{error:#}"))]
        });
        // At once: the whole takes minutes.
        shown.iter().for_each(|line| println!("{line}"));
        lines.extend(shown);
    }
    Ok(lines)
}

impl Proof {
    /// Shows it on a site of its own: no proof sees the locks or the files of another.
    async fn show(self, paths: &Paths) -> Result<Vec<Line>> {
        let district = District::prepare(paths, "prove", STUDENTS).await?;
        district.take_bundle(&district.bundle(paths, PLAIN).await?)?;
        sync::sync(paths, &district).await?;
        let answers = district.answers(PLAIN);
        let (requests, wrong) = (Arc::new(Requests::read(&answers)?), Arc::new(Requests::wrong(&answers)?));
        let stage = &Stage { paths, district: &district, requests, wrong };
        match self {
            Self::Drip => drip::show(stage).await,
            Self::Endless => endless::show(stage).await,
            Self::Flood => flood::show(stage).await,
            Self::Descriptors => descriptors::show(stage).await,
            Self::Reload => reload::show(stage).await,
            Self::Restart => restart::show(stage).await,
            Self::Timing => timing::show(stage).await,
            Self::Outage => outage::show(stage).await,
            Self::Idle => {
                let server = stage.server().await?;
                let line = idle::measure(&server).await?;
                server.stop().await?;
                Ok(vec![line])
            }
        }
    }
}
