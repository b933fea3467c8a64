//! Writing a page of projected records, in each engine's fastest way: one statement a row, or one for each table.

use super::page::{Account, Page};
use crate::error::StoreError;
use crate::postgres::{self, Param};
use crate::sql::{Row, Session, SqlError, params};
use std::collections::{BTreeMap, BTreeSet};
use yinxin_core::{AccountId, CertificateId, OrderId, PaymentNumber};

/// Empties every view.
pub(super) fn clear(session: Session<'_>) -> Result<(), StoreError> {
    if let Session::Postgres(connection) = session {
        // Row by row, millions would outlast the patience of everybody who waits.
        connection.batch(
            "TRUNCATE accounts, payments, lines, uses, certificates, orders; UPDATE mark SET records = 0",
        )?;
        return Ok(());
    }
    for sql in [
        "DELETE FROM accounts",
        "DELETE FROM payments",
        "DELETE FROM lines",
        "DELETE FROM uses",
        "DELETE FROM certificates",
        "DELETE FROM orders",
        "UPDATE mark SET records = 0",
    ] {
        session.execute(sql, &[])?;
    }
    Ok(())
}

fn account(row: &Row<'_>) -> Result<(AccountId, Account), SqlError> {
    Ok((AccountId::from_bytes(row.get(0)?), Account { balance: row.get(1)?, role: row.get(2)? }))
}

/// These accounts as they are now, and those of issuance and fees.
pub(super) fn accounts(
    session: Session<'_>,
    touched: &BTreeSet<AccountId>,
) -> Result<BTreeMap<AccountId, Account>, StoreError> {
    let sql = "SELECT account, balance, role FROM accounts WHERE role <> 'holder'";
    let mut found: BTreeMap<_, _> = session.all(sql, &[], account)?.into_iter().collect();
    match session {
        Session::Sqlite(_) => {
            let sql = "SELECT account, balance, role FROM accounts WHERE account = ?1";
            for id in touched {
                found.extend(session.first(sql, params![id.as_bytes()], account)?);
            }
        }
        Session::Postgres(connection) => {
            let sql = "SELECT account, balance, role FROM accounts WHERE account = ANY (?1)";
            let ids: Vec<&[u8]> = touched.iter().map(|id| id.as_bytes().as_slice()).collect();
            for row in connection.query(sql, &[&ids])? {
                found.extend([account(&Row::Postgres(&row))?]);
            }
        }
    }
    Ok(found)
}

/// Writes a page and moves the mark, inside the session's transaction.
pub(super) fn write(session: Session<'_>, page: &Page) -> Result<(), StoreError> {
    match session {
        Session::Sqlite(_) => row_by_row(session, page)?,
        Session::Postgres(connection) => Columns::of(page).write(connection)?,
    }
    if let Some(mark) = page.mark {
        session.execute("UPDATE mark SET records = ?1", params![mark])?;
    }
    Ok(())
}

fn row_by_row(session: Session<'_>, page: &Page) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts (account, balance, role) VALUES (?1, ?2, ?3)
               ON CONFLICT (account) DO UPDATE SET balance = excluded.balance";
    for (id, account) in &page.accounts {
        session.execute(sql, params![id.as_bytes(), account.balance, account.role])?;
    }
    let sql = "INSERT INTO payments (idx, number, kind, payer, payee, amount, fee, certificate, ord, code, level, at,
                 payer_balance)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    for payment in &page.payments {
        session.execute(
            sql,
            params![
                payment.index,
                payment.number.as_ref().map(PaymentNumber::as_bytes),
                payment.kind,
                payment.payer.as_bytes(),
                payment.payee.as_bytes(),
                payment.amount,
                payment.fee,
                payment.certificate.as_ref().map(CertificateId::as_bytes),
                payment.order.as_ref().map(OrderId::as_bytes),
                payment.code,
                payment.level,
                payment.at,
                payment.payer_balance,
            ],
        )?;
    }
    for (account, index) in &page.lines {
        let sql = "INSERT INTO lines (account, idx) VALUES (?1, ?2)";
        session.execute(sql, params![account.as_bytes(), index])?;
    }
    for (certificate, used) in &page.uses {
        let sql = "INSERT INTO uses (certificate, uses, last_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (certificate) DO UPDATE SET uses = uses.uses + excluded.uses, last_at = excluded.last_at";
        session.execute(sql, params![certificate.as_bytes(), used.times, used.last_at])?;
    }
    for (certificate, index, at) in &page.certificates {
        let sql = "INSERT INTO certificates (certificate, issued_idx, issued_at) VALUES (?1, ?2, ?3)";
        session.execute(sql, params![certificate.as_bytes(), index, at])?;
    }
    for (order, state, index) in &page.orders {
        let sql = "INSERT INTO orders (ord, state, idx) VALUES (?1, ?2, ?3)";
        session.execute(sql, params![order.as_bytes(), *state, index])?;
    }
    Ok(())
}

/// One column of bytes, integers or words for each parameter of `unnest`.
enum Column<'p> {
    Bytes(Vec<Option<&'p [u8]>>),
    Integers(Vec<Option<i64>>),
    Words(Vec<Option<&'p str>>),
}

/// A page, table by table and column by column.
struct Columns<'p>(Vec<(&'static str, Vec<Column<'p>>)>);

impl<'p> Columns<'p> {
    fn of(page: &'p Page) -> Self {
        let mut tables = Vec::new();
        let mut add = |sql, rows: usize, columns| {
            if rows > 0 {
                tables.push((sql, columns));
            }
        };
        let accounts = || page.accounts.iter();
        let sql = "INSERT INTO accounts (account, balance, role)
                   SELECT * FROM unnest(?1::bytea[], ?2::bigint[], ?3::text[])
                   ON CONFLICT (account) DO UPDATE SET balance = excluded.balance";
        let columns = vec![
            Column::Bytes(accounts().map(|(id, _)| Some(id.as_bytes().as_slice())).collect()),
            Column::Integers(accounts().map(|(_, account)| Some(account.balance)).collect()),
            Column::Words(accounts().map(|(_, account)| Some(account.role.as_str())).collect()),
        ];
        add(sql, page.accounts.len(), columns);
        let sql = "INSERT INTO lines (account, idx) SELECT * FROM unnest(?1::bytea[], ?2::bigint[])";
        let columns = vec![
            Column::Bytes(page.lines.iter().map(|(id, _)| Some(id.as_bytes().as_slice())).collect()),
            Column::Integers(page.lines.iter().map(|(_, index)| Some(*index)).collect()),
        ];
        add(sql, page.lines.len(), columns);
        let sql = "INSERT INTO uses (certificate, uses, last_at)
                   SELECT * FROM unnest(?1::bytea[], ?2::bigint[], ?3::bigint[])
                   ON CONFLICT (certificate) DO UPDATE SET uses = uses.uses + excluded.uses, last_at = excluded.last_at";
        let columns = vec![
            Column::Bytes(page.uses.keys().map(|id| Some(id.as_bytes().as_slice())).collect()),
            Column::Integers(page.uses.values().map(|used| Some(used.times)).collect()),
            Column::Integers(page.uses.values().map(|used| Some(used.last_at)).collect()),
        ];
        add(sql, page.uses.len(), columns);
        let sql = "INSERT INTO certificates (certificate, issued_idx, issued_at)
                   SELECT * FROM unnest(?1::bytea[], ?2::bigint[], ?3::bigint[])";
        let columns = vec![
            Column::Bytes(
                page.certificates.iter().map(|(id, _, _)| Some(id.as_bytes().as_slice())).collect(),
            ),
            Column::Integers(page.certificates.iter().map(|(_, index, _)| Some(*index)).collect()),
            Column::Integers(page.certificates.iter().map(|(_, _, at)| Some(*at)).collect()),
        ];
        add(sql, page.certificates.len(), columns);
        let sql = "INSERT INTO orders (ord, state, idx) SELECT * FROM unnest(?1::bytea[], ?2::text[], ?3::bigint[])";
        let columns = vec![
            Column::Bytes(page.orders.iter().map(|(id, _, _)| Some(id.as_bytes().as_slice())).collect()),
            Column::Words(page.orders.iter().map(|(_, state, _)| Some(*state)).collect()),
            Column::Integers(page.orders.iter().map(|(_, _, index)| Some(*index)).collect()),
        ];
        add(sql, page.orders.len(), columns);
        add(INSERT_PAYMENTS, page.payments.len(), payments(page));
        Self(tables)
    }

    fn write(&self, connection: &postgres::Connection) -> Result<(), StoreError> {
        for (sql, columns) in &self.0 {
            let params: Vec<Param<'_>> = columns
                .iter()
                .map(|column| match column {
                    Column::Bytes(values) => values as Param<'_>,
                    Column::Integers(values) => values as Param<'_>,
                    Column::Words(values) => values as Param<'_>,
                })
                .collect();
            connection.execute(sql, &params)?;
        }
        Ok(())
    }
}

const INSERT_PAYMENTS: &str = "INSERT INTO payments (idx, number, kind, payer, payee, amount, fee, certificate, ord, code,
    level, at, payer_balance)
  SELECT * FROM unnest(?1::bigint[], ?2::bytea[], ?3::text[], ?4::bytea[], ?5::bytea[], ?6::bigint[], ?7::bigint[],
    ?8::bytea[], ?9::bytea[], ?10::text[], ?11::text[], ?12::bigint[], ?13::bigint[])";

fn payments(page: &Page) -> Vec<Column<'_>> {
    let all = || page.payments.iter();
    vec![
        Column::Integers(all().map(|payment| Some(payment.index)).collect()),
        Column::Bytes(
            all().map(|payment| payment.number.as_ref().map(|number| number.as_bytes().as_slice())).collect(),
        ),
        Column::Words(all().map(|payment| Some(payment.kind)).collect()),
        Column::Bytes(all().map(|payment| Some(payment.payer.as_bytes().as_slice())).collect()),
        Column::Bytes(all().map(|payment| Some(payment.payee.as_bytes().as_slice())).collect()),
        Column::Integers(all().map(|payment| Some(payment.amount)).collect()),
        Column::Integers(all().map(|payment| Some(payment.fee)).collect()),
        Column::Bytes(
            all().map(|payment| payment.certificate.as_ref().map(|id| id.as_bytes().as_slice())).collect(),
        ),
        Column::Bytes(
            all().map(|payment| payment.order.as_ref().map(|id| id.as_bytes().as_slice())).collect(),
        ),
        Column::Words(all().map(|payment| payment.code).collect()),
        Column::Words(all().map(|payment| payment.level).collect()),
        Column::Integers(all().map(|payment| Some(payment.at)).collect()),
        Column::Integers(all().map(|payment| payment.payer_balance).collect()),
    ]
}
