//! Views: tables to search and page, written by the projector alone and rebuilt from the journal at any time.

mod page;
mod project;
mod writer;

use crate::error::StoreError;
use crate::journal::{signed, unsigned};
use crate::lease::Held;
use crate::postgres::Postgres;
use crate::readers::Readers;
use crate::sql::{Row, SqlError, params};
use page::Page;
use std::path::Path;
use writer::Writer;
use yinxin_core::{
    AccountId, CertificateId, Facts, Millis, Minor, OrderId, PaymentNumber, VerificationLevel,
};

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

/// The views, in one SQLite file or in PostgreSQL.
pub struct Views {
    writer: Writer,
    readers: Readers,
}

impl Views {
    /// Opens the file, or begins an empty one when it is missing, of another version or not readable.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { writer: Writer::of_file(path)?, readers: Readers::of_file(path) })
    }

    /// Opens the views in PostgreSQL, or begins empty ones. Only who holds the lease writes them.
    pub(crate) fn of_postgres(postgres: &Postgres, held: Held) -> Result<Self, StoreError> {
        let writer = Writer::of_postgres(postgres, held)?;
        Ok(Self { writer, readers: Readers::of_postgres(postgres, writer::SCHEMA_NAME) })
    }

    /// Empties every view; the projector fills them again.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.writer.within(project::clear)
    }

    /// The number of records projected.
    pub fn mark(&self) -> Result<u64, StoreError> {
        let records =
            self.readers.lend()?.session().only("SELECT records FROM mark", &[], |row| row.get(0))?;
        Ok(unsigned(records))
    }

    /// Projects the records that follow the mark, in one transaction.
    pub fn project(&self, records: &[(u64, Facts)]) -> Result<(), StoreError> {
        self.writer.within(|session| {
            let accounts = project::accounts(session, &page::touched(records))?;
            project::write(session, &Page::of(accounts, records)?)
        })
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
