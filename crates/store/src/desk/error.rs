//! What can go wrong at the desk, in the store's own words.

use crate::sql::SqlError;
use rusqlite::{ErrorCode, ffi};

/// Why the desk could not answer. Absence is never an error: it is `None`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// A value that must be unique is there already; `column` is `table.column` as declared.
    #[error("{column} is taken")]
    Taken {
        /// The first column of the broken uniqueness, as `table.column`.
        column: String,
    },
    /// A row holds what it cannot hold.
    #[error("the desk is corrupt: {table}.{column} of row {row}: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row, by its first column.
        row: String,
        /// What was expected.
        reason: &'static str,
    },
    /// The file was written by a newer version of this program.
    #[error("the desk has schema {found}, this program knows up to {known}")]
    Newer {
        /// The file's version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The file is locked by another process; the same call may succeed later.
    #[error("the desk is busy")]
    Busy,
    /// The disk is full: nothing was written, the same may succeed when there is room.
    #[error("the disk is full")]
    Full,
    /// The disk did not write or not make durable: nothing that follows can be trusted, the process must end.
    #[error("the disk did not make the desk durable: {0}")]
    Sync(String),
    /// The file or the disk failed.
    #[error("the desk failed: {0}")]
    Failed(String),
}

impl DeskError {
    /// Whether this says that `column` (`table.column`) is taken.
    #[must_use]
    pub fn is_taken(&self, column: &str) -> bool {
        matches!(self, Self::Taken { column: taken } if taken == column)
    }
}

impl From<SqlError> for DeskError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Sqlite(error) => error.into(),
            SqlError::Postgres(failure) => failure.into(),
            SqlError::Shape { column, reason } => Self::Failed(format!("column {column} is not {reason}")),
        }
    }
}

impl From<rusqlite::Error> for DeskError {
    fn from(error: rusqlite::Error) -> Self {
        if let Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) = error.sqlite_error_code() {
            return Self::Busy;
        }
        let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
        match extended {
            ffi::SQLITE_FULL | ffi::SQLITE_IOERR_SHMSIZE => return Self::Full,
            _ if extended & 0xff == ffi::SQLITE_IOERR => return Self::Sync(error.to_string()),
            _ => {}
        }
        let text = error.to_string();
        let columns = text.strip_prefix("UNIQUE constraint failed: ");
        match columns.and_then(|columns| columns.split(',').next()) {
            Some(column) => Self::Taken { column: column.trim().to_owned() },
            None => Self::Failed(text),
        }
    }
}
