//! The real program's front door: told to stop, told to load its certificate again, asked for more than one may have,
//! attacked.
//!
//! The tests measure times, so they run one after the other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured stands in the output of the test")]

mod attack;
mod caps;
mod ending;
mod flood;
mod kinds;
#[path = "../newcomer/mod.rs"]
mod newcomer;
mod program;
mod ratios;
mod timing;

use tokio::sync::Mutex;

/// Whoever holds it is alone: nobody else measures meanwhile.
static ALONE: Mutex<()> = Mutex::const_new(());
