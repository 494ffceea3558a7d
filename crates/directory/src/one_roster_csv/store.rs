//! The files of a bundle, by their names.

use super::archive::Archive;
use super::{Bundle, Form};
use crate::notes::Notes;
use crate::stamp::Stamp;
use crate::table::Source;
use crate::{BadData, Fault, Oddity, Refusal};

/// All file names of OneRoster 1.1 and 1.2, without `.csv`: what belongs to a bundle and goes with it.
const NAMES: [&str; 22] = [
    "academicSessions",
    "categories",
    "classes",
    "classResources",
    "courseResources",
    "courses",
    "demographics",
    "enrollments",
    "lineItemLearningObjectiveIds",
    "lineItems",
    "lineItemScoreScales",
    "manifest",
    "orgs",
    "resources",
    "resultLearningObjectiveIds",
    "results",
    "resultScoreScales",
    "roles",
    "scoreScales",
    "userProfiles",
    "userResources",
    "users",
];

/// The files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Manifest,
    Orgs,
    Users,
    Roles,
    Demographics,
}

impl File {
    /// The name in the bundle.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest.csv",
            Self::Orgs => "orgs.csv",
            Self::Users => "users.csv",
            Self::Roles => "roles.csv",
            Self::Demographics => "demographics.csv",
        }
    }
}

/// Whether a file's name is one of OneRoster's, in any letter case.
pub(super) fn is_one_roster(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        extension.eq_ignore_ascii_case("csv") && NAMES.iter().any(|known| known.eq_ignore_ascii_case(stem))
    })
}

/// A bundle, opened: where each needed file is.
pub(super) enum Store<'a> {
    Loose(Vec<(File, &'a Stamp)>),
    Zip(Archive<'a>),
}

impl<'a> Store<'a> {
    /// Finds the needed files of a bundle. None has to be there; none may be there twice.
    pub fn open(bundle: &'a Bundle, needed: &[File], notes: &mut Notes) -> Result<Self, Refusal> {
        if let (Form::Zip, Some(zip)) = (bundle.form, bundle.stamps.first()) {
            return Archive::open(zip, needed, notes).map(Self::Zip);
        }
        let mut files: Vec<(File, &Stamp)> = Vec::new();
        for stamp in &bundle.stamps {
            if let Some(file) = named(stamp.name(), needed, notes) {
                if files.iter().any(|(known, _)| *known == file) {
                    return Err(BadData::file(file.name(), Fault::Twice).into());
                }
                files.push((file, stamp));
            }
        }
        Ok(Self::Loose(files))
    }

    /// Whether a file that was needed is there.
    pub fn has(&self, file: File) -> bool {
        match self {
            Self::Loose(files) => files.iter().any(|(known, _)| *known == file),
            Self::Zip(archive) => archive.has(file),
        }
    }

    /// Reads a file from its beginning. Several threads may read at once.
    pub fn read<T>(&self, file: File, with: impl FnOnce(Source<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        match self {
            Self::Zip(archive) => archive.read(file, with),
            Self::Loose(files) => match files.iter().find(|(known, _)| *known == file) {
                Some((_, stamp)) => with(Source { read: Box::new(stamp.open()?), path: stamp.path() }),
                None => Err(BadData::file(file.name(), Fault::Missing).into()),
            },
        }
    }
}

/// Which of the needed files a name is.
pub(super) fn named(name: &str, needed: &[File], notes: &mut Notes) -> Option<File> {
    let file = *needed.iter().find(|file| file.name().eq_ignore_ascii_case(name))?;
    if file.name() != name {
        notes.warn(file.name(), Oddity::NameCase);
    }
    Some(file)
}
