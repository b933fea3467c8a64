//! Snapshots of the ledger: a file that a record names by its hash. One changed byte refuses the start.

use crate::Wallet;
use crate::ledger::Ledger;
use crate::nodes::NamedSnapshot;
use crate::start::{DataDir, StartError, load_ledger_until};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use yinxin_core::codec::{Codec, Reader};
use yinxin_core::text::sha256;
use yinxin_core::{Action, Book, Digest};
use yinxin_store::StoreError;
use yinxin_tlog::{Tree, VerifierKey};

/// The first bytes of the file; the digit is the version of the book's form.
const MAGIC: &[u8; 4] = b"YXS3";
/// Forms of earlier releases. A start does not read them: the journal, or an older snapshot, takes their place.
const EARLIER: [&[u8; 4]; 2] = [b"YXS1", b"YXS2"];

/// People of a book that is copied: some milliseconds, while the writer waits. To make it anew costs as much as a fifth
/// of a payment for each payment in between.
const COPIED_MAX: usize = 10_000;

impl Wallet {
    /// Takes a snapshot now, and names it in the journal. A start after it replays only what came later. A small book is copied
    /// between two batches. A large one is made from the last snapshot and the journal on a thread of its own: neither the
    /// writer nor a reader waits for it.
    pub async fn take_snapshot(&self) -> Result<(), StartError> {
        let log = VerifierKey::parse(&self.inner.settings.log_key)
            .map_err(|error| StartError::Keys(error.to_string()))?;
        let (dir, journal) = (self.inner.dir.clone(), Arc::clone(&self.inner.store.journal));
        let copied = self.inner.writer.ledger(|ledger| {
            (ledger.book.counts().0 <= COPIED_MAX).then(|| (ledger.size(), encoded(ledger)))
        });
        let records = copied.as_ref().map_or_else(|| self.records(), |(records, _)| *records);
        let saved = tokio::task::spawn_blocking(move || match copied {
            Some((_, bytes)) => write(&dir, records, &bytes),
            None => load_ledger_until(&dir, &journal, &log, records).and_then(|ledger| save(&dir, &ledger)),
        })
        .await;
        let hash = saved.map_err(|error| StartError::Keys(error.to_string()))??;
        let named = self.submit_own(Action::NameSnapshot { records, hash }).await;
        named.map_err(|error| StartError::Store(StoreError::Failed(error.to_string())))?;
        keep_only(&self.inner.dir, records);
        Ok(())
    }
}

impl Wallet {
    /// Makes the snapshot that another node named, from this node's own last one and the journal: equal books are proven
    /// each time. Answers why this node must not go on, where they differ.
    pub(crate) async fn copy_snapshot(&self, named: NamedSnapshot) -> Result<(), StartError> {
        let log = VerifierKey::parse(&self.inner.settings.log_key)
            .map_err(|error| StartError::Keys(error.to_string()))?;
        let (dir, journal) = (self.inner.dir.clone(), Arc::clone(&self.inner.store.journal));
        let NamedSnapshot { index, records, hash } = named;
        let made = tokio::task::spawn_blocking(move || {
            let made =
                load_ledger_until(&dir, &journal, &log, records).and_then(|ledger| save(&dir, &ledger))?;
            if made == hash {
                keep_only(&dir, records);
                return Ok(());
            }
            // Kept for whoever looks for the difference; no start believes it.
            Err(StartError::Snapshot { file: path(&dir, records).display().to_string(), index })
        })
        .await;
        made.map_err(|error| StartError::Keys(error.to_string()))?
    }
}

fn path(dir: &DataDir, records: u64) -> PathBuf {
    dir.snapshots().join(format!("{records:016}.snapshot"))
}

/// Writes the ledger's state durably; answers its hash.
pub(crate) fn save(dir: &DataDir, ledger: &Ledger) -> Result<Digest, StartError> {
    write(dir, ledger.size(), &encoded(ledger))
}

fn encoded(ledger: &Ledger) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    ledger.tree.edge_bytes().encode(&mut bytes);
    ledger.book.encode(&mut bytes);
    bytes
}

fn write(dir: &DataDir, records: u64, bytes: &[u8]) -> Result<Digest, StartError> {
    let path = path(dir, records);
    let write = || -> std::io::Result<()> {
        let unfinished = path.with_extension("unfinished");
        let mut file = std::fs::File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)?;
        std::fs::File::open(dir.snapshots())?.sync_all()
    };
    write().map_err(|error| StartError::file(&path, error))?;
    Ok(sha256(&[bytes]))
}

/// Reads the snapshot that record `index` names; none where its file is missing.
pub(crate) fn load(
    dir: &DataDir,
    records: u64,
    hash: Digest,
    index: u64,
) -> Result<Option<Ledger>, StartError> {
    let path = path(dir, records);
    let wrong = || StartError::Snapshot { file: path.display().to_string(), index };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            tracing::warn!(file = %path.display(), "a named snapshot is missing, an older one or the journal takes its place");
            return Ok(None);
        }
        Err(error) => return Err(StartError::file(&path, error)),
    };
    // Beside one another: both take their time. Nothing of it is believed before the hash is right.
    let (ledger, is_named) = std::thread::scope(|scope| {
        let hashing = scope.spawn(|| sha256(&[&bytes]) == hash);
        (read(&bytes), hashing.join().unwrap_or(false))
    });
    if is_named && EARLIER.iter().any(|magic| bytes.starts_with(magic.as_slice())) {
        tracing::warn!(file = %path.display(), "a snapshot of an earlier release is passed over, the journal takes its place");
        return Ok(None);
    }
    match ledger.filter(|ledger| is_named && ledger.book.size() == records && ledger.tree.size() == records) {
        Some(ledger) => Ok(Some(ledger)),
        None => Err(wrong()),
    }
}

fn read(bytes: &[u8]) -> Option<Ledger> {
    let mut reader = Reader::new(bytes.strip_prefix(MAGIC)?);
    let edge = Vec::<u8>::decode(&mut reader).ok()?;
    let book = Book::decode(&mut reader).ok()?;
    reader.end().ok()?;
    Some(Ledger { book, tree: Tree::from_edge_bytes(&edge).ok()? })
}

/// Removes every snapshot but the one of `records`.
pub(crate) fn keep_only(dir: &DataDir, records: u64) {
    let keep = path(dir, records);
    let Ok(entries) = std::fs::read_dir(dir.snapshots()) else { return };
    for entry in entries.flatten().filter(|entry| entry.path() != keep) {
        if let Err(error) = std::fs::remove_file(entry.path()) {
            tracing::warn!(%error, "an old snapshot was not removed");
        }
    }
}
