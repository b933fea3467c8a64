//! The projector's end of the views: one transaction at a time.

use crate::error::StoreError;
use crate::journal::signed;
use crate::lease::Held;
use crate::postgres::{self, Pool, Postgres, check_epoch};
use crate::sql::Session;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Pages of 4 KiB in the write-ahead log, from which a commit moves them into the file: 8 MiB. What is moved is synced, and a
/// sync of much more would let the journal's own wait.
const CHECKPOINT_PAGES: i64 = 2_048;
/// The projector's page cache at most.
const CACHE_KIB: i64 = 65_536;

/// The number of the tables' schema; a file of another one is rebuilt, in PostgreSQL each has a schema of its own, so that
/// nodes of two versions can work side by side.
const SCHEMA_VERSION: i32 = 2;
/// The schema in PostgreSQL; its number is [`SCHEMA_VERSION`].
pub(super) const SCHEMA_NAME: &str = "views_2";

const SCHEMA: &str = include_str!("../../migrations/views/sqlite.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../migrations/views/postgres.sql");

/// How long a page of records may take in PostgreSQL.
const PAGE_WAIT: Duration = Duration::from_mins(1);

/// Where pages are written.
pub(super) enum Writer {
    /// To a file.
    File(Mutex<Connection>),
    /// To PostgreSQL.
    Postgres(Box<InPostgres>),
}

/// What the projector needs in PostgreSQL.
pub(super) struct InPostgres {
    pool: Pool,
    connection: Mutex<Option<postgres::Connection>>,
    held: Held,
}

impl Writer {
    pub(super) fn of_file(path: &Path) -> Result<Self, StoreError> {
        let connection = match open_known(path)? {
            Some(connection) => connection,
            None => begin(path)?,
        };
        Ok(Self::File(Mutex::new(connection)))
    }

    pub(super) fn of_postgres(postgres: &Postgres, held: Held) -> Result<Self, StoreError> {
        postgres::migrate(postgres, SCHEMA_NAME, &[POSTGRES_SCHEMA])?;
        let pool = Pool::new(postgres, SCHEMA_NAME);
        Ok(Self::Postgres(Box::new(InPostgres { pool, connection: Mutex::new(None), held })))
    }

    /// Runs `change` in one transaction, under the lease.
    pub(super) fn within(
        &self,
        change: impl FnOnce(Session<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::File(writer) => {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                let transaction = writer.transaction()?;
                change(Session::Sqlite(&transaction))?;
                Ok(transaction.commit()?)
            }
            Self::Postgres(writer) => writer.within(change),
        }
    }
}

impl InPostgres {
    fn within(&self, change: impl FnOnce(Session<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut kept = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|connection| !connection.is_sound()) {
            let connection = self.pool.connect()?;
            connection.patient(PAGE_WAIT);
            connection.batch("SET statement_timeout = '50s'")?;
            *kept = Some(connection);
        }
        let Some(connection) = kept.as_ref() else { return Ok(()) };
        connection.begin("BEGIN");
        let epoch = signed(self.held.epoch().number())?;
        let done = check_epoch(connection, epoch)
            .map_err(StoreError::from)
            .and_then(|()| change(Session::Postgres(connection)));
        match done {
            Ok(()) => Ok(connection.commit()?),
            Err(error) => {
                connection.roll_back();
                Err(error)
            }
        }
    }
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Pages that one payment after another changes are written to the file once in many commits, and looked for in memory.
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(())
}

fn open_known(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let known = Connection::open(path).and_then(|connection| {
        let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        connection.query_row("SELECT records FROM mark", [], |_| Ok(()))?;
        Ok((version == SCHEMA_VERSION).then_some(connection))
    });
    match known {
        Ok(Some(connection)) => configure(&connection).map(|()| Some(connection)),
        Ok(None) | Err(_) => Ok(None),
    }
}

fn begin(path: &Path) -> Result<Connection, StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::Failed(error.to_string())),
        }
    }
    let connection = Connection::open(path)?;
    configure(&connection)?;
    connection.execute_batch(&format!("BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"))?;
    Ok(connection)
}
