//! What an `init` that did not end leaves behind, and how the next one goes on.
//!
//! Until `deployment.json` is durable nothing of a deployment exists for anybody: the passphrase of its root key was not shown,
//! its authorities signed nothing but themselves, its journal has at most the first record. So the next `init` makes
//! everything anew; a file that only an unfinished one has says that it may.

use crate::authority::{self, Authority};
use crate::log_origin::LogOrigin;
use crate::start::{DataDir, From, StartError, load_ledger};
use crate::{Home, Wallet};
use std::path::{Path, PathBuf};

/// Present from the first file of an `init` until its end; holds the path of the root key.
const MARK: &str = "init.unfinished";

impl Wallet {
    /// Where the `init` that did not end in the directory at `data` put its root key; that file is of no use to anybody.
    #[must_use]
    pub fn unfinished_init(data: &Path) -> Option<PathBuf> {
        if Self::exists(data) {
            return None;
        }
        let path = std::fs::read(data.join(MARK)).ok()?;
        Some(PathBuf::from(String::from_utf8_lossy(&path).into_owned()))
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Says that an `init` is under way; refuses a root key's path that something has.
pub(super) fn begin(dir: &DataDir, root_key: &Path) -> Result<(), StartError> {
    if root_key.exists() {
        return Err(StartError::file(root_key, std::io::ErrorKind::AlreadyExists.into()));
    }
    authority::write(&dir.path().join(MARK), absolute(root_key).to_string_lossy().as_bytes())?;
    dir.sync_names()
}

/// Says that it has ended: the deployment exists. Before its second record at the latest, for beside the mark a directory
/// without `deployment.json` is remains.
pub(crate) fn end(dir: &DataDir) -> Result<(), StartError> {
    let mark = dir.path().join(MARK);
    if !mark.exists() {
        return Ok(());
    }
    remove(&mark)?;
    dir.sync_names()
}

/// Takes away what an earlier `init` left; refuses keys and books that are not such remains.
pub(super) fn clear(home: &Home, dir: &DataDir, origin: &str) -> Result<(), StartError> {
    let shown = dir.path().display();
    // Files count whatever database this `init` was given: they may be those of a deployment whose file is mislaid.
    let in_files = records(&Home::from(dir.path()), dir)?;
    let in_database = if home.database().is_some() { records(home, dir)? } else { 0 };
    let refuse = |said: String| Err(StartError::Stamp(said));
    let Some(root_key) = Wallet::unfinished_init(dir.path()) else {
        let is_used = files(&dir.keys())?.next().is_some() || in_files > 0;
        let said =
            "holds keys or books and no deployment.json: put that file back, or choose an empty directory";
        return if is_used { refuse(format!("{shown} {said}")) } else { Ok(()) };
    };
    // Nothing is removed beside more than a first record.
    if in_files > 1 {
        return refuse(format!(
            "{shown} holds {in_files} records and no deployment.json: put that file back"
        ));
    }
    match (home.database(), in_database) {
        (None, _) | (Some(_), 0) => {}
        (Some(database), 1) if is_ours(home, dir, origin) => {
            return refuse(format!(
                "an earlier init left its first record in {database}, and nothing else is there: empty it \
                 (psql: DROP SCHEMA journal, desk CASCADE), then run the same command again"
            ));
        }
        (Some(database), _) => {
            return refuse(format!(
                "{database} holds a deployment already: if it is the one of {shown}, put deployment.json back"
            ));
        }
    }
    tracing::warn!("an init that did not end left files, they are made anew");
    for folder in [dir.keys(), dir.ca(), dir.snapshots()] {
        files(&folder)?.try_for_each(|path| remove(&path))?;
    }
    for database in [dir.views(), dir.desk()] {
        for tail in ["", "-wal", "-shm"] {
            remove(&with_tail(&database, tail))?;
        }
    }
    match std::fs::remove_dir_all(dir.journal()) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(StartError::file(&dir.journal(), error)),
    }
    put_aside(&root_key)?;
    dir.sync_names()
}

/// Records in the journal that is there.
fn records(home: &Home, dir: &DataDir) -> Result<u64, StartError> {
    if home.database().is_none() {
        dir.convert_journal()?;
        if !dir.journal().exists() {
            return Ok(0);
        }
    }
    let store = home.store(dir.files())?;
    Ok(store.journal.size()?)
}

/// Whether the database's records were made with the keys in this directory.
fn is_ours(home: &Home, dir: &DataDir, origin: &str) -> bool {
    let check = || {
        let authority = Authority::load(dir, origin)?;
        let log = LogOrigin::load(dir, origin, &authority)?;
        let store = home.store(dir.files())?;
        load_ledger(dir, &store.journal, &log.key, From::Genesis, |_, _| ())
    };
    check().is_ok()
}

/// A root key is never removed by a program, not even one that opens for nobody.
fn put_aside(root_key: &Path) -> Result<(), StartError> {
    remove(&with_tail(root_key, ".part"))?;
    if !root_key.exists() {
        return Ok(());
    }
    let aside = with_tail(root_key, ".unfinished");
    if aside.exists() {
        let said = format!("{} is in the way: take it away or remove it", aside.display());
        return Err(StartError::Stamp(said));
    }
    std::fs::rename(root_key, &aside).map_err(|error| StartError::file(root_key, error))
}

fn with_tail(path: &Path, tail: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(tail);
    PathBuf::from(name)
}

fn files(folder: &Path) -> Result<impl Iterator<Item = PathBuf>, StartError> {
    let entries = std::fs::read_dir(folder).map_err(|error| StartError::file(folder, error))?;
    Ok(entries.flatten().map(|entry| entry.path()))
}

fn remove(path: &Path) -> Result<(), StartError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StartError::file(path, error)),
    }
}
