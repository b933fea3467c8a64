//! The writer's end: a frame, one positioned write, one `fdatasync`.

use super::encode::{Kept, encode};
use super::files::{self, unreadable, unsynced, unwritten};
use super::frame::{BLOCK, ERASED};
use super::prepare::Preparer;
use super::{Place, Segments, scan};
use crate::disk::has_room;
use crate::error::StoreError;
use crate::journal::{Batch, Journal, JournalReader};
use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Looks at the lock of a writer that is just ending, and between two of them.
const LOCK_LOOKS: u32 = if cfg!(test) { 20 } else { 500 };
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// The journal in a folder of segments, appended to. One at a time, whatever the process.
pub struct SegmentJournal {
    pub(super) segments: Arc<Segments>,
    preparer: Preparer,
    pub(super) active: Active,
    buffer: Vec<u8>,
    /// Why nothing more may be promised.
    pub(super) failed: Option<String>,
    _lock: File,
}

/// The segment that is written to.
pub(super) struct Active {
    number: u64,
    file: File,
    path: PathBuf,
    /// Where the next frame goes.
    at: u64,
    /// Bytes of the file, all of them written once.
    length: u64,
    /// A write that failed may have left something before this byte.
    pub(super) dirty_until: u64,
}

impl Active {
    fn of(segments: &Segments, number: u64, file: File) -> Result<Self, StoreError> {
        let path = segments.path(number);
        let length = file.metadata().map_err(|error| unreadable(&path, &error))?.len();
        Ok(Self { number, file, path, at: files::BEGIN, length, dirty_until: 0 })
    }

    /// Makes the file at least this long.
    fn reach(&mut self, length: u64) -> Result<(), StoreError> {
        if length > self.length {
            files::fill(&self.file, &self.path, self.length, length)?;
            self.file.sync_all().map_err(|error| unsynced(&self.path, &error))?;
            self.length = length;
        }
        Ok(())
    }

    /// Takes away what a write that failed has left.
    fn clean(&mut self) -> Result<(), StoreError> {
        files::fill(&self.file, &self.path, self.at, self.dirty_until.min(self.length))?;
        self.dirty_until = 0;
        Ok(())
    }
}

impl SegmentJournal {
    /// Opens the journal in `folder`, or begins one there.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::of(&Segments::at(folder))
    }

    /// The same, with readers that share what is known of it.
    pub(crate) fn of(segments: &Arc<Segments>) -> Result<Self, StoreError> {
        let folder = &segments.folder;
        super::convert::refuse_unconverted(folder)?;
        std::fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
        // Also where it exists: whoever made it may have ended before its name was durable.
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            files::sync_folder(parent)?;
        }
        let lock = lock(folder)?;
        files::remove_parts(folder)?;
        segments.look()?;
        if !segments.known().loaded {
            return Err(StoreError::Failed(format!("{} cannot be read", folder.display())));
        }
        clear_behind(segments)?;
        let number = segments.known().segments.last().map_or(1, |segment| segment.number);
        let file = files::make(folder, number)?;
        let mut active = Active::of(segments, number, file)?;
        active.reach(files::length_of(number))?;
        active.at = segments.known().end.max(files::BEGIN);
        settle(segments, &active)?;
        let preparer = Preparer::start(folder, number.saturating_add(1))?;
        segments.change().led = true;
        let segments = Arc::clone(segments);
        Ok(Self { segments, preparer, active, buffer: Vec::new(), failed: None, _lock: lock })
    }

    /// A reader that sees each batch as soon as it is durable.
    #[must_use]
    pub fn reader(&self) -> JournalReader {
        JournalReader::of_segments(&self.segments)
    }

    fn sound(&self) -> Result<(), StoreError> {
        self.failed.as_ref().map_or(Ok(()), |reason| Err(StoreError::Sync(reason.clone())))
    }

    /// Remembers a failed sync: nothing after it takes it back.
    fn noted<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Sync(reason)) = &done {
            self.failed = Some(reason.clone());
        }
        done
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let records = self.segments.known().records;
        if batch.first != records {
            let said = format!("a batch begins with record {}, and {records} comes next", batch.first);
            return Err(StoreError::Failed(said));
        }
        let kept = batch.records.iter().map(Kept::new);
        encode(&mut self.buffer, batch.first, kept, &batch.tiles, &batch.head)?;
        let length = self.buffer.len() as u64;
        if self.active.dirty_until > self.active.at {
            self.active.clean()?;
        }
        if self.active.at.saturating_add(length) > self.active.length {
            self.make_way(length)?;
        }
        let active = &mut self.active;
        let Ok(offset) = u32::try_from(active.at) else {
            return Err(StoreError::Failed("a batch is too large".to_owned()));
        };
        active.dirty_until = active.at.saturating_add(length);
        let (file, path) = (&active.file, &active.path);
        file.write_all_at(&self.buffer, active.at).map_err(|error| unwritten(path, &error))?;
        file.sync_data().map_err(|error| unsynced(path, &error))?;
        active.at = active.at.saturating_add(length);
        active.dirty_until = 0;
        let names_snapshot = batch.records.iter().any(|record| record.names_snapshot);
        let place = Place { first: batch.first, offset, names_snapshot };
        let (end, records) = (active.at, batch.head.size);
        self.segments.change().add(active.number, scan::Scanned { places: vec![place], end, records });
        Ok(())
    }

    /// Finds a place for a frame of this length that does not fit any more.
    fn make_way(&mut self, length: u64) -> Result<(), StoreError> {
        if self.active.at == files::BEGIN {
            // Nothing is in this one yet: it grows. Left empty it would be a hole for the next start.
            return self.active.reach(files::BEGIN.saturating_add(length));
        }
        self.turn_over(length)
    }

    /// Goes on in the segment that is ready, which has room for a frame of this length.
    fn turn_over(&mut self, length: u64) -> Result<(), StoreError> {
        let (number, file) = self.preparer.take()?;
        let mut next = Active::of(&self.segments, number, file)?;
        let reached = next.reach(files::length_of(number).max(files::BEGIN.saturating_add(length)));
        let full = {
            let state = self.segments.known();
            let last = state.segments.last().and_then(|last| Some((last.number, last.places.clone()?)));
            last.map(|(number, places)| (number, places, state.records))
        };
        // Also where it does not reach: it lies behind this one on the disk, and what fits may still go there.
        self.active = next;
        if let Some((number, places, end)) = full.filter(|(number, ..)| *number < self.active.number) {
            self.preparer.seal(number, places, end);
        }
        reached
    }
}

impl Journal for SegmentJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.sound()?;
        let done = self.write(batch);
        self.noted(done)
    }

    fn erase_disclosures(&mut self, index: u64) -> Result<(), StoreError> {
        self.sound()?;
        let Some((number, at, length)) = self.segments.disclosures_at(index)? else { return Ok(()) };
        let path = self.segments.path(number);
        let file = files::open_to_write(&path)?;
        let write = |bytes: &[u8], at: u64| {
            file.write_all_at(bytes, at).map_err(|error| unwritten(&path, &error))?;
            file.sync_data().map_err(|error| unsynced(&path, &error))
        };
        // First the word for it: an erasing that is cut off leaves no piece that looks damaged.
        let done = write(&[ERASED], at)
            .and_then(|()| write(&vec![0; length.saturating_sub(1)], at.saturating_add(1)));
        self.noted(done)
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        self.sound()?;
        let done = self.preparer.sound();
        self.noted(done)
    }

    fn has_room(&mut self) -> bool {
        let least = usize::try_from(self.preparer.missing()).unwrap_or(usize::MAX);
        self.segments.folder.parent().is_some_and(|folder| has_room(folder, least))
    }
}

impl Drop for SegmentJournal {
    fn drop(&mut self) {
        // What a failed sync left is believed by nobody in this process: nobody looks there again.
        self.segments.change().led = self.failed.is_some();
    }
}

/// Takes the folder for this writer. One that has nothing more to do may still be ending.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = files::create(&path)?;
    for _ in 0..LOCK_LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(unreadable(&path, &error)),
        }
    }
    Err(StoreError::Failed(format!("{} is held: somebody else appends", path.display())))
}

/// Writes the last frame once more, as it was read: after a sync that failed it may be in memory only, in pages that the kernel
/// holds for written, and the next sync would not tell.
fn settle(segments: &Segments, active: &Active) -> Result<(), StoreError> {
    let last = {
        let state = segments.known();
        state.segments.last().and_then(|segment| segment.places.as_ref()?.last().copied())
    };
    let Some(place) = last else { return Ok(()) };
    let bytes = segments.whole_frame(place.first)?;
    let written = active.file.write_all_at(&bytes, u64::from(place.offset));
    written.map_err(|error| unwritten(&active.path, &error))?;
    active.file.sync_data().map_err(|error| unsynced(&active.path, &error))
}

/// Puts zeros behind the last frame, durably: what lies there was acknowledged to nobody.
fn clear_behind(segments: &Segments) -> Result<(), StoreError> {
    let (last, end) = {
        let state = segments.known();
        (state.segments.last().map_or(1, |segment| segment.number), state.end.max(files::BEGIN))
    };
    for number in files::numbers(&segments.folder)?.unwrap_or_default() {
        if number < last {
            continue;
        }
        let (path, from) = (segments.path(number), if number == last { end } else { files::BEGIN });
        let file = files::open_to_write(&path)?;
        if let Some(until) = scan::behind(&file, &path, from)?.written_until {
            files::fill(&file, &path, from, until.next_multiple_of(BLOCK as u64))?;
        }
    }
    Ok(())
}
