//! The desk in one SQLite file: one writer, a few readers.

use super::{DeskError, DeskRead, DeskWrite, schema};
use crate::sql::Session;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Read connections kept open; more readers than this wait for one another.
const READERS_MAX: usize = 4;

/// How long SQLite waits for a file that another process holds (a backup) before it says busy.
const BUSY_WAIT_MS: u64 = 2_000;

/// How often a write is run again when the file was busy.
const WRITE_ATTEMPTS_MAX: u32 = 3;

/// Statements that each connection keeps prepared: more than the desk has questions on one path.
const STATEMENTS_KEPT: usize = 64;

/// The file, opened and migrated.
pub(super) struct SqliteDesk {
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl SqliteDesk {
    pub(super) fn open(path: &Path) -> Result<Self, DeskError> {
        let mut writer = Connection::open(path)?;
        prepare(&writer)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        schema::migrate(&mut writer)?;
        let mut readers = Vec::with_capacity(READERS_MAX);
        for _ in 0..READERS_MAX {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(path, flags)?;
            prepare(&reader)?;
            reader.pragma_update(None, "query_only", true)?;
            readers.push(reader);
        }
        Ok(Self { writer: Mutex::new(writer), readers: Mutex::new(readers), returned: Condvar::new() })
    }

    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&DeskRead<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let lent = self.lend();
        let snapshot = Transaction::new_unchecked(lent.connection()?, TransactionBehavior::Deferred)?;
        look(&DeskRead::new(Session::Sqlite(&snapshot)))
    }

    pub(super) fn write<T>(
        &self,
        mut change: impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut attempts = 1;
        loop {
            match attempt(&writer, &mut change) {
                Err(DeskError::Busy) if attempts < WRITE_ATTEMPTS_MAX => attempts += 1,
                done => return done,
            }
        }
    }

    fn lend(&self) -> Lent<'_> {
        let mut readers = self.lock_readers();
        loop {
            if let Some(connection) = readers.pop() {
                return Lent { desk: self, connection: Some(connection) };
            }
            readers = self.returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock_readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attempt<T>(
    writer: &Connection,
    change: &mut impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
) -> Result<T, DeskError> {
    let transaction = Transaction::new_unchecked(writer, TransactionBehavior::Immediate)?;
    let tx = DeskWrite::new(Session::Sqlite(&transaction));
    let done = change(&tx);
    let done = tx.outcome(done)?;
    transaction.commit()?;
    Ok(done)
}

fn prepare(connection: &Connection) -> Result<(), DeskError> {
    connection.busy_timeout(Duration::from_millis(BUSY_WAIT_MS))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // What is erased is overwritten: a deleted name must not survive in a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(())
}

/// A read connection that goes back to its pool by itself.
struct Lent<'d> {
    desk: &'d SqliteDesk,
    connection: Option<Connection>,
}

impl Lent<'_> {
    fn connection(&self) -> Result<&Connection, DeskError> {
        self.connection.as_ref().ok_or(DeskError::Busy)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.desk.lock_readers().push(connection);
            self.desk.returned.notify_one();
        }
    }
}
