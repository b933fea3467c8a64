//! `cargo xtask patroni`: the loss of `PostgreSQL`'s primary, played in network namespaces.
//!
//! Nothing of it is needed by `cargo xtask test`: Patroni, etcd and the tools for namespaces are installed here alone.

use crate::needs::{Package, system_packages};
use crate::root::{below, root};
use crate::run::{command, on_path, run};
use anyhow::{Context, Result, ensure};

const PACKAGES: [Package; 3] = [
    Package {
        name: "etcd-server",
        reason: "where Patroni keeps who is the primary",
        is_there: || on_path("etcd"),
    },
    Package { name: "iproute2", reason: "hosts as network namespaces", is_there: || on_path("ip") },
    Package { name: "python3-venv", reason: "Patroni's own Python environment", is_there: has_venv },
];

/// Debian's Python: the servers do not run as root, and another Python may lie where only root can read.
const PYTHON: &str = "/usr/bin/python3";
const REQUIREMENT: &str = "patroni[etcd3,psycopg3]==4.1.5";
/// The test, which passes over it without the variable.
const TEST: [&str; 9] =
    ["test", "-p", "yinxin-server", "--test", "faults", "patroni", "--", "--nocapture", "--test-threads=1"];

/// Play each fault so many times.
pub(crate) fn patroni(rounds: u32) -> Result<()> {
    crate::needs::all(true)?;
    system_packages(&PACKAGES, true)?;
    environment()?;
    let mut test = command("cargo", &TEST, &root());
    let well =
        test.env("YINXIN_PATRONI", rounds.to_string()).status().context("cannot start cargo")?.success();
    ensure!(well, "a payment was lost, or nobody could pay: what was said is below target/patroni/room");
    Ok(())
}

fn environment() -> Result<()> {
    let home = below("target/patroni/venv");
    let stamp = home.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENT) {
        return Ok(());
    }
    println!("installing through pip into target/patroni/venv: {REQUIREMENT}");
    let home = home.display().to_string();
    run(PYTHON, &["-m", "venv", "--clear", &home], &root())?;
    run(&format!("{home}/bin/pip"), &["install", "--quiet", REQUIREMENT], &root())?;
    std::fs::write(&stamp, REQUIREMENT).with_context(|| format!("cannot write {}", stamp.display()))
}

fn has_venv() -> bool {
    command(PYTHON, &["-c", "import ensurepip, venv"], &root())
        .output()
        .is_ok_and(|output| output.status.success())
}
