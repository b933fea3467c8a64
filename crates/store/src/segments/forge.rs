//! What an intruder does who knows the format: for tests, which must notice.

use super::encode::{Kept, encode};
use super::frame::{HEADER, SLOT};
use super::{Segments, files};
use crate::StoreError;
use crate::journal::{Head, StoredRecord, TileRow};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Changes a record, or the head of its batch, in place and with right checksums; lengths stay.
///
/// # Errors
/// `Failed` where the lengths change, and whatever reading says.
pub fn forge(
    folder: &Path,
    index: u64,
    change: impl FnOnce(&mut StoredRecord, &mut Head),
) -> Result<(), StoreError> {
    let segments = Segments::at(folder);
    let missing = || StoreError::Failed(format!("there is no record {index}"));
    segments.size()?;
    let found = segments.find(index)?.ok_or_else(missing)?;
    let (first, length) = (found.place.first, segments.header(&found)?.length);
    let (mut records, mut head) = segments.frame(first)?.ok_or_else(missing)?;
    let mut tiles = Vec::new();
    for (level, number) in super::filled_between(first, head.size) {
        let hashes = segments.tile(level, number)?;
        tiles.extend(hashes.map(|hashes| TileRow { level, number, hashes }));
    }
    let at = usize::try_from(index.saturating_sub(first)).unwrap_or(usize::MAX);
    change(&mut records.get_mut(at).ok_or_else(missing)?.record, &mut head);
    let mut bytes = Vec::new();
    encode(&mut bytes, first, records.iter().map(Kept::walked), &tiles, &head)?;
    if bytes.len() != length {
        return Err(StoreError::Failed(format!("{length} bytes became {}", bytes.len())));
    }
    write(&segments, found.number, found.place.offset.into(), &bytes)
}

/// Flips bits in the beginning of the frame that holds a record, and mends no checksum.
pub fn damage(folder: &Path, index: u64, byte: usize, bits: u8) -> Result<(), StoreError> {
    let segments = Segments::at(folder);
    segments.size()?;
    let missing = || StoreError::Failed(format!("there is no record {index}"));
    let found = segments.find(index)?.ok_or_else(missing)?;
    let byte = byte % (HEADER + SLOT);
    let mut bytes = segments.piece(&found, &(byte..byte + 1))?;
    for byte in &mut bytes {
        *byte ^= bits;
    }
    write(&segments, found.number, u64::from(found.place.offset) + byte as u64, &bytes)
}

fn write(segments: &Segments, number: u64, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
    let path = segments.path(number);
    let file = files::open_to_write(&path)?;
    file.write_all_at(bytes, at).map_err(|error| files::unwritten(&path, &error))
}
