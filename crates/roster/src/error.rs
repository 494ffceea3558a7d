//! What can go wrong with what we keep, by who must act.

use std::io;
use std::path::{Path, PathBuf};

/// An error of the roster. None carries a card number, a name or a PIN.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The key file is missing, unreadable, too open or malformed: the sysadmin must act.
    #[error("key file {path} {problem}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The data folder cannot be used: the sysadmin must act.
    #[error("data folder {path} {problem}")]
    DataFolder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Another process holds a lock.
    #[error("{what} is in use by another hallpass process; wait for it or stop it")]
    Locked {
        /// What is locked.
        what: String,
    },
    /// A generation was made under a key that is not in the key file.
    #[error(
        "the roster of {district} was made under key {key}, which is not in the key file; put that key back, or sync {district} again"
    )]
    MissingKey {
        /// The district's id.
        district: String,
        /// The key's id.
        key: String,
    },
    /// A row, a header or a file is not what was written.
    #[error("the roster of {district} is damaged ({what}); sync {district} again")]
    Damaged {
        /// The district's id.
        district: String,
        /// Which part.
        what: &'static str,
    },
    /// Rows came in a wrong order, or two with the same index: a fault of ours.
    #[error("rows out of order while writing a generation")]
    OutOfOrder,
    /// The operating system's random source or crypto failed.
    #[error("the crypto library failed: {0}")]
    Crypto(&'static str),
    /// The disk.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// LMDB.
    #[error("database {path}: {source}")]
    Database {
        /// The environment's folder.
        path: PathBuf,
        /// What LMDB said.
        source: heed::Error,
    },
}

impl RosterError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn database(path: &Path) -> impl FnOnce(heed::Error) -> Self {
        move |source| Self::Database { path: path.to_owned(), source }
    }
}
