//! manifest.csv: which version the bundle is of, and which files it says it has.

use super::store::{File, Store};
use crate::header::Header;
use crate::notes::Notes;
use crate::table::{Layout, Table};
use crate::{BadData, Fault, Oddity, Refusal};

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
}

impl Manifest {
    /// Reads the manifest and holds it against the files that are there.
    pub fn read(store: &Store<'_>, needed: &[File], notes: &mut Notes) -> Result<Self, Refusal> {
        if !store.has(File::Manifest) {
            notes.warn(File::Manifest.name(), Oddity::NoManifest);
            return Ok(Self::default());
        }
        let mut manifest = Self::default();
        let mut silent_about: Vec<File> = needed.to_vec();
        store.read(File::Manifest, |source| {
            let mut table = Table::open(File::Manifest.name(), source, Layout::ONE_ROSTER)?;
            let property = table.header().need("propertyName", notes)?;
            let value = table.header().need("value", notes)?;
            while let Some(row) = table.next(notes)? {
                let (property, value) = (row.optional(Some(property)), row.optional(Some(value)));
                if property.eq_ignore_ascii_case(b"oneroster.version") {
                    manifest.version = Some(version(value)?);
                } else if let Some(file) = silent_about.iter().find(|file| is_about(property, **file)).copied() {
                    silent_about.retain(|other| *other != file);
                    compare(value, file, store.has(file), notes)?;
                }
            }
            table.refuse_without_rows()
        })?;
        for file in silent_about.into_iter().filter(|file| *file != File::Manifest && store.has(*file)) {
            notes.warn(file.name(), Oddity::ManifestDiffers);
        }
        if manifest.version.is_none() {
            notes.warn(File::Manifest.name(), Oddity::NoVersion);
        }
        Ok(manifest)
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
fn compare(value: &[u8], file: File, there: bool, notes: &mut Notes) -> Result<(), Refusal> {
    let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
    if is("delta") {
        return Err(BadData::file(file.name(), Fault::Delta).into());
    }
    if is("bulk") && !there {
        return Err(BadData::file(file.name(), Fault::Promised).into());
    }
    if there != is("bulk") {
        notes.warn(file.name(), Oddity::ManifestDiffers);
    }
    Ok(())
}
