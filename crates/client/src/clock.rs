//! The clocks that a client is given.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use yinxin_core::Millis;

/// The two clocks: the calendar's for validity, the stopwatch for durations.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// The time of day.
    pub now: fn() -> Millis,
    /// Time since some fixed moment; never goes back.
    pub elapsed: fn() -> Duration,
}

impl Clocks {
    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self { now: system_now, elapsed: system_elapsed }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the system clock")]
fn system_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "this is the system clock")]
fn system_elapsed() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
