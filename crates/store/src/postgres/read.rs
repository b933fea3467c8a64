//! The journal's questions, asked of PostgreSQL.

use super::{Ear, Lent, Pool, Postgres};
use crate::error::StoreError;
use crate::journal::{Head, StoredEvidence, StoredRecord, signed, unsigned};
use crate::sql::{Row, Session, SqlError, params};
use std::time::Duration;

/// How often whoever waits for records looks again when nobody told of any.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const RECORD: &str = "SELECT idx, facts, opening, digest FROM records WHERE idx = ?1";

/// Reads the journal of a primary.
pub(crate) struct PostgresReader {
    pool: Pool,
    ear: Ear,
}

/// A connection that answers several questions.
pub(crate) struct Reading<'r>(Lent<'r>);

impl Reading<'_> {
    fn session(&self) -> Session<'_> {
        Session::Postgres(&self.0)
    }

    pub(crate) fn record(&self, index: u64) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.session().first(RECORD, params![signed(index)?], stored)?)
    }
}

impl PostgresReader {
    pub(crate) fn of(postgres: &Postgres) -> Self {
        Self { pool: Pool::new(postgres, "journal"), ear: Ear::default() }
    }

    pub(crate) fn lend(&self) -> Result<Reading<'_>, StoreError> {
        Ok(Reading(self.pool.lend()?))
    }

    /// Waits until somebody tells of more than `size` records, for `left` at most; answers about how long that was.
    pub(crate) fn wait_beyond(&self, size: u64, left: Duration) -> Duration {
        let every = LOOK_EVERY.min(left);
        self.ear.wait_beyond(self.pool.postgres(), size, every);
        every
    }

    pub(crate) fn size(&self) -> Result<u64, StoreError> {
        let last: Option<i64> =
            self.lend()?.session().only("SELECT max(idx) FROM records", &[], |row| row.get(0))?;
        Ok(last.map_or(0, |last| unsigned(last).saturating_add(1)))
    }

    pub(crate) fn record(&self, index: u64) -> Result<Option<StoredRecord>, StoreError> {
        self.lend()?.record(index)
    }

    pub(crate) fn records(&self, from: u64, most: u32) -> Result<Vec<StoredRecord>, StoreError> {
        let sql = "SELECT idx, facts, opening, digest FROM records WHERE idx >= ?1 ORDER BY idx LIMIT ?2";
        Ok(self.lend()?.session().all(sql, params![signed(from)?, most], stored)?)
    }

    pub(crate) fn evidence(&self, index: u64) -> Result<Option<StoredEvidence>, StoreError> {
        let sql = "SELECT salt, bytes FROM evidence WHERE idx = ?1";
        let read =
            |row: &Row<'_>| Ok::<_, SqlError>(StoredEvidence { salt: row.get(0)?, bytes: row.get(1)? });
        Ok(self.lend()?.session().first(sql, params![signed(index)?], read)?)
    }

    pub(crate) fn disclosures(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM disclosures WHERE idx = ?1";
        Ok(self.lend()?.session().first(sql, params![signed(index)?], |row| row.get(0))?)
    }

    pub(crate) fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT hashes FROM tiles WHERE level = ?1 AND number = ?2";
        Ok(self.lend()?.session().first(sql, params![level, signed(number)?], |row| row.get(0))?)
    }

    pub(crate) fn head(&self) -> Result<Option<Head>, StoreError> {
        self.head_where("SELECT size, note FROM heads WHERE size >= ?1 ORDER BY size DESC LIMIT 1", 0)
    }

    pub(crate) fn head_covering(&self, index: u64) -> Result<Option<Head>, StoreError> {
        self.head_where("SELECT size, note FROM heads WHERE size > ?1 ORDER BY size LIMIT 1", index)
    }

    pub(crate) fn newest_snapshot(&self) -> Result<Option<u64>, StoreError> {
        let last: Option<i64> =
            self.lend()?.session().only("SELECT max(idx) FROM snapshots", &[], |row| row.get(0))?;
        Ok(last.map(unsigned))
    }

    pub(crate) fn snapshot_before(&self, index: u64) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT max(idx) FROM snapshots WHERE idx < ?1";
        let last: Option<i64> =
            self.lend()?.session().only(sql, params![signed(index)?], |row| row.get(0))?;
        Ok(last.map(unsigned))
    }

    fn head_where(&self, sql: &'static str, bound: u64) -> Result<Option<Head>, StoreError> {
        let read = |row: &Row<'_>| Ok::<_, SqlError>(Head { size: unsigned(row.get(0)?), note: row.get(1)? });
        Ok(self.lend()?.session().first(sql, params![signed(bound)?], read)?)
    }
}

fn stored(row: &Row<'_>) -> Result<StoredRecord, SqlError> {
    Ok(StoredRecord {
        index: unsigned(row.get(0)?),
        facts: row.get(1)?,
        opening: row.get(2)?,
        digest: row.get(3)?,
    })
}
