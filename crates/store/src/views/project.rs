//! Writing a page of projected records, in each engine's fastest way: one statement a row, or one for each table.

use super::page::{Page, wrong};
use crate::error::StoreError;
use crate::postgres::{self, Param};
use crate::sql::{Session, params};

/// Empties every view.
pub(super) fn clear(session: Session<'_>) -> Result<(), StoreError> {
    if let Session::Postgres(connection) = session {
        // Row by row, millions would outlast the patience of everybody who waits.
        connection.batch(
            "TRUNCATE numbers, refused, certificates, orders; UPDATE mark SET records = 0, digest = NULL",
        )?;
        return Ok(());
    }
    for sql in [
        "DELETE FROM numbers",
        "DELETE FROM refused",
        "DELETE FROM certificates",
        "DELETE FROM orders",
        "UPDATE mark SET records = 0, digest = NULL",
    ] {
        session.execute(sql, &[])?;
    }
    Ok(())
}

/// Writes a page and moves the mark, inside the session's transaction.
pub(super) fn write(session: Session<'_>, page: &Page) -> Result<(), StoreError> {
    let Some((first, next, digest)) = page.mark else { return Ok(()) };
    let found: i64 = session.only("SELECT records FROM mark", &[], |row| row.get(0))?;
    if found != first {
        return Err(wrong(first, "the record after the last one projected"));
    }
    match session {
        Session::Sqlite(_) => row_by_row(session, page)?,
        Session::Postgres(connection) => Columns::of(page).write(connection)?,
    }
    // Seldom: once in a life of a certificate, if ever.
    for (certificate, more) in &page.apart {
        let sql = "UPDATE certificates SET apart = apart + ?2 WHERE certificate = ?1";
        session.execute(sql, params![certificate.as_bytes(), *more])?;
    }
    session.execute("UPDATE mark SET records = ?1, digest = ?2", params![next, &digest])?;
    Ok(())
}

fn row_by_row(session: Session<'_>, page: &Page) -> Result<(), StoreError> {
    for (part, key, index) in &page.numbers {
        session
            .execute("INSERT INTO numbers (part, key, idx) VALUES (?1, ?2, ?3)", params![part, key, index])?;
    }
    for (account, index) in &page.refused {
        let sql = "INSERT INTO refused (account, idx) VALUES (?1, ?2)";
        session.execute(sql, params![account.as_bytes(), index])?;
    }
    for (certificate, index, at) in &page.certificates {
        let sql =
            "INSERT INTO certificates (certificate, issued_idx, issued_at, apart) VALUES (?1, ?2, ?3, 0)";
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
    Bytes(Vec<&'p [u8]>),
    Integers(Vec<i64>),
    Words(Vec<&'p str>),
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
        let numbers = || page.numbers.iter();
        let sql = "INSERT INTO numbers (part, key, idx)
                   SELECT * FROM unnest(?1::bigint[], ?2::bigint[], ?3::bigint[])";
        let columns = vec![
            Column::Integers(numbers().map(|(part, _, _)| *part).collect()),
            Column::Integers(numbers().map(|(_, key, _)| *key).collect()),
            Column::Integers(numbers().map(|(_, _, index)| *index).collect()),
        ];
        add(sql, page.numbers.len(), columns);
        let sql = "INSERT INTO refused (account, idx) SELECT * FROM unnest(?1::bytea[], ?2::bigint[])";
        let columns = vec![
            Column::Bytes(page.refused.iter().map(|(id, _)| id.as_bytes().as_slice()).collect()),
            Column::Integers(page.refused.iter().map(|(_, index)| *index).collect()),
        ];
        add(sql, page.refused.len(), columns);
        let sql = "INSERT INTO certificates (certificate, issued_idx, issued_at, apart)
                   SELECT new.certificate, new.issued_idx, new.issued_at, 0
                   FROM unnest(?1::bytea[], ?2::bigint[], ?3::bigint[]) AS new (certificate, issued_idx, issued_at)";
        let columns = vec![
            Column::Bytes(page.certificates.iter().map(|(id, _, _)| id.as_bytes().as_slice()).collect()),
            Column::Integers(page.certificates.iter().map(|(_, index, _)| *index).collect()),
            Column::Integers(page.certificates.iter().map(|(_, _, at)| *at).collect()),
        ];
        add(sql, page.certificates.len(), columns);
        let sql = "INSERT INTO orders (ord, state, idx) SELECT * FROM unnest(?1::bytea[], ?2::text[], ?3::bigint[])";
        let columns = vec![
            Column::Bytes(page.orders.iter().map(|(id, _, _)| id.as_bytes().as_slice()).collect()),
            Column::Words(page.orders.iter().map(|(_, state, _)| *state).collect()),
            Column::Integers(page.orders.iter().map(|(_, _, index)| *index).collect()),
        ];
        add(sql, page.orders.len(), columns);
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
