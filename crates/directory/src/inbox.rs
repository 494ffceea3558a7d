//! The files of a drop folder.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Refusal;

/// What a path of the configuration leads to. The path itself is the sysadmin's and may be a link; what lies in the folder is
/// the district's and may not. `None`: it names a file of one of these extensions, whose folder is there and empty of it, as
/// after one that was cleared away.
pub(crate) fn find(path: &Path, extensions: &[&str]) -> Result<Option<PathBuf>, Refusal> {
    let names_a_file = || {
        let name = path.file_name().unwrap_or_default();
        extensions.iter().any(|extension| ends_with(name, extension)) && path.parent().is_some_and(Path::is_dir)
    };
    match fs::canonicalize(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && names_a_file() => Ok(None),
        Err(error) => Err(Refusal::unreadable(path)(error)),
    }
}

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
