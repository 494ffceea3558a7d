//! Which bundle a folder holds.

use std::path::Path;

use super::store::{self, File, Store};
use super::{Bundle, Form, manifest};
use crate::notes::Notes;
use crate::stamp::Stamp;
use crate::{Directory as _, Extent, Refusal, inbox};

/// Finds the bundle at a path: a zip file, or a folder with the newest of its zips or its CSV files themselves,
/// whichever is younger. `None`: the folder holds neither.
///
/// Names that begin with a dot are left alone (uploads in progress, macOS leavings), and so are folders, `archive`
/// among them.
pub fn find(path: &Path) -> Result<Option<Bundle>, Refusal> {
    let mut bundles = all(path)?;
    let Some(mut newest) = bundles.pop() else { return Ok(None) };
    newest.superseded = files_of(bundles);
    Ok(Some(newest))
}

/// Finds the bundle that is next where deltas are taken, and how many follow it: the newest that is whole, which ends all
/// that are older; after it the deltas, the oldest first. Those whose fingerprints are in `applied` are done.
pub fn find_next(path: &Path, applied: &[String]) -> Result<Option<(Bundle, usize)>, Refusal> {
    let mut bundles = all(path)?;
    for bundle in &mut bundles {
        bundle.extent = extent(bundle);
    }
    if let Some(at) = bundles.iter().rposition(|bundle| bundle.extent == Extent::Whole) {
        let mut rest = bundles.split_off(at);
        let mut whole = rest.remove(0);
        if !applied.contains(&whole.fingerprint()?.to_string()) {
            whole.superseded = files_of(bundles);
            return Ok(Some((whole, rest.len())));
        }
        bundles = rest;
    }
    let mut waiting = Vec::new();
    for bundle in bundles {
        if !applied.contains(&bundle.fingerprint()?.to_string()) {
            waiting.push(bundle);
        }
    }
    let follow = waiting.len().saturating_sub(1);
    Ok(waiting.into_iter().next().map(|next| (next, follow)))
}

/// All bundles at a path, the newest last: each zip, and the CSV files together.
fn all(path: &Path) -> Result<Vec<Bundle>, Refusal> {
    let Some(path) = &inbox::find(path, &["zip"])? else { return Ok(Vec::new()) };
    let bundle = |form, stamps| Bundle { form, stamps, superseded: Vec::new(), extent: Extent::Whole };
    if !path.is_dir() {
        return Ok(Stamp::of(path)?.map(|zip| bundle(Form::Zip, vec![zip])).into_iter().collect());
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
    zips.sort_by_key(|zip| (zip.modified(), zip.name().to_owned()));
    loose.sort_by_key(|file| file.name().to_owned());
    foreign.sort_by_key(|file| file.name().to_owned());

    // CSV files with other names alone are no empty inbox: someone misnamed a bundle, and reading says so.
    let youngest = loose.iter().map(Stamp::modified).max();
    let at = match youngest {
        // A zip as young as the files is the younger bundle.
        Some(youngest) => Some(zips.partition_point(|zip| zip.modified() < youngest)),
        None => (zips.is_empty() && !foreign.is_empty()).then_some(0),
    };
    let mut bundles: Vec<Bundle> = zips.into_iter().map(|zip| bundle(Form::Zip, vec![zip])).collect();
    if let Some(at) = at {
        // Those that are not OneRoster's go only into the look at what lies there.
        loose.append(&mut foreign);
        bundles.insert(at, bundle(Form::Loose, loose));
    }
    Ok(bundles)
}

/// The files of older bundles, which go with a whole one. Foreign CSV files are nobody's.
fn files_of(older: Vec<Bundle>) -> Vec<Stamp> {
    let ours = |form, stamp: &Stamp| form == Form::Zip || store::is_one_roster(stamp.name());
    older
        .into_iter()
        .flat_map(|bundle| bundle.stamps.into_iter().filter(move |stamp| ours(bundle.form, stamp)))
        .collect()
}

fn extent(bundle: &Bundle) -> Extent {
    let needed = [File::Manifest, File::Orgs, File::Users, File::Roles, File::Demographics];
    Store::open(bundle, &needed, &mut Notes::default()).map_or(Extent::Whole, |store| manifest::extent(&store))
}
