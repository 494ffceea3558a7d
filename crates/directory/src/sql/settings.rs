//! Where and how to ask.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use patron::{DateShape, Role};

use crate::Secret;
use crate::delimited::EnabledWords;

/// A source of kind `sql`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server and its database.
    pub server: Server,
    /// Who asks.
    pub user: String,
    /// The user's password; `None`: the client certificate says who asks.
    pub password: Option<Secret>,
    /// Whether the connection is protected; not only towards a server on this very machine.
    pub tls: bool,
    /// Certificates of authorities to trust beside the public ones, in PEM; `None`: those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// What is shown to the server: the chain, and the file with its key, both in PEM.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// One statement that reads, without a semicolon at its end.
    pub query: String,
    /// How long logging in, and each batch of rows, may take.
    pub timeout: Duration,
    /// How dates in columns of text are written.
    pub dates: Vec<DateShape>,
    /// The district's words for roles, before our own; `None` is for people who are never stored.
    pub roles: Vec<(String, Option<Role>)>,
    /// The district's words for enabled and disabled; `None`: the usual ones.
    pub enabled: Option<EnabledWords>,
}

/// A database on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Whose protocol it speaks.
    pub engine: Engine,
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database.
    pub database: String,
}

/// Whose protocol a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL, and what speaks as it does.
    PostgreSql,
    /// MySQL and MariaDB.
    MySql,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, host, port, database } = self;
        let scheme = match engine {
            Engine::PostgreSql => "postgresql",
            Engine::MySql => "mysql",
        };
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}/{database}"),
            false => write!(f, "{scheme}://{host}:{port}/{database}"),
        }
    }
}
