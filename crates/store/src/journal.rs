//! The journal: append-only records, their evidence, the tree's full tiles and one signed head for each batch.
//!
//! `append` is one durable commit. Triggers forbid changing or deleting facts, tiles and heads; evidence and disclosures alone
//! may be erased.

use crate::checkpoints::Checkpoints;
use crate::disk::has_room;
use crate::error::StoreError;
use crate::postgres::{Ear, Postgres};
use crate::readers::Readers;
use crate::sql::{Row, SqlError, params};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "YXJ1": tells this file from any other SQLite database.
const APPLICATION_ID: i32 = 0x5958_4a31;

const SCHEMA: &str = "
CREATE TABLE records (
  idx INTEGER PRIMARY KEY, facts BLOB NOT NULL, opening BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE evidence (idx INTEGER PRIMARY KEY, salt BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE disclosures (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE tiles (level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, number)) STRICT, WITHOUT ROWID;
CREATE TABLE heads (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE snapshots (idx INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER records_keep BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records are permanent'); END;
CREATE TRIGGER records_stay BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records are permanent'); END;
CREATE TRIGGER tiles_keep BEFORE UPDATE ON tiles BEGIN SELECT RAISE(ABORT, 'tiles are permanent'); END;
CREATE TRIGGER tiles_stay BEFORE DELETE ON tiles BEGIN SELECT RAISE(ABORT, 'tiles are permanent'); END;
CREATE TRIGGER heads_keep BEFORE UPDATE ON heads BEGIN SELECT RAISE(ABORT, 'heads are permanent'); END;
CREATE TRIGGER heads_stay BEFORE DELETE ON heads BEGIN SELECT RAISE(ABORT, 'heads are permanent'); END;
";

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

    /// Lets what was appended be moved out of the write-ahead log, and tells what came of the last time. Never needed for
    /// durability.
    fn tidy(&mut self) -> Result<(), StoreError>;

    /// Whether a disk that was full takes a good deal again. Where that cannot be known, the next append finds out.
    fn has_room(&mut self) -> bool {
        true
    }
}

/// The journal in one SQLite file (`synchronous=FULL`).
pub struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    checkpoints: Checkpoints,
}

impl SqliteJournal {
    /// Opens or creates the file for writing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "page_size", 8192)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        // What is erased is overwritten: a name must not survive in a free page.
        connection.pragma_update(None, "secure_delete", true)?;
        let found: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if found != APPLICATION_ID {
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables > 0 {
                return Err(StoreError::Failed(format!("{} is not a journal", path.display())));
            }
            connection.execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            ))?;
        }
        Ok(Self { connection, path: path.to_owned(), checkpoints: Checkpoints::start(path)? })
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.checkpoints.sound()?;
        let transaction = self.connection.transaction()?;
        {
            let mut record = transaction.prepare_cached("INSERT INTO records VALUES (?1, ?2, ?3, ?4)")?;
            let mut evidence = transaction.prepare_cached("INSERT INTO evidence VALUES (?1, ?2, ?3)")?;
            for (index, new) in (batch.first..).zip(&batch.records) {
                record.execute(rusqlite::params![signed(index)?, new.facts, new.opening, new.digest])?;
                evidence.execute(rusqlite::params![signed(index)?, new.salt, new.evidence])?;
                if let Some(bytes) = &new.disclosures {
                    let mut disclosures =
                        transaction.prepare_cached("INSERT INTO disclosures VALUES (?1, ?2)")?;
                    disclosures.execute(rusqlite::params![signed(index)?, bytes])?;
                }
                if new.names_snapshot {
                    transaction.execute("INSERT INTO snapshots VALUES (?1)", [signed(index)?])?;
                }
            }
            let mut tile = transaction.prepare_cached("INSERT INTO tiles VALUES (?1, ?2, ?3)")?;
            for row in &batch.tiles {
                tile.execute(rusqlite::params![row.level, signed(row.number)?, row.hashes])?;
            }
            let head = &batch.head;
            transaction
                .prepare_cached("INSERT INTO heads VALUES (?1, ?2)")?
                .execute(rusqlite::params![signed(head.size)?, head.note])?;
        }
        Ok(transaction.commit()?)
    }

    fn erase_disclosures(&mut self, index: u64) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM disclosures WHERE idx = ?1", [signed(index)?])?;
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        self.checkpoints.tidy()
    }

    fn has_room(&mut self) -> bool {
        self.path.parent().is_some_and(has_room)
    }
}

/// Reads a journal, from any thread, as of the last commit.
pub struct JournalReader {
    readers: Readers,
    ear: Ear,
}

/// How often whoever waits for records looks again when nobody told of any.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The same for a file, of whose appends nobody tells.
const LOOK_AT_FILE_EVERY: Duration = Duration::from_millis(20);

impl JournalReader {
    /// A reader of the file that a [`SqliteJournal`] made.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { readers: Readers::of_file(path), ear: Ear::default() }
    }

    /// A reader of the journal in PostgreSQL: of its primary, never of a standby.
    #[must_use]
    pub fn of_postgres(postgres: &Postgres) -> Self {
        Self { readers: Readers::of_postgres(postgres, "journal"), ear: Ear::default() }
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
            let every = match &self.readers {
                Readers::Postgres(pool) => {
                    let every = LOOK_EVERY.min(left);
                    self.ear.wait_beyond(pool.postgres(), size, every);
                    every
                }
                Readers::File(_) => {
                    let every = LOOK_AT_FILE_EVERY.min(left);
                    std::thread::park_timeout(every);
                    every
                }
            };
            left = left.saturating_sub(every);
        }
    }

    /// The number of records.
    pub fn size(&self) -> Result<u64, StoreError> {
        let last: Option<i64> =
            self.readers.lend()?.session().only("SELECT max(idx) FROM records", &[], |row| row.get(0))?;
        Ok(last.map_or(0, |last| unsigned(last).saturating_add(1)))
    }

    /// One record.
    pub fn record(&self, index: u64) -> Result<Option<StoredRecord>, StoreError> {
        let sql = "SELECT idx, facts, opening, digest FROM records WHERE idx = ?1";
        Ok(self.readers.lend()?.session().first(sql, params![signed(index)?], stored)?)
    }

    /// At most `most` records from index `from` on.
    pub fn records(&self, from: u64, most: u32) -> Result<Vec<StoredRecord>, StoreError> {
        let sql = "SELECT idx, facts, opening, digest FROM records WHERE idx >= ?1 ORDER BY idx LIMIT ?2";
        Ok(self.readers.lend()?.session().all(sql, params![signed(from)?, most], stored)?)
    }

    /// Walks through records: from `first` to the one that `next` names after it has seen one, until it names none.
    pub fn walk<E: From<StoreError>>(
        &self,
        first: u64,
        mut next: impl FnMut(StoredRecord) -> Result<Option<u64>, E>,
    ) -> Result<(), E> {
        let sql = "SELECT idx, facts, opening, digest FROM records WHERE idx = ?1";
        let lent = self.readers.lend()?;
        let mut at = Some(first);
        while let Some(index) = at {
            let found =
                lent.session().first(sql, params![signed(index)?], stored).map_err(StoreError::from)?;
            let missing = StoreError::Corrupt { table: "records", row: index, reason: "a record" };
            at = next(found.ok_or(missing)?)?;
        }
        Ok(())
    }

    /// The evidence of a record, unless it was erased.
    pub fn evidence(&self, index: u64) -> Result<Option<StoredEvidence>, StoreError> {
        let sql = "SELECT salt, bytes FROM evidence WHERE idx = ?1";
        let read =
            |row: &Row<'_>| Ok::<_, SqlError>(StoredEvidence { salt: row.get(0)?, bytes: row.get(1)? });
        Ok(self.readers.lend()?.session().first(sql, params![signed(index)?], read)?)
    }

    /// What opens the commitments of a record, unless there are none or it was erased.
    pub fn disclosures(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM disclosures WHERE idx = ?1";
        Ok(self.readers.lend()?.session().first(sql, params![signed(index)?], |row| row.get(0))?)
    }

    /// A full tile's hashes: 8,192 bytes.
    pub fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT hashes FROM tiles WHERE level = ?1 AND number = ?2";
        let lent = self.readers.lend()?;
        Ok(lent.session().first(sql, params![level, signed(number)?], |row| row.get(0))?)
    }

    /// The newest head.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        self.head_where("SELECT size, note FROM heads WHERE size >= ?1 ORDER BY size DESC LIMIT 1", 0)
    }

    /// The first head that covers the record at `index`: the one of its own batch.
    pub fn head_covering(&self, index: u64) -> Result<Option<Head>, StoreError> {
        self.head_where("SELECT size, note FROM heads WHERE size > ?1 ORDER BY size LIMIT 1", index)
    }

    /// Index of the newest record that names a snapshot.
    pub fn newest_snapshot(&self) -> Result<Option<u64>, StoreError> {
        let last: Option<i64> =
            self.readers.lend()?.session().only("SELECT max(idx) FROM snapshots", &[], |row| row.get(0))?;
        Ok(last.map(unsigned))
    }

    /// Index of the newest record before `index` that names a snapshot.
    pub fn snapshot_before(&self, index: u64) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT max(idx) FROM snapshots WHERE idx < ?1";
        let last: Option<i64> =
            self.readers.lend()?.session().only(sql, params![signed(index)?], |row| row.get(0))?;
        Ok(last.map(unsigned))
    }

    fn head_where(&self, sql: &'static str, bound: u64) -> Result<Option<Head>, StoreError> {
        let read = |row: &Row<'_>| Ok::<_, SqlError>(Head { size: unsigned(row.get(0)?), note: row.get(1)? });
        Ok(self.readers.lend()?.session().first(sql, params![signed(bound)?], read)?)
    }
}

fn stored(row: &Row<'_>) -> Result<StoredRecord, SqlError> {
    Ok(StoredRecord {
        index: unsigned(row.get(0)?),
        facts: row.get(1)?,
        opening: row.get(2)?,
        digest: row.get(3)?,
    })
}

pub(crate) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Failed("an index is too large".to_owned()))
}

pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
