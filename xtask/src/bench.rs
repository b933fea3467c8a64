//! `cargo xtask bench`: the optimised program measures itself.

use crate::root::{below, root};
use crate::run::{command, quietly, run};
use anyhow::{Context, Result, bail};

/// Build the optimised program and hand over to `yinxin bench`, with the commit that is measured.
pub(crate) fn bench(args: &[String]) -> Result<()> {
    run("cargo", &["build", "--package", "yinxin-server", "--release"], &root())?;
    let binary = below("target/release/yinxin");
    let mut words = vec!["bench"];
    words.extend(args.iter().map(String::as_str));
    let commit = quietly("git", &["describe", "--always", "--dirty"], &root()).unwrap_or_default();
    let status = command(&binary.display().to_string(), &words, &root())
        .env("YINXIN_COMMIT", commit.trim())
        .status()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    if status.success() { Ok(()) } else { bail!("`yinxin {}` failed ({status})", words.join(" ")) }
}
