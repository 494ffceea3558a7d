//! Which file a drop folder holds.

use std::cmp::Reverse;
use std::path::Path;

use super::{Export, Mapping};
use crate::stamp::Stamp;
use crate::{Refusal, inbox};

/// What exports are called.
const EXTENSIONS: [&str; 3] = ["csv", "txt", "tsv"];

/// Finds the export at a path: a file, or the newest `.csv`, `.txt` or `.tsv` of a folder. `None`: there is none.
///
/// Names that begin with a dot are left alone (uploads in progress), and so are folders, `archive` among them.
pub fn find(path: &Path, mapping: Mapping) -> Result<Option<Export>, Refusal> {
    let Some(path) = &inbox::find(path, &EXTENSIONS)? else { return Ok(None) };
    if !path.is_dir() {
        return Ok(Stamp::of(path)?.map(|stamp| Export { stamp, mapping, superseded: Vec::new() }));
    }
    let mut files = Vec::new();
    for name in inbox::names(path)? {
        if EXTENSIONS.iter().any(|extension| inbox::ends_with(&name, extension)) {
            files.extend(Stamp::of(&path.join(&name))?);
        }
    }
    // Of two as old as each other the name decides, so that each look finds the same.
    files.sort_by_key(|file| Reverse((file.modified(), file.name().to_owned())));
    let mut files = files.into_iter();
    Ok(files.next().map(|stamp| Export { stamp, mapping, superseded: files.collect() }))
}
