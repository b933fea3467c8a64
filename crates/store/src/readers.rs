//! A small pool of read connections to one file.

use crate::error::StoreError;
use crate::sql::Session;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Connections that wait for the next reader; more are opened and closed as needed.
const KEPT: usize = 8;

/// The pool.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    pub(crate) fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match waiting {
            Some(connection) => connection,
            None => open(&self.path)?,
        };
        Ok(Lent { pool: self, connection: Some(connection) })
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
pub(crate) struct Lent<'p> {
    pool: &'p Readers,
    connection: Option<Connection>,
}

impl Lent<'_> {
    /// Where questions are asked.
    pub(crate) fn session(&self) -> Session<'_> {
        Session::Sqlite(self.connection.as_ref().expect("taken only when it is dropped"))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = self.connection.take().filter(|_| idle.len() < KEPT) {
            idle.push(connection);
        }
    }
}
