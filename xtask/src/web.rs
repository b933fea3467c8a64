//! The web apps: packages installed when the lock changed, bundles built when a source changed.

use crate::root::{below, extension, files};
use crate::run::run;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The apps that are built into the binary, in the order in which they are built.
const APPS: [&str; 2] = ["wallet", "checkout"];

/// Install and build whatever is older than its sources.
pub(crate) fn build() -> Result<()> {
    if !below("web/package.json").is_file() {
        return Ok(());
    }
    packages("web")?;
    for app in APPS {
        if is_stale(app) {
            run(
                "npm",
                &["run", "--silent", &format!("build:{app}"), "--", "--logLevel", "warn"],
                &below("web"),
            )?;
        } else {
            println!("web/{app}: up to date");
        }
    }
    Ok(())
}

/// `npm ci` in a folder, unless it was done for the very same lock file.
pub(crate) fn packages(folder: &str) -> Result<()> {
    let folder_path = below(folder);
    let lock = std::fs::read(folder_path.join("package-lock.json"))
        .with_context(|| format!("{folder}/package-lock.json is missing"))?;
    let stamp = folder_path.join("node_modules/.lock-installed");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], &folder_path)?;
    std::fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Node must be there and new enough; npm comes with it.
pub(crate) fn node_is_there() -> Result<()> {
    let version = crate::run::quietly("node", &["--version"], &below(""))
        .context("Node 20.19 or newer is needed (Debian: apt-get install nodejs npm, or nodejs.org)")?;
    if major_version(&version).is_some_and(|major| major >= 20) {
        return Ok(());
    }
    bail!("Node 20.19 or newer is needed, this one is {}", version.trim())
}

fn major_version(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// A bundle is stale when it is absent or when any source, shared source or setting is newer.
fn is_stale(app: &str) -> bool {
    let web = below("web");
    let Some(built) = changed(&web.join(app).join("dist/index.html")) else { return true };
    sources(&web, app).iter().any(|source| changed(source).is_none_or(|at| at > built))
}

fn sources(web: &Path, app: &str) -> Vec<PathBuf> {
    let mut all = files(&web.join(app), &|_| true);
    all.extend(files(&web.join("shared"), &|_| true));
    all.extend(files(&web.join("tools"), &|_| true));
    let Ok(entries) = std::fs::read_dir(web) else { return all };
    let settings = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    all.extend(settings.filter(|path| matches!(extension(path), "json" | "ts" | "js" | "mjs")));
    all
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|facts| facts.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_node_prints() {
        assert_eq!(major_version("v20.20.2\n"), Some(20));
        assert_eq!(major_version("20.20.2"), None);
    }

    #[test]
    fn a_bundle_that_was_never_built_is_stale() {
        assert!(is_stale("no-such-app"));
    }
}
