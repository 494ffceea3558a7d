//! `[source]` of a district: where its rosters come from. One file for each kind, one for the guard, one for the schedule.

pub mod delimited;
mod guard;
pub(crate) mod ldap;
pub(crate) mod one_roster_csv;
pub(crate) mod one_roster_rest;
mod schedule;
pub(crate) mod sql;
mod web_address;

use std::path::PathBuf;
use std::time::Duration;

use crate::entry::Entry;

pub use delimited::Delimited;
pub use guard::Guard;
pub use ldap::{Ldap, LdapAttributes, LdapSecurity, LdapServer};
pub use one_roster_rest::{OneRosterAuth, OneRosterRest, OneRosterVersion};
pub use schedule::{Due, Quiet, Schedule};
pub use sql::{Sql, SqlQuery, SqlServer};

/// Where a district's rosters come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What kind of source it is, and where.
    pub kind: SourceKind,
    /// When it is looked at; `None`: only when told to.
    pub schedule: Option<Schedule>,
    /// What becomes of the files.
    pub after: After,
    /// For how long files must not have changed before a scheduled look takes them.
    pub settle: Duration,
    /// What a roster must look like to be published.
    pub guard: Guard,
    /// Whether changes alone are taken, and records kept for them; `false`: always all of it.
    pub delta: bool,
    /// How old the last whole reading of a server may grow before the next is whole again.
    pub full_every: Duration,
}

/// A kind of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder or zip of OneRoster CSV: the folder with the CSV files or the zips in it, or a zip.
    OneRosterCsv(PathBuf),
    /// Any other file of rows and columns.
    Delimited(Box<Delimited>),
    /// A OneRoster server.
    OneRosterRest(Box<OneRosterRest>),
    /// An LDAP directory.
    Ldap(Box<Ldap>),
    /// A query on a database server, read whole.
    Sql(Box<Sql>),
}

#[derive(Clone, Copy)]
enum Word {
    OneRosterCsv,
    OneRosterRest,
    Delimited,
    Ldap,
    Sql,
}

impl SourceKind {
    const WORDS: &[(&str, Word)] = &[
        ("oneroster-csv", Word::OneRosterCsv),
        ("oneroster-rest", Word::OneRosterRest),
        ("delimited", Word::Delimited),
        ("ldap", Word::Ldap),
        ("sql", Word::Sql),
    ];

    /// Which source it is, so that a delta of another is never taken for one of this; `None`: this kind knows none.
    pub fn delta_source(&self) -> Option<String> {
        match self {
            // Wherever they come in: the district's bundles are the district's.
            Self::OneRosterCsv(_) => Some("oneroster-csv".to_owned()),
            Self::OneRosterRest(rest) => Some(format!("oneroster-rest {} {}", rest.url, rest.client_id)),
            // Whichever server is asked; but who is not asked about again must not have been read by other rules.
            Self::Ldap(ldap) => {
                Some(format!("ldap {} {} {:?} {:?}", ldap.base, ldap.filter, ldap.attributes, ldap.roles))
            }
            Self::Delimited(_) | Self::Sql(_) => None,
        }
    }

    /// Where the district's files come in, where it sends any.
    pub fn inbox(&self) -> Option<&std::path::Path> {
        match self {
            Self::OneRosterCsv(path) => Some(path),
            Self::Delimited(delimited) => Some(&delimited.path),
            Self::OneRosterRest(_) | Self::Ldap(_) | Self::Sql(_) => None,
        }
    }
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

impl Source {
    /// The keys of every kind.
    pub(crate) const KEYS: &[&str] = &["kind", "every", "at", "quiet", "jitter", "after", "guard"];

    /// A server may forget to tell of somebody who left, and of a week nobody is to be forgotten for longer.
    const FULL_EVERY: Duration = Duration::from_secs(7 * 24 * 3600);

    /// A directory tells of nobody who was deleted, and is read whole in a minute.
    const LDAP_FULL_EVERY: Duration = Duration::from_secs(24 * 3600);

    /// An upload that stalls for longer looks like one that has ended.
    const SETTLE: Duration = Duration::from_secs(10);

    pub(crate) fn read(entry: &Entry<'_>) -> Option<Self> {
        // The kind decides which other keys there are.
        let kind = entry.pairs()?.into_iter().find(|(key, _)| *key == "kind").map(|(_, kind)| kind);
        let Some(kind) = kind else {
            let kinds: Vec<&str> = SourceKind::WORDS.iter().map(|(kind, _)| *kind).collect();
            entry.error("it has no kind", format!("expected kind, one of {}", kinds.join(", ")));
            return None;
        };
        let kind = kind.word(SourceKind::WORDS)?;
        let own = match kind {
            Word::OneRosterCsv => one_roster_csv::KEYS,
            Word::OneRosterRest => one_roster_rest::KEYS,
            Word::Delimited => delimited::KEYS,
            Word::Ldap => ldap::KEYS,
            Word::Sql => sql::KEYS,
        };
        let section = entry.section(&[Self::KEYS, own].concat())?;
        let of_kind = match kind {
            Word::OneRosterCsv => one_roster_csv::read(&section).map(SourceKind::OneRosterCsv),
            Word::OneRosterRest => {
                one_roster_rest::read(&section).map(|rest| SourceKind::OneRosterRest(Box::new(rest)))
            }
            Word::Delimited => delimited::read(&section).map(|delimited| SourceKind::Delimited(Box::new(delimited))),
            Word::Ldap => ldap::read(&section).map(|ldap| SourceKind::Ldap(Box::new(ldap))),
            Word::Sql => sql::read(&section).map(|sql| SourceKind::Sql(Box::new(sql))),
        };
        let settle = section.optional("settle").and_then(|entry| entry.duration("0s"..="1h")).unwrap_or(Self::SETTLE);
        let schedule = Schedule::read(&section);
        let after = section.optional("after").and_then(|entry| entry.word(After::WORDS)).unwrap_or_default();
        let keeps_files = of_kind.as_ref().is_some_and(|kind| kind.inbox().is_some());
        if after == After::Keep && keeps_files {
            let (problem, advice) =
                ("the district's files stay, with every birth date in them", "\"delete\" leaves none lying about");
            match section.optional("after") {
                Some(entry) => entry.warning(problem, advice),
                None => section.warning("after", problem, advice),
            }
        }
        let delta = section.optional("delta").and_then(|entry| entry.flag()).unwrap_or_default();
        let full_every = section.optional("full-every");
        if let (Some(entry), false) = (&full_every, delta) {
            entry.error("every sync is a full one", "expected delta = true too");
        }
        let usual = if matches!(kind, Word::Ldap) { Self::LDAP_FULL_EVERY } else { Self::FULL_EVERY };
        let full_every = full_every.and_then(|entry| entry.duration("1h"..="31d")).unwrap_or(usual);
        let guard = section.section("guard", Guard::KEYS).map_or_else(Guard::default, |section| Guard::read(&section));
        Some(Self { kind: of_kind?, schedule, after, settle, guard, delta, full_every })
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
        assert_eq!(source.kind, SourceKind::OneRosterCsv(trial.path("districts/../inbox/cms")));
        assert_eq!((source.schedule, source.after, source.guard), (None, After::Delete, Guard::default()));
        assert_eq!(source.settle, Duration::from_secs(10));
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
    fn a_source_says_of_what_kind_it_is() {
        const KINDS: &str = "oneroster-csv, oneroster-rest, delimited, ldap, sql";
        assert_eq!(
            with("kind = \"ldpa\"\n").errors(),
            [format!("districts/cms.toml:9:8 source.kind: unknown word, did you mean ldap?; expected one of {KINDS}")]
        );
        assert_eq!(
            with("path = \"x\"\n").errors(),
            [format!("districts/cms.toml:8:1 source: it has no kind; expected kind, one of {KINDS}")]
        );
    }
}
