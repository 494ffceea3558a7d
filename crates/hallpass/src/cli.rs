//! The commands and what they have in common.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use site::{Loaded, Site};

use crate::commands::{
    check::Check, completions::Completions, demo::Demo, explain::Explain, hash_password::HashPassword, keygen::Keygen,
    man::Man, orders::Reload, orders::Unlock, probe::Probe, report::Report, roster::Roster, serve::Serve, sync::Sync,
    synthesise::Synthesise,
};
use crate::failure::Failure;
use crate::owner;

/// Lets a child's school ID work as a library card: answers SIP2 from the school districts' own directories.
///
/// Exit codes: 0 done, 64 wrong usage, 65 bad data, 69 something is not available, 70 a fault of ours,
/// 78 wrong configuration.
#[derive(Parser)]
#[command(name = "hallpass", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    Demo(Demo),
    Serve(Serve),
    Check(Check),
    Sync(Sync),
    Roster(Roster),
    Explain(Explain),
    Probe(Probe),
    Unlock(Unlock),
    Reload(Reload),
    Report(Report),
    Keygen(Keygen),
    HashPassword(HashPassword),
    Synth(Synthesise),
    Completions(Completions),
    Man(Man),
}

/// Where the configuration is.
#[derive(Args, Clone)]
pub struct Configuration {
    /// The main configuration file; districts/ and clients/ lie beside it.
    #[arg(long = "config", value_name = "FILE", default_value = "/etc/hallpass/hallpass.toml")]
    pub file: PathBuf,
}

impl Configuration {
    /// Reads it whole, or says all that is wrong with it.
    pub fn load(&self) -> Result<Loaded, Failure> {
        Site::load(&self.file).map_err(Failure::from)
    }

    /// Reads it, and goes on as the owner of the data folder.
    pub fn load_as_owner(&self) -> Result<Loaded, Failure> {
        let loaded = self.load()?;
        owner::become_owner_of(&loaded.site.data_dir)?;
        Ok(loaded)
    }
}
