//! Which bundle a folder holds.

use std::cmp::Reverse;
use std::fs;
use std::path::Path;

use super::{Bundle, Form, store};
use crate::stamp::Stamp;
use crate::{Refusal, inbox};

/// Finds the bundle at a path: a zip file, or a folder with the newest of its zips or its CSV files themselves,
/// whichever is younger. `None`: the folder holds neither.
///
/// Names that begin with a dot are left alone (uploads in progress, macOS leavings), and so are folders, `archive`
/// among them.
pub fn find(path: &Path) -> Result<Option<Bundle>, Refusal> {
    // The path itself is the sysadmin's and may be a link; what lies in the folder is the district's and may not.
    let path = &fs::canonicalize(path).map_err(Refusal::unreadable(path))?;
    if !path.is_dir() {
        let stamp = Stamp::of(path)?;
        return Ok(stamp.map(|zip| Bundle { form: Form::Zip, stamps: vec![zip], superseded: Vec::new() }));
    }

    let (mut loose, mut zips, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    for name in inbox::names(path)? {
        let kind = match name.to_str() {
            Some(text) if store::is_one_roster(text) => &mut loose,
            _ if inbox::ends_with(&name, "zip") => &mut zips,
            _ if inbox::ends_with(&name, "csv") => &mut foreign,
            _ => continue,
        };
        kind.extend(Stamp::of(&path.join(&name))?);
    }
    // Of two as old as each other the name decides, so that each look finds the same.
    zips.sort_by_key(|zip| Reverse((zip.modified(), zip.name().to_owned())));
    loose.sort_by_key(|file| file.name().to_owned());
    foreign.sort_by_key(|file| file.name().to_owned());

    let youngest_loose = loose.iter().map(Stamp::modified).max();
    Ok(match zips.first().map(Stamp::modified) {
        Some(zip) if youngest_loose.is_none_or(|file| file <= zip) => {
            let mut superseded = zips.split_off(1);
            superseded.append(&mut loose);
            Some(Bundle { form: Form::Zip, stamps: zips, superseded })
        }
        // CSV files with other names alone are no empty inbox: someone misnamed a bundle, and reading says so.
        _ if !loose.is_empty() || !foreign.is_empty() => {
            loose.append(&mut foreign);
            Some(Bundle { form: Form::Loose, stamps: loose, superseded: zips })
        }
        _ => None,
    })
}
