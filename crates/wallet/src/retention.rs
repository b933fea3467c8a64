//! Retention: how long the desk keeps what is short-lived. What is evidence stays with its record.

use crate::sessions::{IDLE_MS, SESSION_LIFETIME_MS};
use crate::{Wallet, WalletError};
use std::sync::PoisonError;
use yinxin_core::Millis;
use yinxin_core::book::COMMAND_MEMORY_MS;
use yinxin_store::desk::SweepUntil;

/// Notices stay in the app's list for so long.
const NOTICES_MS: i64 = 400 * Millis::DAY;

/// How long rows of the desk are kept after their use.
#[expect(clippy::struct_field_names, reason = "a unit is the last word of its name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Sessions after their last use.
    sessions_ms: i64,
    /// Codes and challenges after they expired.
    codes_ms: i64,
    /// Idempotency keys with their answers, and verifications.
    keys_ms: i64,
}

/// A retention that a rule forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} are kept for at least {least_hours} hours")]
pub struct RetentionError {
    /// Which rows.
    pub what: &'static str,
    /// The shortest time.
    pub least_hours: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { sessions_ms: SESSION_LIFETIME_MS, codes_ms: Millis::HOUR, keys_ms: COMMAND_MEMORY_MS }
    }
}

impl Retention {
    /// Rows are kept for so many hours.
    ///
    /// # Errors
    /// A session ends when it was idle for 14 days and not before; a repeated request finds its answer for 24 hours; a code is
    /// counted for an hour after it expired.
    pub fn of_hours(sessions: u32, codes: u32, keys: u32) -> Result<Self, RetentionError> {
        let at_least = |what, hours: u32, least_ms: i64| {
            let ms = i64::from(hours).saturating_mul(Millis::HOUR);
            let least_hours = least_ms / Millis::HOUR;
            if ms >= least_ms { Ok(ms) } else { Err(RetentionError { what, least_hours }) }
        };
        Ok(Self {
            sessions_ms: at_least("sessions", sessions, IDLE_MS)?,
            codes_ms: at_least("codes", codes, Millis::HOUR)?,
            keys_ms: at_least("idempotency keys", keys, COMMAND_MEMORY_MS)?,
        })
    }
}

impl Wallet {
    /// Keeps the desk's short-lived rows for as long as `retention` says, from the next sweep on.
    pub fn retain(&self, retention: Retention) {
        *self.inner.retention.lock().unwrap_or_else(PoisonError::into_inner) = retention;
    }

    /// Drops from the desk what is over: codes, challenges, guess windows, sessions, idempotency keys, verifications.
    pub fn sweep_desk(&self) -> Result<(), WalletError> {
        let now = self.now();
        let retention = *self.inner.retention.lock().unwrap_or_else(PoisonError::into_inner);
        let until = SweepUntil {
            expired: now.plus(-retention.codes_ms),
            guesses: now,
            sessions: now.plus(-retention.sessions_ms),
            keys: now.plus(-retention.keys_ms),
            notices: now.plus(-NOTICES_MS),
        };
        self.inner.store.desk.write(|tx| tx.sweep(until))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_dropped_while_a_rule_still_needs_it() {
        assert!(Retention::of_hours(14 * 24, 1, 24).is_ok());
        assert_eq!(Retention::of_hours(14 * 24 - 1, 1, 24).unwrap_err().least_hours, 14 * 24);
        assert_eq!(Retention::of_hours(14 * 24, 0, 24).unwrap_err().what, "codes");
        assert_eq!(Retention::of_hours(14 * 24, 1, 23).unwrap_err().what, "idempotency keys");
        assert_eq!(Retention::of_hours(90 * 24, 1, 24), Ok(Retention::default()));
    }
}
