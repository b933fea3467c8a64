//! Where a deployment lives: its data directory, and PostgreSQL when its books are there.

use crate::StartError;
use std::path::{Path, PathBuf};
use std::time::Duration;
use yinxin_store::lease::LEASE_MS;
use yinxin_store::{Database, Epoch, Postgres, Store};

/// How long a start waits for the lease of a writer that was cut off; this crate's own tests wait for one that has ended only.
const LEASE_WAIT: Duration =
    Duration::from_millis(if cfg!(test) { 1_000 } else { LEASE_MS.unsigned_abs() + 2_000 });

/// A data directory with keys, certificates and snapshots, and the database of its books.
#[derive(Debug, Clone)]
pub struct Home {
    path: PathBuf,
    postgres: Option<Postgres>,
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Home {
    /// Everything in one directory.
    fn from(path: &P) -> Self {
        Self { path: path.as_ref().to_owned(), postgres: None }
    }
}

impl Home {
    /// The directory at `path`, with its books in PostgreSQL where `database` is its address
    /// (`postgres://user:password@host:port/database`); no error repeats the password.
    pub fn at(path: &Path, database: Option<&str>) -> Result<Self, StartError> {
        let postgres = database.map(Postgres::at).transpose()?;
        Ok(Self { path: path.to_owned(), postgres })
    }

    /// The data directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database's address without user and password, where the books are not in the directory.
    #[must_use]
    pub fn database(&self) -> Option<String> {
        self.postgres.as_ref().map(Postgres::shown)
    }

    /// The database, where the books are not in the directory.
    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        self.postgres.as_ref()
    }

    /// The word for the place of the books in `deployment.json`; files need none.
    pub(crate) fn engine(&self) -> Option<String> {
        self.postgres.is_some().then(|| "postgres".to_owned())
    }

    /// Opens the three databases; `files` are those of the data directory.
    pub(crate) fn store(&self, files: Database) -> Result<Store, StartError> {
        let database = self.postgres.clone().map_or(files, Database::Postgres);
        Ok(Store::open(&database)?)
    }

    /// Claims the lease: from now on this process alone appends and projects, and the journal's tail is final.
    pub(crate) fn claim(&self, store: &Store) -> Result<Epoch, StartError> {
        if let Some(epoch) = store.lease.claim_within(&self.node(), "", LEASE_WAIT)? {
            return Ok(epoch);
        }
        let holder = store.lease.holder()?.map(|holder| holder.node).unwrap_or_default();
        Err(StartError::Running { path: format!("{} ({holder})", self.database().unwrap_or_default()) })
    }

    /// Who this process is, for people who look into the database.
    pub(crate) fn node(&self) -> String {
        format!("process {} on {}", std::process::id(), self.path.display())
    }

    /// Refuses books that are elsewhere than `engine`, the word of `deployment.json`, says.
    pub(crate) fn check(&self, engine: Option<&str>) -> Result<(), StartError> {
        let shown = self.path.display();
        match (engine, &self.postgres) {
            (None, None) | (Some("postgres"), Some(_)) => Ok(()),
            (Some("postgres"), None) => Err(StartError::Stamp(format!(
                "the books of {shown} are in PostgreSQL: say where with --database or the key database"
            ))),
            (None, Some(postgres)) => Err(StartError::Stamp(format!(
                "the books of {shown} are files in it, not in {}",
                postgres.shown()
            ))),
            (Some(_), _) => Err(StartError::Stamp(format!("{shown} is of a newer version"))),
        }
    }

    /// Refuses to begin a deployment on a database that holds one.
    pub(crate) fn check_empty(&self, store: &Store) -> Result<(), StartError> {
        match (&self.postgres, store.journal.size()) {
            (None, _) | (Some(_), Ok(0)) => Ok(()),
            (Some(postgres), Ok(_)) => {
                Err(StartError::Stamp(format!("{} holds a deployment already", postgres.shown())))
            }
            (Some(_), Err(error)) => Err(StartError::Store(error)),
        }
    }
}
