//! The desk: ordinary tables for what is personal, erasable or short-lived.
//!
//! Two doors: [`Desk::read`] opens a snapshot, [`Desk::write`] one transaction at a time. A write's
//! closure may run again when somebody else was in the way, so it sends nothing and signs nothing. An
//! error rolls the transaction back; a refusal that must leave a trace (a counted guess) is a value.
//!
//! The desk keeps bytes that it does not interpret: it hashes nothing and compares no secret.

mod challenges;
mod codes;
mod contacts;
mod custody;
mod devices;
mod enrolments;
mod error;
mod factors;
mod fields;
mod guesses;
mod idempotency;
mod issuances;
mod kits;
mod merchants;
mod notices;
mod orders;
mod people;
mod postgres;
mod reissues;
mod schema;
mod sessions;
mod sqlite;
mod sweep;
mod verifications;

pub use challenges::{ChallengePurpose, ChallengeRow};
pub use codes::{CodePurpose, CodeRow};
pub use contacts::ContactFacts;
pub use custody::{Custody, CustodyKind};
pub use devices::{DeviceKind, DeviceRow, DeviceUse};
pub use enrolments::{EnrolmentRow, EnrolmentState};
pub use error::DeskError;
pub use factors::{LoginChallengePurpose, LoginPasskeyRow, TotpRow};
pub use guesses::GuessCount;
pub use idempotency::{Claim, KeptAnswer};
pub use issuances::{IssuanceRow, IssuanceState};
pub use kits::KitRow;
pub use merchants::MerchantRow;
pub use notices::{NoticeKind, NoticeMessage, NoticeRow};
pub use orders::OrderRow;
pub use people::PersonRow;
pub use reissues::{ReissueConsent, ReissueRow, ReissueStated, ReissueWay};
pub use sessions::SessionRow;
pub use sweep::{SweepUntil, Swept};
pub use verifications::{VerificationMethod, VerificationRow};

use crate::disk::Disk;
use crate::postgres::Postgres;
use crate::sql::{Row, Session, SqlError, Value};
use fields::Fields;
use postgres::PostgresDesk;
use sqlite::SqliteDesk;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

/// The desk, opened and migrated.
pub struct Desk {
    engine: Engine,
    disk: Arc<Disk>,
}

enum Engine {
    Sqlite(SqliteDesk),
    Postgres(Box<PostgresDesk>),
}

impl Desk {
    /// Opens or creates the file at `path` and brings its tables to this version.
    ///
    /// Every commit is durable (`synchronous=FULL`) when the call that made it returns.
    pub fn open(path: &Path) -> Result<Self, DeskError> {
        Ok(Self { engine: Engine::Sqlite(SqliteDesk::open(path)?), disk: Arc::default() })
    }

    /// What is known of the disk; the journal's writer shares it.
    #[must_use]
    pub fn disk(&self) -> Arc<Disk> {
        Arc::clone(&self.disk)
    }

    /// Opens the desk in PostgreSQL, and makes or brings its tables to this version.
    pub fn open_postgres(postgres: &Postgres) -> Result<Self, DeskError> {
        Ok(Self { engine: Engine::Postgres(Box::new(PostgresDesk::open(postgres)?)), disk: Arc::default() })
    }

    /// Reads from one snapshot of all tables.
    pub fn read<T>(&self, look: impl FnOnce(&DeskRead<'_>) -> Result<T, DeskError>) -> Result<T, DeskError> {
        match &self.engine {
            Engine::Sqlite(desk) => desk.read(look),
            Engine::Postgres(desk) => desk.read(look),
        }
    }

    /// Writes in one durable transaction; any error rolls all of it back, one that `change` swallows too.
    ///
    /// `change` may run again when somebody else was in the way: it sends nothing and signs nothing.
    pub fn write<T>(
        &self,
        change: impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        if self.disk.is_full() {
            return Err(DeskError::Full);
        }
        let done = match &self.engine {
            Engine::Sqlite(desk) => desk.write(change),
            Engine::Postgres(desk) => desk.write(change),
        };
        if let Err(DeskError::Full) = &done {
            self.disk.found_full();
        }
        if let Err(DeskError::Sync(_)) = &done {
            self.disk.found_failing();
        }
        done
    }
}

/// The desk as one snapshot shows it. One file per resource adds its questions.
pub struct DeskRead<'t> {
    session: Session<'t>,
    /// The first statement that failed: nothing is committed after it.
    failed: RefCell<Option<DeskError>>,
}

impl<'t> DeskRead<'t> {
    fn new(session: Session<'t>) -> Self {
        Self { session, failed: RefCell::new(None) }
    }

    /// The first row that `sql` finds in `table`.
    fn one<T>(
        &self,
        table: &'static str,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl FnOnce(&Fields<'_>) -> Result<T, DeskError>,
    ) -> Result<Option<T>, DeskError> {
        let found =
            self.session.first(sql, params, |row: &Row<'_>| Ok::<_, SqlError>(read(&Fields { row, table })));
        self.noted(found)?.transpose()
    }

    /// Every row that `sql` finds in `table`; the statement bounds how many.
    fn all<T>(
        &self,
        table: &'static str,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl Fn(&Fields<'_>) -> Result<T, DeskError>,
    ) -> Result<Vec<T>, DeskError> {
        let found =
            self.session.all(sql, params, |row: &Row<'_>| Ok::<_, SqlError>(read(&Fields { row, table })));
        self.noted(found)?.into_iter().collect()
    }

    /// Remembers the first statement that failed.
    fn noted<T>(&self, done: Result<T, SqlError>) -> Result<T, DeskError> {
        done.map_err(|error| {
            let error = DeskError::from(error);
            self.failed.borrow_mut().get_or_insert_with(|| error.clone());
            error
        })
    }
}

/// The desk inside one write; everything that can be read can be read here too.
pub struct DeskWrite<'t> {
    read: DeskRead<'t>,
}

impl<'t> DeskWrite<'t> {
    fn new(session: Session<'t>) -> Self {
        Self { read: DeskRead::new(session) }
    }

    /// Runs one statement; how many rows it changed.
    fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<usize, DeskError> {
        self.noted(self.read.session.execute(sql, params))
    }

    /// What `change` made of this write, or the first statement's failure that it swallowed.
    fn outcome<T>(self, done: Result<T, DeskError>) -> Result<T, DeskError> {
        match self.read.failed.into_inner() {
            Some(failed) => Err(failed),
            None => done,
        }
    }
}

impl<'t> std::ops::Deref for DeskWrite<'t> {
    type Target = DeskRead<'t>;
    fn deref(&self) -> &DeskRead<'t> {
        &self.read
    }
}
