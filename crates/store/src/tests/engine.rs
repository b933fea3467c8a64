//! The two engines that every test runs on.

use crate::test_postgres::TestDatabase;
use crate::{Database, Store};
use tempfile::TempDir;

/// An empty place for a store.
pub(super) struct Place {
    pub(super) database: Database,
    pub(super) postgres: Option<TestDatabase>,
    _folder: Option<TempDir>,
}

/// One of the three databases, by its schema's or file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Journal,
    Views,
    Desk,
}

impl Place {
    pub(super) fn files() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let (journal, views, desk) = (file("journal"), file("views.db"), file("desk.db"));
        Self { database: Database::Files { journal, views, desk }, postgres: None, _folder: Some(folder) }
    }

    pub(super) fn postgres() -> Self {
        let test = TestDatabase::new();
        Self { database: Database::Postgres(test.postgres()), postgres: Some(test), _folder: None }
    }

    pub(super) fn store(&self) -> Store {
        Store::open(&self.database).unwrap()
    }

    /// Runs statements on one of the databases, as an intruder would.
    pub(super) fn execute(&self, part: Part, sql: &str) -> Result<(), String> {
        match (&self.database, &self.postgres) {
            (Database::Files { journal, views, desk }, _) => {
                let file = match part {
                    Part::Journal => panic!("{} is no database", journal.display()),
                    Part::Views => views,
                    Part::Desk => desk,
                };
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            (Database::Postgres(_), test) => {
                let schema = match part {
                    Part::Journal => "journal",
                    Part::Views => "views_2",
                    Part::Desk => "desk",
                };
                test.as_ref().unwrap().execute(&format!("SET search_path = {schema}; {sql}"))
            }
        }
    }
}

/// Makes each function a test on files and a test on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_files {
            $(#[test] fn $name() { super::$name(&crate::tests::engine::Place::files()); })*
        }
        mod on_postgres {
            $(#[test] fn $name() { super::$name(&crate::tests::engine::Place::postgres()); })*
        }
    };
}
pub(super) use on_both;
