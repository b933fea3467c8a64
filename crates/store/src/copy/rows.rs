//! A journal in tables, read batch by batch: the SQLite file of earlier releases, and PostgreSQL.

use crate::error::StoreError;
use crate::journal::{Head, StoredEvidence, StoredRecord, TileRow, signed, unsigned};
use crate::segments::Walked;
use crate::sql::{Row, Session, SqlError, params};
use std::collections::VecDeque;

const HEADS: &str = "SELECT size, note FROM heads WHERE size > ?1 ORDER BY size LIMIT 1000";
const RECORDS: &str = "SELECT records.idx, facts, opening, digest, salt, evidence.bytes, disclosures.bytes, snapshots.idx
  FROM records LEFT JOIN evidence ON evidence.idx = records.idx LEFT JOIN disclosures ON disclosures.idx = records.idx
  LEFT JOIN snapshots ON snapshots.idx = records.idx
  WHERE records.idx >= ?1 AND records.idx < ?2 ORDER BY records.idx LIMIT 1000";
const TILES: &str =
    "SELECT number, hashes FROM tiles WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number";
const RECORDS_IN_ALL: &str = "SELECT count(*) FROM records";
const TILES_IN_ALL: &str = "SELECT count(*) FROM tiles";

/// The tables, as one moment shows them.
pub(crate) struct Rows<'s> {
    session: Session<'s>,
    pub(crate) records: u64,
    tiles: u64,
}

/// One batch out of them.
pub(crate) struct RowBatch {
    pub(crate) first: u64,
    pub(crate) records: Vec<Walked>,
    pub(crate) tiles: Vec<TileRow>,
    pub(crate) head: Head,
}

impl<'s> Rows<'s> {
    /// The tables behind `session`, which shows the same as long as it is read from.
    pub(crate) fn of(session: Session<'s>) -> Result<Self, StoreError> {
        let count = |sql| session.only(sql, &[], |row| row.get::<i64>(0)).map(unsigned);
        Ok(Self { session, records: count(RECORDS_IN_ALL)?, tiles: count(TILES_IN_ALL)? })
    }

    fn heads(&self, above: u64) -> Result<Vec<Head>, StoreError> {
        let read = |row: &Row<'_>| Ok::<_, SqlError>(Head { size: unsigned(row.get(0)?), note: row.get(1)? });
        Ok(self.session.all(HEADS, params![signed(above)?], read)?)
    }

    fn records(&self, from: u64, until: u64) -> Result<Vec<Walked>, StoreError> {
        Ok(self.session.all(RECORDS, params![signed(from)?, signed(until)?], walked)?)
    }

    /// The tiles that the records from `from` up to `until` filled, level by level.
    fn tiles(&self, from: u64, until: u64) -> Result<Vec<TileRow>, StoreError> {
        let mut tiles = Vec::new();
        for level in 0_u8.. {
            let Some(each) = 256_u64.checked_pow(u32::from(level) + 1).filter(|each| *each <= until) else {
                break;
            };
            let read = |row: &Row<'_>| {
                Ok::<_, SqlError>(TileRow { level, number: unsigned(row.get(0)?), hashes: row.get(1)? })
            };
            let (first, end) = (signed(from / each)?, signed(until / each)?);
            tiles.append(&mut self.session.all(TILES, params![level, first, end], read)?);
        }
        Ok(tiles)
    }
}

fn walked(row: &Row<'_>) -> Result<Walked, SqlError> {
    let salt: Option<[u8; 32]> = row.get(4)?;
    let bytes: Option<Vec<u8>> = row.get(5)?;
    Ok(Walked {
        record: StoredRecord {
            index: unsigned(row.get(0)?),
            facts: row.get(1)?,
            opening: row.get(2)?,
            digest: row.get(3)?,
        },
        evidence: salt.zip(bytes).map(|(salt, bytes)| StoredEvidence { salt, bytes }),
        disclosures: row.get(6)?,
        names_snapshot: row.get::<Option<i64>>(7)?.is_some(),
    })
}

/// Gives each batch to `put`, in order; every row must have come along at the end.
pub(crate) fn batches(
    rows: &Rows<'_>,
    mut put: impl FnMut(&RowBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let lost = |index: u64, reason| StoreError::Corrupt { table: "records", row: index, reason };
    let (mut next, mut tiles_put) = (0_u64, 0_u64);
    loop {
        let heads = rows.heads(next)?;
        let Some(until) = heads.last().map(|head| head.size) else { break };
        let mut waiting: VecDeque<Walked> = VecDeque::new();
        let mut tiles = rows.tiles(next, until)?;
        for head in heads {
            let first = next;
            let mut records = Vec::new();
            while next < head.size {
                if waiting.is_empty() {
                    waiting.extend(rows.records(next, until)?);
                }
                let found = waiting.pop_front().filter(|found| found.record.index == next);
                records.push(found.ok_or_else(|| lost(next, "a record"))?);
                next = next.saturating_add(1);
            }
            let is_filled = |tile: &mut TileRow| {
                crate::segments::filled_by(tile.level, tile.number).is_some_and(|index| index < head.size)
            };
            let of_batch: Vec<TileRow> = tiles.extract_if(.., is_filled).collect();
            tiles_put = tiles_put.saturating_add(of_batch.len() as u64);
            put(&RowBatch { first, records, tiles: of_batch, head })?;
        }
    }
    match (next == rows.records, tiles_put == rows.tiles) {
        (true, true) => Ok(()),
        (false, _) => Err(lost(next, "a head that covers it")),
        (true, false) => Err(lost(next, "every tile at its place")),
    }
}
