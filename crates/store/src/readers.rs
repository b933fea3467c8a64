//! A small pool of read connections to one file, or to one schema of PostgreSQL.

use crate::error::StoreError;
use crate::postgres::{self, Pool, Postgres};
use crate::sql::Session;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Connections that wait for the next reader; more are opened and closed as needed.
const KEPT: usize = 8;

/// The pool.
pub(crate) enum Readers {
    /// Of a file.
    File(FileReaders),
    /// Of PostgreSQL.
    Postgres(Pool),
}

/// The connections to a file.
pub(crate) struct FileReaders {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn of_file(path: &Path) -> Self {
        Self::File(FileReaders { path: path.to_owned(), idle: Mutex::new(Vec::new()) })
    }

    pub(crate) fn of_postgres(postgres: &Postgres, schema: &str) -> Self {
        Self::Postgres(Pool::new(postgres, schema))
    }

    pub(crate) fn lend(&self) -> Result<Lent<'_>, StoreError> {
        match self {
            Self::File(readers) => {
                let waiting = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let connection = match waiting {
                    Some(connection) => connection,
                    None => open(&readers.path)?,
                };
                Ok(Lent::File { pool: readers, connection: Some(connection) })
            }
            Self::Postgres(pool) => Ok(Lent::Postgres(pool.lend()?)),
        }
    }
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.pragma_update(None, "query_only", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    Ok(connection)
}

/// A connection that goes back to its pool by itself.
pub(crate) enum Lent<'p> {
    /// To a file.
    File {
        /// Where it goes back to.
        pool: &'p FileReaders,
        /// Taken only when it is dropped.
        connection: Option<Connection>,
    },
    /// To PostgreSQL.
    Postgres(postgres::Lent<'p>),
}

impl Lent<'_> {
    /// Where questions are asked.
    pub(crate) fn session(&self) -> Session<'_> {
        match self {
            Self::File { connection, .. } => {
                Session::Sqlite(connection.as_ref().expect("taken only when it is dropped"))
            }
            Self::Postgres(lent) => Session::Postgres(lent),
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Self::File { pool, connection } = self else { return };
        let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connection.take().filter(|_| idle.len() < KEPT) {
            idle.push(connection);
        }
    }
}
