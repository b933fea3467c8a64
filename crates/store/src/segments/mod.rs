//! The journal in a folder of segments: files full of zeros, over which batches are written one after the other.
//!
//! ```text
//! journal/00000001.segment   block │ frame │ frame │ …                  full; beside it 00000001.table says where they are
//! journal/00000002.segment   block │ frame │ frame │ zeros              the last one with frames
//! journal/00000003.segment   block │ zeros                              ready, so that no append waits for it
//! journal/lock               who appends
//! ```
//!
//! A batch is one frame (`frame`), written at once and made durable by one `fdatasync` over blocks that the file has already.
//! Nothing here rewrites a frame; what may be erased is overwritten in its place. A power cut leaves at most one frame that is
//! not whole, at the end, of a batch that nobody was told of: the next writer puts zeros there. A frame that is not whole and
//! is followed by another one was whole once: nobody starts on such a journal.

mod append;
mod convert;
mod copy;
mod encode;
mod files;
mod filler;
#[cfg(any(test, feature = "test-postgres"))]
mod forge;
mod frame;
mod prepare;
mod read;
mod scan;
mod table;
#[cfg(test)]
mod tests;

pub use append::SegmentJournal;
pub use convert::convert_journal;
pub use copy::copy_journal;
pub(crate) use encode::Kept;
pub(crate) use filler::Filler;
#[cfg(any(test, feature = "test-postgres"))]
pub use forge::{damage, forge};
pub(crate) use frame::{filled_between, filled_by};
pub(crate) use read::Walked;

use crate::error::StoreError;
use files::Files;
use scan::Scanned;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Places of frames in full segments that stay in memory; beyond them all are looked up again.
const PLACES_MOST: usize = 2 << 20;

/// Looks behind the end while somebody appends there; after as many it is taken for sound.
const LOOKS_MOST: u32 = 16;

/// Where a frame is in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Index of its first record.
    first: u64,
    /// Its first byte.
    offset: u32,
    /// Whether one of its records names a snapshot.
    names_snapshot: bool,
}

/// A segment that has frames.
struct Segment {
    number: u64,
    /// Index of its first record.
    first: u64,
    /// Where its frames are, where that is known.
    places: Option<Vec<Place>>,
}

/// What is known of the folder.
#[derive(Default)]
struct State {
    /// Whether the whole folder was looked at.
    loaded: bool,
    /// Whether a writer of this process says what is durable: nobody looks at the disk then.
    led: bool,
    segments: Vec<Segment>,
    /// Durable records.
    records: u64,
    /// Where the last segment's frames end.
    end: u64,
}

/// The last segment with frames (0: none has), where they end in it, and the number of records.
type Tail = (u64, u64, u64);

impl State {
    fn tail(&self) -> Tail {
        (self.segments.last().map_or(0, |segment| segment.number), self.end, self.records)
    }

    /// Adds frames that go on where the last one ended.
    fn add(&mut self, number: u64, mut scanned: Scanned) {
        (self.records, self.end) = (scanned.records, scanned.end);
        if let Some(segment) = self.segments.last_mut().filter(|segment| segment.number == number) {
            segment.places.get_or_insert_default().append(&mut scanned.places);
        } else {
            let first = scanned.places.first().map_or(0, |place| place.first);
            self.segments.push(Segment { number, first, places: Some(scanned.places) });
        }
    }
}

/// A journal's folder, shared by its writer and its readers in this process.
pub(crate) struct Segments {
    folder: PathBuf,
    state: RwLock<State>,
    /// One at a time looks at the disk.
    looking: Mutex<()>,
    files: Files,
}

/// A frame that was found.
struct Found {
    file: Arc<File>,
    number: u64,
    place: Place,
    /// Index after its last record.
    end: u64,
}

impl Segments {
    /// The journal in `folder`; nothing is opened before it is needed.
    #[must_use]
    pub(crate) fn at(folder: &Path) -> Arc<Self> {
        Arc::new(Self {
            folder: folder.to_owned(),
            state: RwLock::default(),
            looking: Mutex::default(),
            files: Files::default(),
        })
    }

    fn known(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64) -> PathBuf {
        files::path_of(&self.folder, number)
    }

    fn file(&self, number: u64) -> Result<Arc<File>, StoreError> {
        self.files.get(&self.folder, number)
    }

    fn damaged(&self, number: u64, at: u64, said: &str) -> StoreError {
        StoreError::Damaged(format!("{} at byte {at}: {said}", self.path(number).display()))
    }

    /// Learns what is durable now, unless a writer of this process says it.
    fn look(&self) -> Result<(), StoreError> {
        if self.known().led {
            return Ok(());
        }
        let _one = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let (led, loaded) = {
            let state = self.known();
            (state.led, state.loaded)
        };
        match (led, loaded) {
            (true, _) => Ok(()),
            (false, true) => self.follow(),
            (false, false) => self.load(),
        }
    }

    /// Looks at the whole folder: which segments there are, and where the last one ends.
    fn load(&self) -> Result<(), StoreError> {
        convert::refuse_unconverted(&self.folder)?;
        let Some(numbers) = files::numbers(&self.folder)? else { return Ok(()) };
        let mut firsts = Vec::new();
        for (expected, number) in (1..).zip(&numbers) {
            if *number != expected {
                return Err(StoreError::Damaged(format!("{} is missing", self.path(expected).display())));
            }
            let header = scan::header(&*self.file(*number)?, &self.path(*number), files::BEGIN)?;
            firsts.push(header.map(|header| header.first));
        }
        let mut last = firsts.iter().rposition(Option::is_some);
        let mut state = State { loaded: true, end: files::BEGIN, ..State::default() };
        // The first frame of a segment may be the one that a power cut tore: then the one before has the end.
        while let Some(at) = last {
            let (number, first) = (at as u64 + 1, firsts[at].unwrap_or(0));
            let scanned = scan::frames(&*self.file(number)?, &self.path(number), files::BEGIN, first)?;
            if !scanned.places.is_empty() {
                state.add(number, scanned);
                break;
            }
            last = at.checked_sub(1);
        }
        for (number, first) in (1..).zip(firsts.iter().take(last.unwrap_or(0))) {
            let Some(first) = *first else {
                return Err(self.damaged(number, files::BEGIN, "a full segment begins with no sound frame"));
            };
            let at = state.segments.len().saturating_sub(1);
            state.segments.insert(at, Segment { number, first, places: None });
        }
        self.check_order(&state)?;
        self.check_behind(&mut state, numbers.len() as u64)?;
        // What another process wrote may be in memory only: nobody believes it before it is on the disk.
        if let Some(segment) = state.segments.last() {
            self.sync(segment.number)?;
        }
        *self.change() = state;
        Ok(())
    }

    fn sync(&self, number: u64) -> Result<(), StoreError> {
        let path = self.path(number);
        self.file(number)?.sync_data().map_err(|error| files::unsynced(&path, &error))
    }

    fn check_order(&self, state: &State) -> Result<(), StoreError> {
        let mut expected = 0..=0;
        for segment in &state.segments {
            if !expected.contains(&segment.first) {
                let said = format!("it begins with record {}, which is out of order", segment.first);
                return Err(self.damaged(segment.number, files::BEGIN, &said));
            }
            expected = segment.first.saturating_add(1)..=u64::MAX;
        }
        Ok(())
    }

    /// Nothing sound may lie behind the end: what is not whole there was not the last that was written.
    fn check_behind(&self, state: &mut State, newest: u64) -> Result<(), StoreError> {
        for _ in 0..LOOKS_MOST {
            let Some((number, at)) = self.behind(state, newest)? else { return Ok(()) };
            // Whoever appends meanwhile has finished what was half written a moment ago.
            while let Some((number, scanned)) = self.next(state.tail())? {
                state.add(number, scanned);
            }
            let (last, end, records) = state.tail();
            if (last, end) <= (number, at) {
                let said = format!("the frame of record {records} is not whole, and others follow it");
                return Err(self.damaged(last.max(1), end.max(files::BEGIN), &said));
            }
        }
        Ok(())
    }

    /// Where a sound frame lies behind the end, in the segments up to `newest`.
    fn behind(&self, state: &State, newest: u64) -> Result<Option<(u64, u64)>, StoreError> {
        let (last, end, _) = state.tail();
        for number in last.max(1)..=newest {
            let from = if number == last { end } else { files::BEGIN };
            if let Some(at) = scan::behind(&*self.file(number)?, &self.path(number), from)?.frame {
                return Ok(Some((number, at)));
            }
        }
        Ok(None)
    }

    /// The sound frames that go on where this tail ends: in its segment, or in the one after it.
    fn next(&self, (number, end, records): Tail) -> Result<Option<(u64, Scanned)>, StoreError> {
        let following = number.saturating_add(1);
        for (number, at) in [(number, end), (following, files::BEGIN)] {
            if number == 0 || (number == following && !self.path(number).exists()) {
                continue;
            }
            let scanned = scan::frames(&*self.file(number)?, &self.path(number), at, records)?;
            if !scanned.places.is_empty() {
                return Ok(Some((number, scanned)));
            }
        }
        Ok(None)
    }

    /// Adds what another process appended since.
    fn follow(&self) -> Result<(), StoreError> {
        loop {
            let tail = self.known().tail();
            let Some((number, scanned)) = self.next(tail)? else { return Ok(()) };
            self.sync(number)?;
            self.change().add(number, scanned);
        }
    }

    /// The frame that holds the record at `index`.
    fn find(&self, index: u64) -> Result<Option<Found>, StoreError> {
        loop {
            let (number, first, end) = {
                let state = self.known();
                if index >= state.records {
                    return Ok(None);
                }
                let at = state.segments.partition_point(|segment| segment.first <= index);
                let Some(segment) = at.checked_sub(1).and_then(|at| state.segments.get(at)) else {
                    return Ok(None);
                };
                let end = state.segments.get(at).map_or(state.records, |next| next.first);
                if let Some(places) = &segment.places {
                    let at = places.partition_point(|place| place.first <= index);
                    let place = at.checked_sub(1).and_then(|at| places.get(at)).copied();
                    let Some(place) = place else { return Ok(None) };
                    let end = places.get(at).map_or(end, |next| next.first);
                    let number = segment.number;
                    drop(state);
                    return Ok(Some(Found { file: self.file(number)?, number, place, end }));
                }
                (segment.number, segment.first, end)
            };
            self.learn(number, first, end)?;
        }
    }

    /// Learns where the frames of a full segment are: from its table, or from itself where that is missing.
    fn learn(&self, number: u64, first: u64, end: u64) -> Result<(), StoreError> {
        let path = self.path(number);
        let mut kept = table::kept(&path, end);
        kept = kept.filter(|places| places.first().is_some_and(|place| place.first == first));
        let places = if let Some(places) = kept {
            places
        } else {
            let scanned = scan::frames(&*self.file(number)?, &path, files::BEGIN, first)?;
            if scanned.records != end {
                let said = format!("the frame of record {} is not whole", scanned.records);
                return Err(self.damaged(number, scanned.end, &said));
            }
            scanned.places
        };
        let mut state = self.change();
        let held: usize =
            state.segments.iter().filter_map(|segment| segment.places.as_ref()).map(Vec::len).sum();
        let last = state.segments.len().saturating_sub(1);
        if held > PLACES_MOST {
            state.segments.iter_mut().take(last).for_each(|segment| segment.places = None);
        }
        if let Some(segment) = state.segments.iter_mut().find(|segment| segment.number == number) {
            segment.places.get_or_insert(places);
        }
        Ok(())
    }
}
