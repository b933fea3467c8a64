//! Guess counters: tries of secrets in a window of time, counted before anything is compared.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::Millis;

const TABLE: &str = "guesses";

/// Where a counter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuessCount {
    /// Tries in the running window.
    pub count: u32,
    /// When the window closes and the count starts anew.
    pub closes_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<GuessCount, DeskError> {
    Ok(GuessCount { count: fields.integer("count")?, closes_at: fields.time("closes_at")? })
}

impl DeskRead<'_> {
    /// Where `counter` stands at `now`; `None` when no window is running.
    pub fn guesses(&self, counter: &str, now: Millis) -> Result<Option<GuessCount>, DeskError> {
        let sql = "SELECT * FROM guesses WHERE counter = ?1 AND closes_at > ?2";
        self.one(TABLE, sql, params![counter, now.0], read)
    }
}

impl DeskWrite<'_> {
    /// Adds one to `counter`, opening a window of `window_ms` when none is running; where it stands then.
    pub fn count_guess(&self, counter: &str, window_ms: i64, now: Millis) -> Result<GuessCount, DeskError> {
        self.execute(
            "INSERT INTO guesses (counter, opened_at, closes_at, count) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT (counter) DO UPDATE SET
               count     = CASE WHEN guesses.closes_at > ?2 THEN guesses.count + 1 ELSE 1 END,
               opened_at = CASE WHEN guesses.closes_at > ?2 THEN guesses.opened_at ELSE ?2 END,
               closes_at = CASE WHEN guesses.closes_at > ?2 THEN guesses.closes_at ELSE ?3 END",
            params![counter, now.0, now.plus(window_ms).0],
        )?;
        let stands = self.guesses(counter, now)?;
        Ok(stands.unwrap_or(GuessCount { count: 1, closes_at: now.plus(window_ms) }))
    }

    /// Takes one count back: the try was right.
    pub fn forgive_guess(&self, counter: &str) -> Result<(), DeskError> {
        let sql = "UPDATE guesses SET count = count - 1 WHERE counter = ?1 AND count > 0";
        self.execute(sql, params![counter])?;
        Ok(())
    }

    /// Forgets `counter`.
    pub fn reset_guesses(&self, counter: &str) -> Result<(), DeskError> {
        self.execute("DELETE FROM guesses WHERE counter = ?1", params![counter])?;
        Ok(())
    }
}
