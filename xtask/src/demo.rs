//! `cargo xtask demo`: from the sources to a running demonstration in one command.

use crate::root::{below, root};
use crate::run::run;
use crate::web;
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Build the web apps and the server, then hand over to `yinxin demo`.
pub(crate) fn demo(debug: bool, args: &[String]) -> Result<()> {
    web::node_is_there()?;
    web::build()?;
    let mut cargo = vec!["build", "--package", "yinxin-server"];
    if !debug {
        cargo.push("--release");
    }
    run("cargo", &cargo, &root())?;
    let binary = below(if debug { "target/debug/yinxin" } else { "target/release/yinxin" });
    // The demonstration takes this process's place: it has the terminal, and every signal reaches it.
    let failed = Command::new(&binary).arg("demo").args(args).exec();
    Err(failed).with_context(|| format!("cannot start {}", binary.display()))
}
