//! Moving the journal's pages from its write-ahead log into the file, on a thread of its own: an append never waits for it.

use crate::error::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Size of the log from which it is started afresh, for which appends stand still for a moment: what is chased for ever is
/// never at its end.
const RESTART_BYTES: u64 = 64 << 20;

/// The thread, and what went wrong there.
pub(crate) struct Checkpoints {
    asked: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<Mutex<Option<StoreError>>>,
}

impl Checkpoints {
    /// Starts the thread for the database at `path`.
    pub(crate) fn start(path: &Path) -> Result<Self, StoreError> {
        let (asked, waiting) = sync_channel(1);
        let failed = Arc::default();
        let (path, told) = (path.to_owned(), Arc::clone(&failed));
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || work(&path, &waiting, &told))
            .map_err(|error| StoreError::Failed(format!("no thread for checkpoints: {error}")))?;
        Ok(Self { asked: Some(asked), thread: Some(thread), failed })
    }

    /// Asks for a checkpoint, and tells what went wrong at the last one.
    pub(crate) fn tidy(&self) -> Result<(), StoreError> {
        if let Some(error) = lock(&self.failed).take() {
            return Err(error);
        }
        match self.asked.as_ref().map(|asked| asked.try_send(())) {
            // One that waits already moves everything too.
            Some(Ok(()) | Err(TrySendError::Full(()))) => Ok(()),
            Some(Err(TrySendError::Disconnected(()))) | None => {
                Err(StoreError::Failed("the thread for checkpoints has ended".to_owned()))
            }
        }
    }

    /// After a sync that failed nothing more may be promised.
    pub(crate) fn sound(&self) -> Result<(), StoreError> {
        match &*lock(&self.failed) {
            Some(StoreError::Sync(reason)) => Err(StoreError::Sync(reason.clone())),
            Some(
                StoreError::Corrupt { .. }
                | StoreError::Full(_)
                | StoreError::Fenced
                | StoreError::Newer { .. }
                | StoreError::Failed(_),
            )
            | None => Ok(()),
        }
    }
}

impl Drop for Checkpoints {
    /// Whoever has closed a journal may open, copy or remove its files.
    fn drop(&mut self) {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(failed: &Mutex<Option<StoreError>>) -> MutexGuard<'_, Option<StoreError>> {
    failed.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(path: &Path, waiting: &Receiver<()>, failed: &Mutex<Option<StoreError>>) {
    let mut connection = None;
    while waiting.recv().is_ok() {
        let done = match connection.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(path),
        };
        match done.and_then(|connection| checkpoint(path, &connection).map(|()| connection)) {
            Ok(again) => connection = Some(again),
            Err(error) => *lock(failed) = Some(error.into()),
        }
    }
}

fn checkpoint(path: &Path, connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |found| found.len());
    if log > RESTART_BYTES {
        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks until the thread has come to it, and answers what came of it.
    fn asked(checkpoints: &Checkpoints, is_over: impl Fn() -> bool) -> Result<(), StoreError> {
        while !is_over() {
            checkpoints.tidy()?;
            std::thread::yield_now();
        }
        Ok(())
    }

    #[test]
    fn what_was_appended_is_moved_into_the_file_while_somebody_holds_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
        writer
            .execute_batch("CREATE TABLE rows (row BLOB); INSERT INTO rows VALUES (x'0b0b0b0b0b0b0b0b')")
            .unwrap();
        let is_there = || std::fs::read(&path).unwrap().windows(8).any(|bytes| bytes == [0x0b; 8]);
        assert!(!is_there());
        let checkpoints = Checkpoints::start(&path).unwrap();
        asked(&checkpoints, is_there).unwrap();
        checkpoints.sound().unwrap();
    }

    #[test]
    fn what_went_wrong_is_told_to_the_next_who_asks() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::start(folder.path()).unwrap();
        assert!(matches!(asked(&checkpoints, || false), Err(StoreError::Failed(_))));
    }

    #[test]
    fn after_a_failed_sync_nothing_is_sound() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::start(&folder.path().join("journal.db")).unwrap();
        *lock(&checkpoints.failed) = Some(StoreError::Full("no room".to_owned()));
        assert_eq!(checkpoints.sound(), Ok(()));
        *lock(&checkpoints.failed) = Some(StoreError::Sync("the disk".to_owned()));
        assert_eq!(checkpoints.sound(), Err(StoreError::Sync("the disk".to_owned())));
        assert_eq!(checkpoints.tidy(), Err(StoreError::Sync("the disk".to_owned())));
    }
}
