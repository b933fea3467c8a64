//! `cargo xtask gen`: the `OpenAPI` document, and the TypeScript types made from it.
//!
//! The document is written by the server itself, so that it cannot say anything else than the
//! router does; the types are made from the document. Both are in git, and `--check` fails when
//! one of them is older than its source.

use crate::root::{below, root, shown};
use crate::run::quietly;
use crate::web;
use anyhow::{Context, Result, bail};
use std::path::Path;

const DOCUMENT: &str = "web/shared/api/openapi.json";
const TYPES: &str = "web/shared/api/schema.d.ts";

/// Write both files, or with `check` compare them with what would be written.
pub(crate) fn generate(check: bool) -> Result<()> {
    let document = quietly(
        "cargo",
        &["run", "--quiet", "--package", "yinxin-server", "--bin", "yinxin", "--", "openapi"],
        &root(),
    )?;
    settle(&below(DOCUMENT), &document, check)?;
    web::packages("web")?;
    let types =
        quietly("npx", &["--no-install", "openapi-typescript", "shared/api/openapi.json"], &below("web"))?;
    settle(&below(TYPES), &types, check)
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

    #[test]
    fn a_stale_file_fails_the_check_and_is_mended_by_the_writing() {
        let path = std::env::temp_dir().join(format!("yinxin-gen-{}.json", std::process::id()));
        std::fs::write(&path, "old").unwrap();
        assert!(settle(&path, "new", true).is_err());
        settle(&path, "new", false).unwrap();
        settle(&path, "new\n", true).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
