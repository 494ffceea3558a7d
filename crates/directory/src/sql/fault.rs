//! Why a database was not read, and who can mend it.
//!
//! What a server says in words is not repeated: it may quote the rows of the district. Of the query, which stands in the
//! configuration, a place and a name in it are shown.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use patron::Actor;

/// Why a database was not read: which one, and what is wrong.
#[derive(Debug)]
pub struct Fault {
    place: String,
    trouble: Trouble,
}

/// What is wrong; each message ends with the mend.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Trouble {
    #[error("{}: {what}; name PEM files that the service's user can read", path.display())]
    Pem { path: PathBuf, what: String },
    #[error("our own system does not let us ask: {0}; look at its limits")]
    Runtime(io::Error),
    #[error("cannot connect: {0}; is the server up, the address right, the firewall open?")]
    Connect(io::Error),
    #[error("no answer within {} s; is the server well, and is timeout long enough for the query?", .0.as_secs_f64())]
    Silent(Duration),
    #[error("its certificate is not accepted: {0}; the district must renew it, or ca-file name who signed it")]
    Certificate(String),
    #[error("no TLS with it: {0}; look at client-certificate-file and what the server demands")]
    Tls(String),
    #[error("it does no TLS; the district must switch it on (tls = false is for this very machine only)")]
    NoTls,
    #[error("it does not accept user with this password; put the right one into password-file")]
    Credentials,
    #[error("it does not let user in from here, or not in this way (error {0}); the district must allow it")]
    NotAdmitted(String),
    #[error("it wants the password in a way that is only safe with TLS; set tls = true")]
    Exposed,
    #[error("there is no such database; check the end of server with the district")]
    NoDatabase,
    #[error("it takes no connection now (error {0}); the next sync tries again")]
    Busy(String),
    #[error("query names something that is not there{0}; check it with the district")]
    Unknown(Spot),
    #[error("query is not written as this database reads it{0}; write one SELECT")]
    Syntax(Spot),
    #[error("query holds more than one statement{0}; leave the one SELECT that reads people")]
    SeveralStatements(Spot),
    #[error("query writes{0}, and a roster is only read; write one SELECT")]
    Writes(Spot),
    #[error("query reads what user may not read{0}; the district must grant it, and no more")]
    Denied(Spot),
    #[error("the database refuses query (error {code}){spot}; look that up with the district")]
    Query { code: String, spot: Spot },
    #[error("query gives no column `{name}`{}; write `... AS {name}` in it", nearest.as_ref().map(|name| format!(", the nearest is `{name}`")).unwrap_or_default())]
    NoColumn { name: String, nearest: Option<String> },
    #[error("query gives the column `{0}` twice; leave one")]
    TwoColumns(String),
    #[error("column `{name}` is of the type {kind}, and {expected}; convert it in query with CAST")]
    Kind { name: String, kind: String, expected: &'static str },
    #[error("query fails on what stands in some row (error {0}); have the view mended, or the conversion in query")]
    Data(String),
    #[error("it stops the query at its time limit; have the view made faster, or set a longer timeout")]
    TimeLimit,
    #[error("it was changed while it was read (error {0}); the next sync tries again")]
    Changed(String),
    #[error("it refuses to go on (error {0}); look that up with the district")]
    Result(String),
    #[error("the connection broke off in the middle; the next sync tries again")]
    Cut,
    #[error("what it sends is not what such a server sends; are scheme and port right?")]
    Foreign,
    #[error("it comes to no end; look at query")]
    Endless,
}

/// A place in the query, where the server says one: text of the configuration, never of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Line of the query, from 1.
    pub line: Option<usize>,
    /// What stands there.
    pub word: Option<String>,
}

impl Fault {
    pub(super) fn of(place: impl Into<String>, trouble: Trouble) -> Self {
        Self { place: place.into(), trouble }
    }

    /// Who can mend it.
    pub fn actor(&self) -> Actor {
        match self.trouble {
            Trouble::Certificate(_) | Trouble::NoTls | Trouble::NotAdmitted(_) => Actor::District,
            Trouble::Denied(_) | Trouble::Data(_) => Actor::District,
            _ => Actor::Sysadmin,
        }
    }

    /// What is wrong.
    #[cfg(test)]
    pub(super) fn trouble(&self) -> &Trouble {
        &self.trouble
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.trouble)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, " at line {line}")?;
        }
        match &self.word {
            Some(word) => write!(f, ", at `{word}`"),
            None => Ok(()),
        }
    }
}
