//! `cargo xtask tidy`: what makes the house stay the house, kept by a machine.
//!
//! Each part returns a list of findings; a finding names the file and says what to do. Each part
//! has a test on a small fixture that shows that it can fail.

mod arrows;
mod attributes;
mod codes;
mod docs;
mod lengths;
mod locales;
mod names;
mod settings;
mod twins;

use crate::root::root;
use anyhow::{Result, bail};
use std::path::Path;

type Check = fn(&Path) -> Result<Vec<String>>;

const CHECKS: [(&str, Check); 9] = [
    ("arrows between crates", arrows::check),
    ("file lengths", lengths::check),
    ("names of modules", names::check),
    ("attributes and imports", attributes::check),
    ("twin documents", twins::check),
    ("documents name what exists", docs::check),
    ("locales", locales::check),
    ("problem codes", codes::check),
    ("configuration and options", settings::check),
];

/// Run every check and print every finding.
pub(crate) fn tidy() -> Result<()> {
    let root = root();
    let mut findings = 0_usize;
    for (name, check) in CHECKS {
        let found = check(&root)?;
        println!("{} {name}", if found.is_empty() { "ok    " } else { "FAILED" });
        for finding in &found {
            println!("       {finding}");
        }
        findings = findings.saturating_add(found.len());
    }
    if findings == 0 { Ok(()) } else { bail!("tidy: {findings} finding(s)") }
}

/// Fixtures for the tests of the checks: a small project in a temporary folder.
#[cfg(test)]
pub(crate) mod fixture {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(0);

    /// A folder that is removed when the test ends.
    pub(crate) struct Project(PathBuf);

    impl Project {
        /// Write these files into a new folder.
        pub(crate) fn with(files: &[(&str, &str)]) -> Self {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let folder = std::env::temp_dir().join(format!("yinxin-tidy-{}-{number}", std::process::id()));
            for (path, text) in files {
                let path = folder.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Self(folder)
        }

        /// Where it lies.
        pub(crate) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Project {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
