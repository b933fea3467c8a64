//! Views: tables to search and page, written by the projector alone and rebuilt from the journal at any time.

mod project;

use crate::error::StoreError;
use crate::journal::{signed, unsigned};
use crate::readers::Readers;
use crate::sql::{Row, Session, SqlError, params};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use yinxin_core::{
    AccountId, CertificateId, Facts, Millis, Minor, OrderId, PaymentNumber, VerificationLevel,
};

/// The schema's number; another one is rebuilt.
const SCHEMA_VERSION: i32 = 1;

const SCHEMA: &str = "
CREATE TABLE mark (only INTEGER PRIMARY KEY CHECK (only = 0), records INTEGER NOT NULL) STRICT;
INSERT INTO mark VALUES (0, 0);
CREATE TABLE accounts (account BLOB PRIMARY KEY, balance INTEGER NOT NULL, role TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_role ON accounts (role) WHERE role <> 'holder';
CREATE TABLE payments (
  idx INTEGER PRIMARY KEY, number BLOB, kind TEXT NOT NULL, payer BLOB NOT NULL, payee BLOB NOT NULL,
  amount INTEGER NOT NULL, fee INTEGER NOT NULL, certificate BLOB, ord BLOB, code TEXT, level TEXT, at INTEGER NOT NULL,
  payer_balance INTEGER
) STRICT;
CREATE INDEX payments_number ON payments (number) WHERE number IS NOT NULL;
CREATE TABLE lines (account BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (account, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE uses (certificate BLOB PRIMARY KEY, uses INTEGER NOT NULL, last_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE certificates (certificate BLOB PRIMARY KEY, issued_idx INTEGER NOT NULL, issued_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE orders (ord BLOB PRIMARY KEY, state TEXT NOT NULL, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// A line of a person's or merchant's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The record.
    pub index: u64,
    /// The authorisation's number; none where money was issued.
    pub number: Option<PaymentNumber>,
    /// What it was.
    pub kind: LineKind,
    /// Account that paid.
    pub payer: AccountId,
    /// Account that was paid.
    pub payee: AccountId,
    /// What the payee received.
    pub amount: Minor,
    /// What the payer paid on top.
    pub fee: Minor,
    /// The certificate that signed.
    pub certificate: Option<CertificateId>,
    /// The order.
    pub order: Option<OrderId>,
    /// Why it was refused; none where money moved.
    pub code: Option<String>,
    /// The level that was reached.
    pub level: Option<VerificationLevel>,
    /// Record time.
    pub at: Millis,
    /// The payer's balance after it, in minor units; none where nothing moved.
    pub payer_balance: Option<i64>,
}

/// What a line was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A merchant's order.
    Pay,
    /// A transfer.
    Transfer,
    /// Money that was issued.
    TopUp,
}

/// How an order ended, as projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEnd {
    /// Paid by the record of this index.
    Paid(u64),
    /// Withdrawn by the merchant.
    Cancelled,
}

/// How often a certificate was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uses {
    /// Recorded outcomes, refused ones included.
    pub count: u64,
    /// When last.
    pub last_at: Option<Millis>,
}

/// The views in one SQLite file.
pub struct Views {
    writer: Mutex<Connection>,
    readers: Readers,
    path: PathBuf,
}

impl Views {
    /// Opens the file, or begins an empty one when it is missing, of another version or not readable.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = match open_known(path)? {
            Some(connection) => connection,
            None => begin(path)?,
        };
        Ok(Self { writer: Mutex::new(writer), readers: Readers::new(path), path: path.to_owned() })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Empties every view; the projector fills them again.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        project::clear(Session::Sqlite(&transaction))?;
        Ok(transaction.commit()?)
    }

    /// The number of records projected.
    pub fn mark(&self) -> Result<u64, StoreError> {
        let records =
            self.readers.lend()?.session().only("SELECT records FROM mark", &[], |row| row.get(0))?;
        Ok(unsigned(records))
    }

    /// Projects the records that follow the mark, in one transaction.
    pub fn project(&self, records: &[(u64, Facts)]) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        project::all(Session::Sqlite(&transaction), records)?;
        Ok(transaction.commit()?)
    }

    /// The balance of every account, by id.
    pub fn balances(&self) -> Result<Vec<(AccountId, i64)>, StoreError> {
        let sql = "SELECT account, balance FROM accounts ORDER BY account";
        let read = |row: &Row<'_>| Ok::<_, SqlError>((AccountId::from_bytes(row.get(0)?), row.get(1)?));
        Ok(self.readers.lend()?.session().all(sql, &[], read)?)
    }

    /// The first payment of this number that `account` made or received. A number is its payer's choice, so another
    /// person's equal number is another payment.
    pub fn payment(
        &self,
        account: &AccountId,
        number: &PaymentNumber,
    ) -> Result<Option<PaymentRow>, StoreError> {
        let sql = "SELECT * FROM payments WHERE number = ?1 AND (payer = ?2 OR (payee = ?2 AND code IS NULL)) ORDER BY idx LIMIT 1";
        let lent = self.readers.lend()?;
        Ok(lent.session().first(sql, params![number.as_bytes(), account.as_bytes()], payment_row)?)
    }

    /// The payment in the record at `index`.
    pub fn payment_at(&self, index: u64) -> Result<Option<PaymentRow>, StoreError> {
        let sql = "SELECT * FROM payments WHERE idx = ?1";
        Ok(self.readers.lend()?.session().first(sql, params![signed(index)?], payment_row)?)
    }

    /// At most `most` lines of an account before record `before`, newest first.
    pub fn lines(&self, account: &AccountId, before: u64, most: u32) -> Result<Vec<PaymentRow>, StoreError> {
        let sql = "SELECT payments.* FROM lines JOIN payments USING (idx)
             WHERE lines.account = ?1 AND lines.idx < ?2 ORDER BY lines.idx DESC LIMIT ?3";
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let lent = self.readers.lend()?;
        Ok(lent.session().all(sql, params![account.as_bytes(), before, most], payment_row)?)
    }

    /// How often a certificate was used.
    pub fn uses(&self, certificate: &CertificateId) -> Result<Uses, StoreError> {
        let sql = "SELECT uses, last_at FROM uses WHERE certificate = ?1";
        let read = |row: &Row<'_>| {
            Ok::<_, SqlError>(Uses { count: unsigned(row.get(0)?), last_at: Some(Millis(row.get(1)?)) })
        };
        let found = self.readers.lend()?.session().first(sql, params![certificate.as_bytes()], read)?;
        Ok(found.unwrap_or_default())
    }

    /// The record that says a certificate was signed, whose evidence is the certificate, and its time.
    pub fn issued(&self, certificate: &CertificateId) -> Result<Option<(u64, Millis)>, StoreError> {
        let sql = "SELECT issued_idx, issued_at FROM certificates WHERE certificate = ?1";
        let read = |row: &Row<'_>| Ok::<_, SqlError>((unsigned(row.get(0)?), Millis(row.get(1)?)));
        Ok(self.readers.lend()?.session().first(sql, params![certificate.as_bytes()], read)?)
    }

    /// How an order ended.
    pub fn order(&self, order: &OrderId) -> Result<Option<OrderEnd>, StoreError> {
        let sql = "SELECT state, idx FROM orders WHERE ord = ?1";
        let read = |row: &Row<'_>| {
            let state: String = row.get(0)?;
            Ok::<_, SqlError>(if state == "paid" {
                OrderEnd::Paid(unsigned(row.get(1)?))
            } else {
                OrderEnd::Cancelled
            })
        };
        Ok(self.readers.lend()?.session().first(sql, params![order.as_bytes()], read)?)
    }
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(())
}

fn open_known(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let known = Connection::open(path).and_then(|connection| {
        let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        connection.query_row("SELECT records FROM mark", [], |_| Ok(()))?;
        Ok((version == SCHEMA_VERSION).then_some(connection))
    });
    match known {
        Ok(Some(connection)) => configure(&connection).map(|()| Some(connection)),
        Ok(None) | Err(_) => Ok(None),
    }
}

fn begin(path: &Path) -> Result<Connection, StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::Failed(error.to_string())),
        }
    }
    let connection = Connection::open(path)?;
    configure(&connection)?;
    connection.execute_batch(&format!("BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"))?;
    Ok(connection)
}

fn payment_row(row: &Row<'_>) -> Result<PaymentRow, SqlError> {
    let kind: String = row.named("kind")?;
    let level: Option<String> = row.named("level")?;
    let minor = |column: &str| -> Result<Minor, SqlError> {
        Ok(Minor::new(unsigned(row.named(column)?)).unwrap_or_default())
    };
    Ok(PaymentRow {
        index: unsigned(row.named("idx")?),
        number: row.named::<Option<[u8; 16]>>("number")?.map(PaymentNumber::from_bytes),
        kind: match kind.as_str() {
            "pay" => LineKind::Pay,
            "transfer" => LineKind::Transfer,
            _ => LineKind::TopUp,
        },
        payer: AccountId::from_bytes(row.named("payer")?),
        payee: AccountId::from_bytes(row.named("payee")?),
        amount: minor("amount")?,
        fee: minor("fee")?,
        certificate: row.named::<Option<[u8; 10]>>("certificate")?.map(CertificateId::from_bytes),
        order: row.named::<Option<[u8; 10]>>("ord")?.map(OrderId::from_bytes),
        code: row.named("code")?,
        level: level.and_then(|word| match word.as_str() {
            "A" => Some(VerificationLevel::A),
            "C" => Some(VerificationLevel::C),
            "D" => Some(VerificationLevel::D),
            _ => None,
        }),
        at: Millis(row.named("at")?),
        payer_balance: row.named("payer_balance")?,
    })
}
