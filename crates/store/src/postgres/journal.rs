//! The journal in PostgreSQL: a batch is one transaction, fenced by the lease, and its statements travel together.

use super::{Connection, Failure, Postgres, Request};
use crate::error::StoreError;
use crate::journal::{Batch, Journal, signed};
use crate::lease::{Epoch, LEASE_MS, RENEW_BELOW_MS};
use std::time::Duration;

/// How long a commit whose answer was lost may still take effect: the server ends a session that hangs before that.
const SETTLE_WAIT: Duration = Duration::from_secs(20);
/// Where appends are told: the payload is the journal's new size.
pub(crate) const CHANNEL: &str = "yinxin_journal";

/// The schema of journal and lease. `STORAGE` keeps what is incompressible from being compressed: hashes stay inline, and what
/// outgrows a page moves out of line as it is.
pub(super) const SCHEMA: &str = include_str!("../../migrations/journal/postgres.sql");

/// The writer's end of a journal in PostgreSQL, for one epoch of the lease.
pub(crate) struct PostgresJournal {
    postgres: Postgres,
    epoch: Epoch,
    connection: Option<Connection>,
}

impl PostgresJournal {
    pub(crate) fn open(postgres: &Postgres, epoch: Epoch) -> Result<Self, StoreError> {
        let connection = Some(postgres.connect(Some("journal"))?);
        Ok(Self { postgres: postgres.clone(), epoch, connection })
    }

    fn connection(&mut self) -> Result<&Connection, Failure> {
        if self.connection.as_ref().is_none_or(|connection| !connection.is_sound()) {
            self.connection = None;
            let connection = self.postgres.connect(Some("journal"))?;
            // A commit whose answer was lost may still be under way. It holds the lease's row; behind it the tail is the real one.
            connection.patient(SETTLE_WAIT);
            connection
                .batch("SET lock_timeout = '15s'; SELECT 1 FROM lease FOR UPDATE; SET lock_timeout = '5s'")?;
            self.connection = Some(connection);
        }
        self.connection.as_ref().ok_or_else(|| Failure::lost("no connection"))
    }
}

impl Drop for PostgresJournal {
    /// The next writer need not wait until the lease runs out.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(Connection::is_sound) else { return };
        if let Ok(epoch) = i64::try_from(self.epoch.number()) {
            drop(connection.execute("UPDATE lease SET until = '-infinity' WHERE epoch = ?1", &[&epoch]));
        }
    }
}

impl Journal for PostgresJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let epoch = self.epoch;
        let done = Columns::of(batch).and_then(|columns| {
            let connection = self.connection()?;
            Ok(columns.append(connection, epoch)?)
        });
        if matches!(done, Err(StoreError::Failed(_))) {
            // The caller reads the real tail next: see to it that it is settled, as far as that can be known.
            if let Some(broken) = self.connection.take() {
                broken.roll_back();
            }
            drop(self.connection());
        }
        done
    }

    fn erase_disclosures(&mut self, index: u64) -> Result<(), StoreError> {
        let index = signed(index)?;
        self.connection()?.execute("DELETE FROM disclosures WHERE idx = ?1", &[&index])?;
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        let epoch = signed(self.epoch.number())?;
        let connection = self.connection()?;
        connection.execute(HOLD, &[&epoch, &LEASE_MS, &RENEW_BELOW_MS])?;
        Ok(())
    }
}

/// Checks the lease in this transaction, and renews it when less than the third number is left.
pub(crate) const HOLD: &str = "SELECT hold_lease(?1, ?2, ?3)";
const RECORDS: &str = "INSERT INTO records (idx, facts, opening, digest)
  SELECT ?1 + new.at - 1, new.facts, new.opening, new.digest
  FROM unnest(?2::bytea[], ?3::bytea[], ?4::bytea[]) WITH ORDINALITY AS new (facts, opening, digest, at)";
const EVIDENCE: &str = "INSERT INTO evidence (idx, salt, bytes)
  SELECT ?1 + new.at - 1, new.salt, new.bytes
  FROM unnest(?2::bytea[], ?3::bytea[]) WITH ORDINALITY AS new (salt, bytes, at)";
const DISCLOSURES: &str = "INSERT INTO disclosures (idx, bytes)
  SELECT * FROM unnest(?1::bigint[], ?2::bytea[])";
const SNAPSHOTS: &str = "INSERT INTO snapshots (idx) SELECT * FROM unnest(?1::bigint[])";
const TILES: &str = "INSERT INTO tiles (level, number, hashes)
  SELECT * FROM unnest(?1::bigint[], ?2::bigint[], ?3::bytea[])";
const HEAD: &str = "WITH head AS (INSERT INTO heads (size, note) VALUES (?1, ?2) RETURNING size)
  SELECT pg_notify('yinxin_journal', size::text) FROM head";

/// A batch, column by column.
struct Columns<'b> {
    first: i64,
    facts: Vec<&'b [u8]>,
    openings: Vec<&'b [u8]>,
    digests: Vec<&'b [u8]>,
    salts: Vec<&'b [u8]>,
    evidence: Vec<&'b [u8]>,
    disclosed: Vec<i64>,
    disclosures: Vec<&'b [u8]>,
    snapshots: Vec<i64>,
    tile_levels: Vec<i64>,
    tile_numbers: Vec<i64>,
    tile_hashes: Vec<&'b [u8]>,
    head_size: i64,
    head_note: &'b str,
}

impl<'b> Columns<'b> {
    fn of(batch: &'b Batch) -> Result<Self, StoreError> {
        let records = &batch.records;
        let named = (batch.first..).zip(records).filter(|(_, new)| new.names_snapshot);
        let disclosed = (batch.first..).zip(records).filter(|(_, new)| new.disclosures.is_some());
        Ok(Self {
            first: signed(batch.first)?,
            facts: records.iter().map(|new| new.facts.as_slice()).collect(),
            openings: records.iter().map(|new| new.opening.as_slice()).collect(),
            digests: records.iter().map(|new| new.digest.as_slice()).collect(),
            salts: records.iter().map(|new| new.salt.as_slice()).collect(),
            evidence: records.iter().map(|new| new.evidence.as_slice()).collect(),
            disclosed: disclosed.map(|(index, _)| signed(index)).collect::<Result<_, _>>()?,
            disclosures: records.iter().filter_map(|new| new.disclosures.as_deref()).collect(),
            snapshots: named.map(|(index, _)| signed(index)).collect::<Result<_, _>>()?,
            tile_levels: batch.tiles.iter().map(|tile| i64::from(tile.level)).collect(),
            tile_numbers: batch.tiles.iter().map(|tile| signed(tile.number)).collect::<Result<_, _>>()?,
            tile_hashes: batch.tiles.iter().map(|tile| tile.hashes.as_slice()).collect(),
            head_size: signed(batch.head.size)?,
            head_note: &batch.head.note,
        })
    }

    fn append(&self, connection: &Connection, epoch: Epoch) -> Result<(), Failure> {
        let epoch = i64::try_from(epoch.number()).map_err(|_| Failure::Fenced)?;
        let mut requests: Vec<Request<'_>> = vec![
            (HOLD, vec![&epoch, &LEASE_MS, &RENEW_BELOW_MS]),
            (RECORDS, vec![&self.first, &self.facts, &self.openings, &self.digests]),
            (EVIDENCE, vec![&self.first, &self.salts, &self.evidence]),
        ];
        if !self.disclosed.is_empty() {
            requests.push((DISCLOSURES, vec![&self.disclosed, &self.disclosures]));
        }
        if !self.snapshots.is_empty() {
            requests.push((SNAPSHOTS, vec![&self.snapshots]));
        }
        if !self.tile_hashes.is_empty() {
            requests.push((TILES, vec![&self.tile_levels, &self.tile_numbers, &self.tile_hashes]));
        }
        requests.push((HEAD, vec![&self.head_size, &self.head_note]));
        connection.flight(&requests)
    }
}

/// Makes the journal's schema where it is missing.
pub(crate) fn prepare(postgres: &Postgres) -> Result<(), StoreError> {
    super::migrations::migrate(postgres, "journal", &[SCHEMA])
}

/// What a session inside a transaction does first when it writes a projection: an old projector's write fails.
pub(crate) fn check_epoch(connection: &Connection, epoch: i64) -> Result<(), Failure> {
    connection.execute("SELECT journal.hold_lease(?1, 0, 0)", &[&epoch]).map(drop)
}
