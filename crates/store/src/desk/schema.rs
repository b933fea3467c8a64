//! The desk's tables: numbered, embedded migrations, never edited once released.

use super::DeskError;
use rusqlite::{Connection, TransactionBehavior};

/// Each migration in its order; the file's `user_version` counts those it has.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/desk/sqlite/0001_desk.sql"),
    include_str!("../../migrations/desk/sqlite/0002_kits.sql"),
    include_str!("../../migrations/desk/sqlite/0003_reissues.sql"),
    include_str!("../../migrations/desk/sqlite/0004_notices.sql"),
    include_str!("../../migrations/desk/sqlite/0005_login.sql"),
];

/// Brings the tables to the newest version, one transaction for each step.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DeskError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(DeskError::Newer { found, known });
    }
    for (number, migration) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(migration)?;
        step.pragma_update(None, "user_version", number)?;
        step.commit()?;
    }
    Ok(())
}
