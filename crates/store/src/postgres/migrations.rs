//! Schemas in PostgreSQL: each a numbered list of steps, taken once, whichever node comes first.

use super::{Failure, Postgres};
use crate::error::StoreError;
use std::time::Duration;

/// How long a step may take.
const STEP_WAIT: Duration = Duration::from_mins(10);
/// "YXJ1": nodes that start at once take their steps one after the other.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1499023921)";

/// Brings `schema` to the newest of `steps`, all missing ones in one transaction.
pub(crate) fn migrate(postgres: &Postgres, schema: &str, steps: &[&str]) -> Result<(), StoreError> {
    let connection = postgres.connect(None)?;
    connection.patient(STEP_WAIT);
    connection.batch("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")?;
    connection.batch(LOCK)?;
    connection.batch(&format!(
        "CREATE SCHEMA IF NOT EXISTS {schema}; SET LOCAL search_path = {schema};
         CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL);"
    ))?;
    let rows = connection.query("SELECT coalesce(max(version), 0) FROM schema_version", &[])?;
    let found: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(Failure::of)?,
        None => 0,
    };
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { schema: schema.to_owned(), found, known });
    }
    for (number, step) in (1_i64..).zip(steps).filter(|(number, _)| *number > found) {
        connection.batch(step)?;
        connection.execute("INSERT INTO schema_version (version) VALUES (?1)", &[&number])?;
    }
    Ok(connection.batch("COMMIT")?)
}
