//! Where the frames of a segment are: in memory, and beside a segment that is full, so that nobody reads it all to find one.

use super::Place;
use super::files::{number_of, write_whole};
use crate::error::StoreError;
use std::path::{Path, PathBuf};

/// "YXT1".
const MAGIC: &[u8; 4] = b"YXT1";
/// Magic, checksum, number of the segment, index after its last record.
const HEADER: usize = 24;
const ENTRY: usize = 16;
const NAMES_SNAPSHOT: u32 = 1;

fn path_of(segment: &Path) -> PathBuf {
    segment.with_extension("table")
}

/// Keeps the table of a full segment; `end` is the index after its last record. It can be made again at any time.
pub(super) fn keep(segment: &Path, places: &[Place], end: u64) -> Result<(), StoreError> {
    let mut bytes = vec![0; HEADER];
    bytes[..4].copy_from_slice(MAGIC);
    bytes[8..16].copy_from_slice(&number_of(segment).unwrap_or(0).to_le_bytes());
    bytes[16..24].copy_from_slice(&end.to_le_bytes());
    for place in places {
        bytes.extend_from_slice(&place.first.to_le_bytes());
        bytes.extend_from_slice(&place.offset.to_le_bytes());
        let flags = if place.names_snapshot { NAMES_SNAPSHOT } else { 0 };
        bytes.extend_from_slice(&flags.to_le_bytes());
    }
    let sum = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&sum.to_le_bytes());
    write_whole(&path_of(segment), &bytes)
}

/// The table of a full segment, where a sound one that ends at `end` is kept.
pub(super) fn kept(segment: &Path, end: u64) -> Option<Vec<Place>> {
    let bytes = std::fs::read(path_of(segment)).ok()?;
    let long = |bytes: &[u8], at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let short = |bytes: &[u8], at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let sound = bytes.get(..4)? == MAGIC
        && short(&bytes, 4)? == crc32fast::hash(bytes.get(8..)?)
        && Some(long(&bytes, 8)?) == number_of(segment)
        && long(&bytes, 16)? == end;
    if !sound {
        return None;
    }
    let entries = bytes.get(HEADER..)?.chunks_exact(ENTRY);
    let places = entries.map(|entry| {
        Some(Place {
            first: long(entry, 0)?,
            offset: short(entry, 8)?,
            names_snapshot: short(entry, 12)? & NAMES_SNAPSHOT != 0,
        })
    });
    places.collect()
}
