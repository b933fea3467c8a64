//! PostgreSQL: where it is, how to reach it, and connections that answer on the calling thread.
//!
//! The store's functions are synchronous and are called from inside asynchronous tasks. So connections live on a small
//! runtime of the store's own, and the calling thread parks until the answer is there. Only the primary is ever spoken to.

mod address;
mod connection;
mod dial;
mod failure;
mod follow;
mod journal;
mod migrations;
mod pool;
mod read;
mod tls;
mod wait;

pub(crate) use connection::{Arrived, Connection, Param, Request, with_params};
pub(crate) use failure::Failure;
pub(crate) use follow::Ear;
pub(crate) use journal::{PostgresJournal, check_epoch, prepare};
pub(crate) use migrations::migrate;
pub(crate) use pool::{Lent, Pool};
pub(crate) use read::PostgresReader;
use wait::block_on;

use crate::error::StoreError;
use address::Address;
use connection::{Doubt, drive};
use dial::Dial;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// The oldest PostgreSQL that is spoken to.
const VERSION_MIN: i32 = 150_000;
/// How long one answer may take before the connection is given up.
const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// What every session is told: durable commits unless the operator chose an even stronger kind, and an end to whatever hangs.
/// Without `idle_in_transaction_session_timeout` a node that was cut off could hold the lease's row for hours.
const SETTINGS: &str = "
SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');
SET statement_timeout = '10s';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '5s';
SET client_min_messages = 'warning';
SET timezone = 'UTC';
";

/// What every session of the store commits before it reads. After a crash the primary shows what it had on its own disk, also
/// what no standby confirmed; the log is confirmed in its order, so behind this commit nothing can be lost any more with the
/// primary. The lock: where no standby is, one session waits for it and not every one that tries.
const CONFIRM: &str = "SELECT pg_advisory_xact_lock(1499023922), pg_logical_emit_message(true, 'yinxin', '')";

/// A PostgreSQL database: an address that was understood. Nothing is connected before it is needed.
#[derive(Clone)]
pub struct Postgres(Arc<Inner>);

struct Inner {
    address: Address,
    runtime: Option<Runtime>,
    /// How often a connection was lost.
    losses: AtomicU64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The last handle may be dropped inside another runtime, where waiting for this one's end is forbidden.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Postgres({})", self.0.address.shown())
    }
}

impl Postgres {
    /// Understands `url`: `postgres://user:password@host:port/database?sslmode=…&sslrootcert=FILE`; several hosts are
    /// separated by commas, and the one that takes writes is chosen. A host beyond loopback is spoken to with TLS and a
    /// verified certificate. No error and no `Debug` output carries the password.
    pub fn at(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Failed(format!("no thread for PostgreSQL: {error}")))?;
        Ok(Self(Arc::new(Inner { address, runtime: Some(runtime), losses: AtomicU64::new(0) })))
    }

    /// The address without user and password, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        self.0.address.shown()
    }

    /// How often a connection was lost so far.
    fn losses(&self) -> u64 {
        self.0.losses.load(Ordering::SeqCst)
    }

    /// A connection was lost.
    fn lose(&self) {
        self.0.losses.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.0.runtime.as_ref().expect("taken only when it is dropped").handle()
    }

    /// A new connection whose tables are those of `schema`; `None` leaves the choice to each statement, and what
    /// such a session reads may be unconfirmed.
    pub(crate) fn connect(&self, schema: Option<&str>) -> Result<Connection, Failure> {
        let dial = self.0.address.dial();
        let doubt = Doubt::default();
        let raised = doubt.clone();
        let dialled = self.handle().spawn(async move {
            let (client, connection) = dial.connect().await?;
            // Ends with the connection; what went wrong is told to whoever waits for an answer.
            tokio::spawn(drive(connection, raised));
            Ok::<_, Failure>(client)
        });
        let client = block_on(self.handle(), ANSWER_WAIT, dialled)
            .ok_or_else(|| Failure::lost("no connection in time"))?
            .map_err(|_| Failure::lost("the connecting task ended"))??;
        let connection = Connection::new(client, self.clone(), doubt, ANSWER_WAIT);
        connection.batch(SETTINGS)?;
        if let Some(schema) = schema {
            connection.batch(&format!("SET search_path = {schema}"))?;
            connection.batch(CONFIRM).map_err(unconfirmed)?;
        }
        let version = connection.version()?;
        if version < VERSION_MIN {
            return Err(Failure::lost(&format!("PostgreSQL 15 or newer is needed, this one is {version}")));
        }
        Ok(connection)
    }

    /// The way to a connection that hears notifications.
    fn dial(&self) -> Arc<Dial> {
        self.0.address.dial()
    }
}

fn unconfirmed(failure: Failure) -> Failure {
    match failure {
        Failure::Lost(_) | Failure::Busy => {
            Failure::lost("nothing is confirmed: does the primary wait for a synchronous standby?")
        }
        other @ (Failure::Taken(_) | Failure::Fenced | Failure::Full(_) | Failure::Refused(_)) => other,
    }
}
