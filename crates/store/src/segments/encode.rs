//! Putting a batch into a frame.

use super::frame::{
    BLOCK, ERASED, HASHES, HEADER, MAGIC, NAMES_SNAPSHOT, PRESENT, SEAL, SLOT, TILE, filled_by, sum,
};
use super::read::Walked;
use crate::error::StoreError;
use crate::journal::{Head, NewRecord, TileRow};

/// A record as it is put into a frame: new, or out of another journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'r> {
    pub(crate) facts: &'r [u8],
    pub(crate) opening: &'r [u8; 32],
    pub(crate) digest: &'r [u8; 32],
    /// Salt and bytes, unless they were erased.
    pub(crate) evidence: Option<(&'r [u8; 32], &'r [u8])>,
    pub(crate) disclosures: Option<&'r [u8]>,
    pub(crate) names_snapshot: bool,
}

impl<'r> Kept<'r> {
    pub(crate) fn new(record: &'r NewRecord) -> Self {
        Self {
            facts: &record.facts,
            opening: &record.opening,
            digest: &record.digest,
            evidence: Some((&record.salt, &record.evidence)),
            disclosures: record.disclosures.as_deref(),
            names_snapshot: record.names_snapshot,
        }
    }

    pub(crate) fn walked(walked: &'r Walked) -> Self {
        Self {
            facts: &walked.record.facts,
            opening: &walked.record.opening,
            digest: &walked.record.digest,
            evidence: walked.evidence.as_ref().map(|evidence| (&evidence.salt, evidence.bytes.as_slice())),
            disclosures: walked.disclosures.as_deref(),
            names_snapshot: walked.names_snapshot,
        }
    }
}

/// Puts a batch into `buffer`, whole blocks of it.
pub(crate) fn encode<'r>(
    buffer: &mut Vec<u8>,
    first: u64,
    records: impl ExactSizeIterator<Item = Kept<'r>> + Clone,
    tiles: &[TileRow],
    head: &Head,
) -> Result<(), StoreError> {
    check(first, records.len(), tiles, head)?;
    let slots = HEADER + records.len() * SLOT;
    let count = records.len();
    buffer.clear();
    buffer.resize(slots + tiles.len() * TILE, 0);
    let facts_at = buffer.len();
    let mut flags = 0;
    for (at, record) in records.clone().enumerate() {
        let begin = buffer.len();
        buffer.extend_from_slice(record.opening);
        buffer.extend_from_slice(record.digest);
        buffer.extend_from_slice(record.facts);
        let (length, sum) = (buffer.len() - begin, sum(&buffer[begin..]));
        let own = if record.names_snapshot { NAMES_SNAPSHOT } else { 0 };
        flags |= own;
        let slot = HEADER + at * SLOT;
        for (field, value) in [narrow(begin)?, narrow(length)?, sum].into_iter().enumerate() {
            put(buffer, slot + field * 4, value);
        }
        put(buffer, slot + 28, own);
    }
    let tiles_at = buffer.len();
    for (at, tile) in tiles.iter().enumerate() {
        buffer.extend_from_slice(&tile.hashes);
        let entry = slots + at * TILE;
        buffer[entry..entry + 8].copy_from_slice(&tile.number.to_le_bytes());
        put(buffer, entry + 8, u32::from(tile.level));
        put(buffer, entry + 12, sum(&tile.hashes));
    }
    buffer.extend_from_slice(head.note.as_bytes());
    let evidence_at = buffer.len();
    for (at, record) in records.clone().enumerate() {
        let parts: Option<[&[u8]; 2]> = record.evidence.map(|(salt, bytes)| [salt.as_slice(), bytes]);
        erasable(buffer, HEADER + at * SLOT + 12, parts.as_ref().map(<[_; 2]>::as_slice))?;
    }
    let disclosures_at = buffer.len();
    for (at, record) in records.enumerate() {
        if let Some(bytes) = record.disclosures {
            erasable(buffer, HEADER + at * SLOT + 20, Some(&[bytes]))?;
        }
    }
    let end = buffer.len();
    buffer.resize(end.next_multiple_of(BLOCK), 0);
    let fields = [
        narrow(buffer.len())?,
        narrow(count)?,
        low(first),
        low(first >> 32),
        narrow(tiles.len())?,
        narrow(head.note.len())?,
        sum(&buffer[HEADER..slots]),
        narrow(tiles_at - facts_at)?,
        narrow(disclosures_at - evidence_at)?,
        narrow(end - disclosures_at)?,
        flags,
        sum(head.note.as_bytes()),
        sum(&buffer[slots..facts_at]),
        0,
    ];
    put(buffer, 0, MAGIC);
    for (at, field) in fields.into_iter().enumerate() {
        put(buffer, 8 + at * 4, field);
    }
    let own = sum(&buffer[8..HEADER]);
    put(buffer, 4, own);
    Ok(())
}

fn check(first: u64, records: usize, tiles: &[TileRow], head: &Head) -> Result<(), StoreError> {
    let size = u64::try_from(records).ok().and_then(|records| first.checked_add(records));
    let Some(size) = size.filter(|size| records > 0 && *size == head.size) else {
        return Err(StoreError::Failed("a batch whose head is of another size".to_owned()));
    };
    let fits = |tile: &TileRow| {
        let filled = filled_by(tile.level, tile.number);
        tile.hashes.len() == HASHES && filled.is_some_and(|index| (first..size).contains(&index))
    };
    if tiles.iter().all(fits) {
        Ok(())
    } else {
        Err(StoreError::Failed("a batch with a tile that it does not fill".to_owned()))
    }
}

fn erasable(buffer: &mut Vec<u8>, field: usize, parts: Option<&[&[u8]]>) -> Result<(), StoreError> {
    let begin = buffer.len();
    buffer.push(if parts.is_some() { PRESENT } else { ERASED });
    buffer.extend_from_slice(&[0; 4]);
    for part in parts.unwrap_or_default() {
        buffer.extend_from_slice(part);
    }
    if parts.is_some() {
        let sum = sum(&buffer[begin + SEAL..]);
        put(buffer, begin + 1, sum);
    }
    let length = buffer.len() - begin;
    put(buffer, field, narrow(begin)?);
    put(buffer, field + 4, narrow(length)?);
    Ok(())
}

fn put(buffer: &mut [u8], at: usize, value: u32) {
    buffer[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn narrow(length: usize) -> Result<u32, StoreError> {
    u32::try_from(length).map_err(|_| StoreError::Failed("a batch is too large".to_owned()))
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn low(value: u64) -> u32 {
    value as u32
}
