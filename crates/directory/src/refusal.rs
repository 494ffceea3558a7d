//! Why a source was not taken, and who can mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use patron::Actor;

use crate::ldap;
use crate::one_roster_rest::ServerFault;
use crate::sql;

/// Why a source was not taken. The last good roster goes on serving.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The source is not what it should be: the district must send another.
    #[error(transparent)]
    BadData(#[from] BadData),
    /// A directory server was not read.
    #[error(transparent)]
    Ldap(#[from] ldap::Fault),
    /// A database was not read.
    #[error(transparent)]
    Sql(#[from] sql::Fault),
    /// The source could not be read or cleared away: the sysadmin must look.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The district's configuration does not say where to find what its rules need: the sysadmin must add it.
    #[error("{key}: {problem}")]
    Configuration {
        /// The key that is missing or wrong.
        key: String,
        /// What is wrong, and how to mend it.
        problem: &'static str,
    },
    /// A server did not answer as it should.
    #[error(transparent)]
    Server(#[from] ServerFault),
    /// The source was replaced while it was being read: the next attempt reads the new one.
    #[error("{}: replaced while it was being read; the next sync takes the new one", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
}

impl Refusal {
    /// Who can mend it.
    pub fn actor(&self) -> Actor {
        match self {
            Self::BadData(_) => Actor::District,
            Self::Server(fault) => fault.actor(),
            Self::Ldap(fault) => fault.actor(),
            Self::Sql(fault) => fault.actor(),
            Self::Unreadable { .. } | Self::Configuration { .. } | Self::Replaced { .. } => Actor::Sysadmin,
        }
    }

    /// Whether it is the configuration that has to be mended.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::Configuration { .. })
    }

    /// Changes that cannot be applied to anything.
    pub fn needs_bulk(why: &'static str) -> Self {
        BadData::file("manifest.csv", Fault::NeedsBulk { why }).into()
    }

    /// More changes than `most`.
    pub fn too_many_changes(most: usize) -> Self {
        BadData::file("manifest.csv", Fault::TooManyChanges { most }).into()
    }

    /// Names the path that the system would not give.
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Unreadable { path, error }
    }
}

/// What is wrong with the data, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadData {
    /// The file.
    pub file: String,
    /// The line of the file on which the row begins, where a row is to blame.
    pub row: Option<u64>,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

impl BadData {
    pub(crate) fn file(file: impl Into<String>, fault: Fault) -> Self {
        Self { file: file.into(), row: None, column: None, fault }
    }

    pub(crate) fn row(file: impl Into<String>, row: u64, fault: Fault) -> Self {
        Self { row: Some(row), ..Self::file(file, fault) }
    }

    pub(crate) fn column(file: impl Into<String>, column: impl Into<String>, fault: Fault) -> Self {
        Self { column: Some(column.into()), ..Self::file(file, fault) }
    }
}

impl fmt::Display for BadData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.fault)
    }
}

/// What can be wrong with the data; each message ends with the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A needed file is not there.
    #[error("the file is missing; export it with the others")]
    Missing,
    /// The manifest says that a needed file is there.
    #[error("manifest.csv promises the file and it is missing; export again")]
    Promised,
    /// The manifest says that a needed file holds changes only.
    #[error("manifest.csv calls the file a delta; set delta = true in [source], or export in bulk, all files alike")]
    Delta,
    /// A delta, and nothing to apply it to.
    #[error("a delta, and {why}; the next bulk is needed: ask the district for a bulk export")]
    NeedsBulk {
        /// Why it can't be applied.
        why: &'static str,
    },
    /// A delta of more than is held in memory.
    #[error("a delta of more than {most} changes; export in bulk")]
    TooManyChanges {
        /// The limit.
        most: usize,
    },
    /// `oneroster.version` is neither 1.1 nor 1.2.
    #[error("`oneroster.version` is none that is read; export OneRoster 1.1 or 1.2")]
    Version,
    /// The manifest's version and the files cannot both be true.
    #[error("manifest.csv says OneRoster {said}, but {found}; export again in one version")]
    Contradiction {
        /// The manifest's version.
        said: &'static str,
        /// What the files look like.
        found: &'static str,
    },
    /// A needed column is not in the header.
    #[error("there is no such column{}; its name must be written just so", nearest.as_ref().map(|name| format!(", the nearest is `{name}`")).unwrap_or_default())]
    NoColumn {
        /// The name in the header that looks most like it, where one does.
        nearest: Option<String>,
    },
    /// A needed column is in the header twice.
    #[error("the column is there twice; remove one")]
    TwoColumns,
    /// The file has no byte.
    #[error("the file is empty; export again")]
    Empty,
    /// The file has a header and nothing else. OneRoster does not permit it, and no export of a district has nobody in it.
    #[error("a header without rows; export again")]
    HeaderOnly,
    /// The header stands in the file once more.
    #[error("the header stands here again, as if two files were put together; export again")]
    HeaderAgain,
    /// The header does not show what stands between its columns.
    #[error("the header does not tell what divides its columns; set `delimiter` in [source]")]
    Delimiter,
    /// The file holds NUL bytes: UTF-16, a spreadsheet, an archive.
    #[error("not a text file; save it as CSV in UTF-8")]
    Binary,
    /// The file ends inside a quoted cell, or in a short row without its newline.
    #[error("the file ends in the middle of this row; transfer it again")]
    Truncated,
    /// A row is longer than any row can be: most often a quote that is never closed.
    #[error("the row is over 1 MiB long; look for a quote that is not closed")]
    RowTooLong,
    /// More schools than a roster can hold.
    #[error("more than 65,535 schools; look at the columns of organisations")]
    Schools,
    /// A needed file stands in a folder of the archive, or climbs out of it.
    #[error("the file is not at the root of the archive; zip the files themselves, not their folder")]
    Path,
    /// A needed file is a symbolic link.
    #[error("a symbolic link; send the file itself")]
    SymbolicLink,
    /// A needed file is there twice, perhaps in different letter case.
    #[error("the file is there twice; remove one")]
    Twice,
    /// The archive is encrypted.
    #[error("the archive is encrypted; send it without a password")]
    Encrypted,
    /// The archive is none, or packed by a method that OneRoster does not permit.
    #[error("not a zip archive that can be read; zip the files again with the usual method (DEFLATE)")]
    Archive,
    /// The archive's contents do not match its checksums.
    #[error("the archive is damaged; transfer it again")]
    Damaged,
    /// The archive unpacks to more than the limit.
    #[error("the archive unpacks to more than {} GiB; send only the files that are needed", limit >> 30)]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A directory server knows nobody.
    #[error("no entry below base matches filter, or bind-dn may read none; check all three with the district")]
    NoEntries,
    /// A query has no row.
    #[error("the query gives no row, or user may see none; check both with the district")]
    NoRows,
    /// The archive unpacks to very many times its size, as no roster does.
    #[error("the archive unpacks to more than {limit} times its size, as no roster does; zip the files again")]
    Ratio {
        /// The limit.
        limit: u64,
    },
    /// A server's page ends inside its JSON.
    #[error("the page breaks off; look at the server, or lower page")]
    BrokenOff,
    /// A server's page is something else.
    #[error("the page is no JSON as OneRoster has it; check url")]
    NotJson,
    /// A server's page does not hold the collection.
    #[error("there is no list `{name}` in the page; check url and version")]
    NoList {
        /// The collection.
        name: &'static str,
    },
    /// A server sends a page that begins like an earlier one.
    #[error(
        "the page begins like an earlier one, so that rows are missing; the server must follow `offset` and `sort`"
    )]
    RepeatedPage,
    /// A server ends before the total it named.
    #[error(
        "the server names a total of {said} and sent {received}, so that rows may be missing; sync again, or have the server mended"
    )]
    Total {
        /// `X-Total-Count`, the most it said.
        said: u64,
        /// The rows received.
        received: u64,
    },
    /// A server has nothing in a collection that is needed.
    #[error("the list is empty; the district must grant what is in it")]
    EmptyList,
    /// Nobody has a field that is needed.
    #[error("nobody has this field; its name must be written just so, and the district must release it")]
    NoField,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_where_and_how_to_mend_it() {
        let fault = Fault::NoColumn { nearest: Some("enabledUsr".into()) };
        let refusal = Refusal::from(BadData::column("users.csv", "enabledUser", fault));
        assert_eq!(
            refusal.to_string(),
            "users.csv, column `enabledUser`: there is no such column, the nearest is `enabledUsr`; \
             its name must be written just so"
        );
        assert_eq!(refusal.actor(), Actor::District);
    }

    #[test]
    fn what_the_system_says_is_the_sysadmins() {
        let refusal = Refusal::unreadable(Path::new("/inbox"))(io::ErrorKind::PermissionDenied.into());
        assert_eq!(refusal.to_string(), "/inbox: permission denied");
        assert_eq!(refusal.actor(), Actor::Sysadmin);
    }
}
