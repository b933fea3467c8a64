//! Backups of a data directory, also of one that is being served: sealed for a key that is not on this machine.
//!
//! ```text
//! desk copied ─▶ journal copied (ends at record N) ─▶ the copy replayed to its signed head ─▶ tar, sealed ─▶ file
//! file ─▶ opened and unpacked ─▶ replayed, N and head as the manifest says ─▶ new log origin ─▶ data directory
//! ```
//!
//! The desk goes first (house, law 13): whatever it says, the journal in the backup knows at least as much, and the next
//! start finishes the intentions that the desk still holds open. Views and snapshots are not in it; they are made again.

mod archive;
mod restore;

pub use restore::{Restored, restore, verify_backup};

#[cfg(test)]
pub(crate) use archive::{Contents, unpack};

use crate::Home;
use crate::authority::{Authority, create_private};
use crate::log_origin::LogOrigin;
use crate::open::{DEPLOYMENT_FILE, read_deployment};
use crate::port::{Clock, Entropy, random};
use crate::start::{DataDir, From, StartError, load_ledger};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use yinxin_pki::Secret;
use yinxin_pki::age::{AgeError, Identity, Recipient, Sealer};
use yinxin_store::{Carried, JournalReader, StoreError, carry_out, copy_database, copy_journal};

/// Where copies lie until they are sealed.
const STAGING: &str = "backup-unfinished";
/// One backup of a directory at a time.
const LOCK: &str = "backup.lock";

/// Why there is no backup, or why one was not restored. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data directory, or the one in the backup, is not sound.
    #[error(transparent)]
    Data(#[from] StartError),
    /// A key, or the sealed file's header.
    #[error(transparent)]
    Sealed(#[from] AgeError),
    /// A file could not be read or written; a sealed file that was changed or cut short says so here.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file opens and is no backup of this program, or not a whole one.
    #[error("{0}")]
    Archive(String),
    /// The directory to restore to holds something.
    #[error("{0} is not empty: a restore goes to a new directory")]
    NotEmpty(String),
    /// The process runs as another user than the data directory's owner.
    #[error("run this as the owner of {0}: files made by another user would stop the server")]
    Owner(String),
    /// Another backup is being made.
    #[error("another backup of {0} is being made")]
    Running(String),
}

impl BackupError {
    fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }
}

impl std::convert::From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Data(StartError::Store(error))
    }
}

/// What a backup or a restore is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupStep {
    /// Copying the desk; pages, or rows of a database.
    Desk,
    /// Copying the journal; pages, or rows of a database.
    Journal,
    /// Replaying the journal and comparing it with its signed head; records.
    Check,
    /// Sealing; bytes.
    Seal,
    /// Opening and unpacking; bytes.
    Open,
}

/// Hears how far a step has come: (step, done, all).
pub type Heard<'h> = &'h mut dyn FnMut(BackupStep, u64, u64);

/// What the first entry of a backup says about the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupManifest {
    /// 1.
    pub version: u8,
    /// The program that made it.
    pub program: String,
    /// When, in milliseconds UTC.
    pub made_at_ms: i64,
    /// The deployment's origin.
    pub origin: String,
    /// `demo` or `live`.
    pub stamp: String,
    /// Records in the journal.
    pub records: u64,
    /// The signed checkpoint over exactly these records.
    pub checkpoint: String,
}

/// A new key pair for backups: the secret key's text, to be kept elsewhere, and the public key.
pub fn new_backup_key(entropy: &dyn Entropy) -> Result<(Secret, String), BackupError> {
    let identity = Identity::from_random(random(entropy))?;
    Ok((identity.text()?, identity.recipient().to_string()))
}

/// Backs up the deployment at `home` into the new file `file`, sealed for each of `recipients` (`age1…`). The server may run.
/// What was copied is replayed and compared with its signed head before it is sealed. Books in PostgreSQL are carried into
/// files: a backup has one form, whatever it was made of.
pub fn backup(
    home: &Home,
    file: &Path,
    recipients: &[String],
    (clock, entropy): (&dyn Clock, &dyn Entropy),
    heard: Heard<'_>,
) -> Result<BackupManifest, BackupError> {
    let recipients: Vec<Recipient> =
        recipients.iter().map(|text| Recipient::parse(text)).collect::<Result<_, _>>()?;
    let data = home.path();
    let dir = DataDir::at(data);
    let deployment = read_deployment(&dir)?;
    home.check(deployment.books.as_deref())?;
    let staging = Staging::make(data)?;
    let desk = staging.path.join("desk.db");
    let journal = staging.path.join("journal");
    match home.postgres() {
        None => {
            copy_database(&dir.desk(), &desk, |done, all| heard(BackupStep::Desk, done, all))?;
            copy_journal(&dir.journal(), &journal, |done, all| heard(BackupStep::Journal, done, all))?;
        }
        Some(postgres) => {
            carry_out(postgres, &desk, &journal, &mut |part, done, all| heard(step(part), done, all))?;
        }
    }
    let authority = Authority::load(&dir, &deployment.origin)?;
    let log = LogOrigin::load(&dir, &deployment.origin, &authority)?;
    let reader = JournalReader::new(&journal);
    let ledger = load_ledger(&dir, &reader, &log.key, From::Genesis, |done, all| {
        heard(BackupStep::Check, done, all);
    })?;
    log.check(&reader)?;
    let head = reader.head()?.ok_or_else(|| BackupError::Archive("the journal is empty".to_owned()))?;
    let manifest = BackupManifest {
        version: 1,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at_ms: clock.now().0,
        origin: deployment.origin,
        stamp: deployment.stamp,
        records: ledger.size(),
        checkpoint: head.note,
    };
    drop((ledger, reader));
    let contents = archive::Contents { manifest: &manifest, data, desk: &desk, journal: &journal };
    seal(file, &recipients, entropy, &contents, heard)?;
    Ok(manifest)
}

fn step(part: Carried) -> BackupStep {
    match part {
        Carried::Desk => BackupStep::Desk,
        Carried::Journal => BackupStep::Journal,
    }
}

/// Writes beside the target, makes it durable, and only then gives it its name.
fn seal(
    file: &Path,
    recipients: &[Recipient],
    entropy: &dyn Entropy,
    contents: &archive::Contents<'_>,
    heard: Heard<'_>,
) -> Result<(), BackupError> {
    let failed = |error: std::io::Error| BackupError::file(file, error);
    if file.exists() {
        return Err(failed(std::io::Error::from(std::io::ErrorKind::AlreadyExists)));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let mut write = || -> std::io::Result<()> {
        let out = create_private(&unfinished)?;
        let sealer = Sealer::new(std::io::BufWriter::new(out), recipients, &mut |bytes| entropy.fill(bytes))?;
        let sealer = contents.write(sealer, heard)?;
        let mut out = sealer.finish()?;
        out.flush()?;
        let out = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        out.sync_all()?;
        std::fs::rename(&unfinished, file)
    };
    write().map_err(|error| {
        // The error that counts is the first one.
        let _ = std::fs::remove_file(&unfinished);
        failed(error)
    })
}

/// A file inside the data directory that its owner alone can read.
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A folder inside the data directory, under the same protection as what is copied; removed when dropped.
struct Staging {
    path: PathBuf,
    _lock: std::fs::File,
}

impl Staging {
    fn make(data: &Path) -> Result<Self, BackupError> {
        let lock_path = data.join(LOCK);
        let lock = private_file(&lock_path).map_err(|error| BackupError::file(&lock_path, error))?;
        let shown = || data.display().to_string();
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let owner = |path: &Path| std::fs::metadata(path).map(|found| found.uid());
            let path = data.join(DEPLOYMENT_FILE);
            let (theirs, ours) = (owner(&path), owner(&lock_path));
            if theirs.map_err(|error| BackupError::file(&path, error))? != ours.unwrap_or(u32::MAX) {
                drop(std::fs::remove_file(&lock_path));
                return Err(BackupError::Owner(shown()));
            }
        }
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(BackupError::Running(shown())),
            Err(std::fs::TryLockError::Error(error)) => return Err(BackupError::file(&lock_path, error)),
        }
        let path = data.join(STAGING);
        // A copy of everything that a killed run left.
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|error| BackupError::file(&path, error))?;
        }
        std::fs::create_dir(&path).map_err(|error| BackupError::file(&path, error))?;
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the copies of a backup were not removed");
        }
    }
}
