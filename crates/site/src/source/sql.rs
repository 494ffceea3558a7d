//! `kind = "sql"`: a query whose columns are named as what they are.

use std::path::PathBuf;
use std::time::Duration;

use patron::{DateShape, Role};

use super::delimited::{self, EnabledWords};
use crate::entry::Entry;
use crate::section::Section;

pub(crate) const KEYS: &[&str] = &[
    "server",
    "user",
    "password-file",
    "tls",
    "ca-file",
    "client-certificate-file",
    "client-key-file",
    "query",
    "query-file",
    "timeout",
    "date-format",
    "roles",
    "enabled",
];

/// A query on a database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    /// The server and its database.
    pub server: SqlServer,
    /// Who asks.
    pub user: String,
    /// The file with the user's password; `None`: the client certificate says who asks.
    pub password_file: Option<PathBuf>,
    /// Whether the connection is protected.
    pub tls: bool,
    /// Authorities to trust beside the public ones; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// What is shown to the server: the chain, and the file with its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// What to ask.
    pub query: SqlQuery,
    /// How long logging in, and each batch of rows, may take.
    pub timeout: Duration,
    /// How dates in columns of text are written.
    pub date_format: Vec<DateShape>,
    /// The district's words for roles; `None` is for people who are never stored.
    pub roles: Vec<(String, Option<Role>)>,
    /// The district's words for enabled and disabled; `None`: the usual ones.
    pub enabled: Option<EnabledWords>,
}

/// Where the query stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlQuery {
    /// In the district's file.
    Text(String),
    /// In a file of its own, read at each sync.
    File(PathBuf),
}

/// A database on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlServer {
    /// Whether it is MySQL or MariaDB; else it is PostgreSQL.
    pub is_my_sql: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database.
    pub database: String,
}

impl SqlQuery {
    /// The longest query, in bytes.
    pub const LONGEST: usize = 64 << 10;

    /// Reads a query: one statement that reads, of any number of lines, perhaps with a semicolon at its end. Whether it
    /// reads nothing but people, the database sees to.
    pub fn parse(text: &str) -> Result<String, &'static str> {
        let query = text.trim();
        let query = query.strip_suffix(';').unwrap_or(query).trim_end();
        if query.len() > Self::LONGEST {
            return Err("it is longer than 64 KiB");
        }
        if query.chars().any(|letter| letter.is_control() && !"\n\r\t".contains(letter)) {
            return Err("it holds control characters");
        }
        let first: String = query.chars().take_while(char::is_ascii_alphabetic).collect();
        let comments = query.starts_with("--") || query.starts_with("/*") || query.starts_with('(');
        match first.to_ascii_lowercase().as_str() {
            "select" | "with" | "table" | "values" => Ok(query.to_owned()),
            _ if comments => Ok(query.to_owned()),
            _ => Err("it is no query that reads: it begins with neither SELECT nor WITH"),
        }
    }
}

pub(crate) fn read(section: &Section<'_>) -> Option<Sql> {
    let server = section.required("server", "the database, such as \"postgresql://db.example.org/sis\"");
    let server = server.and_then(|entry| {
        let expected = "postgresql://HOST/DATABASE or mysql://HOST/DATABASE, perhaps with :PORT, and nothing more";
        entry.parsed(expected, parse_server)
    });
    let user = section.required("user", "the account that reads").and_then(|entry| entry.text().map(str::to_owned));
    let [shown, its_key] = ["client-certificate-file", "client-key-file"];
    let shown = super::ldap::pair(section, shown, its_key, Entry::path, Entry::secret_file);
    if section.optional("password-file").or_else(|| section.optional("client-certificate-file")).is_none() {
        section.error("password-file", "nothing says that it is us", "expected password-file, or a client certificate");
        return None;
    }
    let tls = section.optional("tls");
    let is_protected = tls.as_ref().map_or(Some(true), |entry| entry.flag())?;
    if let (Some(entry), Some(server), false) = (&tls, &server, is_protected)
        && !super::ldap::is_this_machine(&server.host)
    {
        entry
            .error("everybody's data would cross the network in the clear", "expected true; false is for this machine");
        return None;
    }
    let query = match (section.optional("query"), section.optional("query-file")) {
        (Some(entry), None) => {
            let expected = "one SELECT whose columns are named id, birth_date and so on";
            entry.parsed_lines(expected, SqlQuery::parse).map(SqlQuery::Text)
        }
        (None, Some(entry)) => entry.path().map(SqlQuery::File),
        (Some(_), Some(entry)) => {
            entry.error("there is a query too", "expected one of query and query-file");
            None
        }
        (None, None) => {
            section.error("query", "missing", "expected query, or query-file with its file");
            None
        }
    };
    Some(Sql {
        server: server?,
        user: user?,
        password_file: section.optional("password-file").and_then(|entry| entry.secret_file()),
        tls: is_protected,
        ca_file: section.optional("ca-file").and_then(|entry| entry.path()),
        client_certificate: shown,
        query: query?,
        timeout: match section.optional("timeout") {
            Some(entry) => entry.duration("1s"..="10m")?,
            None => Duration::from_secs(30),
        },
        date_format: delimited::date_format(section)?,
        roles: section.optional("roles").map(|entry| delimited::roles(&entry)).unwrap_or_default(),
        enabled: delimited::enabled(section),
    })
}

fn parse_server(url: &str) -> Result<SqlServer, &'static str> {
    const NONE: &str = "not the address of a database";
    let (scheme, rest) = url.split_once("://").ok_or(NONE)?;
    let (is_my_sql, usual) = match scheme {
        "postgresql" | "postgres" => (false, 5432),
        "mysql" | "mariadb" => (true, 3306),
        _ => return Err("only PostgreSQL, MySQL and MariaDB are read"),
    };
    if rest.contains('@') {
        return Err("it holds a login; that belongs into user and password-file");
    }
    let (authority, database) = rest.split_once('/').ok_or("no database is named")?;
    let is_name = |letter: char| letter.is_alphanumeric() || "_-$.".contains(letter);
    if database.is_empty() || !database.chars().all(is_name) {
        return Err("no database can be called so");
    }
    let (host, port) = super::ldap::host_and_port(authority).ok_or(NONE)?;
    let port = port.map_or(Ok(usual), str::parse).ok().filter(|port| *port > 0).ok_or("its port is none")?;
    Ok(SqlServer { is_my_sql, host: host.to_owned(), port, database: database.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceKind;
    use crate::trial::Trial;

    const LEAST: &str = "kind = \"sql\"\nserver = \"postgresql://db.example.org/sis\"\nuser = \"hallpass\"\n\
                         password-file = \"secret\"\nquery = \"\"\"\nSELECT number AS id\nFROM people;\n\"\"\"\n";

    fn with(source: &str) -> Trial {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("kind =").unwrap();
        trial.district("cms", &format!("{before}{source}"));
        trial
    }

    fn sql(source: &str) -> Sql {
        let source = with(source).load().unwrap_or_else(|faults| panic!("{faults}")).site.districts[0].source.clone();
        let SourceKind::Sql(sql) = source.unwrap().kind else { panic!("another kind") };
        *sql
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let least = sql(LEAST);
        assert_eq!(least.query, SqlQuery::Text("SELECT number AS id\nFROM people".to_owned()));
        assert_eq!((least.server.port, least.tls, least.timeout), (5432, true, Duration::from_secs(30)));
        assert_eq!((least.server.is_my_sql, least.ca_file, least.client_certificate), (false, None, None));
        assert_eq!((least.date_format.len(), least.roles.len(), least.enabled), (3, 0, None));
        assert_eq!(with(LEAST).warnings(), [""; 0]);
    }

    #[test]
    fn servers_are_read_without_a_login() {
        let of = |url: &str| parse_server(url).map(|server| (server.is_my_sql, server.host, server.port));
        assert_eq!(of("postgres://db.example.org:5433/sis"), Ok((false, "db.example.org".into(), 5433)));
        assert_eq!(of("mariadb://[::1]/sis_2"), Ok((true, "::1".into(), 3306)));
        for url in ["db/sis", "oracle://db/sis", "mysql://db", "mysql://db/", "mysql:///sis", "mysql://db:0/sis"] {
            assert!(of(url).is_err(), "{url}");
        }
        for url in ["mysql://u:p@db/sis", "mysql://db/sis?ssl-mode=DISABLED", "postgresql://%2Frun/sis"] {
            assert!(of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let plain = |host: &str| LEAST.replace("db.example.org", host) + "tls = false\n";
        assert!(!sql(&plain("127.0.0.1")).tls && !sql(&plain("localhost")).tls);
        let errors = with(&plain("db.example.org")).errors();
        assert!(errors[0].contains("source.tls: everybody's data would cross the network in the clear"), "{errors:?}");
    }

    #[test]
    fn a_query_is_one_that_reads() {
        assert_eq!(
            SqlQuery::parse(" with x as (select 1) select * from x ; "),
            Ok("with x as (select 1) select * from x".into())
        );
        for writes in ["DELETE FROM people", "", ";", "DROP TABLE people", "SET x = 1", "SELECT\0"] {
            assert!(SqlQuery::parse(writes).is_err(), "{writes}");
        }
        let errors = with(&LEAST.replace("SELECT number AS id", "DELETE")).errors();
        assert!(errors[0].contains("source.query: it is no query that reads"), "{errors:?}");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (from, to, error) in [
            ("user = \"hallpass\"\n", "", "source.user: missing"),
            ("password-file = \"secret\"\n", "", "source.password-file: nothing says that it is us"),
            ("query = ", "query-file = \"x\"\nquery = ", "source.query-file: there is a query too"),
            ("password-file = \"secret\"\n", "client-key-file = \"x\"\npassword-file = \"x\"\n", "it stands alone"),
            ("postgresql://", "postgresql://a:b@", "it holds a login"),
        ] {
            let errors = with(&LEAST.replace(from, to)).errors();
            assert!(errors.iter().any(|told| told.contains(error)), "{error}: {errors:?}");
        }
    }
}
