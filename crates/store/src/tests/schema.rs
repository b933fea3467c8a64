//! Both engines have the same tables: columns, kinds, nullability, keys and indexes, as the real databases tell them.

use super::engine::Place;
use crate::Database;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Tables that one engine alone needs: the file's lock and `user_version` do their work.
const OF_POSTGRES_ALONE: [&str; 2] = ["lease", "schema_version"];

/// Name, kind, whether it may be empty.
type Column = (String, &'static str, bool);
/// Whether it is unique, whether it covers a part of the rows only, its columns in order.
type Index = (bool, bool, Vec<String>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeSet<Column>,
    indexes: BTreeSet<Index>,
}

fn kind(name: &str) -> &'static str {
    match name {
        "INTEGER" | "bigint" => "integer",
        "BLOB" | "bytea" => "bytes",
        "TEXT" | "text" => "text",
        other => panic!("a column of type {other}"),
    }
}

fn of_file(path: &Path) -> BTreeMap<String, Table> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let names = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let mut tables = BTreeMap::new();
    for name in names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        let mut table = Table::default();
        let mut key = BTreeMap::new();
        let mut statement =
            connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)").unwrap();
        let mut rows = statement.query([&name]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (column, held): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            let (full, place): (bool, i64) = (row.get(2).unwrap(), row.get(3).unwrap());
            if place > 0 {
                key.insert(place, column.clone());
            }
            table.columns.insert((column, kind(&held), !full && place == 0));
        }
        table.indexes.insert((true, false, key.into_values().collect()));
        let mut statement =
            connection.prepare("SELECT name, \"unique\", partial FROM pragma_index_list(?1)").unwrap();
        let mut rows = statement.query([&name]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let index: String = row.get(0).unwrap();
            let columns = names(&format!("SELECT name FROM pragma_index_info('{index}') ORDER BY seqno"));
            table.indexes.insert((row.get(1).unwrap(), row.get(2).unwrap(), columns));
        }
        tables.insert(name, table);
    }
    tables
}

fn of_postgres(place: &Place, schema: &str) -> BTreeMap<String, Table> {
    let connection = place.postgres.as_ref().unwrap().postgres().connect(None).unwrap();
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let columns = "SELECT table_name::text, column_name::text, data_type::text, (is_nullable = 'YES')::text
                   FROM information_schema.columns WHERE table_schema = ?1";
    for row in connection.query(columns, &[&schema]).unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let (held, empty): (String, String) = (row.get(2), row.get(3));
        if !OF_POSTGRES_ALONE.contains(&table.as_str()) {
            let column = (column, kind(&held), empty == "true");
            tables.entry(table).or_default().columns.insert(column);
        }
    }
    let indexes = "SELECT tables.relname::text, indisunique::text, (indpred IS NOT NULL)::text,
                     (SELECT string_agg(attname, ',' ORDER BY at) FROM unnest(indkey::int2[]) WITH ORDINALITY AS keys (key, at)
                        JOIN pg_attribute ON attrelid = indrelid AND attnum = key)
                   FROM pg_index JOIN pg_class tables ON tables.oid = indrelid
                   WHERE tables.relnamespace = ?1::text::regnamespace";
    for row in connection.query(indexes, &[&schema]).unwrap() {
        let (table, unique, partial): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let columns: Option<String> = row.get(3);
        let columns = columns.unwrap_or_default().split(',').map(str::to_owned).collect();
        if let Some(table) = tables.get_mut(&table) {
            table.indexes.insert((unique == "true", partial == "true", columns));
        }
    }
    tables
}

#[test]
fn both_engines_have_the_same_tables() {
    let (files, postgres) = (Place::files(), Place::postgres());
    let _stores = (files.store(), postgres.store());
    let Database::Files { views, desk, .. } = &files.database else { panic!("these are files") };
    for (path, schema, tables) in [(views, "views_2", 5), (desk, "desk", 26)] {
        let (file, server) = (of_file(path), of_postgres(&postgres, schema));
        assert_eq!(file.len(), tables, "{schema}: {:?}", file.keys());
        for (name, table) in &file {
            assert_eq!(Some(table), server.get(name), "{schema}.{name}");
        }
        assert_eq!(file.keys().collect::<Vec<_>>(), server.keys().collect::<Vec<_>>(), "{schema}");
    }
}

#[test]
fn nodes_that_start_at_once_make_the_tables_once() {
    let place = Place::postgres();
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..6).map(|_| scope.spawn(|| drop(place.store()))).collect();
        for start in starts {
            start.join().unwrap();
        }
    });
    assert_eq!(of_postgres(&place, "desk").len(), 26);
}
