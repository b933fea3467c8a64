//! Copying and carrying books that somebody else is writing; here a database file, by SQLite's online backup from one snapshot.

mod engines;
mod journal;
pub(crate) mod rows;

pub use engines::{Carried, Heard, carry_in, carry_out};

use crate::error::StoreError;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Pages copied between two reports of the progress.
const PAGES: i32 = 1_024;
/// How long the copy waits for a lock that a recovering process holds.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// Copies the database at `source`, as it stands when the copy begins, to the new file `target`. Whoever writes to `source`
/// is not held up and what they write meanwhile is not in the copy. `progress` hears (pages done, pages in all).
pub fn copy_database(
    source: &Path,
    target: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(source, flags)?;
    from.busy_timeout(BUSY_WAIT)?;
    from.pragma_update(None, "query_only", true)?;
    // The read transaction pins the snapshot: without it a write between two steps would start the copy afresh.
    from.execute_batch("BEGIN")?;
    from.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut to = Connection::open(target)?;
    {
        let copy = Backup::new(&from, &mut to)?;
        loop {
            let step = copy.step(PAGES)?;
            let pages = copy.progress();
            let all = u64::try_from(pages.pagecount).unwrap_or(0);
            progress(all.saturating_sub(u64::try_from(pages.remaining).unwrap_or(0)), all);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                StepResult::Busy | StepResult::Locked | _ => {
                    return Err(StoreError::Failed(format!("{} is locked", source.display())));
                }
            }
        }
    }
    let sound: String = to.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    if sound == "ok" { Ok(()) } else { Err(StoreError::Failed(format!("{}: {sound}", source.display()))) }
}
