//! Restoring: into a new directory, checked against the signed head, under a new log origin.

use super::{BackupError, BackupManifest, BackupStep, Heard, archive, step};
use crate::Home;
use crate::authority::{self, Authority};
use crate::ledger::Ledger;
use crate::log_origin::LogOrigin;
use crate::open::{DEPLOYMENT_FILE, DeploymentFile, read_deployment};
use crate::port::{Clock, Entropy};
use crate::start::{DataDir, From, load_ledger};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yinxin_pki::age::{Identity, Opener};
use yinxin_store::{JournalReader, carry_in};
use yinxin_tlog::VerifierKey;

/// Where files lie until they were checked.
const UNFINISHED: &str = "restore-unfinished";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup said about itself.
    pub manifest: BackupManifest,
    /// The verifier key of the log from now on.
    pub log_key: String,
}

/// Opens the backup `file` with the secret key `identity` (the text of its file), unpacks it into a new folder below
/// `within`, replays the journal and compares it with its signed head. Nothing stays on the disk.
pub fn verify_backup(
    file: &Path,
    identity: &str,
    within: &Path,
    heard: Heard<'_>,
) -> Result<BackupManifest, BackupError> {
    let folder = Folder::make(within.join(UNFINISHED))?;
    open(file, identity, &folder.path, heard).map(|opened| opened.manifest)
}

/// Restores the backup `file` to `home`: its directory is empty or not there, its database, where it has one, holds no
/// deployment. The log goes on under a new name and key. Whatever fails, the directory is left as it was.
pub fn restore(
    file: &Path,
    identity: &str,
    home: &Home,
    ports: (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    heard: Heard<'_>,
) -> Result<Restored, BackupError> {
    let data = home.path();
    let failed = |error| BackupError::file(data, error);
    let was_there = data.exists();
    if was_there && std::fs::read_dir(data).map_err(failed)?.next().is_some() {
        return Err(BackupError::NotEmpty(data.display().to_string()));
    }
    let restored = std::fs::create_dir_all(data).map_err(failed).and_then(|()| {
        let folder = Folder::make(data.join(UNFINISHED))?;
        let opened = open(file, identity, &folder.path, heard)?;
        let (log, origin) = (opened.log, &opened.manifest.origin);
        let log_key = log.continue_anew(&opened.dir, origin, opened.ledger, ports)?;
        settle(home, &opened.dir, &log_key, heard)?;
        let log_key = log_key.to_string();
        move_up(&folder.path, data)?;
        Ok(Restored { manifest: opened.manifest, log_key })
    });
    if restored.is_err() && !was_there {
        // It is empty again; the error that counts is the first one.
        let _ = std::fs::remove_dir(data);
    }
    let restored = restored?;
    DataDir::create(data).map_err(failed)?;
    Ok(restored)
}

/// Brings the books to where `home` wants them, and writes down where that is.
fn settle(home: &Home, dir: &DataDir, log: &VerifierKey, heard: Heard<'_>) -> Result<(), BackupError> {
    if let Some(postgres) = home.postgres() {
        let store = home.store(dir.files())?;
        home.check_empty(&store)?;
        let epoch = home.claim(&store)?;
        carry_in(&dir.desk(), &dir.journal(), postgres, &mut |part, done, all| heard(step(part), done, all))?;
        // What lies there now, and not what was sent.
        load_ledger(dir, &store.journal, log, From::Genesis, |done, all| {
            heard(BackupStep::Check, done, all);
        })?;
        store.lease.release(epoch)?;
        let (desk, journal) = (dir.desk(), dir.journal());
        std::fs::remove_file(&desk).map_err(|error| BackupError::file(&desk, error))?;
        std::fs::remove_dir_all(&journal).map_err(|error| BackupError::file(&journal, error))?;
    }
    let deployment = DeploymentFile { books: home.engine(), ..read_deployment(dir)? };
    let text = serde_json::to_vec_pretty(&deployment).unwrap_or_default();
    Ok(authority::write(&dir.path().join(DEPLOYMENT_FILE), &text)?)
}

/// A backup that was opened and found sound.
struct Opened {
    manifest: BackupManifest,
    dir: DataDir,
    log: LogOrigin,
    ledger: Ledger,
}

fn open(file: &Path, identity: &str, folder: &Path, heard: Heard<'_>) -> Result<Opened, BackupError> {
    let identity = Identity::parse(identity)?;
    let failed = |error| BackupError::file(file, error);
    let input = std::fs::File::open(file).map_err(failed)?;
    let all = input.metadata().map_err(failed)?.len();
    let manifest = archive::unpack(Opener::new(input, &[identity])?, folder, all, heard)?;
    let dir = DataDir::at(folder);
    // A backup of an earlier release has the journal of one.
    dir.convert_journal()?;
    let deployment = read_deployment(&dir)?;
    let authority = Authority::load(&dir, &deployment.origin)?;
    let log = LogOrigin::load(&dir, &deployment.origin, &authority)?;
    let reader = JournalReader::new(&dir.journal());
    let ledger = load_ledger(&dir, &reader, &log.key, From::Genesis, |done, all| {
        heard(BackupStep::Check, done, all);
    })?;
    log.check(&reader)?;
    let head = reader.head()?.map(|head| head.note);
    let same = ledger.size() == manifest.records
        && head.as_ref() == Some(&manifest.checkpoint)
        && (&deployment.origin, &deployment.stamp) == (&manifest.origin, &manifest.stamp);
    if same {
        Ok(Opened { manifest, dir, log, ledger })
    } else {
        Err(BackupError::Archive(
            "the journal in the backup is not the one that its manifest names".to_owned(),
        ))
    }
}

/// Moves everything into place; the file that makes it a deployment comes last.
fn move_up(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::file(to, error);
    let mut last = None;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name() == DEPLOYMENT_FILE {
            last = Some(entry.path());
        } else {
            std::fs::rename(entry.path(), to.join(entry.file_name())).map_err(failed)?;
        }
    }
    if let Some(path) = last {
        std::fs::rename(path, to.join(DEPLOYMENT_FILE)).map_err(failed)?;
    }
    std::fs::File::open(to).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// A new folder for its owner alone; removed when dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make(path: PathBuf) -> Result<Self, BackupError> {
        let failed = |error| BackupError::file(&path, error);
        std::fs::create_dir(&path).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the folder of a restore was not removed");
        }
    }
}
