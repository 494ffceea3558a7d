//! The configuration of a query, as its connector takes it.

use std::fs::File;
use std::io::{self, Read as _};

use directory::delimited::EnabledWords;
use directory::sql::{Engine, Pull, Server, Settings};
use directory::{Directory, Refusal};
use site::{Sql, SqlQuery};

use super::secret;

/// Prepares a pull.
pub(super) fn open(sql: &Sql) -> Result<Box<dyn Directory>, Refusal> {
    let server = &sql.server;
    let settings = Settings {
        server: Server {
            engine: if server.is_my_sql { Engine::MySql } else { Engine::PostgreSql },
            host: server.host.clone(),
            port: server.port,
            database: server.database.clone(),
        },
        user: sql.user.clone(),
        password: sql.password_file.as_deref().map(secret).transpose()?,
        tls: sql.tls,
        ca_file: sql.ca_file.clone(),
        client_certificate: sql.client_certificate.clone(),
        query: query(&sql.query)?,
        timeout: sql.timeout,
        dates: sql.date_format.clone(),
        roles: sql.roles.clone(),
        enabled: sql.enabled.clone().map(|words| EnabledWords { yes: words.yes, no: words.no }),
    };
    Ok(Box::new(Pull::new(settings)))
}

/// The query as it is now: a file that was replaced counts from the next sync on.
fn query(query: &SqlQuery) -> Result<String, Refusal> {
    let path = match query {
        SqlQuery::Text(query) => return Ok(query.clone()),
        SqlQuery::File(path) => path,
    };
    let read = || {
        let mut text = String::new();
        File::open(path)?.take(SqlQuery::LONGEST as u64 + 1024).read_to_string(&mut text)?;
        SqlQuery::parse(&text).map_err(io::Error::other)
    };
    read().map_err(|error| Refusal::Unreadable { path: path.clone(), error })
}
