//! What the columns and words of a district's file mean.

use patron::{DateShape, IdSource, Role};

use super::charset::Charset;
use crate::standing::Standing;
use crate::{Refusal, Wanted};

/// How to read a district's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What stands between two cells; `None`: the header shows it.
    pub delimiter: Option<u8>,
    /// How letters are written.
    pub charset: Charset,
    /// How dates are written. A date that two of them read differently is none.
    pub dates: Vec<DateShape>,
    /// Which column is what.
    pub columns: Columns,
    /// The district's words for roles, before our own; `None` is for people who are never stored.
    pub roles: Vec<(String, Option<Role>)>,
    /// The district's words for enabled and disabled; `None`: the usual ones.
    pub enabled: Option<EnabledWords>,
}

/// The names of columns, as the header has them. What is not named is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// What card rules call `identifier`.
    pub id: Option<String>,
    /// What card rules call `source-id`.
    pub source_id: Option<String>,
    /// What card rules call `username`.
    pub username: Option<String>,
    /// Without it everybody is a student.
    pub role: Option<String>,
    /// Without it everybody is enabled.
    pub enabled: Option<String>,
    /// The grade, or a list of them.
    pub grade: Option<String>,
    /// The school's code.
    pub school: Option<String>,
    /// The school's name.
    pub school_name: Option<String>,
    /// The birth date.
    pub birth_date: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// What PIN rules call the column `pin`.
    pub pin: Option<String>,
}

/// Words for enabled and disabled, in any letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnabledWords {
    /// Enabled.
    pub yes: Vec<String>,
    /// Disabled.
    pub no: Vec<String>,
}

impl Mapping {
    /// The column of an ID.
    pub(super) fn id<'a>(&'a self, source: &'a IdSource) -> Result<&'a str, Refusal> {
        let missing = "no column is named, and a card rule reads it; name the one in the file's header";
        let (key, column) = match source {
            IdSource::Identifier => ("id", &self.columns.id),
            IdSource::SourceId => ("source-id", &self.columns.source_id),
            IdSource::Username => ("username", &self.columns.username),
            IdSource::Email => ("email", &self.columns.email),
            IdSource::Column(name) => return Ok(name),
            IdSource::UserId(_) => {
                let problem = "a delimited file has no user ids by type; write `column:NAME` with the header's name";
                return Err(Refusal::Configuration { key: source.name(), problem });
            }
        };
        column
            .as_deref()
            .ok_or_else(|| Refusal::Configuration { key: format!("source.columns.{key}"), problem: missing })
    }

    /// The column of birth dates.
    pub(super) fn birth_date(&self) -> Result<&str, Refusal> {
        let problem = "no column is named, and a PIN rule needs birth dates; name the one in the file's header";
        let missing = || Refusal::Configuration { key: "source.columns.birth-date".to_owned(), problem };
        self.columns.birth_date.as_deref().ok_or_else(missing)
    }

    /// Keys of columns that are wanted and not named, though nobody needs them to let a child in.
    pub(crate) fn unnamed(&self, wanted: &Wanted) -> impl Iterator<Item = &'static str> {
        let columns = &self.columns;
        let unnamed = [
            (wanted.name && columns.given_name.is_none(), "given-name"),
            (wanted.name && columns.family_name.is_none(), "family-name"),
            (wanted.email && columns.email.is_none(), "email"),
        ];
        unnamed.into_iter().filter(|(unnamed, _)| *unnamed).map(|(_, key)| key)
    }

    /// The column of PINs that a PIN rule calls so.
    pub(super) fn pin<'a>(&'a self, name: &'a str) -> &'a str {
        self.columns.pin.as_deref().filter(|_| name == "pin").unwrap_or(name)
    }

    /// What the district means by a role.
    pub(super) fn role(&self, word: &str) -> Standing {
        match self.roles.iter().find(|(theirs, _)| same(theirs, word)) {
            Some((_, Some(role))) => Standing::Holds(*role),
            Some((_, None)) => Standing::NeverStored,
            None => match Role::parse(&word.to_ascii_lowercase()) {
                Some(role) => Standing::Holds(role),
                None => Standing::parse(word.as_bytes()),
            },
        }
    }

    /// Whether a word means enabled; `None`: neither.
    pub(super) fn is_enabled(&self, word: &str) -> Option<bool> {
        const YES: [&str; 4] = ["true", "1", "yes", "active"];
        const NO: [&str; 4] = ["false", "0", "no", "inactive"];
        let (yes, no) = match &self.enabled {
            Some(words) => (among(&words.yes, word), among(&words.no, word)),
            None => (among(&YES, word), among(&NO, word)),
        };
        (yes || no).then_some(yes)
    }

    /// What [`Mapping::is_enabled`] reads.
    pub(super) fn enabled_words(&self) -> &'static str {
        if self.enabled.is_some() { "a word of [source.enabled]" } else { "true or false" }
    }
}

fn among(words: &[impl AsRef<str>], word: &str) -> bool {
    words.iter().any(|theirs| same(theirs.as_ref(), word))
}

/// Whether two words are the same in any letter case, also in letters beyond ASCII.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || !one.is_ascii() && one.to_lowercase() == other.to_lowercase()
}
