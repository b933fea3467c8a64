//! Sweeping: what is short-lived goes when its time is over, some rows at a time.

use super::{DeskError, DeskWrite};
use crate::sql::params;
use yinxin_core::Millis;

/// Rows that one sweep takes from one table at most, so that no write is held up for long.
const SWEEP_ROWS_MAX: u32 = 500;

/// Up to when each kind of row is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepUntil {
    /// Codes and challenges that expired before this.
    pub expired: Millis,
    /// Guess windows that closed before this.
    pub guesses: Millis,
    /// Sessions last used before this.
    pub sessions: Millis,
    /// Idempotency keys and verifications from before this.
    pub keys: Millis,
    /// Notices told before this.
    pub notices: Millis,
}

/// How many rows a sweep took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept(pub usize);

impl DeskWrite<'_> {
    /// Drops what is over, at most a few hundred rows of each table; call it again while it finds much.
    pub fn sweep(&self, until: SweepUntil) -> Result<Swept, DeskError> {
        let mut rows = 0;
        for (sql, before) in [
            (
                "DELETE FROM codes WHERE code IN (SELECT code FROM codes WHERE expires_at < ?1 LIMIT ?2)",
                until.expired,
            ),
            (
                "DELETE FROM challenges WHERE challenge IN
                   (SELECT challenge FROM challenges WHERE expires_at < ?1 LIMIT ?2)",
                until.expired,
            ),
            (
                "DELETE FROM login_challenges WHERE challenge IN
                   (SELECT challenge FROM login_challenges WHERE expires_at < ?1 LIMIT ?2)",
                until.expired,
            ),
            (
                "DELETE FROM totp_offers WHERE person IN
                   (SELECT person FROM totp_offers WHERE expires_at < ?1 LIMIT ?2)",
                until.expired,
            ),
            (
                "DELETE FROM guesses WHERE counter IN (SELECT counter FROM guesses WHERE closes_at < ?1 LIMIT ?2)",
                until.guesses,
            ),
            (
                "DELETE FROM sessions WHERE token_hash IN
                   (SELECT token_hash FROM sessions WHERE seen_at < ?1 LIMIT ?2)",
                until.sessions,
            ),
            (
                "DELETE FROM idempotency WHERE (caller, route, key) IN
                   (SELECT caller, route, key FROM idempotency WHERE started_at < ?1 LIMIT ?2)",
                until.keys,
            ),
            (
                "DELETE FROM verifications WHERE (certificate, text_hash) IN
                   (SELECT certificate, text_hash FROM verifications WHERE verified_at < ?1 LIMIT ?2)",
                until.keys,
            ),
            (
                "DELETE FROM notices WHERE notice IN (SELECT notice FROM notices WHERE told_at < ?1 LIMIT ?2)",
                until.notices,
            ),
        ] {
            rows += self.execute(sql, params![before.0, SWEEP_ROWS_MAX])?;
        }
        Ok(Swept(rows))
    }
}
