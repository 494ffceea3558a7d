//! `hallpass keygen`.

use clap::Args;
use roster::key_file;

use crate::cli::Configuration;
use crate::failure::Failure;
use crate::owner::owner_of;

/// Write the configuration's key file (mode 0600), never over an existing one.
///
/// The key goes to the owner of the data folder. Whoever has both can guess PINs; losing the key costs one sync.
#[derive(Args)]
pub struct Keygen {
    #[command(flatten)]
    configuration: Configuration,
}

impl Keygen {
    pub fn run(self) -> Result<(), Failure> {
        let site = self.configuration.load()?.site;
        key_file::generate(&site.key_file, owner_of(&site.data_dir))?;
        println!("wrote {}", site.key_file.display());
        Ok(())
    }
}
