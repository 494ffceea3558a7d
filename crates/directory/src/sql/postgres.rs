//! The conversation with PostgreSQL.
//!
//! A cursor is read batch by batch: sqlx would take a whole result in row by row too, but a deadline could only be set for
//! all of it, at the server as here.

use sqlx::postgres::{PgConnectOptions, PgSslMode, PgTypeKind};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use sqlx::{PgConnection, Statement as _, TypeInfo as _, raw_sql};
use tokio::time::timeout;

use super::columns::{Column, Kind};
use super::fault::Trouble;
use super::session::{BATCH, Dialogue, LAST_WORDS, record};
use super::settings::Settings;
use super::statement;
use super::tls::Papers;
use super::told::{self, Stage};

pub(super) async fn ask(mut dialogue: Dialogue, papers: Option<Papers>) -> Result<(), Trouble> {
    let query = dialogue.settings.query.clone();
    let said = |stage| move |error| (error, stage);
    let told = |(error, stage)| told::trouble(error, stage, &query);
    let mut server = options(&dialogue.settings, papers).connect().await.map_err(said(Stage::Login)).map_err(told)?;
    // Of the transaction alone: a pooler in between may give the connection to others after it. The server gives up
    // after we have: it does not notice by itself that nobody waits any more. Notices are for nobody.
    let limit = dialogue.settings.timeout.as_millis() + LAST_WORDS.as_millis();
    let begin = format!(
        "START TRANSACTION READ ONLY; SET LOCAL statement_timeout = {limit}; SET LOCAL client_min_messages = 'error'"
    );
    server.execute(raw_sql(AssertSqlSafe(begin))).await.map_err(said(Stage::Login)).map_err(told)?;
    let prepared = server.prepare(AssertSqlSafe(statement::all(&query)).into_sql_str()).await;
    let columns = prepared.map_err(said(Stage::Query)).map_err(told)?.columns().iter().map(column).collect();
    let Some(select) = dialogue.choose(columns).await else { return Ok(()) };
    // Prepared, not in text: so it is one statement to the server.
    let declare = format!("DECLARE hallpass NO SCROLL CURSOR FOR {select}");
    let declared = sqlx::query(AssertSqlSafe(declare)).persistent(false).execute(&mut server).await;
    declared.map_err(said(Stage::Rows)).map_err(told)?;
    let fetch = format!("FETCH {BATCH} FROM hallpass");
    while let Some(room) = dialogue.room().await {
        let rows = sqlx::query(AssertSqlSafe(fetch.as_str())).fetch_all(&mut server).await;
        let rows = rows.and_then(|rows| rows.iter().map(record).collect::<Result<Vec<_>, _>>());
        let rows = rows.map_err(said(Stage::Rows)).map_err(told)?;
        let is_end = rows.is_empty();
        room.fill(rows);
        if is_end {
            break;
        }
    }
    close(server).await;
    Ok(())
}

async fn close(server: PgConnection) {
    drop(timeout(LAST_WORDS, server.close()).await);
}

fn options(settings: &Settings, papers: Option<Papers>) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&settings.server.host)
        .port(settings.server.port)
        .database(&settings.server.database)
        .username(&settings.user)
        .password(settings.password.as_ref().map_or("", |password| password.expose()))
        .application_name("hallpass")
        .ssl_mode(if papers.is_some() { PgSslMode::VerifyFull } else { PgSslMode::Disable });
    if let Some(Papers { roots, shown }) = papers {
        options = options.ssl_root_cert_from_pem(roots);
        if let Some((chain, key)) = shown {
            options = options.ssl_client_cert_from_pem(chain).ssl_client_key_from_pem(key);
        }
    }
    options.disable_statement_logging()
}

fn column(column: &sqlx::postgres::PgColumn) -> Column {
    let of_type = column.type_info();
    let kind = match (of_type.kind(), of_type.name()) {
        (PgTypeKind::Enum(_), _) => Kind::Text,
        (PgTypeKind::Simple | PgTypeKind::Domain(_), name) => match name.to_ascii_uppercase().as_str() {
            "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "CITEXT" | "UUID" | "UNKNOWN" => Kind::Text,
            "INT2" | "INT4" | "INT8" | "OID" => Kind::Number,
            "NUMERIC" => Kind::Decimal,
            "BOOL" => Kind::Boolean,
            "DATE" => Kind::Date,
            "TIMESTAMP" => Kind::Moment,
            _ => Kind::Other(name.to_ascii_lowercase()),
        },
        (_, name) => Kind::Other(name.to_ascii_lowercase()),
    };
    Column { name: column.name().to_owned(), kind }
}
