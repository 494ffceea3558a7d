//! Nobody but the data folder's owner opens it; root becomes the owner first.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, INTERNAL};

/// The user and group that own a folder, where it exists.
pub fn owner_of(folder: &Path) -> Option<(u32, u32)> {
    fs::metadata(folder).ok().map(|metadata| (metadata.uid(), metadata.gid()))
}

/// Where root runs this, starts it anew as the folder's owner, so that nothing in the folder becomes root's.
pub fn become_owner_of(folder: &Path) -> Result<(), Failure> {
    let Some((user, group)) = owner_of(folder) else { return Ok(()) };
    if !rustix::process::geteuid().is_root() || user == 0 {
        return Ok(());
    }
    let program = std::env::current_exe()?;
    // Returns only where it failed.
    let error = Command::new(program).args(std::env::args_os().skip(1)).uid(user).gid(group).exec();
    Err(Failure::new(INTERNAL, format!("cannot become user id {user}, the owner of {}: {error}", folder.display())))
}
