//! Views: what the journal cannot be asked directly, written by the projector alone and rebuilt from it at any time.
//!
//! The book has the newest record of every account and certificate, and each record names the one before it, so that
//! statements, balances and uses are walks through the journal. What is left is found here: a payment by its number, what
//! was refused, how an order ended, which record a certificate is in.

mod page;
mod project;
mod writer;

use crate::error::StoreError;
use crate::journal::unsigned;
use crate::lease::Held;
use crate::postgres::Postgres;
use crate::readers::Readers;
use crate::sql::{Row, SqlError, params};
use page::{Page, number_key};
use std::path::Path;
use writer::Writer;
use yinxin_core::{AccountId, CertificateId, Facts, Millis, OrderId, PaymentNumber};

/// How an order ended, as projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEnd {
    /// Paid by the record of this index.
    Paid(u64),
    /// Withdrawn by the merchant.
    Cancelled,
}

/// What the views have of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuedRow {
    /// The record that says it was signed, whose evidence is the certificate.
    pub index: u64,
    /// When that was.
    pub at: Millis,
    /// Recorded outcomes that took no number of its sequence, less numbers that were taken without an outcome.
    pub apart: i64,
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

    /// The digest of the last record projected: it tells whether these are the views of this journal.
    pub fn last(&self) -> Result<Option<[u8; 32]>, StoreError> {
        let lent = self.readers.lend()?;
        Ok(lent.session().only("SELECT digest FROM mark", &[], |row| row.get::<Option<[u8; 32]>>(0))?)
    }

    /// Projects the records that follow the mark, in one transaction; `digest` is the last one's.
    pub fn project(&self, records: &[(u64, Facts)], digest: [u8; 32]) -> Result<(), StoreError> {
        let page = Page::of(records, digest)?;
        self.writer.within(|session| project::write(session, &page))
    }

    /// Indexes of the payments from record `from` on whose number may be this one, oldest first and at most 64: the records
    /// tell. Whoever pays can choose numbers that look alike here, so the caller goes on where a page ended.
    pub fn numbered(&self, number: &PaymentNumber, from: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "WITH RECURSIVE parts (part) AS (
               SELECT CAST(0 AS bigint) UNION ALL
               SELECT parts.part + 1 FROM parts, mark WHERE parts.part < mark.records / 32768
             )
             SELECT numbers.idx FROM parts CROSS JOIN numbers
             WHERE numbers.part = parts.part AND numbers.key = ?1 AND numbers.idx >= ?2
             ORDER BY numbers.idx LIMIT 64";
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| Ok::<_, SqlError>(unsigned(row.get(0)?));
        Ok(self.readers.lend()?.session().all(sql, params![number_key(number), from], read)?)
    }

    /// Indexes of at most `most` refused payments of an account before record `before`, newest first.
    pub fn refused(&self, account: &AccountId, before: u64, most: u32) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT idx FROM refused WHERE account = ?1 AND idx < ?2 ORDER BY idx DESC LIMIT ?3";
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| Ok::<_, SqlError>(unsigned(row.get(0)?));
        let lent = self.readers.lend()?;
        Ok(lent.session().all(sql, params![account.as_bytes(), before, most], read)?)
    }

    /// Where a certificate is.
    pub fn issued(&self, certificate: &CertificateId) -> Result<Option<IssuedRow>, StoreError> {
        let sql = "SELECT issued_idx, issued_at, apart FROM certificates WHERE certificate = ?1";
        let read = |row: &Row<'_>| {
            let (index, at) = (unsigned(row.get(0)?), Millis(row.get(1)?));
            Ok::<_, SqlError>(IssuedRow { index, at, apart: row.get(2)? })
        };
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
