//! The conversation with MySQL or MariaDB.
//!
//! One statement, whose rows are taken off the wire as they are wanted: the protocol's cursors would make the server write
//! down the whole result first, and sqlx does not ask for them.

use std::future::poll_fn;

use sqlx::mysql::{MySqlColumn, MySqlConnectOptions, MySqlSslMode};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use sqlx::{Statement as _, TypeInfo as _, raw_sql};
use tokio::time::timeout;

use super::columns::{Column, Kind};
use super::fault::Trouble;
use super::session::{BATCH, Dialogue, LAST_WORDS, record};
use super::settings::Settings;
use super::statement;
use super::tls::Papers;
use super::told::{self, Stage};

/// Half an hour: the statement lasts as long as the pull, and when we have gone the server does not notice by itself. And
/// ten minutes in which the sync may be busy with other things than taking rows. Comments that only one of the two reads.
const LIMITS: &str = "SET SESSION net_write_timeout = 600 \
    /*!50708 , max_execution_time = 1800000 */ /*M!100101 , max_statement_time = 1800 */";

/// The second for whatever transaction would come after the first.
const READ_ONLY: [&str; 2] = ["SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"];

pub(super) async fn ask(mut dialogue: Dialogue, papers: Option<Papers>) -> Result<(), Trouble> {
    let query = dialogue.settings.query.clone();
    let said = |stage| move |error| (error, stage);
    let told = |(error, stage)| told::trouble(error, stage, &query);
    let mut server = options(&dialogue.settings, papers).connect().await.map_err(said(Stage::Login)).map_err(told)?;
    for begin in [LIMITS].into_iter().chain(READ_ONLY) {
        server.execute(raw_sql(begin)).await.map_err(said(Stage::Login)).map_err(told)?;
    }
    let prepared = server.prepare(AssertSqlSafe(statement::all(&query)).into_sql_str()).await;
    let columns = prepared.map_err(said(Stage::Query)).map_err(told)?.columns().iter().map(column).collect();
    let Some(select) = dialogue.choose(columns).await else { return Ok(()) };
    // sqlx lets a text hold several statements. One that can be prepared is a single one.
    let prepared = server.prepare(AssertSqlSafe(select.as_str()).into_sql_str()).await;
    prepared.map_err(said(Stage::Query)).map_err(told)?;
    // As text: prepared, it would come in a form of its own for each type.
    let mut rows = server.fetch(raw_sql(AssertSqlSafe(select.as_str())));
    while let Some(room) = dialogue.room().await {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await
        {
            let row = row.and_then(|row| record(&row));
            batch.push(row.map_err(said(Stage::Rows)).map_err(told)?);
        }
        let is_end = batch.is_empty();
        room.fill(batch);
        if is_end {
            break;
        }
    }
    drop(rows);
    drop(timeout(LAST_WORDS, server.close()).await);
    Ok(())
}

fn options(settings: &Settings, papers: Option<Papers>) -> MySqlConnectOptions {
    // The query means what it means to the district's own client: no SQL mode and no time zone of ours.
    let mut options = MySqlConnectOptions::new()
        .host(&settings.server.host)
        .port(settings.server.port)
        .database(&settings.server.database)
        .username(&settings.user)
        .password(settings.password.as_ref().map_or("", |password| password.expose()))
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .ssl_mode(if papers.is_some() { MySqlSslMode::VerifyIdentity } else { MySqlSslMode::Disabled });
    if let Some(Papers { roots, shown }) = papers {
        options = options.ssl_ca_from_pem(roots);
        if let Some((chain, key)) = shown {
            options = options.ssl_client_cert_from_pem(chain).ssl_client_key_from_pem(key);
        }
    }
    options.disable_statement_logging()
}

fn column(column: &MySqlColumn) -> Column {
    let name = column.type_info().name();
    let kind = match name.split(' ').next().unwrap_or(name) {
        // Text of a collation that compares bytes is called binary too: whether it is text, each value shows.
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "NULL" => Kind::Text,
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => Kind::Text,
        "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" | "YEAR" => Kind::Number,
        "DECIMAL" => Kind::Decimal,
        "BOOLEAN" => Kind::Boolean,
        "BIT" => Kind::Bit,
        "DATE" => Kind::Date,
        "DATETIME" => Kind::Moment,
        other => Kind::Other(other.to_ascii_lowercase()),
    };
    Column { name: column.name().to_owned(), kind }
}
