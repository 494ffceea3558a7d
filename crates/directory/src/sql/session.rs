//! One conversation with a server, as a task of its own: where an answer makes sqlx panic, only that ends.
//!
//! It only goes on while somebody waits for it, so that no deadline runs, here or there, while the sync is busy with the
//! rows it has.

use std::time::Duration;

use csv::ByteRecord;
use sqlx::{ColumnIndex, Decode, Row, Type};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::subscriber::NoSubscriber;

use super::columns::Column;
use super::fault::Trouble;
use super::settings::{Engine, Settings};
use super::tls::Papers;
use super::{my_sql, postgres};

/// So many rows are asked for at a time: enough that the way there and back does not show, and at most some megabytes.
pub(super) const BATCH: usize = 1000;

/// How long a connection that ended may take to say why, and a goodbye may take.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a server answers, in this order.
enum Answer {
    Columns(Vec<Column>),
    /// None: there are no more.
    Rows(Vec<ByteRecord>),
}

/// The side of the sync.
pub(super) struct Session<'r> {
    runtime: &'r Runtime,
    answers: mpsc::Receiver<Answer>,
    chosen: Option<oneshot::Sender<String>>,
    task: JoinHandle<Result<(), Trouble>>,
    patience: Duration,
}

/// The side of the task.
pub(super) struct Dialogue {
    pub settings: Settings,
    answers: mpsc::Sender<Answer>,
    chosen: oneshot::Receiver<String>,
}

/// Room for a batch: somebody waits for it.
pub(super) struct Room<'d>(mpsc::Permit<'d, Answer>);

impl<'r> Session<'r> {
    /// Begins one. Nothing is asked before something is waited for.
    pub fn begin(runtime: &'r Runtime, settings: &Settings, papers: Option<Papers>) -> Self {
        let (answer, answers) = mpsc::channel(1);
        let (choose, chosen) = oneshot::channel();
        let dialogue = Dialogue { settings: settings.clone(), answers: answer, chosen };
        let task = match settings.server.engine {
            Engine::PostgreSql => runtime.spawn(postgres::ask(dialogue, papers)),
            Engine::MySql => runtime.spawn(my_sql::ask(dialogue, papers)),
        };
        Self { runtime, answers, chosen: Some(choose), task, patience: settings.timeout }
    }

    /// Connects, logs in, and asks which columns there are.
    pub fn columns(&mut self) -> Result<Vec<Column>, Trouble> {
        match self.wait()? {
            Answer::Columns(columns) => Ok(columns),
            Answer::Rows(_) => Err(Trouble::Foreign),
        }
    }

    /// Asks for rows with this statement.
    pub fn read(&mut self, statement: String) {
        if let Some(chosen) = self.chosen.take() {
            // Where the task has ended, the next wait tells why.
            drop(chosen.send(statement));
        }
    }

    /// The next rows; none: there are no more.
    pub fn rows(&mut self) -> Result<Vec<ByteRecord>, Trouble> {
        match self.wait()? {
            Answer::Rows(rows) => Ok(rows),
            Answer::Columns(_) => Err(Trouble::Foreign),
        }
    }

    /// Says goodbye; nothing depends on it.
    pub fn close(self) {
        let _quiet = quiet();
        drop(self.runtime.block_on(async { timeout(LAST_WORDS, self.task).await }));
    }

    fn wait(&mut self) -> Result<Answer, Trouble> {
        let _quiet = quiet();
        let Self { answers, task, patience, .. } = self;
        self.runtime.block_on(async {
            match timeout(*patience, answers.recv()).await {
                Err(_) => Err(Trouble::Silent(*patience)),
                Ok(Some(answer)) => Ok(answer),
                Ok(None) => Err(match timeout(LAST_WORDS, task).await {
                    Ok(Ok(Err(trouble))) => trouble,
                    _ => Trouble::Foreign,
                }),
            }
        })
    }
}

/// While it lasts, this thread logs nothing: sqlx repeats a server's notices, and slow statements, as they are.
fn quiet() -> tracing::subscriber::DefaultGuard {
    tracing::subscriber::set_default(NoSubscriber::new())
}

impl Dialogue {
    /// Tells the columns and gets the statement that reads the rows; `None`: nobody waits any more.
    pub async fn choose(&mut self, columns: Vec<Column>) -> Option<String> {
        self.answers.send(Answer::Columns(columns)).await.ok()?;
        (&mut self.chosen).await.ok()
    }

    /// Waits until rows are waited for; `None`: nobody does any more.
    pub async fn room(&self) -> Option<Room<'_>> {
        self.answers.reserve().await.ok().map(Room)
    }
}

impl Room<'_> {
    /// Hands on a batch.
    pub fn fill(self, rows: Vec<ByteRecord>) {
        self.0.send(Answer::Rows(rows));
    }
}

/// The values of a row, each as the text that was asked for; what is not there is empty.
pub(super) fn record<R>(row: &R) -> Result<ByteRecord, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut record = ByteRecord::new();
    for at in 0..row.len() {
        record.push_field(row.try_get_unchecked::<Option<&[u8]>, _>(at)?.unwrap_or_default());
    }
    Ok(record)
}
