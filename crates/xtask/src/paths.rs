//! Where things lie, and which cargo runs them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The folders and the binary that the chores work with.
#[derive(Debug)]
pub struct Paths {
    /// The workspace.
    pub root: PathBuf,
    /// `target/`, wherever it was moved to.
    pub target: PathBuf,
    /// The release build of the service.
    pub hallpass: PathBuf,
}

impl Paths {
    /// Finds them from this binary, which lies in `target/release` itself: the alias builds it so.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().context("the workspace")?;
        let hallpass = env::current_exe().context("this binary")?.with_file_name("hallpass");
        let target = hallpass.ancestors().nth(2).context("this binary lies in no target folder")?.to_path_buf();
        Ok(Self { root, target, hallpass })
    }

    /// The cargo that runs us, in the workspace.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        cargo.current_dir(&self.root);
        cargo
    }
}
