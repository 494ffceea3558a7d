//! The files of a drop folder.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use crate::Refusal;

/// The names in a folder, without those that begin with a dot: uploads in progress, macOS leavings.
pub(crate) fn names(folder: &Path) -> Result<Vec<OsString>, Refusal> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Refusal::unreadable(folder))? {
        let name = entry.map_err(Refusal::unreadable(folder))?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether a name has an extension, in any letter case.
pub(crate) fn ends_with(name: &OsStr, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|theirs| theirs.eq_ignore_ascii_case(extension))
}
