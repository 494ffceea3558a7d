//! Tests against PostgreSQL and MariaDB; where they are not installed they are skipped and say so.

mod kinds;
mod refusals;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hallpass_tests::{SqlKind, SqlServer};
use patron::{DateShape, Role};

use super::{Engine, Fault, Pull, Server, Settings};
use crate::battery::{self, Given, battery};
use crate::{Directory, Person, Reading, Refusal, Secret, Wanted};

battery!(
    postgres,
    |_, people| super::served(hallpass_tests::SqlKind::Postgres, people),
    if super::is_installed(hallpass_tests::SqlKind::Postgres)
);
battery!(
    maria_db,
    |_, people| super::served(hallpass_tests::SqlKind::MariaDb, people),
    if super::is_installed(hallpass_tests::SqlKind::MariaDb)
);

const KINDS: [SqlKind; 2] = [SqlKind::Postgres, SqlKind::MariaDb];

fn is_installed(kind: SqlKind) -> bool {
    SqlServer::shared(kind).is_some()
}

/// The servers that are there, each with a new database.
fn databases() -> impl Iterator<Item = (&'static SqlServer, String)> {
    KINDS.into_iter().filter_map(SqlServer::shared).map(|server| (server, database(server)))
}

fn database(server: &SqlServer) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let name = format!("sis{}", NUMBER.fetch_add(1, Ordering::SeqCst));
    server.database(&name);
    name
}

fn served(kind: SqlKind, people: &[Given]) -> Box<dyn Directory> {
    let server = SqlServer::shared(kind).unwrap();
    let name = database(server);
    let mut sql = "CREATE TABLE people (n INT PRIMARY KEY, id VARCHAR(40), role VARCHAR(40), school VARCHAR(40), \
                   enabled VARCHAR(40), grade VARCHAR(40), birth_date VARCHAR(40), pin VARCHAR(40));"
        .to_owned();
    for (n, Given { id, role, school, enabled, grade, birth_date, pin }) in people.iter().enumerate() {
        let values = [id, role, school, enabled, grade, birth_date, pin].map(|value| format!("'{value}'")).join(", ");
        sql += &format!("INSERT INTO people VALUES ({n}, {values});");
    }
    server.run(&name, &sql);
    let query = "SELECT p.*, 'Ada' AS given_name, 'Byron' AS family_name, 'ada@example.org' AS email FROM people p";
    Box::new(Pull::new(settings(server, &name, query)))
}

fn settings(server: &SqlServer, database: &str, query: &str) -> Settings {
    let engine = match server.kind() {
        SqlKind::Postgres => Engine::PostgreSql,
        SqlKind::MariaDb => Engine::MySql,
    };
    asking(engine, server.port(), database, query)
}

fn asking(engine: Engine, port: u16, database: &str, query: &str) -> Settings {
    Settings {
        server: Server { engine, host: "127.0.0.1".to_owned(), port, database: database.to_owned() },
        user: SqlServer::USER.to_owned(),
        password: Some(Secret::of(SqlServer::PASSWORD)),
        tls: false,
        ca_file: None,
        client_certificate: None,
        query: query.to_owned(),
        timeout: Duration::from_secs(20),
        dates: vec![DateShape::parse("YYYY-MM-DD").unwrap()],
        roles: vec![("Pupil".to_owned(), Some(Role::Student))],
        enabled: None,
    }
}

/// Pulls once.
fn pull(settings: Settings, wanted: &Wanted) -> Result<(Vec<Person>, Reading), Refusal> {
    battery::read(&mut Pull::new(settings), wanted)
}

/// What a pull is refused for.
#[track_caller]
fn fault(settings: Settings, wanted: &Wanted) -> Fault {
    match pull(settings, wanted) {
        Err(Refusal::Sql(fault)) => fault,
        Err(other) => panic!("refused for something else: {other}"),
        Ok((people, _)) => panic!("it was not refused, with {} people", people.len()),
    }
}

/// The same for the least that can be wanted, in words.
#[track_caller]
fn told(settings: Settings) -> String {
    fault(settings, &battery::least()).to_string()
}

fn births() -> Wanted {
    Wanted { birth_date: true, ..battery::least() }
}

fn ids(people: &[Person]) -> Vec<&str> {
    people.iter().map(|person| person.ids[0].as_str()).collect()
}

#[test]
fn memory_holds_a_batch_and_every_row_is_read() {
    for (server, name) in databases() {
        let rows = match server.kind() {
            SqlKind::Postgres => "SELECT lpad(n::text, 7, '0') AS id FROM generate_series(1, 2500) AS s (n)",
            SqlKind::MariaDb => "SELECT LPAD(seq, 7, '0') AS id FROM seq_1_to_2500",
        };
        let (people, reading) = pull(settings(server, &name, rows), &battery::least()).unwrap();
        assert_eq!((people.len(), reading.rows, people[2499].row), (2500, 2500, 2500));
        assert_eq!((ids(&people)[0], ids(&people)[2499]), ("0000001", "0002500"));
    }
}

#[test]
fn each_pull_is_a_state_of_its_own() {
    let pull = || Pull::new(asking(Engine::MySql, 1, "sis", "SELECT 1 AS id"));
    assert_ne!(pull().fingerprint().unwrap(), pull().fingerprint().unwrap());
}
