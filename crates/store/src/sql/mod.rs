//! The seam between the store's questions and an engine: each question is written once, with `?1` parameters.
//!
//! Portable SQL only: columns are qualified where an upsert could confuse them, `max` and `min` stay aggregates, every
//! integer is 64 bits wide. An engine's own words (pragmas, `unnest`, locks) stay in that engine's file.

mod row;
mod value;

use crate::postgres::{self, Failure, with_params};

pub(crate) use row::{Cell, Row};
pub(crate) use value::{ToValue, Value, params};

/// Why a statement has no answer. It becomes the door's own error there.
#[derive(Debug)]
pub(crate) enum SqlError {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// PostgreSQL refused, or did not answer.
    Postgres(Failure),
    /// A column holds what it cannot hold.
    Shape {
        /// The column, by name or number.
        column: String,
        /// What was expected.
        reason: &'static str,
    },
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Failure> for SqlError {
    fn from(failure: Failure) -> Self {
        Self::Postgres(failure)
    }
}

/// A connection that answers questions, whichever engine it belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Session<'c> {
    /// To a file.
    Sqlite(&'c rusqlite::Connection),
    /// To PostgreSQL.
    Postgres(&'c postgres::Connection),
}

impl Session<'_> {
    /// Runs one statement; how many rows it changed.
    pub(crate) fn execute(self, sql: &'static str, params: &[Value<'_>]) -> Result<usize, SqlError> {
        match self {
            Self::Sqlite(connection) => {
                Ok(connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(params))?)
            }
            Self::Postgres(connection) => {
                let changed = with_params(params, |params| connection.execute(sql, params))?;
                Ok(usize::try_from(changed).unwrap_or(usize::MAX))
            }
        }
    }

    /// The first row that `sql` finds.
    pub(crate) fn first<T, E: From<SqlError>>(
        self,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql).map_err(SqlError::from)?;
                let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(SqlError::from)?;
                match rows.next().map_err(SqlError::from)? {
                    Some(row) => read(&Row::Sqlite(row)).map(Some),
                    None => Ok(None),
                }
            }
            Self::Postgres(connection) => {
                let rows =
                    with_params(params, |params| connection.query(sql, params)).map_err(SqlError::from)?;
                rows.first().map(|row| read(&Row::Postgres(row))).transpose()
            }
        }
    }

    /// The one row that `sql` always finds.
    pub(crate) fn only<T, E: From<SqlError>>(
        self,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let missing = || SqlError::Shape { column: "row".to_owned(), reason: "a row that is always there" };
        self.first(sql, params, read)?.ok_or_else(|| missing().into())
    }

    /// Every row that `sql` finds; the statement bounds how many.
    pub(crate) fn all<T, E: From<SqlError>>(
        self,
        sql: &'static str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql).map_err(SqlError::from)?;
                let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(SqlError::from)?;
                let mut found = Vec::new();
                while let Some(row) = rows.next().map_err(SqlError::from)? {
                    found.push(read(&Row::Sqlite(row))?);
                }
                Ok(found)
            }
            Self::Postgres(connection) => {
                let rows =
                    with_params(params, |params| connection.query(sql, params)).map_err(SqlError::from)?;
                rows.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }
}
