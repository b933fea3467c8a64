//! Carrying journal and desk from one engine to the other, from one snapshot, all of it or nothing.
//!
//! The desk has the same tables with the same columns on both engines (a test compares them), so that nothing here knows their
//! names: the file's own schema says what there is. The journal goes batch by batch: one frame of a segment is the rows of one
//! transaction. Lease and version are of PostgreSQL alone and stay.

use crate::copy::journal::{put_journal, take_journal};
use crate::desk::Desk;
use crate::error::StoreError;
use crate::postgres::{Arrived, Connection as Postgres, Failure, Param, Postgres as Place};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Rows, params_from_iter};
use std::path::Path;
use std::time::Duration;

/// Rows that travel together.
const PAGE: usize = 1_000;
/// How long one page may take.
const PAGE_WAIT: Duration = Duration::from_mins(10);
/// A copy takes as long as it takes, also between two pages.
const UNHURRIED: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// What is being carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// The desk's rows.
    Desk,
    /// The journal's rows.
    Journal,
}

impl Carried {
    fn schema(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Journal => "journal",
        }
    }
}

/// Hears how far a part has come: (part, rows done, rows in all).
pub type Heard<'h> = &'h mut dyn FnMut(Carried, u64, u64);

/// A table as the file knows it.
struct Table {
    name: String,
    columns: Vec<String>,
    kinds: Vec<String>,
    refers_to: Vec<String>,
}

impl Table {
    fn columns(&self) -> String {
        self.columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
    }

    fn numbered(&self, mark: char, with_kind: bool) -> String {
        let one = |(number, kind): (usize, &String)| match (with_kind, kind.as_str()) {
            (false, _) => format!("{mark}{number}"),
            (true, "INTEGER") => format!("{mark}{number}::bigint[]"),
            (true, "BLOB") => format!("{mark}{number}::bytea[]"),
            (true, _) => format!("{mark}{number}::text[]"),
        };
        (1..).zip(&self.kinds).map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Carries journal and desk out of PostgreSQL into the new file `desk` and the new folder `journal`, both as one moment shows
/// them. Whoever writes meanwhile is not held up.
pub fn carry_out(place: &Place, desk: &Path, journal: &Path, heard: Heard<'_>) -> Result<(), StoreError> {
    drop(Desk::open(desk).map_err(|error| StoreError::Failed(error.to_string()))?);
    // With a schema: nothing is carried that no standby confirmed.
    let from = place.connect(Some(Carried::Journal.schema()))?;
    from.patient(PAGE_WAIT);
    from.batch(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {UNHURRIED}"))?;
    let to = file(desk)?;
    let tables = tables(&to)?;
    let mut all = 0_u64;
    for table in &tables {
        all = all.saturating_add(count(&from, table)?);
    }
    let mut done = 0_u64;
    for table in &tables {
        let sql = format!("SELECT {} FROM desk.{}", table.columns(), table.name);
        from.batch(&format!("DECLARE carried NO SCROLL CURSOR FOR {sql}"))?;
        loop {
            let page = from.ask(&format!("FETCH {PAGE} FROM carried"), &[])?;
            if page.is_empty() {
                break;
            }
            put_into_file(&to, table, &page)?;
            done = done.saturating_add(u64::try_from(page.len()).unwrap_or(0));
            heard(Carried::Desk, done, all);
        }
        from.batch("CLOSE carried")?;
    }
    to.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    take_journal(&from, journal, |done, all| heard(Carried::Journal, done, all))?;
    from.batch("COMMIT")?;
    Ok(())
}

fn put_into_file(to: &Connection, table: &Table, page: &[tokio_postgres::Row]) -> Result<(), StoreError> {
    let sql =
        format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.columns(), table.numbered('?', false));
    to.execute_batch("BEGIN")?;
    let mut insert = to.prepare_cached(&sql)?;
    for row in page {
        let values: Vec<Arrived<'_>> = (0..table.columns.len())
            .map(|at| row.try_get(at))
            .collect::<Result<_, _>>()
            .map_err(Failure::of)?;
        insert.execute(params_from_iter(values.iter().map(|value| {
            ToSqlOutput::Borrowed(match value {
                Arrived::Null => ValueRef::Null,
                Arrived::Integer(integer) => ValueRef::Integer(*integer),
                Arrived::Bytes(bytes) => ValueRef::Blob(bytes),
                Arrived::Text(text) => ValueRef::Text(text),
            })
        })))?;
    }
    to.execute_batch("COMMIT")?;
    Ok(())
}

/// Carries the file `desk` and the folder `journal` into PostgreSQL, whose schemas are there and hold nothing yet.
pub fn carry_in(desk: &Path, journal: &Path, place: &Place, heard: Heard<'_>) -> Result<(), StoreError> {
    let to = place.connect(None)?;
    to.patient(PAGE_WAIT);
    to.batch(&format!("BEGIN; {UNHURRIED}"))?;
    let from = file(desk)?;
    let tables = tables(&from)?;
    let mut all = 0_u64;
    for table in &tables {
        let held = count(&to, table)?;
        if held > 0 {
            return Err(StoreError::Failed(format!("desk.{} holds {held} rows", table.name)));
        }
        let rows: i64 =
            from.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))?;
        all = all.saturating_add(u64::try_from(rows).unwrap_or(0));
    }
    let mut done = 0_u64;
    for table in &tables {
        let mut statement = from.prepare(&format!("SELECT {} FROM {}", table.columns(), table.name))?;
        let mut rows = statement.query([])?;
        while let Some(page) = Page::read(table, &mut rows)? {
            page.put(&to, table)?;
            done = done.saturating_add(u64::try_from(page.rows).unwrap_or(0));
            heard(Carried::Desk, done, all);
        }
        go_on_counting(&to, table)?;
    }
    put_journal(journal, &to, |done, all| heard(Carried::Journal, done, all))?;
    to.batch("COMMIT")?;
    Ok(())
}

/// Numbers that the database gives out itself continue after those that were carried in.
fn go_on_counting(to: &Postgres, table: &Table) -> Result<(), StoreError> {
    let integers = table.columns.iter().zip(&table.kinds).filter(|(_, kind)| *kind == "INTEGER");
    for (column, _) in integers {
        let (schema, name) = (Carried::Desk.schema(), &table.name);
        to.batch(&format!(
            "SELECT setval(numbers, greatest((SELECT max(\"{column}\") FROM {schema}.{name}), 1))
             FROM (SELECT pg_get_serial_sequence('{schema}.{name}', '{column}') AS numbers) AS counted
             WHERE numbers IS NOT NULL"
        ))?;
    }
    Ok(())
}

/// Values of one column.
enum Column {
    Integers(Vec<Option<i64>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Texts(Vec<Option<String>>),
}

/// Some rows of a table, column by column.
struct Page {
    columns: Vec<Column>,
    rows: usize,
}

impl Page {
    fn read(table: &Table, rows: &mut Rows<'_>) -> Result<Option<Self>, StoreError> {
        let empty = |kind: &String| match kind.as_str() {
            "INTEGER" => Column::Integers(Vec::new()),
            "BLOB" => Column::Bytes(Vec::new()),
            _ => Column::Texts(Vec::new()),
        };
        let mut page = Self { columns: table.kinds.iter().map(empty).collect(), rows: 0 };
        while page.rows < PAGE {
            let Some(row) = rows.next()? else { break };
            for (at, column) in page.columns.iter_mut().enumerate() {
                match (column, row.get::<_, Value>(at)?) {
                    (Column::Integers(all), Value::Integer(integer)) => all.push(Some(integer)),
                    (Column::Bytes(all), Value::Blob(bytes)) => all.push(Some(bytes)),
                    (Column::Texts(all), Value::Text(text)) => all.push(Some(text)),
                    (Column::Integers(all), Value::Null) => all.push(None),
                    (Column::Bytes(all), Value::Null) => all.push(None),
                    (Column::Texts(all), Value::Null) => all.push(None),
                    (Column::Integers(_) | Column::Bytes(_) | Column::Texts(_), _) => {
                        return Err(StoreError::Failed(format!(
                            "{} holds a value of another kind",
                            table.name
                        )));
                    }
                }
            }
            page.rows += 1;
        }
        Ok((page.rows > 0).then_some(page))
    }

    fn put(&self, to: &Postgres, table: &Table) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO desk.{} ({}) SELECT * FROM unnest({})",
            table.name,
            table.columns(),
            table.numbered('$', true)
        );
        let params: Vec<Param<'_>> = self
            .columns
            .iter()
            .map(|column| match column {
                Column::Integers(all) => all as Param<'_>,
                Column::Bytes(all) => all as Param<'_>,
                Column::Texts(all) => all as Param<'_>,
            })
            .collect();
        to.ask(&sql, &params)?;
        Ok(())
    }
}

fn file(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    // Rows come table by table; what refers to another is there at the end.
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

fn count(postgres: &Postgres, table: &Table) -> Result<u64, StoreError> {
    let rows = postgres.ask(&format!("SELECT count(*) FROM desk.{}", table.name), &[])?;
    let count: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(Failure::of)?,
        None => 0,
    };
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Names go into statements as they are, and a file may come from an archive that somebody else made.
fn check_names<'n>(names: impl IntoIterator<Item = &'n String>) -> Result<(), StoreError> {
    let is_plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    match names.into_iter().find(|name| !is_plain(name)) {
        Some(name) => Err(StoreError::Failed(format!("a table or column has a foreign name: {name:?}"))),
        None => Ok(()),
    }
}

/// The tables of a file, each after those that it refers to.
fn tables(file: &Connection) -> Result<Vec<Table>, StoreError> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let texts = |sql: &str, of: &[&str]| -> Result<Vec<String>, StoreError> {
        let mut statement = file.prepare(sql)?;
        let rows = statement.query_map(params_from_iter(of), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let mut waiting = Vec::new();
    let names = texts(sql, &[])?;
    check_names(&names)?;
    for name in names {
        waiting.push(Table {
            columns: texts("SELECT name FROM pragma_table_info(?1) ORDER BY cid", &[&name])?,
            kinds: texts("SELECT type FROM pragma_table_info(?1) ORDER BY cid", &[&name])?,
            refers_to: texts("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)", &[&name])?,
            name,
        });
    }
    check_names(waiting.iter().flat_map(|table| &table.columns))?;
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let is_free = |table: &Table| {
            table
                .refers_to
                .iter()
                .all(|other| *other == table.name || ordered.iter().any(|done| done.name == *other))
        };
        let Some(at) = waiting.iter().position(is_free) else {
            return Err(StoreError::Failed("tables refer to one another in a circle".to_owned()));
        };
        ordered.push(waiting.swap_remove(at));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_names_say_more_than_a_name_is_refused() {
        for (hostile, of) in [
            (r#"CREATE TABLE "people; DROP SCHEMA journal CASCADE" (row TEXT)"#, "DROP SCHEMA"),
            (r#"CREATE TABLE people ("row"") FROM desk.people; COMMIT; --" TEXT)"#, "COMMIT"),
            (r#"CREATE TABLE people (row TEXT, "it's" TEXT)"#, "it's"),
        ] {
            let file = Connection::open_in_memory().unwrap();
            file.execute_batch("CREATE TABLE orders_2 (row INTEGER)").unwrap();
            assert_eq!(tables(&file).unwrap().len(), 1);
            file.execute_batch(hostile).unwrap();
            let said = tables(&file).map(|tables| tables.len());
            assert!(matches!(&said, Err(StoreError::Failed(text)) if text.contains(of)), "{said:?}");
        }
    }
}
