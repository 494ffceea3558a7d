//! `hallpass sync`.

use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use roster::Store;
use site::{District, Site};
use sync::{Mode, Outcome};

use crate::cli::Configuration;
use crate::commands::orders::refresh_daemon;
use crate::failure::{CONFIGURATION, DATA, Failure};
use crate::terminal;

/// Read districts' sources now and publish them; a running daemon takes each change before this returns.
#[derive(Args)]
pub struct Sync {
    /// The district; all of them where none is named.
    district: Option<String>,
    /// Read and compare, publish nothing.
    #[arg(long, conflicts_with = "force")]
    dry_run: bool,
    /// Publish over the guard's objection.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    configuration: Configuration,
}

impl Sync {
    pub fn run(self) -> Result<(), Failure> {
        let site = self.configuration.load_as_owner()?.site;
        let store = bridge::open_store(&site)?;
        let mode = match (self.dry_run, self.force) {
            (true, _) => Mode::DryRun,
            (_, true) => Mode::Forced,
            _ => Mode::Manual,
        };
        let mut last = Ok(());
        for number in chosen(&site, self.district.as_deref())? {
            let Some(district) = site.districts.get(number) else { continue };
            // One district's trouble does not keep the others waiting. Of its deliveries each is a sync of its own.
            let (mut follow, mut mode) = (usize::MAX, mode);
            while follow > 0 {
                match sync_one(&store, &site, number, district, mode) {
                    Ok(more) => follow = if more < follow { more } else { 0 },
                    Err(failure) => {
                        eprintln!("hallpass: {}: {}", district.id, failure.message);
                        last = Err(Failure::new(failure.code, format!("{} was not published", district.id)));
                        break;
                    }
                }
                // What was insisted on is the one that was refused, not what lies behind it unseen.
                if mode == Mode::Forced {
                    mode = Mode::Manual;
                }
            }
        }
        last
    }
}

/// The districts that are meant, by index.
pub fn chosen(site: &Site, district: Option<&str>) -> Result<Vec<usize>, Failure> {
    let Some(id) = district else { return Ok((0..site.districts.len()).collect()) };
    let at = site.districts.iter().position(|district| district.id == id).ok_or_else(|| {
        let known: Vec<&str> = site.districts.iter().map(|district| district.id.as_str()).collect();
        Failure::new(CONFIGURATION, format!("there is no district {id}; there are: {}", known.join(", ")))
    })?;
    Ok(vec![at])
}

/// Returns how many deliveries wait behind the one that was published.
#[expect(clippy::disallowed_methods, reason = "seconds for a person; no test waits for them")]
fn sync_one(store: &Store, site: &Site, number: usize, district: &District, mode: Mode) -> Result<usize, Failure> {
    let now = Timestamp::now();
    let request = sync::Request {
        district,
        stored: site.stored_release(number),
        mode,
        now,
        today: site.library.time_zone.to_datetime(now).date(),
        looks: &sync::Looks::default(),
    };
    let bar = terminal::counter(&district.id);
    let started = Instant::now();
    let outcome = sync::run(store, &request, &|read| bar.set_position(read));
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    match outcome? {
        Outcome::Published(report, trouble) => {
            print!("{}: published in {seconds:.1} s\n{report}", district.id);
            refresh_daemon(&site.data_dir)?;
            if let Some(refusal) = trouble {
                eprintln!("hallpass: {}: published, but the source could not be cleared away: {refusal}", district.id);
                return Ok(0);
            }
            Ok(report.follow)
        }
        Outcome::DryRun(report) => {
            print!("{}: read in {seconds:.1} s, nothing published\n{report}", district.id);
            match report.objection {
                Some(_) => Err(Failure::new(DATA, "the guard objects")),
                None => Ok(0),
            }
        }
        Outcome::Refused(report) => {
            let serves_on = store.state().published(&district.id)?.is_some();
            let then = if serves_on { "the last roster serves on" } else { "there is no roster yet" };
            print!("{}: refused, {then}\n{report}", district.id);
            let cause = report.objection.map(|cause| cause.to_string()).unwrap_or_default();
            Err(Failure::new(DATA, format!("{cause}; look into it with the district (--force publishes all the same)")))
        }
        Outcome::NothingToDo => {
            println!("{}: nothing new in the inbox; the last roster serves on", district.id);
            Ok(0)
        }
        Outcome::StillHeld => {
            println!(
                "{id}: nothing new in the inbox, so an earlier roster serves on and the schedule still waits; put an export \
                 in and sync again, or go back to the newest with `hallpass roster rollback {id} GENERATION`",
                id = district.id
            );
            Ok(0)
        }
        // Only a schedule is told these.
        Outcome::Held | Outcome::RefusedBefore | Outcome::Growing | Outcome::NotCleared(_) => Ok(0),
    }
}
