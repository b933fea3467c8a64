//! What can go wrong at the journal and the views, in the store's own words.

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
    /// The disk refused to make data durable: nothing that follows can be trusted, the process must end.
    #[error("the disk did not make the data durable: {0}")]
    Sync(String),
    /// The file or the disk failed; whether the last commit took effect is known only after reading it again.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Sqlite(error) => error.into(),
            SqlError::Shape { column, reason } => Self::Failed(format!("column {column} is not {reason}")),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
        match extended {
            ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => Self::Sync(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
