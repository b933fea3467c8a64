//! One connection: statements are prepared once, a transaction begins with its first statement.

use super::dial::Driven;
use super::wait::{begin_only, block_on};
use super::{Failure, Postgres};
use crate::sql::Value;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, Row, Statement};

/// A parameter of any kind.
pub(crate) type Param<'p> = &'p (dyn ToSql + Sync);

/// A statement and its parameters.
pub(crate) type Request<'p> = (&'static str, Vec<Param<'p>>);

/// A connection to the primary.
pub(crate) struct Connection {
    client: Client,
    /// Keeps the runtime that the connection lives on.
    postgres: Postgres,
    patience: Cell<Duration>,
    statements: RefCell<HashMap<&'static str, Statement>>,
    /// What the indexes of uniqueness are called at the doors.
    uniques: RefCell<Arc<HashMap<String, String>>>,
    /// How the transaction begins that the next statement opens.
    opening: Cell<Option<&'static str>>,
    /// Inside a transaction.
    open: Cell<bool>,
    /// An answer did not come: what was asked may still be under way, so nothing more is asked here.
    lost: Cell<bool>,
    doubt: Doubt,
    /// Losses that were known when it was opened.
    losses: u64,
}

/// Raised when the server gave up waiting for its standby: somebody cancelled a commit, which is then answered as if it were
/// safe.
#[derive(Clone, Default)]
pub(super) struct Doubt(Arc<AtomicBool>);

/// The routine of PostgreSQL that says so; its words are translated, this is not.
const WAITS_FOR_STANDBY: &str = "SyncRepWaitForLSN";

/// Drives a connection until it ends. What the server says beside an answer comes before the answer.
pub(super) async fn drive(mut connection: Driven, doubt: Doubt) {
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notice(said) = message
            && said.routine() == Some(WAITS_FOR_STANDBY)
        {
            doubt.0.store(true, Ordering::SeqCst);
        }
    }
}

impl Connection {
    pub(super) fn new(client: Client, postgres: Postgres, doubt: Doubt, patience: Duration) -> Self {
        Self {
            losses: postgres.losses(),
            client,
            postgres,
            patience: Cell::new(patience),
            uniques: RefCell::default(),
            statements: RefCell::default(),
            opening: Cell::new(None),
            open: Cell::new(false),
            lost: Cell::new(false),
            doubt,
        }
    }

    /// Whether it can be asked again.
    pub(crate) fn is_sound(&self) -> bool {
        // Where one connection was lost, the others may be to the same machine, and each would be waited for.
        let is_known = self.losses == self.postgres.losses();
        is_known && !self.lost.get() && !self.client.is_closed() && !self.open.get()
    }

    /// From now on an answer may take as long as this.
    pub(crate) fn patient(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// From now on the failure of an index in `uniques` names the column that it stands for.
    pub(crate) fn name_uniques(&self, uniques: &Arc<HashMap<String, String>>) {
        self.uniques.replace(Arc::clone(uniques));
    }

    fn named(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Taken(index) => {
                Failure::Taken(self.uniques.borrow().get(&index).cloned().unwrap_or(index))
            }
            other @ (Failure::Busy
            | Failure::Fenced
            | Failure::Full(_)
            | Failure::Refused(_)
            | Failure::Lost(_)) => other,
        }
    }

    /// The server's version, as 150018.
    pub(super) fn version(&self) -> Result<i32, Failure> {
        let row =
            self.wait(self.client.query_one("SELECT current_setting('server_version_num')::int4", &[]))?;
        row.try_get(0).map_err(Failure::of)
    }

    /// Runs statements without parameters, all of them or none.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.wait(self.client.batch_execute(sql))
    }

    /// The next statement opens a transaction with `begin`; both travel together.
    pub(crate) fn begin(&self, begin: &'static str) {
        self.opening.set(Some(begin));
    }

    /// Commits what was begun; nothing was sent when no statement came.
    pub(crate) fn commit(&self) -> Result<(), Failure> {
        if self.opening.take().is_some() || !self.open.get() {
            return Ok(());
        }
        let done = self.wait(self.client.batch_execute("COMMIT"));
        self.open.set(false);
        done
    }

    /// Ends a transaction that changed nothing; the answer is not waited for.
    pub(crate) fn end_read(&self) {
        if self.opening.take().is_none() && self.open.replace(false) {
            begin_only(self.client.batch_execute("ROLLBACK"));
        }
    }

    /// Takes everything back since `begin`.
    pub(crate) fn roll_back(&self) {
        self.end_read();
    }

    /// How many rows a statement changed.
    pub(crate) fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Failure> {
        let statement = self.prepared(sql)?;
        self.opened(self.client.execute(&statement, params))
    }

    /// The rows that a statement finds.
    pub(crate) fn query(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let statement = self.prepared(sql)?;
        self.opened(self.client.query(&statement, params))
    }

    /// The rows that a statement finds which is asked once; its parameters are `$1`.
    pub(crate) fn ask(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        self.wait(self.client.query(sql, params))
    }

    /// Runs `requests` as one transaction in one flight: nobody waits between them. Each answer is looked at, because a
    /// COMMIT after a failure rolls back and answers well.
    pub(crate) fn flight(&self, requests: &[Request<'_>]) -> Result<(), Failure> {
        let statements: Vec<Statement> =
            requests.iter().map(|(sql, _)| self.prepared(sql)).collect::<Result<_, _>>()?;
        let said = |sql| async move { self.client.batch_execute(sql).await.map(|()| 0) };
        let mut asked: Vec<Asked<'_>> = vec![Box::pin(said("BEGIN"))];
        for (statement, (_, params)) in statements.iter().zip(requests) {
            asked.push(Box::pin(self.client.execute(statement, params)));
        }
        asked.push(Box::pin(said("COMMIT")));
        self.wait(all(asked))
    }

    /// The statement for `sql`, whose parameters are `?1`, prepared when first asked for.
    pub(crate) fn prepared(&self, sql: &'static str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let text = sql.replace('?', "$");
        let statement = self.opened(self.client.prepare(&text))?;
        self.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    /// Waits for `asked`, after the transaction that it opens.
    fn opened<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        let Some(begin) = self.opening.take() else { return self.wait(asked) };
        self.open.set(true);
        self.wait(async {
            let (begun, done) = tokio::join!(biased; self.client.batch_execute(begin), asked);
            begun?;
            done
        })
    }

    /// Waits for `asked` on this thread.
    pub(crate) fn wait<T>(
        &self,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let answer =
            if self.lost.get() { None } else { block_on(self.postgres.handle(), self.patience.get(), asked) };
        if answer.as_ref().is_none_or(is_silence) && !self.lost.get() {
            self.postgres.lose();
        }
        answer.map_or_else(
            || {
                self.lost.set(true);
                Err(Failure::lost("no answer in time"))
            },
            |answer| {
                if self.doubt.0.load(Ordering::SeqCst) {
                    self.lost.set(true);
                    return Err(Failure::lost("a commit was cancelled while it waited for the standby"));
                }
                answer.map_err(|error| self.named(Failure::of(error)))
            },
        )
    }
}

/// Whether the connection ended instead of an answer. A value that the driver could not convert says nothing about it.
fn is_silence<T>(answer: &Result<T, tokio_postgres::Error>) -> bool {
    answer.as_ref().is_err_and(|error| {
        let source =
            std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
        error.is_closed() || source.is_some()
    })
}

type Asked<'a> = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + 'a>>;

/// Asks everything in this order, and waits for every answer; the first failure is the one that counts.
async fn all(mut asked: Vec<Asked<'_>>) -> Result<(), tokio_postgres::Error> {
    let mut answers: Vec<Option<Result<u64, tokio_postgres::Error>>> = asked.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (asked, answer) in asked.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(done) = asked.as_mut().poll(context)
            {
                *answer = Some(done);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().try_for_each(|answer| answer.map(drop))
}

/// Runs `ask` with the parameters as the driver takes them.
pub(crate) fn with_params<T>(params: &[Value<'_>], ask: impl FnOnce(&[Param<'_>]) -> T) -> T {
    let params: Vec<Param<'_>> = params.iter().map(|value| value as Param<'_>).collect();
    ask(&params)
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) => integer.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::BYTEA | Type::TEXT)
    }

    to_sql_checked!();
}

/// A value as it arrives.
#[derive(Clone, Copy)]
pub(crate) enum Arrived<'r> {
    Null,
    Integer(i64),
    Bytes(&'r [u8]),
    Text(&'r [u8]),
}

impl<'r> FromSql<'r> for Arrived<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Self::Integer(i64::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(raw),
            _ => Self::Text(raw),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::BYTEA | Type::TEXT)
    }
}
