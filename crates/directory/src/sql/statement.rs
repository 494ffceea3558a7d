//! The statements that are sent, made around the district's query.
//!
//! It stands in brackets as a table of ours. So it can only be something that reads rows, whatever else a database lets
//! its users do; and only those columns are asked for that something is wanted of, so that no birth date crosses the
//! network where no rule needs one.

use super::columns::Kind;
use super::settings::Engine;

/// So many letters of a value are taken. It bounds what one row can make us hold.
pub(super) const LONGEST: usize = 1000;

/// What stands before the query in every statement ends a line, so that the query's lines can be counted.
const BEFORE: &str = " FROM (\n";

/// Behind it: on a line of its own, should the query end in a comment.
const AFTER: &str = "\n) AS hallpass";

/// A column to ask for.
pub(super) struct Asked<'a> {
    pub name: &'a str,
    pub kind: &'a Kind,
}

/// Asks which columns there are.
pub(super) fn all(query: &str) -> String {
    format!("SELECT *{BEFORE}{query}{AFTER}")
}

/// How many letters stand before the query in [`all`].
pub(super) fn letters_before() -> usize {
    all("").chars().count() - AFTER.len()
}

/// Reads the rows, every value as text, one letter more than [`LONGEST`] at most.
pub(super) fn rows(engine: Engine, query: &str, columns: &[Asked<'_>]) -> String {
    let values: Vec<String> = columns.iter().map(|column| value(engine, column)).collect();
    format!("SELECT {}{BEFORE}{query}{AFTER}", values.join(", "))
}

fn value(engine: Engine, column: &Asked<'_>) -> String {
    let name = quoted(engine, column.name);
    let most = LONGEST + 1;
    match engine {
        // At midnight it is a date; at any other hour it stays what no shape of a date reads: in which zone was it a day?
        Engine::PostgreSql if *column.kind == Kind::Moment => {
            format!("CASE WHEN {name} = {name}::date THEN {name}::date::text ELSE {name}::text END")
        }
        Engine::MySql if *column.kind == Kind::Moment => {
            format!("IF(TIME({name}) = 0, CAST(DATE({name}) AS CHAR), CAST({name} AS CHAR))")
        }
        Engine::PostgreSql => format!("left({name}::text, {most})"),
        // Its bits are bytes, unless they are counted with.
        Engine::MySql if *column.kind == Kind::Bit => format!("LEFT({name} + 0, {most})"),
        Engine::MySql => format!("LEFT({name}, {most})"),
    }
}

fn quoted(engine: Engine, name: &str) -> String {
    let quote = match engine {
        Engine::PostgreSql => "\"",
        Engine::MySql => "`",
    };
    format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_whatever_is_in_them() {
        let columns = [Asked { name: "a\"b`c", kind: &Kind::Text }, Asked { name: "on", kind: &Kind::Bit }];
        assert_eq!(
            rows(Engine::PostgreSql, "TABLE t", &columns),
            "SELECT left(\"a\"\"b`c\"::text, 1001), left(\"on\"::text, 1001) FROM (\nTABLE t\n) AS hallpass"
        );
        assert_eq!(
            rows(Engine::MySql, "TABLE t", &columns),
            "SELECT LEFT(`a\"b``c`, 1001), LEFT(`on` + 0, 1001) FROM (\nTABLE t\n) AS hallpass"
        );
    }

    #[test]
    fn the_query_begins_where_it_is_said_to() {
        assert!(all("TABLE t").chars().skip(letters_before()).collect::<String>().starts_with("TABLE t\n"));
    }
}
