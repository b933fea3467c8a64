//! The journal, its projections and the desk: all SQL of the wallet.
//!
//! The journal is the truth, appended to by one writer. The views are rebuilt from it at any time. The desk holds what is
//! personal, erasable or short-lived. No hash, no signature and no limit is computed here.

mod copy;
pub mod desk;
mod disk;
mod error;
pub mod journal;
pub mod lease;
mod postgres;
mod readers;
mod segments;
mod sql;
#[cfg(any(test, feature = "test-postgres"))]
pub mod test_postgres;
#[cfg(test)]
mod tests;
pub mod views;

pub use copy::{Carried, Heard, carry_in, carry_out, copy_database};
pub use desk::{Desk, DeskError};
pub use disk::Disk;
pub use error::StoreError;
pub use journal::{Batch, Head, Journal, JournalReader, NewRecord, StoredRecord, TileRow};
pub use lease::{Epoch, Holder, Lease};
pub use postgres::Postgres;
pub use segments::{SegmentJournal, convert_journal, copy_journal};
#[cfg(any(test, feature = "test-postgres"))]
pub use segments::{damage, forge};
pub use views::Views;

use postgres::PostgresJournal;
use segments::Segments;
use std::path::PathBuf;
use std::sync::Arc;

/// Where journal, views and desk are.
#[derive(Debug, Clone)]
pub enum Database {
    /// In a folder of segments and two SQLite files.
    Files {
        /// The journal's folder.
        journal: PathBuf,
        /// The views.
        views: PathBuf,
        /// The desk.
        desk: PathBuf,
    },
    /// In PostgreSQL, side by side in three schemas.
    Postgres(Postgres),
}

/// The read side of all three, the desk's writes, and the lease; the journal is appended to through [`Store::writer`] alone.
pub struct Store {
    /// What is personal, erasable or short-lived.
    pub desk: Arc<Desk>,
    /// Tables rebuilt from the journal.
    pub views: Arc<Views>,
    /// The journal, read.
    pub journal: Arc<JournalReader>,
    /// Who may append.
    pub lease: Arc<Lease>,
    writers: Writers,
}

impl Store {
    /// Opens all three where they are, and makes what is missing of them.
    pub fn open(database: &Database) -> Result<Self, DeskError> {
        let failed = |error: StoreError| DeskError::Failed(error.to_string());
        match database {
            Database::Files { journal, views, desk } => {
                let segments = Segments::at(journal);
                Ok(Self {
                    desk: Arc::new(Desk::open(desk)?),
                    views: Arc::new(Views::open(views).map_err(failed)?),
                    journal: Arc::new(JournalReader::of_segments(&segments)),
                    lease: Arc::new(Lease::of_files()),
                    writers: Writers(Where::Files(segments)),
                })
            }
            Database::Postgres(postgres) => {
                postgres::prepare(postgres)?;
                let lease = Lease::of_postgres(postgres);
                Ok(Self {
                    desk: Arc::new(Desk::open_postgres(postgres)?),
                    views: Arc::new(Views::of_postgres(postgres, lease.held())?),
                    journal: Arc::new(JournalReader::of_postgres(postgres)),
                    lease: Arc::new(lease),
                    writers: Writers(Where::Postgres(postgres.clone())),
                })
            }
        }
    }

    /// The writer's end of the journal, for the epoch that [`Lease::claim`] gave.
    pub fn writer(&self, epoch: Epoch) -> Result<Box<dyn Journal>, StoreError> {
        self.writers.open(epoch)
    }

    /// What opens it, for whoever takes turns with other nodes.
    #[must_use]
    pub fn writers(&self) -> Writers {
        self.writers.clone()
    }
}

/// Opens the writer's end of a journal whenever its lease was claimed.
#[derive(Clone)]
pub struct Writers(Where);

#[derive(Clone)]
enum Where {
    Files(Arc<Segments>),
    Postgres(Postgres),
}

impl Writers {
    /// The writer's end, for the epoch that [`Lease::claim`] gave.
    pub fn open(&self, epoch: Epoch) -> Result<Box<dyn Journal>, StoreError> {
        Ok(match &self.0 {
            Where::Files(segments) => Box::new(SegmentJournal::of(segments)?),
            Where::Postgres(postgres) => Box::new(PostgresJournal::open(postgres, epoch)?),
        })
    }
}
