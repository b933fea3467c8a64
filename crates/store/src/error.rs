//! What can go wrong at the journal and the views, in the store's own words.

use crate::postgres::Failure;
use crate::sql::SqlError;
use rusqlite::ffi;

/// Why the store could not answer. Absence is never an error: it is `None`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row holds what it cannot hold.
    #[error("{table} is corrupt at row {row}: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row, by its first column.
        row: u64,
        /// What was expected.
        reason: &'static str,
    },
    /// What lies in a file is not what was written there.
    #[error("the journal is damaged: {0}")]
    Damaged(String),
    /// The disk is full: nothing of the commit took effect, the same may succeed when there is room.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The lease is of another epoch: somebody else writes now, and nothing of this writer will be taken any more.
    #[error("another node is the writer now")]
    Fenced,
    /// The database was made by a newer version of this program.
    #[error("the database's {schema} has version {found}, this program knows up to {known}")]
    Newer {
        /// Which part of it.
        schema: String,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The disk refused to make data durable: nothing that follows can be trusted, the process must end.
    #[error("the disk did not make the data durable: {0}")]
    Sync(String),
    /// The file or the disk failed; whether the last commit took effect is known only after reading it again.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy => Self::Failed("PostgreSQL: somebody else was in the way".to_owned()),
            Failure::Taken(what) => Self::Failed(format!("PostgreSQL: {what} is taken")),
            Failure::Fenced => Self::Fenced,
            Failure::Full(text) => Self::Full(text),
            Failure::Refused(text) | Failure::Lost(text) => Self::Failed(text),
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Sqlite(error) => error.into(),
            SqlError::Postgres(failure) => failure.into(),
            SqlError::Shape { column, reason } => Self::Failed(format!("column {column} is not {reason}")),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
        match extended {
            // The write-ahead index holds nothing that must last: where it cannot grow there is no room.
            ffi::SQLITE_FULL | ffi::SQLITE_IOERR_SHMSIZE => Self::Full(error.to_string()),
            _ if extended & 0xff == ffi::SQLITE_IOERR => Self::Sync(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
