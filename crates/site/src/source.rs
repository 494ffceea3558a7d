//! `[source]` of a district: where its rosters come from, and what they must look like to be published.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::section::Section;
use crate::units::Share;

/// A folder or zip file of OneRoster CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The folder with the CSV files or the zips in it, or a zip.
    pub path: PathBuf,
    /// How often it is looked at; `None`: only when told to.
    pub every: Option<Duration>,
    /// What becomes of the files.
    pub after: After,
    /// What a roster must look like to be published.
    pub guard: Guard,
}

/// What becomes of a source's files after publishing. They hold what Hallpass never keeps: birth dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// They stay where they are.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
    /// They are moved aside.
    Archive,
}

impl After {
    const WORDS: &[(&str, Self)] = &[("keep", Self::Keep), ("delete", Self::Delete), ("archive", Self::Archive)];
}

/// The publish guard: a roster that changes more than this is refused, and the last good one serves on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Published IDs that may vanish.
    pub max_gone: Share,
    /// IDs that may be new.
    pub max_new: Share,
    /// Students whose PIN may change: a spreadsheet ate the zeros, or swapped day and month.
    pub max_pin_changed: Share,
    /// Rows that may be undecodable.
    pub max_errors: Share,
    /// How many students there must be; guards the first sync.
    pub expect_students: Option<RangeInclusive<u64>>,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            max_gone: Share::of_a_million(200_000),
            max_new: Share::of_a_million(500_000),
            max_pin_changed: Share::of_a_million(50_000),
            max_errors: Share::of_a_million(1_000),
            expect_students: None,
        }
    }
}

impl Source {
    pub(crate) const KEYS: &[&str] = &["kind", "path", "every", "after", "guard"];

    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let kind = section.required("kind", "\"oneroster-csv\"").and_then(|entry| entry.word(&[("oneroster-csv", ())]));
        let path = section.required("path", "the folder or zip of the CSV files").and_then(|entry| entry.path());
        let every = section.optional("every").and_then(|entry| entry.duration("1s"..="31d"));
        let after = section.optional("after").and_then(|entry| entry.word(After::WORDS)).unwrap_or_default();
        if after == After::Keep {
            let (problem, advice) =
                ("the district's files stay, with every birth date in them", "\"delete\" leaves none lying about");
            match section.optional("after") {
                Some(entry) => entry.warning(problem, advice),
                None => section.warning("after", problem, advice),
            }
        }
        let guard = section.section("guard", Guard::KEYS).map_or_else(Guard::default, |section| Guard::read(&section));
        kind?;
        Some(Self { path: path?, every, after, guard })
    }
}

impl Guard {
    pub(crate) const KEYS: &[&str] = &["max-gone", "max-new", "max-pin-changed", "max-errors", "expect-students"];

    fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let share = |key, absent| {
            let entry = section.optional(key);
            entry.and_then(|entry| entry.parsed("a share such as \"20%\" or \"0.1%\"", Share::parse)).unwrap_or(absent)
        };
        Self {
            max_gone: share("max-gone", default.max_gone),
            max_new: share("max-new", default.max_new),
            max_pin_changed: share("max-pin-changed", default.max_pin_changed),
            max_errors: share("max-errors", default.max_errors),
            expect_students: expect_students(section),
        }
    }
}

fn expect_students(section: &Section<'_>) -> Option<RangeInclusive<u64>> {
    let entry = section.optional("expect-students")?;
    match entry.list()?.as_slice() {
        [least, most] => {
            let (least, most) = (least.integer(0..=100_000_000), most.integer(0..=100_000_000));
            let (least, most) = (least?, most?);
            if least > most {
                entry.error("the least is more than the most", "expected [least, most]");
                return None;
            }
            Some(least..=most)
        }
        _ => {
            entry.error("not two numbers", "expected [least, most], such as [140000, 160000]");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    fn with(source: &str) -> Trial {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("kind =").unwrap();
        trial.district("cms", &format!("{before}{source}"));
        trial
    }

    #[test]
    fn a_relative_path_starts_at_the_folder_of_its_file() {
        let trial = Trial::default();
        let source = trial.load().unwrap().site.districts[0].source.clone().unwrap();
        assert_eq!(source.path, trial.path("districts/../inbox/cms"));
        assert_eq!((source.every, source.after, source.guard), (None, After::Delete, Guard::default()));
    }

    #[test]
    fn files_that_stay_are_warned_of() {
        const PROBLEM: &str = "the district's files stay, with every birth date in them";
        assert_eq!(
            with("kind = \"oneroster-csv\"\npath = \"x\"\n").warnings(),
            [format!("districts/cms.toml:8:1 source.after: {PROBLEM}; \"delete\" leaves none lying about")]
        );
        assert_eq!(
            with("kind = \"oneroster-csv\"\npath = \"x\"\nafter = \"keep\"\n").warnings(),
            [format!("districts/cms.toml:11:9 source.after: {PROBLEM}; \"delete\" leaves none lying about")]
        );
    }

    #[test]
    fn shares_need_their_percent_and_counts_their_order() {
        let trial = with(
            "kind = \"ldap\"\npath = \"x\"\nevery = \"0s\"\nafter = \"delete\"\n[source.guard]\nmax-gone = \"20\"\n\
             max-new = 0.5\nmax-errors = \"101%\"\nexpect-students = [2, 1]\n",
        );
        assert_eq!(
            trial.errors(),
            [
                "districts/cms.toml:9:8 source.kind: unknown word; expected one of oneroster-csv",
                "districts/cms.toml:11:9 source.every: out of range; expected 1s to 31d",
                "districts/cms.toml:14:12 source.guard.max-gone: the unit is missing; \
                 expected a share such as \"20%\" or \"0.1%\"",
                "districts/cms.toml:15:11 source.guard.max-new: a fraction where text belongs; expected text",
                "districts/cms.toml:16:14 source.guard.max-errors: no share of a hundred; \
                 expected a share such as \"20%\" or \"0.1%\"",
                "districts/cms.toml:17:19 source.guard.expect-students: the least is more than the most; \
                 expected [least, most]",
            ]
        );
    }
}
