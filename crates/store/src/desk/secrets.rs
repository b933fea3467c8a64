//! Secrets that the desk's own rows depend on.

use super::{DeskError, DeskRead, DeskWrite};
use rusqlite::params;

const TABLE: &str = "secrets";

impl DeskRead<'_> {
    /// The secret of this name.
    pub fn secret(&self, name: &str) -> Result<Option<[u8; 32]>, DeskError> {
        let sql = "SELECT name, secret FROM secrets WHERE name = ?1";
        self.one(TABLE, sql, [name], |fields| fields.id("secret"))
    }
}

impl DeskWrite<'_> {
    /// Keeps a secret; the first one stays. What is kept now.
    pub fn keep_secret(&self, name: &str, secret: &[u8; 32]) -> Result<[u8; 32], DeskError> {
        let sql = "INSERT INTO secrets (name, secret) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        self.execute(sql, params![name, secret])?;
        Ok(self.secret(name)?.unwrap_or(*secret))
    }
}
