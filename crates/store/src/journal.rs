//! The journal: append-only records, their evidence, the tree's full tiles and one signed head for each batch.
//!
//! `append` is one durable commit. Facts, tiles and heads are permanent: in files because no code rewrites a frame, in PostgreSQL
//! because triggers forbid it; evidence and disclosures alone may be erased.

use crate::error::StoreError;
use crate::postgres::{Postgres, PostgresReader};
use crate::segments::Segments;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A record to append.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// The encoded facts.
    pub facts: Vec<u8>,
    /// The opening `r` of its leaf.
    pub opening: [u8; 32],
    /// H(salt ‖ evidence).
    pub digest: [u8; 32],
    /// The salt; it goes with the evidence.
    pub salt: [u8; 32],
    /// What was signed, and the context.
    pub evidence: Vec<u8>,
    /// What opens the commitments inside the evidence: personal, erased before it. None where there are none.
    pub disclosures: Option<Vec<u8>>,
    /// Whether a start looks here for a snapshot's name.
    pub names_snapshot: bool,
}

/// A full tile of the tree: 256 hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    /// Level; 0 holds leaf hashes.
    pub level: u8,
    /// Number within the level.
    pub number: u64,
    /// 8,192 bytes.
    pub hashes: Vec<u8>,
}

/// A signed tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Records that it covers.
    pub size: u64,
    /// The signed checkpoint (C2SP signed-note).
    pub note: String,
}

/// Everything of one durable commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Index of the first record.
    pub first: u64,
    /// The records, in order.
    pub records: Vec<NewRecord>,
    /// Tiles that these records filled.
    pub tiles: Vec<TileRow>,
    /// The head after the last of them.
    pub head: Head,
}

/// A record as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its index.
    pub index: u64,
    /// The encoded facts.
    pub facts: Vec<u8>,
    /// The opening `r` of its leaf.
    pub opening: [u8; 32],
    /// H(salt ‖ evidence).
    pub digest: [u8; 32],
}

/// The evidence of a record, until it is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvidence {
    /// Its salt.
    pub salt: [u8; 32],
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The writer's end of a journal. One writer at a time.
pub trait Journal: Send {
    /// Makes a batch durable, all of it or nothing. After an error the caller reads the real tail with a
    /// [`JournalReader`] before it goes on; after [`StoreError::Sync`] it ends the process.
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Erases the disclosures of a record for good, and nothing else of it.
    fn erase_disclosures(&mut self, index: u64) -> Result<(), StoreError>;

    /// Does what no append should wait for, and tells what came of the last time: the next segment of a file journal, the lease
    /// of one in PostgreSQL. Never needed for durability.
    fn tidy(&mut self) -> Result<(), StoreError>;

    /// Whether a disk that was full takes a good deal again. Where that cannot be known, the next append finds out.
    fn has_room(&mut self) -> bool {
        true
    }
}

/// Reads a journal, from any thread, as of the last commit.
pub struct JournalReader(Books);

enum Books {
    Files(Arc<Segments>),
    Postgres(PostgresReader),
}

/// How often whoever waits for records of a folder looks again.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl JournalReader {
    /// A reader of the folder that a [`crate::SegmentJournal`] made.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self::of_segments(&Segments::at(folder))
    }

    /// A reader of a folder that shares what is known of it.
    pub(crate) fn of_segments(segments: &Arc<Segments>) -> Self {
        Self(Books::Files(Arc::clone(segments)))
    }

    /// A reader of the journal in PostgreSQL: of its primary, never of a standby.
    #[must_use]
    pub fn of_postgres(postgres: &Postgres) -> Self {
        Self(Books::Postgres(PostgresReader::of(postgres)))
    }

    /// Parks this thread until the journal holds more than `size` records, for about `patience` at most; answers how many it
    /// holds. PostgreSQL tells of each append; who hears nothing looks four times a second.
    pub fn wait_beyond(&self, size: u64, patience: Duration) -> Result<u64, StoreError> {
        let mut left = patience;
        loop {
            let found = self.size()?;
            if found > size || left.is_zero() {
                return Ok(found);
            }
            let waited = match &self.0 {
                Books::Postgres(reader) => reader.wait_beyond(size, left),
                Books::Files(_) => {
                    let every = LOOK_EVERY.min(left);
                    std::thread::park_timeout(every);
                    every
                }
            };
            left = left.saturating_sub(waited);
        }
    }

    /// The number of records.
    pub fn size(&self) -> Result<u64, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.size(),
            Books::Postgres(reader) => reader.size(),
        }
    }

    /// One record.
    pub fn record(&self, index: u64) -> Result<Option<StoredRecord>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.record(index),
            Books::Postgres(reader) => reader.record(index),
        }
    }

    /// At most `most` records from index `from` on.
    pub fn records(&self, from: u64, most: u32) -> Result<Vec<StoredRecord>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.records(from, most),
            Books::Postgres(reader) => reader.records(from, most),
        }
    }

    /// Walks through records: from `first` to the one that `next` names after it has seen one, until it names none.
    pub fn walk<E: From<StoreError>>(
        &self,
        first: u64,
        mut next: impl FnMut(StoredRecord) -> Result<Option<u64>, E>,
    ) -> Result<(), E> {
        let session = match &self.0 {
            Books::Files(_) => None,
            Books::Postgres(reader) => Some(reader.lend()?),
        };
        let mut at = Some(first);
        while let Some(index) = at {
            let found = match (&self.0, &session) {
                (Books::Files(segments), _) => segments.record(index)?,
                (Books::Postgres(_), Some(lent)) => lent.record(index)?,
                (Books::Postgres(reader), None) => reader.record(index)?,
            };
            let missing = StoreError::Corrupt { table: "records", row: index, reason: "a record" };
            at = next(found.ok_or(missing)?)?;
        }
        Ok(())
    }

    /// The evidence of a record, unless it was erased.
    pub fn evidence(&self, index: u64) -> Result<Option<StoredEvidence>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.evidence(index),
            Books::Postgres(reader) => reader.evidence(index),
        }
    }

    /// What opens the commitments of a record, unless there are none or it was erased.
    pub fn disclosures(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.disclosures(index),
            Books::Postgres(reader) => reader.disclosures(index),
        }
    }

    /// A full tile's hashes: 8,192 bytes.
    pub fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.tile(level, number),
            Books::Postgres(reader) => reader.tile(level, number),
        }
    }

    /// The newest head.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.head(),
            Books::Postgres(reader) => reader.head(),
        }
    }

    /// The first head that covers the record at `index`: the one of its own batch.
    pub fn head_covering(&self, index: u64) -> Result<Option<Head>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.head_covering(index),
            Books::Postgres(reader) => reader.head_covering(index),
        }
    }

    /// Index of the newest record that names a snapshot.
    pub fn newest_snapshot(&self) -> Result<Option<u64>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.newest_snapshot(),
            Books::Postgres(reader) => reader.newest_snapshot(),
        }
    }

    /// Index of the newest record before `index` that names a snapshot.
    pub fn snapshot_before(&self, index: u64) -> Result<Option<u64>, StoreError> {
        match &self.0 {
            Books::Files(segments) => segments.snapshot_before(index),
            Books::Postgres(reader) => reader.snapshot_before(index),
        }
    }
}

pub(crate) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Failed("an index is too large".to_owned()))
}

pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
