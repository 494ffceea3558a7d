//! `hallpass serve`.

use std::time::Duration;

use clap::Args;

use crate::cli::Configuration;
use crate::failure::{Failure, INTERNAL};

/// Run the service until SIGTERM; SIGHUP reads the configuration again. Logs go to standard error.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    configuration: Configuration,
}

impl Serve {
    pub fn run(self) -> Result<(), Failure> {
        let loaded = self.configuration.load_as_owner()?;
        run_service(loaded, |_| {})
    }
}

/// Runs the service on a runtime of its own.
pub fn run_service(loaded: site::Loaded, ready: impl FnOnce(&bridge::Opened)) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(INTERNAL, format!("no runtime: {error}")))?;
    let served = runtime.block_on(bridge::serve(loaded, ready));
    // A sync under way is cut off: what it had not published is removed with the next one.
    runtime.shutdown_timeout(Duration::from_millis(500));
    Ok(served?)
}
