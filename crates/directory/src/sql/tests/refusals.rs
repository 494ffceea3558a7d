//! What is not taken for a roster: queries that are wrong, servers that err.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use hallpass_tests::{Authority, SqlKind, SqlServer};
use patron::Actor;
use tempfile::tempdir;

use super::{KINDS, asking, births, databases, fault, pull, settings, told};
use crate::battery;
use crate::sql::{Engine, Settings, Trouble};
use crate::{BadData, Fault, Refusal, Secret};

#[test]
fn a_query_without_the_id_is_refused() {
    for (server, name) in databases() {
        let told = told(settings(server, &name, "SELECT '7' AS nr"));
        let place = format!("{server}/{name}: query gives no column `id`; write `... AS id` in it");
        assert_eq!(told, place);
        let refused = fault(settings(server, &name, "SELECT '7' AS id, '8' AS birthdate"), &births());
        let expected = "no column `birth_date`, the nearest is `birthdate`; write `... AS birth_date`";
        assert!(refused.to_string().contains(expected), "{refused}");
        assert_eq!(refused.actor(), Actor::Sysadmin);
    }
}

#[test]
fn a_query_that_gives_nobody_is_no_empty_district() {
    for (server, name) in databases() {
        let nobody = settings(server, &name, "SELECT * FROM (SELECT '7' AS id) AS t WHERE id = '8'");
        let refusal = pull(nobody, &battery::least()).unwrap_err();
        assert!(matches!(&refusal, Refusal::BadData(BadData { fault: Fault::NoRows, .. })), "{refusal}");
    }
}

#[test]
fn wrong_credentials_are_told_without_them() {
    for (server, name) in databases() {
        let good = settings(server, &name, "SELECT '7' AS id");
        let wrong = Settings { password: Some(Secret::of("Marker")), ..good.clone() };
        let refused = fault(wrong, &battery::least());
        assert!(matches!(refused.trouble(), Trouble::Credentials), "{refused}");
        assert!(!refused.to_string().contains("Marker") && refused.to_string().contains("password-file"));
        let nowhere = fault(settings(server, "nowhere", "SELECT '7' AS id"), &battery::least());
        assert!(matches!(nowhere.trouble(), Trouble::NoDatabase | Trouble::NotAdmitted(_)), "{nowhere}");
    }
}

#[test]
fn an_unknown_column_or_table_is_told_with_its_place() {
    for (server, name) in databases() {
        server.run(&name, "CREATE TABLE people (id VARCHAR(9))");
        let told = |query: &str| told(settings(server, &name, query));
        let column = told("SELECT id,\n birht\nFROM people");
        assert!(column.contains("query names something that is not there") && column.contains("`birht`"), "{column}");
        let table = told("SELECT id\nFROM peeple");
        assert!(table.contains("names something that is not there") && table.contains("`peeple`"), "{table}");
        let syntax = told("SELECT id\nFORM people x");
        assert!(syntax.contains("not written as this database reads it at line 2"), "{syntax}");
    }
}

#[test]
fn nothing_is_written() {
    for (server, name) in databases() {
        server.run(&name, "CREATE TABLE people (id VARCHAR(9)); INSERT INTO people VALUES ('7')");
        let (function, call) = match server.kind() {
            SqlKind::Postgres => (
                "CREATE FUNCTION spoil () RETURNS TEXT LANGUAGE sql SECURITY DEFINER AS \
                 'INSERT INTO people VALUES (''8'') RETURNING id'",
                "SELECT spoil() AS id",
            ),
            SqlKind::MariaDb => (
                "DELIMITER //\nCREATE FUNCTION spoil () RETURNS TEXT BEGIN INSERT INTO people VALUES ('8'); \
                 RETURN '8'; END//",
                "SELECT spoil() AS id",
            ),
        };
        server.run(&name, function);
        for query in [
            call,
            "DELETE FROM people",
            "INSERT INTO people VALUES ('8')",
            "WITH gone AS (DELETE FROM people RETURNING id) SELECT id FROM gone",
        ] {
            let told = told(settings(server, &name, query));
            assert!(told.contains("query writes") && told.ends_with("write one SELECT"), "{query}: {told}");
        }
        let (people, _) = pull(settings(server, &name, "SELECT id FROM people"), &battery::least()).unwrap();
        assert_eq!(super::ids(&people), ["7"]);
    }
}

#[test]
fn a_second_statement_is_never_run() {
    for (server, name) in databases() {
        server.run(&name, "CREATE TABLE people (id VARCHAR(9)); INSERT INTO people VALUES ('7')");
        for query in [
            "SELECT id FROM people; SELECT id FROM people",
            "SELECT id FROM people) AS a; DROP TABLE people; SELECT * FROM (SELECT '7' AS id",
        ] {
            let told = told(settings(server, &name, query));
            assert!(told.contains("query holds more than one statement"), "{query}: {told}");
        }
        assert!(pull(settings(server, &name, "SELECT id FROM people -- all of them"), &battery::least()).is_ok());
    }
}

#[test]
fn what_a_user_may_not_read_is_told() {
    for (server, name) in databases() {
        server.run(&name, "CREATE TABLE people (id VARCHAR(9))");
        server.run(
            &name,
            match server.kind() {
                SqlKind::Postgres => "REVOKE ALL ON people FROM reader",
                SqlKind::MariaDb => {
                    "CREATE DATABASE IF NOT EXISTS hidden; CREATE TABLE IF NOT EXISTS hidden.people (id INT)"
                }
            },
        );
        let table = if server.kind() == SqlKind::Postgres { "people" } else { "hidden.people" };
        let refused = fault(settings(server, &name, &format!("SELECT id FROM {table}")), &battery::least());
        assert!(matches!(refused.trouble(), Trouble::Denied(_)), "{refused}");
        assert_eq!(refused.actor(), Actor::District);
    }
}

#[test]
fn a_row_that_the_query_fails_on_is_not_shown() {
    for (server, name) in databases().filter(|(server, _)| server.kind() == SqlKind::Postgres) {
        server.run(&name, "CREATE TABLE people (id TEXT); INSERT INTO people VALUES ('7'), ('Marker')");
        let told = told(settings(server, &name, "SELECT id::int AS id FROM people"));
        assert!(told.contains("query fails on what stands in some row (error 22P02)"), "{told}");
        assert!(!told.contains("Marker"), "{told}");
    }
}

#[test]
fn a_certificate_that_is_not_good_is_refused_and_a_good_one_is_not() {
    let folder = tempdir().unwrap();
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let ca_file = folder.path().join("ca.pem");
    ours.write(&ca_file);
    for kind in KINDS {
        let cases = [
            (&ours, ours.issue(&["localhost"]), true),
            (&ours, ours.issue_expired(&["localhost"]), false),
            (&theirs, theirs.issue(&["localhost"]), false),
            (&ours, ours.issue(&["db.example.org"]), false),
        ];
        for (authority, shown, is_good) in cases {
            let Some(server) = SqlServer::start(kind, Some((authority, &shown))) else { continue };
            let name = super::database(&server);
            let mut asking = settings(&server, &name, "SELECT '7' AS id");
            (asking.tls, asking.ca_file) = (true, Some(ca_file.clone()));
            asking.server.host = "localhost".to_owned();
            if is_good {
                assert_eq!(super::ids(&pull(asking, &battery::least()).unwrap().0), ["7"]);
                continue;
            }
            let refused = fault(asking, &battery::least());
            assert!(matches!(refused.trouble(), Trouble::Certificate(_)), "{refused}");
            assert_eq!(refused.actor(), Actor::District);
        }
    }
}

#[test]
fn a_server_without_tls_is_not_spoken_to_in_the_clear() {
    for (server, name) in databases() {
        let refused = fault(Settings { tls: true, ..settings(server, &name, "SELECT '7' AS id") }, &battery::least());
        assert!(matches!(refused.trouble(), Trouble::NoTls), "{refused}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for engine in [Engine::PostgreSql, Engine::MySql] {
        let silent = Settings { timeout: Duration::from_secs(1), ..asking(engine, port, "sis", "SELECT '7' AS id") };
        let told = told(silent);
        assert!(told.contains("no answer within 1 s"), "{told}");
    }
    // Nor is one that thinks for too long.
    for (server, name) in databases() {
        let slow = match server.kind() {
            SqlKind::Postgres => "SELECT '7' AS id FROM pg_sleep(60)",
            SqlKind::MariaDb => "SELECT '7' AS id FROM (SELECT SLEEP(60)) AS s",
        };
        let told = told(Settings { timeout: Duration::from_secs(2), ..settings(server, &name, slow) });
        assert!(told.contains("no answer within 2 s"), "{told}");
    }
}

#[test]
fn nobody_who_listens_and_what_is_no_database_are_told() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    for engine in [Engine::PostgreSql, Engine::MySql] {
        let refused = fault(asking(engine, port, "sis", "SELECT '7' AS id"), &battery::least());
        assert!(matches!(refused.trouble(), Trouble::Connect(_)), "{refused}");
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    for engine in [Engine::PostgreSql, Engine::MySql] {
        let refused = fault(asking(engine, port, "sis", "SELECT '7' AS id"), &battery::least());
        assert!(matches!(refused.trouble(), Trouble::Foreign | Trouble::Cut), "{refused}");
    }
}

#[test]
fn an_outage_in_the_middle_is_no_half_roster() {
    for kind in KINDS {
        let Some(mut server) = SqlServer::start(kind, None) else { continue };
        let name = super::database(&server);
        let rows = match kind {
            SqlKind::Postgres => "SELECT n::text AS id FROM generate_series(1, 2000000) AS s (n)",
            SqlKind::MariaDb => "SELECT CAST(seq AS CHAR) AS id FROM seq_1_to_2000000",
        };
        let mut pull = crate::sql::Pull::new(settings(&server, &name, rows));
        let mut people = 0;
        let refusal = crate::Directory::read(&mut pull, &battery::least(), &mut |_| {
            people += 1;
            if people == 1500 {
                server.stop();
            }
        });
        let Err(Refusal::Sql(refused)) = refusal else { panic!("{refusal:?}") };
        assert!(matches!(refused.trouble(), Trouble::Cut), "{refused}");
    }
}
