//! Idempotency keys: one answer for one caller, route and key.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{Digest, Millis};

const TABLE: &str = "idempotency";

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a key stands for when a request comes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is new, or its last holder vanished: go on, then finish.
    Started,
    /// The same request is being answered.
    InFlight,
    /// The same request was answered.
    Answered(KeptAnswer),
    /// The key was used with another body.
    Conflict,
}

struct Row {
    body_hash: Digest,
    started_at: Millis,
    answer: Option<KeptAnswer>,
}

fn read(fields: &Fields<'_>) -> Result<Row, DeskError> {
    let status = fields.maybe_integer("status")?;
    let body = fields.maybe_bytes("body")?;
    Ok(Row {
        body_hash: fields.id("body_hash")?,
        started_at: fields.time("started_at")?,
        answer: status.map(|status| KeptAnswer { status, body: body.unwrap_or_default() }),
    })
}

impl DeskRead<'_> {
    fn idempotency(&self, caller: &str, route: &str, key: &str) -> Result<Option<Row>, DeskError> {
        let sql = "SELECT * FROM idempotency WHERE caller = ?1 AND route = ?2 AND key = ?3";
        self.one(TABLE, sql, params![caller, route, key], read)
    }

    /// What a key already stands for; `None` when a request could claim it.
    pub fn look_at_key(
        &self,
        (caller, route, key): (&str, &str, &str),
        body_hash: Digest,
        stale_ms: i64,
        now: Millis,
    ) -> Result<Option<Claim>, DeskError> {
        Ok(match self.idempotency(caller, route, key)? {
            Some(row) if row.body_hash != body_hash => Some(Claim::Conflict),
            Some(Row { answer: Some(answer), .. }) => Some(Claim::Answered(answer)),
            Some(row) if now.since(row.started_at) < stale_ms => Some(Claim::InFlight),
            Some(_) | None => None,
        })
    }
}

impl DeskWrite<'_> {
    /// Claims a key for a request; a claim older than `stale_ms` without an answer passes on.
    pub fn claim_key(
        &self,
        (caller, route, key): (&str, &str, &str),
        body_hash: Digest,
        stale_ms: i64,
        now: Millis,
    ) -> Result<Claim, DeskError> {
        if let Some(claim) = self.look_at_key((caller, route, key), body_hash, stale_ms, now)? {
            return Ok(claim);
        }
        self.execute(
            "INSERT INTO idempotency (caller, route, key, body_hash, started_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (caller, route, key) DO UPDATE SET started_at = ?5",
            params![caller, route, key, body_hash.as_bytes(), now.0],
        )?;
        Ok(Claim::Started)
    }

    /// Keeps the answer of a claimed key.
    pub fn keep_answer(
        &self,
        (caller, route, key): (&str, &str, &str),
        answer: &KeptAnswer,
    ) -> Result<(), DeskError> {
        let sql =
            "UPDATE idempotency SET status = ?4, body = ?5 WHERE caller = ?1 AND route = ?2 AND key = ?3";
        self.execute(sql, params![caller, route, key, answer.status, answer.body])?;
        Ok(())
    }

    /// Lets a key go: the request ended in an answer that may be tried again.
    pub fn release_key(&self, (caller, route, key): (&str, &str, &str)) -> Result<(), DeskError> {
        let sql = "DELETE FROM idempotency WHERE caller = ?1 AND route = ?2 AND key = ?3 AND status IS NULL";
        self.execute(sql, params![caller, route, key])?;
        Ok(())
    }
}
