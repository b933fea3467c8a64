//! Moving the journal's pages from its write-ahead log into the file, on a thread of its own: an append never waits for it.

use crate::error::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Size of the log from which it is started afresh, for which appends stand still for a moment: what is chased for ever is
/// never at its end.
const RESTART_BYTES: u64 = 64 << 20;
/// How long that waits for whoever reads. Appends wait meanwhile, and a backup reads for as long as it copies: the log is then
/// started afresh at a later ask.
const BUSY_WAIT: Duration = Duration::from_millis(50);

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
            .spawn(move || {
                let mut connection = None;
                work(|| attempt(&path, &mut connection), &waiting, &told);
            })
            .map_err(|error| StoreError::Failed(format!("no thread for checkpoints: {error}")))?;
        Ok(Self { asked: Some(asked), thread: Some(thread), failed })
    }

    /// Asks for a checkpoint, and tells what went wrong at the last one.
    pub(crate) fn tidy(&self) -> Result<(), StoreError> {
        // A failed sync stays: nothing after it takes it back.
        self.sound()?;
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

/// Does `attempt` whenever asked. After a failed sync never again: what a second one says is worth nothing, because the pages
/// that could not be written are no longer held for it.
fn work(
    mut attempt: impl FnMut() -> Result<(), StoreError>,
    waiting: &Receiver<()>,
    failed: &Mutex<Option<StoreError>>,
) {
    while waiting.recv().is_ok() {
        if let Err(error) = attempt() {
            let is_last = matches!(error, StoreError::Sync(_));
            *lock(failed) = Some(error);
            if is_last {
                return;
            }
        }
    }
}

/// One checkpoint; the connection is kept as long as it does its work.
fn attempt(path: &Path, kept: &mut Option<Connection>) -> Result<(), StoreError> {
    let connection = match kept.take() {
        Some(connection) => connection,
        None => open(path)?,
    };
    checkpoint(path, &connection)?;
    *kept = Some(connection);
    Ok(())
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_WAIT)?;
    Ok(connection)
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
        assert_eq!(
            checkpoints.sound(),
            Err(StoreError::Sync("the disk".to_owned())),
            "also once it was told"
        );
    }

    #[test]
    fn after_a_failed_sync_who_waits_already_has_no_second_try() {
        let (ask, waiting) = sync_channel(3);
        (0..3).for_each(|_| ask.send(()).unwrap());
        drop(ask);
        let failed = Mutex::default();
        let mut answers = [
            Err(StoreError::Full("no room".to_owned())),
            Err(StoreError::Sync("the disk".to_owned())),
            Err(StoreError::Failed("another".to_owned())),
        ]
        .into_iter();
        work(|| answers.next().unwrap(), &waiting, &failed);
        assert_eq!(*lock(&failed), Some(StoreError::Sync("the disk".to_owned())));
        assert_eq!(answers.len(), 1);
    }

    #[test]
    fn who_reads_for_long_holds_nobody_up_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("journal.db")).unwrap();
        let wait: u32 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap();
        assert!(wait <= 50, "{wait} ms");
    }
}
