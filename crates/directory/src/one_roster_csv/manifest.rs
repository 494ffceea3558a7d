//! manifest.csv: which version the bundle is of, and which files it says it has.

use super::store::{File, Store};
use crate::header::Header;
use crate::notes::Notes;
use crate::table::{Layout, Table};
use crate::{BadData, Extent, Fault, Oddity, Refusal};

/// Where roles are: what this crate needs to know of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// A column of users.csv. OneRoster 1.0 does the same.
    V1p1,
    /// A file of their own.
    V1p2,
}

/// What the manifest says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    version: Option<Version>,
    /// What it says of each needed file.
    said: Vec<(File, Said)>,
}

/// What a manifest says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Absent,
    Bulk,
    Delta,
}

/// Whether a bundle is the whole truth or holds changes only. What cannot be told is whole: reading it says what is
/// wrong with it.
pub(super) fn extent(store: &Store<'_>) -> Extent {
    const NEEDED: [File; 4] = [File::Users, File::Orgs, File::Roles, File::Demographics];
    let mut manifest = Manifest::default();
    if !store.has(File::Manifest) || manifest.parse(store, &NEEDED, &mut Notes::default()).is_err() {
        return Extent::Whole;
    }
    // The people decide. A manifest and nothing of ours beside it says that nothing changed.
    let people = manifest.of(File::Users);
    let is_there = NEEDED.iter().any(|file| store.has(*file) || manifest.of(*file) == Some(Said::Bulk));
    let some_delta = NEEDED.iter().any(|file| manifest.of(*file) == Some(Said::Delta));
    match people {
        Some(Said::Delta) => Extent::Changes,
        None | Some(Said::Absent) if !store.has(File::Users) && (some_delta || !is_there) => Extent::Changes,
        _ => Extent::Whole,
    }
}

impl Manifest {
    /// Reads the manifest and holds it against the files that are there.
    pub fn read(store: &Store<'_>, needed: &[File], extent: Extent, notes: &mut Notes) -> Result<Self, Refusal> {
        if !store.has(File::Manifest) {
            notes.warn(File::Manifest.name(), Oddity::NoManifest);
            return Ok(Self::default());
        }
        let mut manifest = Self::default();
        manifest.parse(store, needed, notes)?;
        for (file, said) in &manifest.said {
            compare(*said, *file, store.has(*file), extent, notes)?;
        }
        let silent_about = needed.iter().filter(|file| manifest.of(**file).is_none());
        for file in silent_about.filter(|file| **file != File::Manifest && store.has(**file)) {
            notes.warn(file.name(), Oddity::ManifestDiffers);
        }
        if manifest.version.is_none() {
            notes.warn(File::Manifest.name(), Oddity::NoVersion);
        }
        Ok(manifest)
    }

    /// Whether a file is there in bulk beside changes.
    pub fn is_bulk(&self, file: File) -> bool {
        self.of(file) == Some(Said::Bulk)
    }

    fn of(&self, file: File) -> Option<Said> {
        self.said.iter().find(|(known, _)| *known == file).map(|(_, said)| *said)
    }

    fn parse(&mut self, store: &Store<'_>, needed: &[File], notes: &mut Notes) -> Result<(), Refusal> {
        store.read(File::Manifest, |source| {
            let mut table = Table::open(File::Manifest.name(), source, Layout::ONE_ROSTER)?;
            let property = table.header().need("propertyName", notes)?;
            let value = table.header().need("value", notes)?;
            while let Some(row) = table.next(notes)? {
                let (property, value) = (row.optional(Some(property)), row.optional(Some(value)));
                if property.eq_ignore_ascii_case(b"oneroster.version") {
                    self.version = Some(version(value)?);
                } else if let Some(file) = needed.iter().find(|file| is_about(property, **file)).copied()
                    && self.of(file).is_none()
                {
                    self.said.push((file, said(value)));
                }
            }
            table.refuse_without_rows()
        })
    }

    /// Whether the people of a delta have their roles in their own rows.
    pub fn roles_in_rows(&self, users: &Header, roles_file: bool, notes: &mut Notes) -> Result<bool, Refusal> {
        let in_rows = users.seek("role", notes)?.is_some();
        match (self.version, in_rows) {
            (Some(Version::V1p2), _) => Ok(false),
            (None, _) if roles_file => Ok(false),
            (Some(Version::V1p1), false) => {
                let fault = Fault::Contradiction { said: "1.1", found: "users.csv has no column `role`" };
                Err(BadData::file(File::Manifest.name(), fault).into())
            }
            (_, in_rows) => Ok(in_rows),
        }
    }

    /// The version that manifest and files agree on.
    pub fn version(&self, users: &Header, roles_file: bool, notes: &mut Notes) -> Result<Version, Refusal> {
        let roles_column = users.seek("role", notes)?.is_some();
        let contradiction =
            |said, found| Err(BadData::file(File::Manifest.name(), Fault::Contradiction { said, found }).into());
        match (self.version, roles_column, roles_file) {
            (Some(Version::V1p2) | None, _, true) => {
                if roles_column {
                    notes.warn(File::Users.name(), Oddity::RolesTwice);
                }
                Ok(Version::V1p2)
            }
            (Some(Version::V1p1) | None, true, _) => {
                if roles_file {
                    notes.warn(File::Roles.name(), Oddity::RolesTwice);
                }
                Ok(Version::V1p1)
            }
            (Some(Version::V1p2), true, false) => {
                contradiction("1.2", "roles are in users.csv and there is no roles.csv")
            }
            (Some(Version::V1p1), false, _) => contradiction("1.1", "users.csv has no column `role`"),
            (Some(Version::V1p2), false, false) => Err(BadData::file(File::Roles.name(), Fault::Missing).into()),
            (None, false, false) => users.need("role", notes).map(|_| Version::V1p1),
        }
    }
}

fn version(value: &[u8]) -> Result<Version, Refusal> {
    match value {
        b"1.0" | b"1.1" => Ok(Version::V1p1),
        _ if value == b"1.2" || value.starts_with(b"1.2.") => Ok(Version::V1p2),
        _ => Err(BadData::file(File::Manifest.name(), Fault::Version).into()),
    }
}

/// Whether a property is `file.users` of users.csv, and so on.
fn is_about(property: &[u8], file: File) -> bool {
    let stem = file.name().trim_end_matches(".csv");
    property.split_at_checked(5).is_some_and(|(word, theirs)| {
        word.eq_ignore_ascii_case(b"file.") && theirs.eq_ignore_ascii_case(stem.as_bytes())
    })
}

/// Holds what the manifest says of a file against the file.
fn compare(said: Said, file: File, there: bool, extent: Extent, notes: &mut Notes) -> Result<(), Refusal> {
    if said == Said::Delta && extent == Extent::Whole {
        return Err(BadData::file(file.name(), Fault::Delta).into());
    }
    if said != Said::Absent && !there {
        return Err(BadData::file(file.name(), Fault::Promised).into());
    }
    if there && said == Said::Absent {
        notes.warn(file.name(), Oddity::ManifestDiffers);
    }
    Ok(())
}

fn said(value: &[u8]) -> Said {
    let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
    match (is("delta"), is("bulk")) {
        (true, _) => Said::Delta,
        (_, true) => Said::Bulk,
        _ => Said::Absent,
    }
}
