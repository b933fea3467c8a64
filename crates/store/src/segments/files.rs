//! The files of a journal: their names, what they begin with, and how they are made.

use super::frame::BLOCK;
use crate::error::StoreError;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// "YXS1": what a segment begins with, before its number.
const MAGIC: &[u8; 4] = b"YXS1";
/// Where its frames begin.
pub(super) const BEGIN: u64 = BLOCK as u64;
/// The first segment; each further one is four times as large, up to the most. A small deployment has small files.
const SEGMENT_LEAST: u64 = 256 << 10;
const SEGMENT_MOST: u64 = 32 << 20;
/// Zeros that are written, and made durable, at once: whoever commits meanwhile waits for no more.
const PIECE: usize = 256 << 10;
/// Files of full segments that stay open.
const OPEN_MOST: usize = 64;

/// Bytes of the segment of this number.
pub(super) fn length_of(number: u64) -> u64 {
    let doubled = u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX).saturating_mul(2).min(31);
    (SEGMENT_LEAST << doubled).min(SEGMENT_MOST)
}

/// Its path.
pub(super) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.segment"))
}

/// The number in a segment's path.
pub(super) fn number_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(".segment")?;
    let is_plain = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { digits.parse().ok() } else { None }
}

/// The numbers of the segments in a folder, in order; none where there is no folder.
pub(super) fn numbers(folder: &Path) -> Result<Option<Vec<u64>>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        numbers.extend(number_of(&path));
    }
    numbers.sort_unstable();
    Ok(Some(numbers))
}

/// What could not be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}

/// What could not be written.
pub(super) fn unwritten(path: &Path, error: &std::io::Error) -> StoreError {
    let said = format!("{}: {error}", path.display());
    let is_one_of = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
    if is_one_of(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded]) {
        StoreError::Full(said)
    } else if is_one_of(&[ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::AlreadyExists]) {
        // The folder, or the right to write in it, is not there: nothing was begun.
        StoreError::Failed(said)
    } else {
        StoreError::Sync(said)
    }
}

/// What could not be made durable, for whatever reason.
pub(super) fn unsynced(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Sync(format!("{}: {error}", path.display()))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let opened = File::open(folder).map_err(|error| unreadable(folder, &error))?;
    opened.sync_all().map_err(|error| unsynced(folder, &error))
}

/// A file for its owner alone.
pub(super) fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Nothing was begun: no descriptor left, or a folder that is away, says nothing of the disk.
    options.open(path).map_err(|error| {
        let said = unwritten(path, &error);
        if let StoreError::Sync(said) = said { StoreError::Failed(said) } else { said }
    })
}

/// A segment, to write to it.
pub(super) fn open_to_write(path: &Path) -> Result<File, StoreError> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map_err(|error| unreadable(path, &error))
}

/// A new file with these bytes: there with all of them, or not there.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let part = part_of(path);
    let file = create(&part)?;
    file.write_all_at(bytes, 0).map_err(|error| unwritten(&part, &error))?;
    file.sync_all().map_err(|error| unsynced(&part, &error))?;
    std::fs::rename(&part, path).map_err(|error| unwritten(path, &error))
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Writes what a segment begins with.
pub(super) fn begin(file: &File, path: &Path) -> Result<(), StoreError> {
    let mut block = [0; BLOCK];
    block[..4].copy_from_slice(MAGIC);
    block[8..16].copy_from_slice(&number_of(path).unwrap_or(0).to_le_bytes());
    file.write_all_at(&block, 0).map_err(|error| unwritten(path, &error))
}

/// Whether a file is the segment that its name says.
pub(super) fn is_segment(file: &File, path: &Path) -> bool {
    let mut block = [0; 16];
    let read = file.read_exact_at(&mut block, 0);
    let number = block.last_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    read.is_ok() && block.starts_with(MAGIC) && number == number_of(path)
}

/// Writes zeros from `from` to `to`, durably, piece by piece.
pub(super) fn fill(file: &File, path: &Path, from: u64, to: u64) -> Result<(), StoreError> {
    let zeros = vec![0; PIECE];
    let mut at = from;
    while at < to {
        let piece = usize::try_from(to - at).unwrap_or(PIECE).min(PIECE);
        file.write_all_at(&zeros[..piece], at).map_err(|error| unwritten(path, &error))?;
        file.sync_data().map_err(|error| unsynced(path, &error))?;
        at = at.saturating_add(piece as u64);
    }
    Ok(())
}

/// The segment of this number, full of zeros: the one that lies there, or a new one.
pub(super) fn make(folder: &Path, number: u64) -> Result<File, StoreError> {
    let path = path_of(folder, number);
    if path.exists() {
        let file = open_to_write(&path)?;
        if !is_segment(&file, &path) {
            return Err(foreign(&path));
        }
        // Whoever gave it its name may have ended before that was durable.
        return sync_folder(folder).map(|()| file);
    }
    // Its name says no word of a segment: nobody takes its syncs for those of a batch.
    let part = path.with_extension("part");
    let file = create(&part)?;
    let done = begin(&file, &path)
        .and_then(|()| fill(&file, &part, BEGIN, length_of(number)))
        .and_then(|()| file.sync_all().map_err(|error| unsynced(&part, &error)))
        .and_then(|()| std::fs::rename(&part, &path).map_err(|error| unwritten(&path, &error)))
        .and_then(|()| sync_folder(folder));
    if done.is_err() {
        // Where the disk is full this is what can be given back.
        drop(std::fs::remove_file(&part));
    }
    done.and_then(|()| open_to_write(&path))
}

/// A file that is no segment of this journal.
pub(super) fn foreign(path: &Path) -> StoreError {
    StoreError::Damaged(format!("{} is not what its name says", path.display()))
}

/// Removes what an unfinished write left.
pub(super) fn remove_parts(folder: &Path) -> Result<(), StoreError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "part") {
            std::fs::remove_file(&path).map_err(|error| unwritten(&path, &error))?;
        }
    }
    Ok(())
}

/// Open files of segments, to read.
#[derive(Default)]
pub(super) struct Files(Mutex<VecDeque<(u64, Arc<File>)>>);

impl Files {
    /// The segment of this number.
    pub(super) fn get(&self, folder: &Path, number: u64) -> Result<Arc<File>, StoreError> {
        let find = |open: &VecDeque<(u64, Arc<File>)>| {
            open.iter().find(|(found, _)| *found == number).map(|(_, file)| Arc::clone(file))
        };
        if let Some(file) = find(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(file);
        }
        let path = path_of(folder, number);
        let file = Arc::new(File::open(&path).map_err(|error| unreadable(&path, &error))?);
        if !is_segment(&file, &path) {
            return Err(foreign(&path));
        }
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_MOST {
            open.pop_back();
        }
        open.push_front((number, Arc::clone(&file)));
        Ok(file)
    }
}

/// Some bytes of a segment.
pub(super) fn read(file: &File, path: &Path, at: u64, length: usize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, at).map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}
