//! What the tests need beside Rust and Node: system packages, a linter for certificates.
//!
//! Says what is missing before it installs anything, and stops with the command to run by hand
//! where it may not install (not root, no sudo without a password, no apt, or `--no-install`).

use crate::root::{below, root};
use crate::run::{command, on_path, quietly, run};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A system package and how to see that it is there.
pub(crate) struct Package {
    /// Its name in Debian.
    pub(crate) name: &'static str,
    /// Why the tests need it.
    pub(crate) reason: &'static str,
    /// Looks.
    pub(crate) is_there: fn() -> bool,
}

const PACKAGES: [Package; 8] = [
    Package {
        name: "age",
        reason: "backups are opened by a second implementation",
        is_there: || on_path("age"),
    },
    Package {
        name: "chromium",
        reason: "the browser tests",
        is_there: || Path::new("/usr/bin/chromium").exists(),
    },
    Package { name: "fonts-noto-cjk", reason: "Chinese on the screenshots", is_there: has_chinese_font },
    Package {
        name: "openssl",
        reason: "certificates are read by a second implementation",
        is_there: || on_path("openssl"),
    },
    Package {
        name: "postgresql",
        reason: "the store's conformance on its second engine; every test process starts a server of its own",
        is_there: has_postgresql,
    },
    Package {
        name: "python3-venv",
        reason: "the certificate linter's own Python environment",
        is_there: has_python_venv,
    },
    Package {
        name: "faketime",
        reason: "the clock of the real program is set back and forward",
        is_there: || on_path("faketime"),
    },
    Package {
        name: "strace",
        reason: "the order of a payment's sync and answer",
        is_there: || on_path("strace"),
    },
];

/// Python tools, each in its own environment below `target/`.
const TOOLS: [(&str, &str); 2] = [("pkilint", "pkilint==0.13.3"), ("schemathesis", "schemathesis==4.32.5")];

/// Install what is missing, or say what is missing and stop.
pub(crate) fn all(may_install: bool) -> Result<()> {
    crate::web::node_is_there()?;
    system_packages(&PACKAGES, may_install)?;
    for (tool, requirement) in TOOLS {
        python_tool(tool, requirement, may_install)?;
    }
    Ok(())
}

/// Install what is missing of these, or say what is missing and stop.
pub(crate) fn system_packages(packages: &[Package], may_install: bool) -> Result<()> {
    let missing: Vec<&Package> = packages.iter().filter(|package| !(package.is_there)()).collect();
    if missing.is_empty() {
        println!("system packages: all there");
        return Ok(());
    }
    for package in &missing {
        println!("missing: {} ({})", package.name, package.reason);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let by_hand = by_hand(&names);
    let Some(prefix) = right_to_install().filter(|_| may_install) else {
        bail!("system packages are missing and may not be installed from here. Please run:\n  {by_hand}");
    };
    println!("installing through apt: {}", names.join(" "));
    apt(prefix, &["update", "-q"])?;
    let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
    args.extend(&names);
    apt(prefix, &args).with_context(|| format!("please install them by hand:\n  {by_hand}"))
}

/// With recommended packages the browser pulls in half a desktop: leave them out.
fn by_hand(names: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", names.join(" "))
}

/// The words before `apt-get`: none for root, `sudo -n` where it needs no password.
fn right_to_install() -> Option<&'static [&'static str]> {
    if !on_path("apt-get") {
        return None;
    }
    if quietly("id", &["-u"], &root()).is_ok_and(|id| id.trim() == "0") {
        return Some(&[]);
    }
    quietly("sudo", &["-n", "true"], &root()).is_ok().then_some(&["sudo", "-n"])
}

fn apt(prefix: &[&str], args: &[&str]) -> Result<()> {
    let mut words: Vec<&str> = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(args);
    let (program, rest) = words.split_first().context("no command")?;
    run(program, rest, &root())
}

fn python_tool(tool: &str, requirement: &str, may_install: bool) -> Result<()> {
    let home = below("target").join(tool);
    let stamp = home.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirement) {
        println!("{requirement}: there");
        return Ok(());
    }
    let home_text = home.display().to_string();
    let pip = home.join("bin/pip").display().to_string();
    if !may_install {
        bail!(
            "{requirement} is missing. Please run:\n  python3 -m venv {home_text} && {pip} install {requirement}"
        );
    }
    println!("installing through pip into target/{tool}: {requirement}");
    run("python3", &["-m", "venv", &home_text], &root())?;
    run(&pip, &["install", "--quiet", requirement], &root())?;
    std::fs::write(&stamp, requirement).with_context(|| format!("cannot write {}", stamp.display()))
}

fn has_chinese_font() -> bool {
    quietly("fc-list", &[":lang=zh"], &root()).is_ok_and(|fonts| !fonts.trim().is_empty())
}

/// Debian keeps the server's programs out of the path, one folder for each version.
fn has_postgresql() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("bin/initdb").exists())
}

fn has_python_venv() -> bool {
    command("python3", &["-c", "import ensurepip, venv"], &root())
        .output()
        .is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_every_missing_package() {
        assert_eq!(
            by_hand(&["chromium", "openssl"]),
            "sudo apt-get install --no-install-recommends chromium openssl"
        );
    }

    #[test]
    fn a_missing_tool_that_may_not_be_installed_stops_with_the_command() {
        let error = python_tool("no-such-tool", "no-such-tool==1", false).unwrap_err().to_string();
        assert!(error.contains("pip install no-such-tool==1"), "{error}");
    }
}
