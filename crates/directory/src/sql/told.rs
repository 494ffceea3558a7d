//! From what a database says to what is wrong with it: by its codes. Its words are only searched for names that stand in
//! the query itself.

use std::io;

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::fault::{Spot, Trouble};
use super::statement;

/// How far a pull has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connecting and logging in.
    Login,
    /// Asking what the query is. Not a row has been read.
    Query,
    /// Reading rows.
    Rows,
}

/// The longest name shown, in letters.
const LONGEST_WORD: usize = 64;

/// Words with which statements begin that do not only read.
const WRITING: [&str; 11] =
    ["insert", "update", "delete", "merge", "replace", "truncate", "create", "alter", "drop", "grant", "call"];

/// What an error means.
pub(super) fn trouble(error: Error, stage: Stage, query: &str) -> Trouble {
    match error {
        Error::Io(error) => broken(error),
        Error::Tls(error) => match error.downcast_ref::<rustls::Error>() {
            Some(error) => of_tls(error),
            None if error.to_string() == "server does not support TLS" => Trouble::NoTls,
            None => Trouble::Tls(error.to_string()),
        },
        // MySQL's way of sending a password under a key that comes over the same wire, which is not built in.
        Error::Configuration(_) if stage == Stage::Login => Trouble::Exposed,
        Error::Database(error) => {
            if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                return of_postgres(error, stage, query);
            }
            let error = error.try_downcast_ref::<MySqlDatabaseError>();
            error.map_or(Trouble::Foreign, |error| of_my_sql(error.number(), error.message(), stage, query))
        }
        _ => Trouble::Foreign,
    }
}

fn broken(error: io::Error) -> Trouble {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return of_tls(error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Trouble::Cut,
        _ => Trouble::Connect(error),
    }
}

fn of_tls(error: &rustls::Error) -> Trouble {
    match error {
        rustls::Error::InvalidCertificate(why) => Trouble::Certificate(why.to_string()),
        other => Trouble::Tls(other.to_string()),
    }
}

fn of_postgres(error: &PgDatabaseError, stage: Stage, query: &str) -> Trouble {
    let at = match error.position() {
        Some(PgErrorPosition::Original(at)) => Some(at),
        _ => None,
    };
    let spot = match (stage, at) {
        // Positions count the letters of the statement from 1.
        (Stage::Query, Some(at)) => spot_at(query, at.saturating_sub(1 + statement::letters_before())),
        _ => Spot::default(),
    };
    let code = error.code();
    match (code, stage) {
        ("28P01", _) => Trouble::Credentials,
        ("28000", _) => Trouble::NotAdmitted(code.to_owned()),
        ("3D000", _) => Trouble::NoDatabase,
        ("25006", _) => Trouble::Writes(spot),
        ("42501", _) => Trouble::Denied(spot),
        // An error of syntax without a place: two statements, of which each is right.
        ("42601", Stage::Query) if at.is_none() || spot.word.as_deref() == Some(";") => {
            Trouble::SeveralStatements(spot)
        }
        ("42601" | "0A000", Stage::Query) if writes(query) => Trouble::Writes(spot),
        ("42601", Stage::Query) => Trouble::Syntax(spot),
        ("42703" | "42P01" | "42883" | "42704" | "3F000", Stage::Query) => Trouble::Unknown(spot),
        ("57014", _) => Trouble::TimeLimit,
        ("57P03", Stage::Login) => Trouble::Busy(code.to_owned()),
        ("57P01" | "57P02" | "57P03" | "57P05", _) => Trouble::Cut,
        _ if code.starts_with("53") => Trouble::Busy(code.to_owned()),
        _ if code.starts_with("40") => Trouble::Changed(code.to_owned()),
        _ if code.starts_with("22") && stage == Stage::Rows => Trouble::Data(code.to_owned()),
        (_, Stage::Query) => Trouble::Query { code: code.to_owned(), spot },
        _ => Trouble::Result(code.to_owned()),
    }
}

fn of_my_sql(number: u16, message: &str, stage: Stage, query: &str) -> Trouble {
    let named = || Spot { line: None, word: named_in(message, query) };
    let code = || number.to_string();
    match (number, stage) {
        (1045 | 1698, _) => Trouble::Credentials,
        // Host not allowed or blocked; no such right; account locked; password expired.
        (1044 | 1129 | 1130 | 1820 | 1862 | 3118 | 3955 | 4151, Stage::Login) => Trouble::NotAdmitted(code()),
        (1251 | 3159, Stage::Login) => Trouble::Exposed,
        (1049, _) => Trouble::NoDatabase,
        (1040 | 1203 | 1226, _) => Trouble::Busy(code()),
        (1792, _) => Trouble::Writes(Spot::default()),
        (1044 | 1142 | 1143 | 1370, _) => Trouble::Denied(named()),
        (1064, Stage::Query) => {
            // It shows the rest of the statement from where it could not go on, and the line, ours counted as one.
            let line = message.rsplit_once(" at line ").and_then(|(_, line)| line.parse::<usize>().ok());
            let spot = Spot { line: line.map(|line| line.saturating_sub(1).max(1)), word: None };
            match message.contains("near ';") || writes(query) && query.contains(';') {
                true => Trouble::SeveralStatements(spot),
                false if writes(query) => Trouble::Writes(spot),
                false => Trouble::Syntax(spot),
            }
        }
        (1060, Stage::Query) => Trouble::TwoColumns(named_in(message, query).unwrap_or_default()),
        (1051 | 1054 | 1109 | 1146 | 1305 | 1630, Stage::Query) => Trouble::Unknown(named()),
        (1317 | 1969 | 3024, _) => Trouble::TimeLimit,
        (1205 | 1213 | 1412 | 1615, _) => Trouble::Changed(code()),
        (1053 | 1927, _) => Trouble::Cut,
        (1264 | 1292 | 1366 | 1411 | 1525 | 1690, Stage::Rows) => Trouble::Data(code()),
        (_, Stage::Query) => Trouble::Query { code: code(), spot: named() },
        _ => Trouble::Result(code()),
    }
}

/// What stands at a place of the query, and on which line.
fn spot_at(query: &str, at: usize) -> Spot {
    let mut rest = query.chars().skip(at).peekable();
    let Some(first) = rest.peek().copied() else { return Spot::default() };
    let line = query.chars().take(at).filter(|letter| *letter == '\n').count() + 1;
    let is_of_name = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
    let word = match first {
        '"' => rest.by_ref().skip(1).take_while(|letter| *letter != '"').take(LONGEST_WORD).collect(),
        first if is_of_name(first) => rest.take_while(|letter| is_of_name(*letter)).take(LONGEST_WORD).collect(),
        other => other.to_string(),
    };
    Spot { line: Some(line), word: Some(word) }
}

/// The first quoted name of a message that stands in the query too; perhaps with its database, which need not.
fn named_in(message: &str, query: &str) -> Option<String> {
    let mut quoted = message.split('\'').skip(1).step_by(2);
    let stands_in_query = |name: &&str| !name.is_empty() && name.len() <= LONGEST_WORD && query.contains(*name);
    quoted.find_map(|name| {
        let own = name.rsplit('.').next().unwrap_or(name);
        [name, own].into_iter().find(stands_in_query).map(str::to_owned)
    })
}

/// Whether a word of the query is one with which statements write. Only asked of one that was not understood.
fn writes(query: &str) -> bool {
    let words = query.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.into_iter().any(|word| WRITING.iter().any(|writing| word.eq_ignore_ascii_case(writing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "SELECT student_number AS id,\n  birht AS birth_date\nFROM sis.people";

    #[test]
    fn a_place_in_the_query_is_told_by_line_and_name() {
        let at = QUERY.find("birht").unwrap();
        assert_eq!(spot_at(QUERY, at).to_string(), " at line 2, at `birht`");
        assert_eq!(spot_at(QUERY, QUERY.find(',').unwrap()).word.as_deref(), Some(","));
        assert_eq!(spot_at("SELECT \"Id Nr\"", 7).word.as_deref(), Some("Id Nr"));
        assert_eq!(spot_at(QUERY, 1000), Spot::default());
    }

    #[test]
    fn of_a_message_only_what_stands_in_the_query_is_shown() {
        let told = |number, message| of_my_sql(number, message, Stage::Query, QUERY);
        assert_eq!(
            told(1054, "Unknown column 'birht' in 'SELECT'").to_string(),
            "query names something that is not there, at `birht`; check it with the district"
        );
        assert!(told(1146, "Table 'other.people' doesn't exist").to_string().contains(", at `people`"));
        for (number, message) in [(1054, "Unknown 'Marker'"), (1292, "Incorrect value: 'Marker'"), (9999, "Marker")] {
            for stage in [Stage::Login, Stage::Query, Stage::Rows] {
                let told = of_my_sql(number, message, stage, QUERY).to_string();
                assert!(!told.contains("Marker"), "{told}");
            }
        }
    }

    #[test]
    fn a_second_statement_is_called_one() {
        let told = |near, query| of_my_sql(1064, &format!("... to use near '{near}' at line 3"), Stage::Query, query);
        assert!(matches!(told("; SELECT 2", QUERY), Trouble::SeveralStatements(Spot { line: Some(2), .. })));
        assert!(matches!(told("FORM x", QUERY), Trouble::Syntax(Spot { line: Some(2), .. })));
        assert!(matches!(told("DELETE FROM x", "DELETE FROM x"), Trouble::Writes(_)));
        assert!(!writes("SELECT last_update, deleted FROM x"));
    }
}
