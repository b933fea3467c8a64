//! The journal, its projections and the desk: all SQL of the wallet.
//!
//! The journal is the truth, appended to by one writer. The views are rebuilt from it at any time. The desk holds what is
//! personal, erasable or short-lived. No hash, no signature and no limit is computed here.

pub mod desk;
mod error;
pub mod journal;
mod readers;
pub mod views;

pub use desk::{Desk, DeskError};
pub use error::StoreError;
pub use journal::{Batch, Head, Journal, JournalReader, NewRecord, SqliteJournal, StoredRecord, TileRow};
pub use views::Views;
