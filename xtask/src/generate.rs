//! `cargo xtask gen`: golden vectors, the `OpenAPI` document, and the TypeScript types made from it.
//!
//! Vectors and document are written by the tests that otherwise compare them (`YINXIN_BLESS=1`), so
//! that they cannot say anything else than the code does; the types are made from the document. All
//! are in git. With `--check` the types are compared; the rest is compared by the Rust tests.

use crate::root::{below, extension, files, root, shown};
use crate::run::{command, quietly};
use crate::web;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::path::Path;

/// With this in the environment a comparing test writes what it would compare.
const BLESS: &str = "YINXIN_BLESS";
const TYPES: &str = "web/shared/api/schema.d.ts";

/// Write the generated files, or with `check` compare the types.
pub(crate) fn generate(check: bool) -> Result<()> {
    if !check {
        bless(&root())?;
    }
    web::packages("web")?;
    let types =
        quietly("npx", &["--no-install", "openapi-typescript", "shared/api/openapi.json"], &below("web"))?;
    settle(&below(TYPES), &types, check)
}

/// Run the tests of every crate that has something to write.
fn bless(root: &Path) -> Result<()> {
    for name in blessed(root)? {
        println!("{name}: writing what its tests compare");
        let mut cargo = command("cargo", &["test", "--quiet", "--package", &name], root);
        ensure!(cargo.env(BLESS, "1").status()?.success(), "the tests of {name} failed while writing");
    }
    Ok(())
}

/// The crates whose tests know how to write.
fn blessed(root: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for path in files(&root.join("crates"), &|path| extension(path) == "rs") {
        if std::fs::read_to_string(&path)?.contains(BLESS) {
            let below = path.strip_prefix(root.join("crates"))?;
            let folder = below.iter().next().context("a file outside every crate")?;
            names.insert(format!("yinxin-{}", folder.display()));
        }
    }
    Ok(names)
}

fn settle(path: &Path, fresh: &str, check: bool) -> Result<()> {
    let name = shown(path, &root());
    let same = std::fs::read_to_string(path).is_ok_and(|kept| kept.trim_end() == fresh.trim_end());
    match (same, check) {
        (true, _) => println!("{name}: up to date"),
        (false, true) => bail!("{name} is not what its source says; run `cargo xtask gen` and commit it"),
        (false, false) => {
            std::fs::write(path, fresh).with_context(|| format!("cannot write {name}"))?;
            println!("{name}: written");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_stale_file_fails_the_check_and_is_mended_by_the_writing() {
        let project = Project::with(&[("types.ts", "old")]);
        let path = project.path().join("types.ts");
        assert!(settle(&path, "new", true).is_err());
        settle(&path, "new", false).unwrap();
        settle(&path, "new\n", true).unwrap();
    }

    #[test]
    fn the_crates_that_write_are_found_by_what_their_tests_read() {
        let project = Project::with(&[
            ("crates/tlog/tests/vectors.rs", "std::env::var_os(\"YINXIN_BLESS\")"),
            ("crates/core/src/lib.rs", "//! nothing to write"),
        ]);
        assert_eq!(blessed(project.path()).unwrap(), BTreeSet::from(["yinxin-tlog".to_owned()]));
    }
}
