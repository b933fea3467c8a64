//! What a statement finds: rows whose values are checked when they are read.

use super::SqlError;
use crate::postgres::{Arrived, Failure};
use rusqlite::types::ValueRef;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'r> {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// Bytes.
    Bytes(&'r [u8]),
    /// Text, not yet known to be UTF-8.
    Text(&'r [u8]),
    /// Of a type that no column of ours has.
    Other,
}

/// One row.
pub(crate) enum Row<'r> {
    /// Of a file.
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of PostgreSQL.
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// The value in the column of this name.
    pub(crate) fn cell(&self, column: &str) -> Result<Cell<'_>, SqlError> {
        match self {
            Self::Sqlite(row) => Ok(of_sqlite(row.get_ref(column)?)),
            Self::Postgres(row) => Ok(of_postgres(row.try_get(column).map_err(Failure::of)?)),
        }
    }

    /// The value in the column of this number.
    pub(crate) fn cell_at(&self, column: usize) -> Result<Cell<'_>, SqlError> {
        match self {
            Self::Sqlite(row) => Ok(of_sqlite(row.get_ref(column)?)),
            Self::Postgres(row) => Ok(of_postgres(row.try_get(column).map_err(Failure::of)?)),
        }
    }

    /// The value in the column of this number, as what it must be.
    pub(crate) fn get<T: FromCell>(&self, column: usize) -> Result<T, SqlError> {
        T::from_cell(self.cell_at(column)?)
            .map_err(|reason| SqlError::Shape { column: column.to_string(), reason })
    }
}

fn of_sqlite(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(integer) => Cell::Integer(integer),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        ValueRef::Text(text) => Cell::Text(text),
        ValueRef::Real(_) => Cell::Other,
    }
}

fn of_postgres(value: Arrived<'_>) -> Cell<'_> {
    match value {
        Arrived::Null => Cell::Null,
        Arrived::Integer(integer) => Cell::Integer(integer),
        Arrived::Bytes(bytes) => Cell::Bytes(bytes),
        Arrived::Text(text) => Cell::Text(text),
    }
}

/// What a value can be read as.
pub(crate) trait FromCell: Sized {
    /// Reads it; the error says what was expected.
    fn from_cell(cell: Cell<'_>) -> Result<Self, &'static str>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, &'static str> {
        match cell {
            Cell::Integer(integer) => Ok(integer),
            Cell::Null | Cell::Bytes(_) | Cell::Text(_) | Cell::Other => Err("an integer"),
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Result<Self, &'static str> {
        match cell {
            Cell::Bytes(bytes) => Ok(bytes.to_vec()),
            Cell::Null | Cell::Integer(_) | Cell::Text(_) | Cell::Other => Err("bytes"),
        }
    }
}

impl<const N: usize> FromCell for [u8; N] {
    fn from_cell(cell: Cell<'_>) -> Result<Self, &'static str> {
        match cell {
            Cell::Bytes(bytes) => bytes.try_into().map_err(|_| "bytes of the right length"),
            Cell::Null | Cell::Integer(_) | Cell::Text(_) | Cell::Other => Err("bytes"),
        }
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell<'_>) -> Result<Self, &'static str> {
        match cell {
            Cell::Text(text) => Ok(std::str::from_utf8(text).map_err(|_| "UTF-8")?.to_owned()),
            Cell::Null | Cell::Integer(_) | Cell::Bytes(_) | Cell::Other => Err("text"),
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Result<Self, &'static str> {
        match cell {
            Cell::Null => Ok(None),
            Cell::Integer(_) | Cell::Bytes(_) | Cell::Text(_) | Cell::Other => T::from_cell(cell).map(Some),
        }
    }
}
