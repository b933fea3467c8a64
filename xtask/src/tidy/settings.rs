//! The reference of the configuration names every key and variable, and no other.

use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

const SOURCE: &str = "crates/server/src/config.rs";
const REFERENCE: &str = "docs/reference/configuration.md";

/// Compare the two lists.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let (source, reference) = (root.join(SOURCE), root.join(REFERENCE));
    if !source.is_file() || !reference.is_file() {
        return Ok(Vec::new());
    }
    let known = in_source(&std::fs::read_to_string(source)?);
    let told = in_reference(&std::fs::read_to_string(reference)?);
    let missing =
        known.difference(&told).map(|pair| format!("{REFERENCE}: `{}` (`{}`) is missing", pair.1, pair.0));
    let invented =
        told.difference(&known).map(|pair| format!("{REFERENCE}: there is no `{}` (`{}`)", pair.1, pair.0));
    Ok(missing.chain(invented).collect())
}

/// `("YINXIN_DATA", "data")`, as they stand in the table of variables.
fn in_source(text: &str) -> BTreeSet<(String, String)> {
    let table = text.split("VARIABLES: ").nth(1).and_then(|rest| rest.split("];\n").next()).unwrap_or("");
    let pairs = table.lines().filter_map(|line| line.trim().strip_prefix("(\"YINXIN_")?.split_once("\", \""));
    pairs
        .filter_map(|(name, rest)| Some((format!("YINXIN_{name}"), rest.strip_suffix("\"),")?.to_owned())))
        .collect()
}

/// The first two columns of the table.
fn in_reference(text: &str) -> BTreeSet<(String, String)> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    rows.filter_map(|(key, rest)| Some((rest.split('`').next()?.to_owned(), key.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_key_that_is_not_told_and_one_that_does_not_exist_are_found() {
        let project = Project::with(&[
            (
                SOURCE,
                "const VARIABLES: [(&str, &str); 2] = [\n    (\"YINXIN_DATA\", \"data\"),\n    (\"YINXIN_LISTEN\", \"listen\"),\n];\n",
            ),
            (REFERENCE, "| `data` | `YINXIN_DATA` | – | x |\n| `colour` | `YINXIN_COLOUR` | – | x |\n"),
        ]);
        let expected = [
            "docs/reference/configuration.md: `listen` (`YINXIN_LISTEN`) is missing",
            "docs/reference/configuration.md: there is no `colour` (`YINXIN_COLOUR`)",
        ];
        assert_eq!(check(project.path()).unwrap(), expected);
    }
}
