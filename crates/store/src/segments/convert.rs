//! Taking over the journal of an earlier release, which was one SQLite file.
//!
//! ```text
//! journal.db ─▶ journal.converting/ (written, synced, read back and compared) ─▶ renamed to journal/ ─▶ journal.db removed
//! ```
//!
//! Wherever it is cut off, one of the two is whole. The file does not stay: what is erased from the journal would live on in it.

use super::files::{sync_folder, unreadable, unwritten};
use super::{Filler, Kept, Segments};
use crate::copy::rows::{Rows, batches};
use crate::error::StoreError;
use crate::sql::Session;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// "YXJ1": tells the file from any other SQLite database.
const APPLICATION_ID: i32 = 0x5958_4a31;

fn old(folder: &Path) -> PathBuf {
    folder.with_extension("db")
}

/// Refuses a journal that only an earlier release knew.
pub(super) fn refuse_unconverted(folder: &Path) -> Result<(), StoreError> {
    let old = old(folder);
    if folder.exists() || !old.exists() {
        return Ok(());
    }
    let said = "is the journal of an earlier release: the next start of the server, or `yinxin rebuild`, converts it";
    Err(StoreError::Failed(format!("{} {said}", old.display())))
}

/// Converts the journal of an earlier release beside `folder`, where there is one; whoever calls has locked both. Answers the
/// number of records, none where there was nothing to do. `progress` hears (records done, records in all); each is counted
/// twice, when it is written and when it is compared.
pub fn convert_journal(folder: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Option<u64>, StoreError> {
    let old = old(folder);
    if !old.exists() {
        return Ok(None);
    }
    let connection = open(&old)?;
    let rows = Rows::of(Session::Sqlite(&connection))?;
    let (all, each) = (rows.records.saturating_mul(2), rows.records);
    if !folder.exists() {
        let unfinished = folder.with_extension("converting");
        remove_folder(&unfinished)?;
        let mut filler = Filler::begin(&unfinished)?;
        batches(&rows, |batch| {
            filler.put(batch.records.iter().map(Kept::walked), &batch.tiles, &batch.head)?;
            progress(filler.records(), all);
            Ok(())
        })?;
        filler.end()?;
        compare(&rows, &Segments::at(&unfinished), |done| progress(each.saturating_add(done), all))?;
        std::fs::rename(&unfinished, folder).map_err(|error| unwritten(folder, &error))?;
        sync_parent(folder)?;
    } else if compare(&rows, &Segments::at(folder), |_| ()).is_err() {
        // An interrupted conversion has changed nothing yet: the file goes only when every batch of it lies in the folder.
        let said =
            "holds what the folder beside it does not: take the one away that is not this deployment's";
        return Err(StoreError::Failed(format!("{} {said}", old.display())));
    }
    drop(connection);
    for tail in ["-wal", "-shm", ""] {
        let mut path = old.clone().into_os_string();
        path.push(tail);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(unwritten(Path::new(&path), &error)),
        }
    }
    sync_parent(folder)?;
    Ok(Some(each))
}

/// What was written must be what was read.
fn compare(
    rows: &Rows<'_>,
    segments: &Arc<Segments>,
    mut progress: impl FnMut(u64),
) -> Result<(), StoreError> {
    batches(rows, |batch| {
        let differs = || StoreError::Failed(format!("record {} differs after its conversion", batch.first));
        let (records, head) = segments.frame(batch.first)?.ok_or_else(differs)?;
        let mut same = records == batch.records && head == batch.head;
        for tile in &batch.tiles {
            same &= segments.tile(tile.level, tile.number)?.as_ref() == Some(&tile.hashes);
        }
        progress(batch.head.size);
        if same { Ok(()) } else { Err(differs()) }
    })
}

fn open(old: &Path) -> Result<Connection, StoreError> {
    // What a killed program left in the write-ahead log belongs to the journal.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(old, flags)?;
    let found: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if found == APPLICATION_ID {
        Ok(connection)
    } else {
        Err(StoreError::Failed(format!("{} is not a journal", old.display())))
    }
}

fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unreadable(folder, &error)),
    }
}

fn sync_parent(folder: &Path) -> Result<(), StoreError> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_folder(parent.unwrap_or_else(|| Path::new(".")))
}
