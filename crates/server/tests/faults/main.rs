//! The real program under faults: it is killed, the power goes, the disk fills up or fails, the clock jumps, its database
//! goes away.
//!
//! Each harness runs a short round in every test run and a longer one when an environment variable says so:
//! `YINXIN_KILLS=1000 YINXIN_POWER_CUTS=200 cargo test -p yinxin-server --test faults`. `cargo xtask soak` mixes them for as
//! long as it is told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod disk;
mod kills;
#[path = "../newcomer/mod.rs"]
mod newcomer;
mod nodes;
mod order;
mod patroni;
mod people;
mod postgres;
mod powercut;
mod program;
mod shim;
mod soak;
mod undo;

/// A number from the environment, or the ordinary one.
fn rounds(variable: &str, ordinary: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(ordinary)
}
