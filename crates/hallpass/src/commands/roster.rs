//! `hallpass roster`.

use clap::{Args, Subcommand};
use jiff::{SpanRound, Timestamp, Unit};
use roster::history::KEPT_RUNS;
use roster::{GenerationId, Published, Store};
use site::{District, Site};

use crate::cli::Configuration;
use crate::commands::orders::{forget_lockouts, refresh_daemon};
use crate::commands::runs;
use crate::commands::sync::chosen;
use crate::failure::{DATA, Failure, USAGE};
use crate::terminal;

/// What is published: look at it, go back, or end it.
#[derive(Args)]
pub struct Roster {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Show what each district serves and could go back to, and what its last syncs came to.
    Status {
        /// The district, with all of its last 30 syncs; all districts with a few of them where none is named.
        district: Option<String>,
        /// For scripts.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Serve an older roster, and hold scheduled syncs until the next manual one.
    Rollback {
        district: String,
        /// The generation; the one before the served where none is named. The newest one lifts the hold.
        generation: Option<String>,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// End a district: remove its rosters, lockouts and all else that is kept of it.
    Purge {
        district: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        configuration: Configuration,
    },
}

impl Roster {
    pub fn run(self) -> Result<(), Failure> {
        match self.act {
            Act::Status { district, json, configuration } => {
                let site = configuration.load_as_owner()?.site;
                let store = bridge::open_store(&site)?;
                let chosen: Vec<&District> = chosen(&site, district.as_deref())?
                    .into_iter()
                    .filter_map(|number| site.districts.get(number))
                    .collect();
                let lines = if district.is_some() { KEPT_RUNS } else { A_FEW };
                if json { status_json(&chosen, &store) } else { status(&chosen, &store, lines) }
            }
            Act::Rollback { district, generation, configuration } => {
                let site = configuration.load_as_owner()?.site;
                roll_back(&site, &district, generation.as_deref())
            }
            Act::Purge { district, yes, configuration } => {
                let site = configuration.load_as_owner()?.site;
                purge(&site, &district, yes)
            }
        }
    }
}

/// Syncs shown of each of all districts.
const A_FEW: usize = 5;

fn status(districts: &[&District], store: &Store, lines: usize) -> Result<(), Failure> {
    for district in districts {
        let recorded = store.state().runs(&district.id)?;
        let Some(published) = store.state().published(&district.id)? else {
            println!("{}: no roster yet; `hallpass sync {}`", district.id, district.id);
            runs::print(&recorded, lines);
            continue;
        };
        let held = if published.held { ", held by a rollback until the next manual sync" } else { "" };
        println!("{}:{held}", district.id);
        for kept in &published.generations {
            let mark = if kept.id == published.serving { "serves" } else { "kept" };
            println!("  {mark:<6} {}  {:>9} people  {}", kept.id, kept.people, age(kept.made_at));
        }
        match store.serving(&district.id) {
            Ok(Some(generation)) => {
                let header = generation.header();
                println!(
                    "  {} ambiguous IDs, {} people without a PIN, key {}",
                    header.ambiguous,
                    header.without_verifier,
                    generation.key()
                );
            }
            Ok(None) => {}
            Err(error) => println!("  cannot be served: {error}"),
        }
        runs::print(&recorded, lines);
    }
    Ok(())
}

fn status_json(districts: &[&District], store: &Store) -> Result<(), Failure> {
    let mut told = serde_json::Map::new();
    for district in districts {
        let published = store.state().published(&district.id)?;
        let recorded = store.state().runs(&district.id)?;
        let generations = |published: Published| -> Vec<serde_json::Value> {
            let rows = published.generations.into_iter();
            rows.map(|kept| serde_json::json!({ "id": kept.id, "people": kept.people, "made_at": kept.made_at }))
                .collect()
        };
        let state = match published {
            None if recorded.is_empty() => serde_json::Value::Null,
            None => serde_json::json!({
                "serving": null,
                "held": false,
                "readable": false,
                "generations": [],
                "runs": recorded,
            }),
            Some(published) => serde_json::json!({
                "serving": published.serving,
                "held": published.held,
                "readable": store.serving(&district.id).is_ok(),
                "generations": generations(published),
                "runs": recorded,
            }),
        };
        told.insert(district.id.clone(), state);
    }
    println!("{}", serde_json::Value::Object(told));
    Ok(())
}

fn roll_back(site: &Site, district: &str, generation: Option<&str>) -> Result<(), Failure> {
    chosen(site, Some(district))?;
    let id = match generation {
        None => None,
        Some(text) => Some(
            GenerationId::parse(text)
                .ok_or_else(|| Failure::new(USAGE, "that is no generation; `hallpass roster status` names them"))?,
        ),
    };
    let store = bridge::open_store(site)?;
    let lock = store.lock_district(district)?;
    let target = store.roll_back(&lock, id)?.ok_or_else(|| {
        Failure::new(DATA, format!("{district} has no such roster to go back to; see `hallpass roster status`"))
    })?;
    refresh_daemon(&site.data_dir)?;
    println!("{district}: serves {} with {} people, {}", target.id, target.people, age(target.made_at));
    let held = store.state().published(district)?.is_some_and(|published| published.held);
    if held {
        println!("scheduled syncs are held until `hallpass sync {district}` or a rollback to the newest");
    }
    Ok(())
}

fn purge(site: &Site, id: &str, yes: bool) -> Result<(), Failure> {
    let number = chosen(site, Some(id))?.first().copied().unwrap_or_default();
    if !yes {
        println!("This removes every roster and lockout of {id}. Type its id to go on:");
        if terminal::line()? != id {
            return Err(Failure::new(USAGE, "nothing was removed"));
        }
    }
    let store = bridge::open_store(site)?;
    let lock = store.lock_district(id)?;
    // Lockouts are kept by ID space: one that other districts share stays theirs.
    let own = site.cards.own_spaces(number);
    let forget = || own.iter().try_for_each(|space| forget_lockouts(&site.data_dir, space));
    // Before, so that the daemon puts none back on disk; and after, for what came in between.
    forget()?;
    let removed = store.purge(&lock, &own)?.map_or(0, |published| published.generations.len());
    forget()?;
    refresh_daemon(&site.data_dir)?;
    println!("{id}: removed {removed} rosters; remove its file from districts/ too, or the next sync starts anew");
    Ok(())
}

/// `2026-11-23 16:54 UTC (3 hours ago)`, as far as a person wants to know.
fn age(made_at: i64) -> String {
    let Ok(made) = Timestamp::from_second(made_at) else { return "at an unknown time".to_owned() };
    let passed = Timestamp::now()
        .since(made)
        .and_then(|span| span.round(SpanRound::new().largest(Unit::Hour).smallest(Unit::Minute)));
    let ago = passed.map(|span| format!(" ({span:#} ago)")).unwrap_or_default();
    format!("{}{ago}", made.strftime("%Y-%m-%d %H:%M UTC"))
}
