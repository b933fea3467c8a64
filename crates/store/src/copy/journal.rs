//! The journal between the tables of PostgreSQL and the frames of segments.

use crate::copy::rows::{Rows, batches};
use crate::error::StoreError;
use crate::journal::{Head, TileRow, signed};
use crate::postgres::{Connection, Param};
use crate::segments::{Filler, Kept, Segments, Walked, filled_between};
use crate::sql::Session;
use std::path::Path;

/// Takes the journal out of the tables that `from` shows, into the new folder `to`.
pub(super) fn take_journal(
    from: &Connection,
    to: &Path,
    mut heard: impl FnMut(u64, u64),
) -> Result<(), StoreError> {
    let rows = Rows::of(Session::Postgres(from))?;
    let mut filler = Filler::begin(to)?;
    batches(&rows, |batch| {
        filler.put(batch.records.iter().map(Kept::walked), &batch.tiles, &batch.head)?;
        heard(filler.records(), rows.records);
        Ok(())
    })?;
    filler.end()?;
    Ok(())
}

const HELD: &str =
    "SELECT count(*) FROM (SELECT idx FROM journal.records UNION ALL SELECT size FROM journal.heads) AS held";
const RECORDS: &str = "INSERT INTO journal.records (idx, facts, opening, digest)
  SELECT * FROM unnest(?1::bigint[], ?2::bytea[], ?3::bytea[], ?4::bytea[])";
const EVIDENCE: &str = "INSERT INTO journal.evidence (idx, salt, bytes)
  SELECT * FROM unnest(?1::bigint[], ?2::bytea[], ?3::bytea[])";
const DISCLOSURES: &str = "INSERT INTO journal.disclosures (idx, bytes)
  SELECT * FROM unnest(?1::bigint[], ?2::bytea[])";
const SNAPSHOTS: &str = "INSERT INTO journal.snapshots (idx) SELECT * FROM unnest(?1::bigint[])";
const TILES: &str = "INSERT INTO journal.tiles (level, number, hashes)
  SELECT * FROM unnest(?1::bigint[], ?2::bigint[], ?3::bytea[])";
const HEAD: &str = "INSERT INTO journal.heads (size, note) VALUES (?1, ?2)";

/// Puts the journal in the folder `from` into the tables behind `to`, which hold nothing yet.
pub(super) fn put_journal(
    from: &Path,
    to: &Connection,
    mut heard: impl FnMut(u64, u64),
) -> Result<(), StoreError> {
    let held: i64 = Session::Postgres(to).only(HELD, &[], |row| row.get(0))?;
    if held > 0 {
        return Err(StoreError::Failed(format!("the journal's tables hold {held} rows")));
    }
    let segments = Segments::at(from);
    let all = segments.size()?;
    let mut next = 0;
    while next < all {
        let missing = || StoreError::Damaged(format!("no frame begins with record {next}"));
        let (records, head) = segments.frame(next)?.ok_or_else(missing)?;
        let mut tiles = Vec::new();
        for (level, number) in filled_between(next, head.size) {
            let hashes = segments.tile(level, number)?;
            tiles.extend(hashes.map(|hashes| TileRow { level, number, hashes }));
        }
        put(to, &records, &tiles, &head)?;
        next = head.size;
        heard(next, all);
    }
    Ok(())
}

fn put(to: &Connection, records: &[Walked], tiles: &[TileRow], head: &Head) -> Result<(), StoreError> {
    let indexes = |of: &dyn Fn(&Walked) -> bool| -> Result<Vec<i64>, StoreError> {
        records.iter().filter(|walked| of(walked)).map(|walked| signed(walked.record.index)).collect()
    };
    let facts: Vec<&[u8]> = records.iter().map(|walked| walked.record.facts.as_slice()).collect();
    let openings: Vec<&[u8]> = records.iter().map(|walked| walked.record.opening.as_slice()).collect();
    let digests: Vec<&[u8]> = records.iter().map(|walked| walked.record.digest.as_slice()).collect();
    run(to, RECORDS, &[&indexes(&|_| true)?, &facts, &openings, &digests])?;
    let evidence = || records.iter().filter_map(|walked| walked.evidence.as_ref());
    let salts: Vec<&[u8]> = evidence().map(|evidence| evidence.salt.as_slice()).collect();
    let bytes: Vec<&[u8]> = evidence().map(|evidence| evidence.bytes.as_slice()).collect();
    run(to, EVIDENCE, &[&indexes(&|walked| walked.evidence.is_some())?, &salts, &bytes])?;
    let disclosed = indexes(&|walked| walked.disclosures.is_some())?;
    if !disclosed.is_empty() {
        let bytes: Vec<&[u8]> = records.iter().filter_map(|walked| walked.disclosures.as_deref()).collect();
        run(to, DISCLOSURES, &[&disclosed, &bytes])?;
    }
    let named = indexes(&|walked| walked.names_snapshot)?;
    if !named.is_empty() {
        run(to, SNAPSHOTS, &[&named])?;
    }
    if !tiles.is_empty() {
        let levels: Vec<i64> = tiles.iter().map(|tile| i64::from(tile.level)).collect();
        let numbers: Vec<i64> = tiles.iter().map(|tile| signed(tile.number)).collect::<Result<_, _>>()?;
        let hashes: Vec<&[u8]> = tiles.iter().map(|tile| tile.hashes.as_slice()).collect();
        run(to, TILES, &[&levels, &numbers, &hashes])?;
    }
    run(to, HEAD, &[&signed(head.size)?, &head.note])
}

fn run(to: &Connection, sql: &'static str, params: &[Param<'_>]) -> Result<(), StoreError> {
    to.execute(sql, params)?;
    Ok(())
}
