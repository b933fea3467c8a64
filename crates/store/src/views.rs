//! Views: tables to search and page, written by the projector alone and rebuilt from the journal at any time.

use crate::error::StoreError;
use crate::journal::{signed, unsigned};
use crate::readers::Readers;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use yinxin_core::{
    AccountId, Body, CertificateId, Facts, Millis, Minor, OrderId, Outcome, PaymentFacts, PaymentKind,
    PaymentNumber, VerificationLevel,
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
        for table in ["accounts", "payments", "lines", "uses", "certificates", "orders"] {
            transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        transaction.execute("UPDATE mark SET records = 0", [])?;
        Ok(transaction.commit()?)
    }

    /// The number of records projected.
    pub fn mark(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.readers.lend()?.query_row("SELECT records FROM mark", [], |row| row.get(0))?))
    }

    /// Projects the records that follow the mark, in one transaction.
    pub fn project(&self, records: &[(u64, Facts)]) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        for (index, facts) in records {
            project_one(&transaction, *index, facts)?;
        }
        if let Some((last, _)) = records.last() {
            transaction.execute("UPDATE mark SET records = ?1", [signed(last.saturating_add(1))?])?;
        }
        Ok(transaction.commit()?)
    }

    /// The balance of every account, by id.
    pub fn balances(&self) -> Result<Vec<(AccountId, i64)>, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement =
            connection.prepare_cached("SELECT account, balance FROM accounts ORDER BY account")?;
        let rows = statement.query_map([], |row| Ok((AccountId::from_bytes(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first payment of this number that `account` made or received. A number is its payer's choice, so another
    /// person's equal number is another payment.
    pub fn payment(
        &self,
        account: &AccountId,
        number: &PaymentNumber,
    ) -> Result<Option<PaymentRow>, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement = connection.prepare_cached(
            "SELECT * FROM payments WHERE number = ?1 AND (payer = ?2 OR (payee = ?2 AND code IS NULL)) ORDER BY idx LIMIT 1",
        )?;
        Ok(statement.query_row(params![number.as_bytes(), account.as_bytes()], payment_row).optional()?)
    }

    /// The payment in the record at `index`.
    pub fn payment_at(&self, index: u64) -> Result<Option<PaymentRow>, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement = connection.prepare_cached("SELECT * FROM payments WHERE idx = ?1")?;
        Ok(statement.query_row([signed(index)?], payment_row).optional()?)
    }

    /// At most `most` lines of an account before record `before`, newest first.
    pub fn lines(&self, account: &AccountId, before: u64, most: u32) -> Result<Vec<PaymentRow>, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement = connection.prepare_cached(
            "SELECT payments.* FROM lines JOIN payments USING (idx)
             WHERE lines.account = ?1 AND lines.idx < ?2 ORDER BY lines.idx DESC LIMIT ?3",
        )?;
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![account.as_bytes(), before, most], payment_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How often a certificate was used.
    pub fn uses(&self, certificate: &CertificateId) -> Result<Uses, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement =
            connection.prepare_cached("SELECT uses, last_at FROM uses WHERE certificate = ?1")?;
        let read =
            |row: &Row<'_>| Ok(Uses { count: unsigned(row.get(0)?), last_at: Some(Millis(row.get(1)?)) });
        Ok(statement.query_row([certificate.as_bytes()], read).optional()?.unwrap_or_default())
    }

    /// The record that says a certificate was signed, whose evidence is the certificate, and its time.
    pub fn issued(&self, certificate: &CertificateId) -> Result<Option<(u64, Millis)>, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement = connection
            .prepare_cached("SELECT issued_idx, issued_at FROM certificates WHERE certificate = ?1")?;
        let read = |row: &Row<'_>| Ok((unsigned(row.get(0)?), Millis(row.get(1)?)));
        Ok(statement.query_row([certificate.as_bytes()], read).optional()?)
    }

    /// How an order ended.
    pub fn order(&self, order: &OrderId) -> Result<Option<OrderEnd>, StoreError> {
        let connection = self.readers.lend()?;
        let mut statement = connection.prepare_cached("SELECT state, idx FROM orders WHERE ord = ?1")?;
        let read = |row: &Row<'_>| {
            let state: String = row.get(0)?;
            Ok(if state == "paid" { OrderEnd::Paid(unsigned(row.get(1)?)) } else { OrderEnd::Cancelled })
        };
        Ok(statement.query_row([order.as_bytes()], read).optional()?)
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

fn project_one(transaction: &Transaction<'_>, index: u64, facts: &Facts) -> Result<(), StoreError> {
    match &facts.body {
        Body::Genesis { issuance, fees, .. } => {
            add_account(transaction, issuance, "issuance")?;
            add_account(transaction, fees, "fees")
        }
        Body::PersonOpened { account, .. } | Body::MerchantOpened { account, .. } => {
            add_account(transaction, account, "holder")
        }
        Body::MoneyIssued { account, amount } => project_issue(transaction, index, facts, account, *amount),
        Body::Payment { payment } => project_payment(transaction, index, facts, payment),
        Body::OrderCancelled { order, .. } => end_order(transaction, order, "cancelled", index),
        Body::CertificateIssued { certificate, .. } => {
            let mut insert = transaction.prepare_cached("INSERT INTO certificates VALUES (?1, ?2, ?3)")?;
            insert.execute(params![certificate.as_bytes(), signed(index)?, facts.at.0])?;
            Ok(())
        }
        Body::PolicySet { .. }
        | Body::SnapshotTaken { .. }
        | Body::ClockAccepted
        | Body::SessionsEnded { .. }
        | Body::TapSet { .. }
        | Body::CertificateRequested { .. }
        | Body::CertificateActivated { .. }
        | Body::CertificateAbandoned { .. }
        | Body::CertificateSuspended { .. }
        | Body::CertificateResumed { .. }
        | Body::CertificateRevoked { .. }
        | Body::CertificateExpired { .. }
        | Body::PinCounted { .. }
        | Body::PinAccepted { .. }
        | Body::PaymentVoided { .. } => Ok(()),
    }
}

fn add_account(transaction: &Transaction<'_>, account: &AccountId, role: &str) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO accounts VALUES (?1, 0, ?2)")?
        .execute(params![account.as_bytes(), role])?;
    Ok(())
}

fn account_of(transaction: &Transaction<'_>, role: &str) -> Result<AccountId, StoreError> {
    let mut statement = transaction.prepare_cached("SELECT account FROM accounts WHERE role = ?1")?;
    Ok(AccountId::from_bytes(statement.query_row([role], |row| row.get(0))?))
}

/// Moves the balance and answers what it is then.
fn shift(transaction: &Transaction<'_>, account: &AccountId, delta: i64) -> Result<i64, StoreError> {
    let mut update = transaction
        .prepare_cached("UPDATE accounts SET balance = balance + ?2 WHERE account = ?1 RETURNING balance")?;
    Ok(update.query_row(params![account.as_bytes(), delta], |row| row.get(0))?)
}

fn add_line(transaction: &Transaction<'_>, account: &AccountId, index: u64) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached("INSERT INTO lines VALUES (?1, ?2)")?;
    insert.execute(params![account.as_bytes(), signed(index)?])?;
    Ok(())
}

fn end_order(
    transaction: &Transaction<'_>,
    order: &OrderId,
    state: &str,
    index: u64,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached("INSERT INTO orders VALUES (?1, ?2, ?3)")?;
    insert.execute(params![order.as_bytes(), state, signed(index)?])?;
    Ok(())
}

const INSERT_PAYMENT: &str =
    "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn project_issue(
    transaction: &Transaction<'_>,
    index: u64,
    facts: &Facts,
    account: &AccountId,
    amount: Minor,
) -> Result<(), StoreError> {
    shift(transaction, account, signed(amount.get())?)?;
    let issuance = account_of(transaction, "issuance")?;
    shift(transaction, &issuance, signed(amount.get())?.saturating_neg())?;
    transaction.prepare_cached(INSERT_PAYMENT)?.execute(params![
        signed(index)?,
        None::<[u8; 16]>,
        "top_up",
        issuance.as_bytes(),
        account.as_bytes(),
        signed(amount.get())?,
        0,
        None::<[u8; 10]>,
        None::<[u8; 10]>,
        None::<String>,
        None::<String>,
        facts.at.0,
        None::<i64>,
    ])?;
    add_line(transaction, account, index)
}

fn project_payment(
    transaction: &Transaction<'_>,
    index: u64,
    facts: &Facts,
    payment: &PaymentFacts,
) -> Result<(), StoreError> {
    let (amount, fee) = (signed(payment.amount.get())?, signed(payment.fee.get())?);
    let (code, level, payer_balance) = match &payment.outcome {
        Outcome::Refused { refusal } => (Some(refusal.code()), None, None),
        Outcome::Posted { level } => {
            let balance = shift(transaction, &payment.payer, amount.saturating_add(fee).saturating_neg())?;
            shift(transaction, &payment.payee, amount)?;
            if fee > 0 {
                shift(transaction, &account_of(transaction, "fees")?, fee)?;
            }
            add_line(transaction, &payment.payee, index)?;
            if let Some(order) = &payment.order {
                end_order(transaction, order, "paid", index)?;
            }
            (None, Some(level_word(*level)), Some(balance))
        }
    };
    add_line(transaction, &payment.payer, index)?;
    transaction.prepare_cached(INSERT_PAYMENT)?.execute(params![
        signed(index)?,
        payment.number.as_bytes(),
        match payment.kind {
            PaymentKind::Pay => "pay",
            PaymentKind::Transfer => "transfer",
        },
        payment.payer.as_bytes(),
        payment.payee.as_bytes(),
        amount,
        fee,
        payment.certificate.as_bytes(),
        payment.order.as_ref().map(OrderId::as_bytes),
        code,
        level,
        facts.at.0,
        payer_balance,
    ])?;
    let mut use_once = transaction.prepare_cached(
        "INSERT INTO uses VALUES (?1, 1, ?2) ON CONFLICT (certificate) DO UPDATE SET uses = uses + 1, last_at = ?2",
    )?;
    use_once.execute(params![payment.certificate.as_bytes(), facts.at.0])?;
    Ok(())
}

const fn level_word(level: VerificationLevel) -> &'static str {
    match level {
        VerificationLevel::A => "A",
        VerificationLevel::C => "C",
        VerificationLevel::D => "D",
    }
}

fn payment_row(row: &Row<'_>) -> rusqlite::Result<PaymentRow> {
    let kind: String = row.get("kind")?;
    let level: Option<String> = row.get("level")?;
    let minor = |column: &str| -> rusqlite::Result<Minor> {
        Ok(Minor::new(unsigned(row.get(column)?)).unwrap_or_default())
    };
    Ok(PaymentRow {
        index: unsigned(row.get("idx")?),
        number: row.get::<_, Option<[u8; 16]>>("number")?.map(PaymentNumber::from_bytes),
        kind: match kind.as_str() {
            "pay" => LineKind::Pay,
            "transfer" => LineKind::Transfer,
            _ => LineKind::TopUp,
        },
        payer: AccountId::from_bytes(row.get("payer")?),
        payee: AccountId::from_bytes(row.get("payee")?),
        amount: minor("amount")?,
        fee: minor("fee")?,
        certificate: row.get::<_, Option<[u8; 10]>>("certificate")?.map(CertificateId::from_bytes),
        order: row.get::<_, Option<[u8; 10]>>("ord")?.map(OrderId::from_bytes),
        code: row.get("code")?,
        level: level.and_then(|word| match word.as_str() {
            "A" => Some(VerificationLevel::A),
            "C" => Some(VerificationLevel::C),
            "D" => Some(VerificationLevel::D),
            _ => None,
        }),
        at: Millis(row.get("at")?),
        payer_balance: row.get("payer_balance")?,
    })
}
