//! Reading a segment frame by frame: which of them are sound, and what lies behind the last.

use super::Place;
use super::files::unreadable;
use super::frame::{self, BLOCK, HEADER, Header};
use crate::error::StoreError;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes looked through at once for something behind the last frame.
const PIECE: usize = 1 << 20;

/// Sound frames, one after the other, each going on where the last ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    /// Where they are.
    pub(super) places: Vec<Place>,
    /// Where they end in the file.
    pub(super) end: u64,
    /// Index after the last record.
    pub(super) records: u64,
}

/// The sound frames from `at` on whose first record is `records`.
pub(super) fn frames(file: &File, path: &Path, at: u64, records: u64) -> Result<Scanned, StoreError> {
    let mut scanned = Scanned { places: Vec::new(), end: at, records };
    let mut buffer = Vec::new();
    while let Some(header) = sound_frame(file, path, scanned.end, &mut buffer)? {
        let (true, Some(records)) = (header.first == scanned.records, header.end()) else { break };
        let Ok(offset) = u32::try_from(scanned.end) else { break };
        let (first, names_snapshot) = (header.first, header.names_snapshot);
        scanned.places.push(Place { first, offset, names_snapshot });
        scanned.end = scanned.end.saturating_add(header.length as u64);
        scanned.records = records;
    }
    Ok(scanned)
}

/// The frame at `at`, where there is a sound one; `buffer` then holds it.
pub(super) fn sound_frame(
    file: &File,
    path: &Path,
    at: u64,
    buffer: &mut Vec<u8>,
) -> Result<Option<Header>, StoreError> {
    let mut start = [0; HEADER];
    if !filled(file, path, at, &mut start)? {
        return Ok(None);
    }
    let Some(header) = Header::parse(&start) else { return Ok(None) };
    // What a damaged length asks for is not taken before the file is seen to have it.
    let held = file.metadata().map_err(|error| unreadable(path, &error))?.len();
    if at.saturating_add(header.length as u64) > held {
        return Ok(None);
    }
    buffer.resize(header.length, 0);
    if !filled(file, path, at, buffer)? {
        return Ok(None);
    }
    Ok(frame::whole(buffer).filter(|found| *found == header))
}

/// The header of the frame at `at`, where there is a sound one.
pub(super) fn header(file: &File, path: &Path, at: u64) -> Result<Option<Header>, StoreError> {
    let mut start = [0; HEADER];
    Ok(if filled(file, path, at, &mut start)? { Header::parse(&start) } else { None })
}

/// Reads as many bytes as `into` takes; whether the file has so many.
fn filled(file: &File, path: &Path, at: u64, into: &mut [u8]) -> Result<bool, StoreError> {
    match file.read_exact_at(into, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// What lies behind the last frame.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Behind {
    /// Where a sound frame lies, although something before it is none.
    pub(super) frame: Option<u64>,
    /// Where the last block ends that is not all zeros.
    pub(super) written_until: Option<u64>,
}

/// Looks through a segment from `at` to its end.
pub(super) fn behind(file: &File, path: &Path, at: u64) -> Result<Behind, StoreError> {
    let length = file.metadata().map_err(|error| unreadable(path, &error))?.len();
    let mut found = Behind::default();
    let (mut piece, mut buffer, zeros) = (vec![0; PIECE], Vec::new(), [0; BLOCK]);
    let mut from = at;
    while from < length {
        let size = usize::try_from(length - from).unwrap_or(PIECE).min(PIECE);
        if !filled(file, path, from, &mut piece[..size])? {
            break;
        }
        for (block, bytes) in (from..).step_by(BLOCK).zip(piece[..size].chunks(BLOCK)) {
            if bytes == &zeros[..bytes.len()] {
                continue;
            }
            found.written_until = Some(block.saturating_add(bytes.len() as u64));
            let begins = Header::parse(bytes).is_some();
            if found.frame.is_none() && begins && sound_frame(file, path, block, &mut buffer)?.is_some() {
                found.frame = Some(block);
            }
        }
        from = from.saturating_add(size as u64);
    }
    Ok(found)
}
