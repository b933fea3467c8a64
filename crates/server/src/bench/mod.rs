//! Measurements of the real program: a server as a process of its own, real TLS over loopback, real signatures.
//!
//! ```text
//! world: data directory filled in bulk ─▶ host: the real door and routes, another process ◀─ TLS ─ load: signed before, sent now
//! verify: bare signature checks on every core, between the rounds ─▶ report: medians, ratios, verdicts
//! ```
//!
//! Only ratios taken in one interleaved run can be compared between machines.

mod authority;
mod chance;
mod filling;
mod growth;
mod host;
mod load;
mod machine;
mod memory;
mod open;
mod pay;
mod payer;
mod pgbench;
mod postgres;
mod process;
mod report;
mod side;
mod verify;
mod wire;
mod world;

pub(crate) use authority::pki;
pub(crate) use growth::{Growth, growth};
pub(crate) use host::host;
pub(crate) use open::open;
pub(crate) use pay::pay;
pub(crate) use pgbench::pgbench;
pub(crate) use report::Tell;

use std::path::PathBuf;

/// How much load, on which books.
pub(crate) struct Load {
    /// Connections that pay at once.
    pub(crate) clients: u32,
    /// Length of a round, in seconds.
    pub(crate) seconds: f64,
    /// Rounds.
    pub(crate) rounds: u32,
    /// People with a certificate.
    pub(crate) people: u32,
    /// Payments in the books before the first round.
    pub(crate) preload: u64,
    /// Where the books are kept.
    pub(crate) data: Option<PathBuf>,
    /// The PostgreSQL that holds them, where they are not files.
    pub(crate) database: Option<String>,
}

impl Load {
    fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.people >= 2, "one person cannot pay");
        anyhow::ensure!(self.clients >= 1 && self.rounds >= 1, "nothing to measure");
        let fits = self.seconds.is_finite() && (0.1..=600.0).contains(&self.seconds);
        anyhow::ensure!(fits, "a round takes 0.1 to 600 seconds");
        Ok(())
    }
}

/// Numbers of a measurement are told as floats; 2⁵³ of anything are never counted here.
#[expect(clippy::cast_precision_loss, reason = "counts of a measurement are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
