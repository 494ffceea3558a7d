//! Values of every type that a database may have.

use hallpass_tests::SqlKind;
use jiff::civil::date;

use super::{births, databases, fault, ids, pull, settings, told};
use crate::Wanted;
use crate::battery::{self, ADA};
use patron::IdSource;

#[test]
fn numbers_padded_text_enumerations_and_uuids_are_ids() {
    for (server, name) in databases() {
        let (table, is_postgres) = match server.kind() {
            SqlKind::Postgres => (
                "CREATE TYPE mark AS ENUM ('a1', 'b2'); CREATE TABLE t (n INT, i BIGINT, d NUMERIC(9), c CHAR(9), e mark, \
                 u UUID); INSERT INTO t VALUES (1, 1234567, 1234567, '0000007', 'b2', \
                 '01234567-89ab-4def-8123-456789abcdef')",
                true,
            ),
            SqlKind::MariaDb => (
                "CREATE TABLE t (n INT, i BIGINT, d DECIMAL(9), c CHAR(9), e ENUM('a1', 'b2'), u UUID, \
                 z INT(7) ZEROFILL); INSERT INTO t VALUES (1, 1234567, 1234567, '0000007', 'b2', \
                 '01234567-89ab-4def-8123-456789abcdef', 42)",
                false,
            ),
        };
        server.run(&name, table);
        let id = |column: &str| {
            let query = format!("SELECT {column} AS id FROM t");
            let (people, reading) = pull(settings(server, &name, &query), &battery::least()).unwrap();
            (people[0].ids[0].clone(), reading.warnings.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        for number in ["i", "d"] {
            let (id, warnings) = id(number);
            assert_eq!((id.as_str(), warnings.len()), ("1234567", 1));
            assert!(warnings[0].contains("column `id` holds numbers, so that leading zeros cannot be there"));
        }
        assert_eq!(id("c"), ("0000007".to_owned(), vec![]));
        assert_eq!(id("e").0, "b2");
        assert_eq!(id("u").0, "01234567-89ab-4def-8123-456789abcdef");
        if !is_postgres {
            assert_eq!(id("z"), ("0000042".to_owned(), vec![]));
        }
    }
}

#[test]
fn a_number_with_a_point_is_no_id() {
    for (server, name) in databases() {
        let query = "SELECT CAST(7 AS DECIMAL(9,2)) AS id";
        let (people, reading) = pull(settings(server, &name, query), &battery::least()).unwrap();
        assert_eq!((people.len(), reading.undecodable.count), (0, 1));
        assert!(
            reading.undecodable.first[0].to_string().contains("column `id`: expected an ID without a decimal point")
        );
    }
}

#[test]
fn dates_come_as_dates_moments_and_text() {
    for (server, name) in databases() {
        let moment = if server.kind() == SqlKind::Postgres { "TIMESTAMP" } else { "DATETIME" };
        let birth = |value: &str| {
            let query = format!("SELECT '7' AS id, {value} AS birth_date");
            let (people, reading) = pull(settings(server, &name, &query), &births()).unwrap();
            (people[0].birth_date, reading.warnings.len())
        };
        let day = Some(date(2012, 4, 23));
        assert_eq!(birth("CAST('2012-04-23' AS DATE)"), (day, 0));
        assert_eq!(birth(&format!("CAST('2012-04-23 00:00:00' AS {moment})")), (day, 0));
        assert_eq!(birth("'2012-04-23'"), (day, 0));
        // In which zone was this a day?
        assert_eq!(birth(&format!("CAST('2012-04-22 23:00:00' AS {moment})")), (None, 1));
        assert_eq!(birth("CAST(NULL AS DATE)"), (None, 0));
    }
}

#[test]
fn enabled_comes_as_booleans_bits_numbers_and_words() {
    for (server, name) in databases() {
        let (table, columns): (_, &[&str]) = match server.kind() {
            SqlKind::Postgres => {
                ("CREATE TABLE t (b BOOLEAN, s SMALLINT); INSERT INTO t VALUES (FALSE, 0)", &["b", "s"])
            }
            SqlKind::MariaDb => {
                ("CREATE TABLE t (b BOOLEAN, i BIT(1)); INSERT INTO t VALUES (FALSE, b'0')", &["b", "i"])
            }
        };
        server.run(&name, table);
        for column in columns.iter().chain(&["'false'", "'inactive'"]) {
            let query = format!("SELECT '7' AS id, {column} AS enabled FROM t");
            let (people, _) = pull(settings(server, &name, &query), &battery::least()).unwrap();
            assert!(!people[0].student.enabled, "{column}");
        }
    }
}

#[test]
fn a_type_that_cannot_be_what_it_is_used_for_is_refused() {
    for (server, name) in databases() {
        let double = if server.kind() == SqlKind::Postgres { "DOUBLE PRECISION" } else { "DOUBLE" };
        let told = told(settings(server, &name, &format!("SELECT CAST(7 AS {double}) AS id")));
        assert!(told.contains("column `id` is of the type "), "{told}");
        assert!(told.contains("an ID or PIN is text or a whole number; convert it in query"), "{told}");
        let number = settings(server, &name, "SELECT '7' AS id, 20120423 AS birth_date");
        let told = fault(number, &births()).to_string();
        assert!(told.contains("`birth_date` is of the type whole number"), "{told}");
    }
}

#[test]
fn nothing_more_is_asked_for_than_is_wanted() {
    for (server, name) in databases() {
        // Whoever reads the birth date fails.
        let fails = if server.kind() == SqlKind::Postgres { "CAST(1 / (n - n) AS TEXT)" } else { "hidden(n)" };
        server.run(&name, "CREATE TABLE t (n INT); INSERT INTO t VALUES (7)");
        if server.kind() == SqlKind::MariaDb {
            server.run(&name, "CREATE FUNCTION hidden (n INT) RETURNS INT RETURN (SELECT n UNION SELECT 1)");
        }
        let query = format!("SELECT CAST(n AS CHAR(1)) AS id, {fails} AS birth_date FROM t");
        assert_eq!(ids(&pull(settings(server, &name, &query), &battery::least()).unwrap().0), ["7"]);
        assert!(pull(settings(server, &name, &query), &births()).is_err());
    }
}

#[test]
fn other_columns_are_there_by_their_names_and_a_long_value_spoils_its_row_only() {
    for (server, name) in databases() {
        let query = "SELECT '0042' AS \"STN\", '7' AS id UNION ALL SELECT repeat('9', 5000), '8'".to_owned();
        let query = if server.kind() == SqlKind::MariaDb { query.replace('"', "`") } else { query };
        let wanted = Wanted { ids: vec![IdSource::Column("stn".into())], ..battery::least() };
        let (people, reading) = pull(settings(server, &name, &query), &wanted).unwrap();
        assert_eq!((ids(&people), reading.undecodable.count), (vec!["0042"], 1));
        assert_eq!(reading.undecodable.first[0].expected, "at most 1000 letters");
    }
}

#[test]
fn bytes_that_are_no_text_are_undecodable() {
    for (server, name) in databases().filter(|(server, _)| server.kind() == SqlKind::MariaDb) {
        server.run(&name, "CREATE TABLE t (id VARBINARY(9)); INSERT INTO t VALUES (x'FFFE37'), ('8')");
        let (people, reading) = pull(settings(server, &name, "SELECT id FROM t"), &battery::least()).unwrap();
        assert_eq!((ids(&people), reading.undecodable.count), (vec!["8"], 1));
    }
    assert_eq!(ADA.id, "0000001");
}
