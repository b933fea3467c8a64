//! The journal, its projections and the desk: all SQL of the wallet.
//!
//! The journal is the truth, appended to by one writer. The views are rebuilt from it at any time. The desk holds what is
//! personal, erasable or short-lived. No hash, no signature and no limit is computed here.

pub mod desk;
mod disk;
mod error;
pub mod journal;
mod readers;
mod sql;
pub mod views;

pub use desk::{Desk, DeskError};
pub use disk::Disk;
pub use error::StoreError;
pub use journal::{Batch, Head, Journal, JournalReader, NewRecord, SqliteJournal, StoredRecord, TileRow};
pub use views::Views;

use std::path::Path;
use std::sync::Arc;

/// The read side of all three databases; the journal is written through [`SqliteJournal`] alone.
pub struct Store {
    /// What is personal, erasable or short-lived.
    pub desk: Arc<Desk>,
    /// Tables rebuilt from the journal.
    pub views: Arc<Views>,
    /// The journal, read.
    pub journal: Arc<JournalReader>,
}

impl Store {
    /// Opens views and desk, and reads the journal at `journal`, which exists.
    pub fn open(journal: &Path, views: &Path, desk: &Path) -> Result<Self, DeskError> {
        let failed = |error: StoreError| DeskError::Failed(error.to_string());
        Ok(Self {
            desk: Arc::new(Desk::open(desk)?),
            views: Arc::new(Views::open(views).map_err(failed)?),
            journal: Arc::new(JournalReader::new(journal)),
        })
    }
}
