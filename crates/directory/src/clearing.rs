//! Taking a bundle away after it was published.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::stamp::Stamp;
use crate::{Cleared, Refusal};

/// The folder beside the bundle. Bundles in it are never found: only files of the inbox itself are looked at.
const ARCHIVE: &str = "archive";

/// Removes files, but for those that were replaced since.
pub(crate) fn delete<'a>(stamps: impl Iterator<Item = &'a Stamp>) -> Result<Cleared, Refusal> {
    clear(stamps, |path| fs::remove_file(path))
}

/// Moves files to the archive folder beside them, but for those that were replaced since.
pub(crate) fn archive<'a>(stamps: impl Iterator<Item = &'a Stamp>) -> Result<Cleared, Refusal> {
    let stamps: Vec<_> = stamps.collect();
    let Some(folder) = stamps.first().and_then(|stamp| stamp.path().parent()).map(|inbox| inbox.join(ARCHIVE)) else {
        return Ok(Cleared::default());
    };
    make_private(&folder).map_err(Refusal::unreadable(&folder))?;
    // One number for all, so that the files of a bundle can be told to belong together.
    let mut number = 1u32;
    while stamps.iter().any(|stamp| folder.join(numbered(stamp.path(), number)).symlink_metadata().is_ok()) {
        number += 1;
    }
    clear(stamps.into_iter(), |path| shelve(path, &folder.join(numbered(path, number))))
}

fn clear<'a>(
    stamps: impl Iterator<Item = &'a Stamp>,
    away_with: impl Fn(&Path) -> io::Result<()>,
) -> Result<Cleared, Refusal> {
    let (mut cleared, mut first) = (Cleared::default(), None);
    for stamp in stamps {
        if stamp.is_current() {
            // One that cannot be cleared away keeps none of the others, each with birth dates in it.
            match away_with(stamp.path()).map_err(Refusal::unreadable(stamp.path())) {
                Ok(()) => cleared.files += 1,
                Err(refusal) => first = first.or(Some(refusal)),
            }
        } else if stamp.path().exists() {
            cleared.newer += 1;
        }
    }
    first.map_or(Ok(cleared), Err)
}

fn make_private(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // A link would carry birth dates to wherever the district points it.
            if !fs::symlink_metadata(folder)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            fs::set_permissions(folder, Permissions::from_mode(0o700))
        }
        Err(error) => Err(error),
    }
}

/// `users.csv`, `users-2.csv`, `users-3.csv`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_owned();
    if number == 1 {
        return part(path.file_name()).into();
    }
    let mut name = part(path.file_stem());
    name.push(format!("-{number}."));
    name.push(part(path.extension()));
    name.into()
}

fn shelve(from: &Path, to: &Path) -> io::Result<()> {
    if fs::set_permissions(from, Permissions::from_mode(0o600)).is_ok() {
        return fs::rename(from, to);
    }
    // The file belongs to the account that uploaded it: what we keep has to be ours.
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    fs::remove_file(from)
}
