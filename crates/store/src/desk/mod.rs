//! The desk: ordinary tables for what is personal, erasable or short-lived.
//!
//! Two doors: [`Desk::read`] opens a snapshot, [`Desk::write`] one transaction at a time. A write's
//! closure may run again when the file was busy, so it sends nothing and signs nothing. An error
//! rolls the transaction back; a refusal that must leave a trace (a counted guess) is a value.
//!
//! The desk keeps bytes that it does not interpret: it hashes nothing and compares no secret.

mod challenges;
mod codes;
mod custody;
mod devices;
mod disclosures;
mod enrolments;
mod error;
mod fields;
mod guesses;
mod idempotency;
mod issuances;
mod merchants;
mod orders;
mod people;
mod schema;
mod sessions;
mod sweep;
mod verifications;

pub use challenges::{ChallengePurpose, ChallengeRow};
pub use codes::{CodePurpose, CodeRow};
pub use custody::{Custody, CustodyKind};
pub use devices::{DeviceKind, DeviceRow};
pub use disclosures::{DisclosureRow, Opening};
pub use enrolments::{EnrolmentRow, EnrolmentState};
pub use error::DeskError;
pub use guesses::GuessCount;
pub use idempotency::{Claim, KeptAnswer};
pub use issuances::{IssuanceRow, IssuanceState};
pub use merchants::MerchantRow;
pub use orders::OrderRow;
pub use people::PersonRow;
pub use sessions::SessionRow;
pub use sweep::{SweepUntil, Swept};
pub use verifications::{VerificationMethod, VerificationRow};

use fields::Fields;
use rusqlite::{Connection, OpenFlags, Params, Transaction, TransactionBehavior};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Read connections kept open; more readers than this wait for one another.
const READERS_MAX: usize = 4;

/// How long SQLite waits for a file that another process holds (a backup) before it says busy.
const BUSY_WAIT_MS: u64 = 2_000;

/// How often a write is run again when the file was busy.
const WRITE_ATTEMPTS_MAX: u32 = 3;

/// The desk's database file, opened and migrated.
pub struct Desk {
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl Desk {
    /// Opens or creates the file at `path` and brings its tables to this version.
    ///
    /// Every commit is durable (`synchronous=FULL`) when the call that made it returns.
    pub fn open(path: &Path) -> Result<Self, DeskError> {
        let mut writer = Connection::open(path)?;
        prepare(&writer)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        schema::migrate(&mut writer)?;
        let mut readers = Vec::with_capacity(READERS_MAX);
        for _ in 0..READERS_MAX {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(path, flags)?;
            prepare(&reader)?;
            reader.pragma_update(None, "query_only", true)?;
            readers.push(reader);
        }
        Ok(Self { writer: Mutex::new(writer), readers: Mutex::new(readers), returned: Condvar::new() })
    }

    /// Reads from one snapshot of all tables.
    pub fn read<T>(&self, look: impl FnOnce(&DeskRead<'_>) -> Result<T, DeskError>) -> Result<T, DeskError> {
        let lent = self.lend();
        let snapshot = Transaction::new_unchecked(lent.connection()?, TransactionBehavior::Deferred)?;
        look(&DeskRead { connection: &snapshot })
    }

    /// Writes in one durable transaction; any error rolls all of it back.
    ///
    /// `change` may run again when the file was busy: it sends nothing and signs nothing.
    pub fn write<T>(
        &self,
        mut change: impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut attempts = 1;
        loop {
            match attempt(&writer, &mut change) {
                Err(DeskError::Busy) if attempts < WRITE_ATTEMPTS_MAX => attempts += 1,
                done => return done,
            }
        }
    }

    fn lend(&self) -> Lent<'_> {
        let mut readers = self.lock_readers();
        loop {
            if let Some(connection) = readers.pop() {
                return Lent { desk: self, connection: Some(connection) };
            }
            readers = self.returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock_readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attempt<T>(
    writer: &Connection,
    change: &mut impl FnMut(&DeskWrite<'_>) -> Result<T, DeskError>,
) -> Result<T, DeskError> {
    let transaction = Transaction::new_unchecked(writer, TransactionBehavior::Immediate)?;
    let done = change(&DeskWrite { read: DeskRead { connection: &transaction } })?;
    transaction.commit()?;
    Ok(done)
}

fn prepare(connection: &Connection) -> Result<(), DeskError> {
    connection.busy_timeout(Duration::from_millis(BUSY_WAIT_MS))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // What is erased is overwritten: a deleted name must not survive in a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(())
}

/// A read connection that goes back to its pool by itself.
struct Lent<'d> {
    desk: &'d Desk,
    connection: Option<Connection>,
}

impl Lent<'_> {
    fn connection(&self) -> Result<&Connection, DeskError> {
        self.connection.as_ref().ok_or(DeskError::Busy)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.desk.lock_readers().push(connection);
            self.desk.returned.notify_one();
        }
    }
}

/// The desk as one snapshot shows it. One file per resource adds its questions.
pub struct DeskRead<'t> {
    connection: &'t Connection,
}

impl DeskRead<'_> {
    /// The first row that `sql` finds in `table`.
    fn one<T>(
        &self,
        table: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Fields<'_>) -> Result<T, DeskError>,
    ) -> Result<Option<T>, DeskError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        match rows.next()? {
            Some(row) => read(&Fields { row, table }).map(Some),
            None => Ok(None),
        }
    }

    /// Every row that `sql` finds in `table`; the statement bounds how many.
    fn all<T>(
        &self,
        table: &'static str,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Fields<'_>) -> Result<T, DeskError>,
    ) -> Result<Vec<T>, DeskError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&Fields { row, table })?);
        }
        Ok(found)
    }
}

/// The desk inside one write; everything that can be read can be read here too.
pub struct DeskWrite<'t> {
    read: DeskRead<'t>,
}

impl DeskWrite<'_> {
    /// Runs one statement; how many rows it changed.
    fn execute(&self, sql: &str, params: impl Params) -> Result<usize, DeskError> {
        Ok(self.read.connection.prepare_cached(sql)?.execute(params)?)
    }
}

impl<'t> std::ops::Deref for DeskWrite<'t> {
    type Target = DeskRead<'t>;
    fn deref(&self) -> &DeskRead<'t> {
        &self.read
    }
}

#[cfg(test)]
mod tests;
