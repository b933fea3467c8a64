//! Sessions: known by the hash of their cookie only.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{DeviceId, Digest, Millis, PersonId};

const TABLE: &str = "sessions";

/// Old sessions of one person that a new one drops at most; each new session finds one too many.
const DROPPED_MAX: u32 = 1_000;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the cookie.
    pub token_hash: Digest,
    /// Whose it is.
    pub person: PersonId,
    /// On which device.
    pub device: DeviceId,
    /// The person's epoch in the book when it began; a higher one there has ended it.
    pub person_epoch: u32,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub seen_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<SessionRow, DeskError> {
    Ok(SessionRow {
        token_hash: fields.id("token_hash")?,
        person: fields.id("person")?,
        device: fields.id("device")?,
        person_epoch: fields.integer("person_epoch")?,
        created_at: fields.time("created_at")?,
        seen_at: fields.time("seen_at")?,
    })
}

impl DeskRead<'_> {
    /// The session whose cookie has this hash.
    pub fn session(&self, token_hash: Digest) -> Result<Option<SessionRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM sessions WHERE token_hash = ?1", params![token_hash.as_bytes()], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a new session down and drops the person's oldest beyond `keep_max`; answers how many those were.
    pub fn insert_session(&self, session: &SessionRow, keep_max: u32) -> Result<usize, DeskError> {
        self.execute(
            "INSERT INTO sessions (token_hash, person, device, person_epoch, created_at, seen_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                session.token_hash.as_bytes(),
                session.person.as_bytes(),
                session.device.as_bytes(),
                session.person_epoch,
                session.created_at.0,
                session.seen_at.0,
            ],
        )?;
        self.execute(
            "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE person = ?1
               ORDER BY created_at DESC, token_hash LIMIT ?3 OFFSET ?2)",
            params![session.person.as_bytes(), keep_max, DROPPED_MAX],
        )
    }

    /// Notes when a session was last used.
    pub fn touch_session(&self, token_hash: Digest, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE sessions SET seen_at = ?2 WHERE token_hash = ?1 AND seen_at < ?2";
        self.execute(sql, params![token_hash.as_bytes(), at.0])?;
        Ok(())
    }

    /// Ends one session.
    pub fn delete_session(&self, token_hash: Digest) -> Result<(), DeskError> {
        self.execute("DELETE FROM sessions WHERE token_hash = ?1", params![token_hash.as_bytes()])?;
        Ok(())
    }

    /// Ends the sessions of one person on one device; how many there were.
    pub fn delete_sessions_on(&self, person: PersonId, device: DeviceId) -> Result<usize, DeskError> {
        let sql = "DELETE FROM sessions WHERE person = ?1 AND device = ?2";
        self.execute(sql, params![person.as_bytes(), device.as_bytes()])
    }
}
