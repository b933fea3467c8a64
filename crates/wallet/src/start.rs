//! Opening a data directory (house, law 8): a snapshot that a record names, replay of the tail, and every difference refuses.

use crate::ledger::Ledger;
use crate::snapshot;
use std::path::{Path, PathBuf};
use yinxin_core::codec::Codec;
use yinxin_core::{Body, Facts};
use yinxin_pki::ed25519_verify;
use yinxin_store::{Database, Epoch, Head, JournalReader, Store, StoreError, Views};
use yinxin_tlog::{Checkpoint, VerifierKey};

/// The files of a data directory.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The directory at `path`, created with access for its owner alone where it is missing.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
        for folder in ["snapshots", "keys", "ca"] {
            std::fs::create_dir_all(path.join(folder))?;
        }
        Ok(Self(path.to_owned()))
    }

    /// The directory at `path`, as it is.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Takes the directory for this process alone, until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<std::fs::File, StartError> {
        let path = self.0.join("lock");
        let file = std::fs::File::create(&path).map_err(|error| StartError::file(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(StartError::Running { path: self.0.display().to_string() })
            }
            Err(std::fs::TryLockError::Error(error)) => Err(StartError::file(&path, error)),
        }
    }

    /// Makes the names of what was created in it durable: a power cut may otherwise take a synced file with its name.
    pub(crate) fn sync_names(&self) -> Result<(), StartError> {
        [self.keys(), self.ca(), self.snapshots(), self.0.clone()]
            .iter()
            .try_for_each(|path| sync_folder(path))
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The journal's folder.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// The views' file.
    #[must_use]
    pub fn views(&self) -> PathBuf {
        self.0.join("views.db")
    }

    /// The desk's file.
    #[must_use]
    pub fn desk(&self) -> PathBuf {
        self.0.join("desk.db")
    }

    /// Takes over the journal of an earlier release, where one lies here; whoever calls has the directory for itself.
    pub(crate) fn convert_journal(&self) -> Result<(), StartError> {
        let mut told = 0;
        let records = yinxin_store::convert_journal(&self.journal(), |done, all| {
            // Each tenth once.
            let tenth = done.saturating_mul(10).checked_div(all).unwrap_or(0);
            if tenth > told {
                told = tenth;
                tracing::info!(percent = tenth * 10, "the journal of an earlier release is being converted");
            }
        })?;
        if let Some(records) = records {
            tracing::warn!(
                records,
                "the journal of an earlier release was converted; that release cannot read it"
            );
        }
        Ok(())
    }

    /// The three databases, as files.
    #[must_use]
    pub(crate) fn files(&self) -> Database {
        Database::Files { journal: self.journal(), views: self.views(), desk: self.desk() }
    }

    /// Where snapshots are kept.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    /// Where private keys are kept.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Where the authority's certificates are kept.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca")
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StartError> {
    // A bare file name has the empty path as its parent: the folder that the process works in.
    let folder = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StartError::file(folder, error))
}

/// Why a data directory was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A record of the journal does not decode or does not fit the ones before it.
    #[error("the journal is corrupt at record {index}: {reason}")]
    Journal {
        /// The record.
        index: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The records do not give the tree head that was signed.
    #[error("the journal's {size} records do not give the signed tree head: {reason}")]
    Head {
        /// The number of records.
        size: u64,
        /// What differs.
        reason: String,
    },
    /// The snapshot is not the one that the journal names.
    #[error(
        "the snapshot {file} is not the one that record {index} names; `yinxin rebuild` makes a new one from the journal"
    )]
    Snapshot {
        /// The file.
        file: String,
        /// The record that names it.
        index: u64,
    },
    /// Another process works on the directory.
    #[error("{path} is in use: the server runs, or another command does")]
    Running {
        /// The directory.
        path: String,
    },
    /// The clock is behind the last record.
    #[error("the clock is {behind_ms} ms behind the last record; set it right, or start with --accept-clock")]
    Clock {
        /// How far.
        behind_ms: i64,
    },
    /// The directory belongs to another kind of deployment.
    #[error("{0}")]
    Stamp(String),
    /// A key or a certificate is missing or unusable.
    #[error("{0}")]
    Keys(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The desk failed.
    #[error(transparent)]
    Desk(#[from] yinxin_store::DeskError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl StartError {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }
}

/// Named snapshots that a start looks for, newest first; a node that missed more of them reads the whole journal.
const SNAPSHOTS_LOOKED_AT: usize = 64;

/// Whether a start may use the snapshot, or reads the journal from its first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The newest snapshot, then the tail.
    Snapshot,
    /// The first record.
    Genesis,
}

/// The ledger as the journal has it, checked against the signed head; `progress` hears (records done, records in all).
pub(crate) fn load_ledger(
    dir: &DataDir,
    journal: &JournalReader,
    log: &VerifierKey,
    from: From,
    mut progress: impl FnMut(u64, u64),
) -> Result<Ledger, StartError> {
    let total = journal.size()?;
    let mut ledger = match from {
        From::Snapshot => begin(dir, journal)?,
        From::Genesis => Ledger::empty(),
    };
    // To the head that is there now and no further: another node may append meanwhile. Whoever takes the lease reads what
    // came later, and finds records that no head covers.
    let head = journal.head()?;
    let until = head.as_ref().map_or(u64::MAX, |head| head.size);
    ledger.follow_until(journal, until, |done| progress(done, total))?;
    check(&ledger, head, log)?;
    Ok(ledger)
}

/// The ledger of the first `records` records, the last of which ends a batch: made from the newest snapshot and the journal
/// as a start makes it, so that whoever writes meanwhile does not wait.
pub(crate) fn load_ledger_until(
    dir: &DataDir,
    journal: &JournalReader,
    log: &VerifierKey,
    records: u64,
) -> Result<Ledger, StartError> {
    let mut ledger = begin(dir, journal)?;
    ledger.follow_until(journal, records, |_| ())?;
    check(&ledger, journal.head_covering(records.saturating_sub(1))?, log)?;
    Ok(ledger)
}

/// Adds what came after the ledger was loaded.
pub(crate) fn take_tail(
    ledger: &mut Ledger,
    journal: &JournalReader,
    log: &VerifierKey,
) -> Result<(), StartError> {
    if journal.size()? == ledger.size() {
        return Ok(());
    }
    ledger.follow(journal)?;
    check(ledger, journal.head()?, log)
}

fn check(ledger: &Ledger, head: Option<Head>, log: &VerifierKey) -> Result<(), StartError> {
    check_head(ledger, head, log)?;
    ledger
        .book
        .check()
        .map_err(|error| StartError::Journal { index: ledger.size(), reason: error.to_string() })
}

/// The newest snapshot that the journal names and this directory has. A file that is missing is no difference: another node
/// took the snapshot while this one was away, and the journal has everything.
fn begin(dir: &DataDir, journal: &JournalReader) -> Result<Ledger, StartError> {
    let mut newest = journal.newest_snapshot()?;
    for _ in 0..SNAPSHOTS_LOOKED_AT {
        let Some(index) = newest else { break };
        if let Some(ledger) = load_named(dir, journal, index)? {
            return Ok(ledger);
        }
        newest = journal.snapshot_before(index)?;
    }
    Ok(Ledger::empty())
}

fn load_named(dir: &DataDir, journal: &JournalReader, index: u64) -> Result<Option<Ledger>, StartError> {
    let corrupt = |reason: &str| StartError::Journal { index, reason: reason.to_owned() };
    let record = journal.record(index)?.ok_or_else(|| corrupt("a snapshot is named by no record"))?;
    let facts = Facts::from_bytes_exact(&record.facts).map_err(|error| corrupt(&error.to_string()))?;
    let Body::SnapshotTaken { records, hash } = facts.body else {
        return Err(corrupt("it is said to name a snapshot and does not"));
    };
    snapshot::load(dir, records, hash, index)
}

/// The records must give the root that was signed, and all of them must be covered.
pub(crate) fn check_head(ledger: &Ledger, head: Option<Head>, log: &VerifierKey) -> Result<(), StartError> {
    let size = ledger.size();
    let wrong = |reason: &str| StartError::Head { size, reason: reason.to_owned() };
    let Some(head) = head else {
        return if size == 0 { Ok(()) } else { Err(wrong("there is no head")) };
    };
    let checkpoint = open_head(&head.note, log).map_err(|reason| wrong(&reason))?;
    if head.size != size || checkpoint.size != size {
        return Err(wrong("the head is of another size"));
    }
    if checkpoint.root == ledger.tree.root() { Ok(()) } else { Err(wrong("the root differs")) }
}

fn open_head(note: &str, log: &VerifierKey) -> Result<Checkpoint, String> {
    let verify = |key: &[u8; 32], message: &[u8], signature: &[u8; 64]| {
        ed25519_verify(key, message, signature).is_ok()
    };
    Checkpoint::open(note, log, verify).map_err(|error| error.to_string())
}

/// Fills the views up to the ledger, and makes them anew where they are not this journal's. They hold no money: what they
/// show of it is read from the records. Answers whether they were made anew.
pub(crate) fn reconcile_views(store: &Store, ledger: &Ledger, epoch: Epoch) -> Result<bool, StartError> {
    let (views, journal) = (&store.views, &store.journal);
    // Filling many takes longer than a lease is valid: it is renewed with each page.
    let fill = || crate::projector::catch_up(views, journal, |_| drop(store.lease.renew(epoch)));
    if belong(views, journal, ledger.size())? {
        match fill() {
            Ok(()) => return Ok(false),
            Err(error) => tracing::warn!(%error, "the views cannot be filled"),
        }
    }
    tracing::warn!("the views differ from the journal and are made anew");
    views.clear()?;
    fill()?;
    Ok(true)
}

/// Whether the views end at a record of this journal, and not behind its first `records`.
pub(crate) fn belong(views: &Views, journal: &JournalReader, records: u64) -> Result<bool, StartError> {
    let (mark, last) = (views.mark()?, views.last()?);
    if mark > records {
        return Ok(false);
    }
    let digest = match mark.checked_sub(1) {
        Some(index) => journal.record(index)?.map(|record| record.digest),
        None => None,
    };
    Ok(digest == last)
}
