//! Making the next segment ready, on a thread of its own and of low priority: an append never waits while zeros are written.

use super::{Place, files, table};
use crate::error::StoreError;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

/// Behind whatever wants a processor now (`nice`).
const NICE: i32 = 10;

enum Work {
    /// Make the segment of this number.
    Prepare(u64),
    /// Keep the table of a full one.
    Seal { number: u64, places: Vec<Place>, end: u64 },
}

/// The thread, and the segment that it was asked for.
pub(super) struct Preparer {
    asked: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    made: Receiver<Result<File, StoreError>>,
    wanted: u64,
    ready: Option<File>,
    /// Whether the thread still owes an answer.
    is_under_way: bool,
}

impl Preparer {
    /// Starts the thread and asks for the segment of this number.
    pub(super) fn start(folder: &Path, wanted: u64) -> Result<Self, StoreError> {
        let ((asked, waiting), (tell, made)) = (channel(), channel());
        let folder = folder.to_owned();
        let thread = std::thread::Builder::new()
            .name("segments".to_owned())
            .spawn(move || {
                // Linux gives each thread a priority of its own; elsewhere, and where it is refused, it works beside the others.
                let _ = rustix::process::setpriority_process(None, NICE);
                work(&folder, &waiting, &tell);
            })
            .map_err(|error| StoreError::Failed(format!("no thread for segments: {error}")))?;
        let (asked, thread) = (Some(asked), Some(thread));
        let mut preparer = Self { asked, thread, made, wanted, ready: None, is_under_way: false };
        preparer.ask();
        Ok(preparer)
    }

    fn ask(&mut self) {
        if !self.is_under_way && self.ready.is_none() {
            self.is_under_way = self.say(Work::Prepare(self.wanted));
        }
    }

    fn say(&self, work: Work) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.send(work).is_ok())
    }

    /// What went wrong, if anything did since the last time: the next segment is then asked for again.
    pub(super) fn sound(&mut self) -> Result<(), StoreError> {
        match self.made.try_recv() {
            Ok(made) => {
                self.is_under_way = false;
                self.ready = Some(made?);
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Err(ended()),
        }
        self.ask();
        Ok(())
    }

    /// Bytes that the disk has to take before the next segment is ready.
    pub(super) fn missing(&self) -> u64 {
        if self.ready.is_some() { 0 } else { files::length_of(self.wanted) }
    }

    /// The segment that is ready, with its number; waits for it where it is not. The one after it is begun.
    pub(super) fn take(&mut self) -> Result<(u64, File), StoreError> {
        self.sound()?;
        if self.ready.is_none() {
            let made = self.made.recv().map_err(|_| ended())?;
            self.is_under_way = false;
            self.ready = Some(made?);
        }
        let file = self.ready.take().ok_or_else(ended)?;
        let number = self.wanted;
        self.wanted = number.saturating_add(1);
        self.ask();
        Ok((number, file))
    }

    /// Keeps the table of a full segment.
    pub(super) fn seal(&self, number: u64, places: Vec<Place>, end: u64) {
        // Without it the segment is read again when somebody looks for one of its records.
        let _ = self.say(Work::Seal { number, places, end });
    }
}

impl Drop for Preparer {
    /// Whoever has closed a journal may open, copy or remove its files.
    fn drop(&mut self) {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn ended() -> StoreError {
    StoreError::Failed("the thread for segments has ended".to_owned())
}

fn work(folder: &Path, waiting: &Receiver<Work>, tell: &Sender<Result<File, StoreError>>) {
    while let Ok(work) = waiting.recv() {
        match work {
            Work::Prepare(number) => {
                let made = files::make(folder, number);
                // After a failed sync never again: what a second one says is worth nothing.
                let is_last = matches!(made, Err(StoreError::Sync(_)));
                if tell.send(made).is_err() || is_last {
                    return;
                }
            }
            Work::Seal { number, places, end } => {
                let path: PathBuf = files::path_of(folder, number);
                // It can be made again from the segment; a disk that fails tells the writer itself.
                drop(table::keep(&path, &places, end));
            }
        }
    }
}
