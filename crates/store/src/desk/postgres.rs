//! The desk in PostgreSQL: every write is serialisable, so that any number of nodes may write at once.

use super::{DeskError, DeskRead, DeskWrite};
use crate::error::StoreError;
use crate::postgres::{self, Connection, Failure, Pool, Postgres};
use crate::sql::Session;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Each migration in its order; never edited once released.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/desk/postgres/0001_desk.sql"),
    include_str!("../../migrations/desk/postgres/0002_kits.sql"),
    include_str!("../../migrations/desk/postgres/0003_reissues.sql"),
    include_str!("../../migrations/desk/postgres/0004_notices.sql"),
    include_str!("../../migrations/desk/postgres/0005_login.sql"),
];

/// How often a write is run again when other nodes were in the way. Of those that collide one always commits.
const WRITE_ATTEMPTS_MAX: u32 = 50;

/// The schema `desk`: readers share a few connections, the writes of this node take turns on one.
pub(super) struct PostgresDesk {
    pool: Pool,
    writer: Mutex<Option<Connection>>,
    /// The first column of each uniqueness, by the name of its index.
    uniques: Arc<HashMap<String, String>>,
}

impl PostgresDesk {
    pub(super) fn open(postgres: &Postgres) -> Result<Self, DeskError> {
        postgres::migrate(postgres, "desk", &MIGRATIONS)?;
        let pool = Pool::new(postgres, "desk");
        let uniques = Arc::new(uniques(&*pool.lend()?)?);
        Ok(Self { pool, writer: Mutex::new(None), uniques })
    }

    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&DeskRead<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let lent = self.pool.lend()?;
        lent.begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        let seen = look(&DeskRead::new(Session::Postgres(&lent)));
        lent.end_read();
        seen
    }

    pub(super) fn write<T>(
        &self,
        mut change: impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut attempts = 1;
        loop {
            match self.attempt(&mut writer, &mut change) {
                Err(DeskError::Busy) if attempts < WRITE_ATTEMPTS_MAX => attempts += 1,
                // Another node may have written it between this one's look and its insert: look again.
                Err(DeskError::Taken { .. }) if attempts == 1 => attempts += 1,
                done => return done,
            }
        }
    }

    fn attempt<T>(
        &self,
        writer: &mut MutexGuard<'_, Option<Connection>>,
        change: &mut impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        if writer.as_ref().is_none_or(|connection| !connection.is_sound()) {
            let connection = self.pool.connect()?;
            connection.name_uniques(&self.uniques);
            **writer = Some(connection);
        }
        let connection = writer.as_ref().ok_or(DeskError::Busy)?;
        connection.begin("BEGIN ISOLATION LEVEL SERIALIZABLE");
        let tx = DeskWrite::new(Session::Postgres(connection));
        let done = change(&tx);
        match tx.outcome(done) {
            Ok(done) => {
                connection.commit()?;
                Ok(done)
            }
            Err(error) => {
                connection.roll_back();
                Err(error)
            }
        }
    }
}

fn uniques(connection: &Connection) -> Result<HashMap<String, String>, DeskError> {
    let rows = connection.query(
        "SELECT names.relname::text, tables.relname || '.' || columns.attname
         FROM pg_index JOIN pg_class names ON names.oid = indexrelid JOIN pg_class tables ON tables.oid = indrelid
         JOIN pg_attribute columns ON columns.attrelid = indrelid AND columns.attnum = indkey[0]
         WHERE indisunique AND tables.relnamespace = 'desk'::regnamespace",
        &[],
    )?;
    let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| Failure::of(error).into())
}

impl From<Failure> for DeskError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy => Self::Busy,
            Failure::Taken(column) => Self::Taken { column },
            Failure::Fenced => Self::Failed("the lease is another's".to_owned()),
            Failure::Full(_) => Self::Full,
            Failure::Refused(text) | Failure::Lost(text) => Self::Failed(text),
        }
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Newer { found, known, .. } => Self::Newer {
                found: u32::try_from(found).unwrap_or(u32::MAX),
                known: u32::try_from(known).unwrap_or(u32::MAX),
            },
            StoreError::Full(_) => Self::Full,
            StoreError::Corrupt { .. }
            | StoreError::Damaged(_)
            | StoreError::Fenced
            | StoreError::Sync(_)
            | StoreError::Failed(_) => Self::Failed(error.to_string()),
        }
    }
}
