//! What reading a source came to.

use std::fmt;

use crate::Person;

/// The counts, schools and warnings of one reading.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Rows of people, apart from blank ones.
    pub rows: u64,
    /// People handed on.
    pub delivered: u64,
    /// Rows that could not be decoded, of people and of what belongs to them (roles, birth dates).
    pub undecodable: Undecodable,
    /// Rows of people with nothing where an ID should be.
    pub without_id: u64,
    /// Rows of parents, guardians and relatives: never handed on.
    pub never_stored: u64,
    /// Rows of people none of whose roles is known.
    pub unknown_role: u64,
    /// Rows that the source itself takes back: `tobedeleted`, `inactive`, or with no role that is active today.
    pub withdrawn: u64,
    /// People handed on without a birth date, where one was wanted.
    pub without_birth_date: u64,
    /// The schools: [`patron::SchoolIndex`] counts them from 0.
    pub schools: Vec<School>,
    /// Organisations that are no schools, by the source's own keys, where records are wanted.
    pub others: Vec<String>,
    /// The latest time of a change that the source named, in milliseconds since 1970; 0: it names none.
    pub newest: i64,
    /// The list of roles was whole: who is not in it has none.
    pub roles_whole: bool,
    /// What was odd and did not matter enough to refuse, each once with its count.
    pub warnings: Vec<Warning>,
}

/// What one row, or one entry, comes to.
pub(crate) enum Outcome {
    Person(Person),
    /// Somebody whose role has not begun, where records are kept.
    Waiting(Person),
    WithoutId,
    NeverStored,
    UnknownRole,
    Withdrawn,
}

impl Reading {
    /// Counts what came of a row, and hands on who came of it.
    pub(crate) fn count(&mut self, outcome: Outcome, births_wanted: bool, sink: &mut dyn FnMut(Person)) {
        match outcome {
            Outcome::Person(person) => {
                self.delivered += 1;
                self.without_birth_date += u64::from(births_wanted && person.birth_date.is_none());
                sink(person);
            }
            Outcome::Waiting(person) => {
                self.withdrawn += 1;
                sink(person);
            }
            Outcome::WithoutId => self.without_id += 1,
            Outcome::NeverStored => self.never_stored += 1,
            Outcome::UnknownRole => self.unknown_role += 1,
            Outcome::Withdrawn => self.withdrawn += 1,
        }
    }
}

/// A school of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct School {
    /// The source's own key (OneRoster `sourcedId`).
    pub source_id: String,
    /// The name; empty where the source only refers to the school.
    pub name: String,
    /// The public identifier, such as an NCES number.
    pub identifier: Option<String>,
}

/// Rows that could not be decoded: the publish guard decides how many are too many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undecodable {
    /// How many.
    pub count: u64,
    /// Where the first few are, for the district's data person.
    pub first: Vec<Place>,
}

/// A cell that could not be decoded. What stands in it is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line of the file on which the row begins.
    pub row: u64,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What should stand there.
    pub expected: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, row {}", self.file, self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": expected {}", self.expected)
    }
}

/// Something odd that did not keep the source from being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: String,
    /// What is odd.
    pub oddity: Oddity,
    /// The line of the first row it was met in, where it is about rows.
    pub first_row: Option<u64>,
    /// How often it was met.
    pub count: u64,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.oddity)?;
        match self.first_row {
            Some(row) if self.count > 1 => write!(f, " ({} times, first in row {row})", self.count),
            Some(row) => write!(f, " (row {row})"),
            None => Ok(()),
        }
    }
}

/// What can be odd about a source. Columns are named as they should be written, never as they are: a file without
/// a header begins with a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// No manifest.csv: the files are taken by their names and columns, as OneRoster 1.0 did.
    NoManifest,
    /// manifest.csv says something else about the file than the file itself; the data wins.
    ManifestDiffers,
    /// manifest.csv does not name a version; the columns decide.
    NoVersion,
    /// The file's name is written in another letter case.
    NameCase,
    /// The column's name is written in another letter case, or with blanks around it.
    ColumnCase(String),
    /// The column goes by the name of an earlier draft; this is today's.
    OldColumn(String),
    /// The column is missing; it may be, but then nothing is known of it.
    NoColumn(String),
    /// The file and another one both say who has which role; this one is not used.
    RolesTwice,
    /// The file has a header and no rows, and is not needed.
    HeaderOnly,
    /// Rows with fewer cells than the header that hold what is needed.
    ShortRow,
    /// Rows with more cells than the header, all of them empty.
    LongRow,
    /// Rows without any content.
    BlankRow,
    /// Rows with `status` filled as if in a delta: `tobedeleted` and `inactive` ones are left out.
    Withdrawn,
    /// Grades that are not of the CEDS vocabulary, taken as none.
    UnknownGrade,
    /// Roles that are not of OneRoster's vocabulary: such people are left out.
    UnknownRole,
    /// Roles that neither `[source.roles]` nor our vocabulary knows: such people are left out.
    UnmappedRole,
    /// Schools that are not among the orgs, kept without a name.
    UnknownSchool,
    /// `beginDate` or `endDate` that is not `YYYY-MM-DD`: the role counts as active.
    RoleDate,
    /// Birth dates that are not `YYYY-MM-DD`, or of no living person: such people count as without one.
    BirthDate,
    /// Birth dates of no shape that `date-format` lists, or of no living person: such people count as without one.
    BirthDateShape,
    /// People with several rows and different birth dates: they count as without one.
    BirthDates,
    /// A server's list of something that is not needed is empty.
    EmptyList,
    /// A server's `X-Total-Count` is below what it sends.
    Total,
    /// A server refuses to send some fields only.
    NoSelection,
    /// Entries with several values in an attribute that is asked for one.
    SeveralValues(String),
    /// Values that are not UTF-8 in an attribute that is not needed.
    NotText(String),
    /// No entry has the attribute at all.
    NoAttribute(String),
    /// A database holds IDs or PINs as numbers.
    NumberId(String),
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ColumnCase(name) => {
                return write!(f, "column `{name}` is written in another letter case or with blanks");
            }
            Self::OldColumn(name) => return write!(f, "column `{name}` goes by the name of an earlier draft"),
            Self::NoColumn(name) => return write!(f, "there is no column `{name}`"),
            Self::SeveralValues(name) => return write!(f, "attribute `{name}` has several values; the first counts"),
            Self::NotText(name) => return write!(f, "attribute `{name}` is not text in UTF-8; taken as none"),
            Self::NoAttribute(name) => {
                return write!(f, "no entry has the attribute `{name}`, or bind-dn may not read it");
            }
            Self::NumberId(name) => {
                return write!(
                    f,
                    "column `{name}` holds numbers, so that leading zeros cannot be there; if cards or PINs have any, \
                     have them padded in query, as text"
                );
            }
            Self::NoManifest => "missing; the files are taken by their names and columns",
            Self::ManifestDiffers => "manifest.csv says something else about this file; the data wins",
            Self::NoVersion => "`oneroster.version` is missing; the columns decide",
            Self::NameCase => "the file's name is written in another letter case",
            Self::RolesTwice => "both users.csv and roles.csv name roles; the ones here are not used",
            Self::HeaderOnly => "a header without rows, as if the file were missing",
            Self::ShortRow => "fewer cells than the header",
            Self::LongRow => "more cells than the header, all empty",
            Self::BlankRow => "blank row",
            Self::Withdrawn => "`status` is filled in a bulk file; rows that are not active are left out",
            Self::UnknownGrade => "a grade that is not of the CEDS vocabulary; taken as none",
            Self::UnknownRole => "a role that is not of OneRoster's vocabulary; the person is left out",
            Self::UnmappedRole => "a role that [source.roles] does not name; the person is left out",
            Self::UnknownSchool => "a school that is not among the orgs",
            Self::RoleDate => "a date that is not YYYY-MM-DD; the role counts as active",
            Self::BirthDate => "a birth date that is not YYYY-MM-DD or cannot be; the person counts as without one",
            Self::BirthDateShape => {
                "a birth date of no shape in `date-format`, or that cannot be; the person counts as without one"
            }
            Self::BirthDates => "one person with different birth dates; they count as without one",
            Self::EmptyList => "the list is empty",
            Self::Total => "the total that the server names is below what it sends; not believed",
            Self::NoSelection => "the server does not let us choose fields; all of them are sent",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_where_and_how_often() {
        let warning = Warning { file: "users.csv".into(), oddity: Oddity::ShortRow, first_row: Some(7), count: 3 };
        assert_eq!(warning.to_string(), "users.csv: fewer cells than the header (3 times, first in row 7)");
    }

    #[test]
    fn a_place_says_what_was_expected() {
        let column = Some("enabledUser".into());
        let place = Place { file: "users.csv".into(), row: 2, column, expected: "true or false" };
        assert_eq!(place.to_string(), "users.csv, row 2, column `enabledUser`: expected true or false");
    }
}
