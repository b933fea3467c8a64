//! `cargo xtask deny`: licences, advisories and sources of the dependencies.
//!
//! Not part of `test`: building the tool takes several minutes, and a new advisory must not turn
//! yesterday's green commit red.

use crate::root::root;
use crate::run::{on_path, run};
use anyhow::Result;

/// The version that read our `deny.toml` last.
const VERSION: &str = "0.20.2";

/// Install cargo-deny when it is not there, then run it.
pub(crate) fn deny() -> Result<()> {
    if !on_path("cargo-deny") {
        println!("cargo-deny is not installed: building it takes about ten minutes, once");
        run("cargo", &["install", "--locked", "--version", VERSION, "cargo-deny"], &root())?;
    }
    run("cargo", &["deny", "--all-features", "check"], &root())
}
