//! The reference names every key and variable of the configuration and every option of the command
//! line, and no other.

use crate::root::{extension, files};
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

const SOURCE: &str = "crates/server/src/config.rs";
const REFERENCE: &str = "docs/reference/configuration.md";
const COMMANDS: &str = "crates/server/src/cli";
const OPTIONS: &str = "docs/reference/command-line.md";

/// Compare what the program knows with what the reference tells.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = keys(root)?;
    findings.extend(options(root)?);
    Ok(findings)
}

fn options(root: &Path) -> Result<Vec<String>> {
    let reference = root.join(OPTIONS);
    if !reference.is_file() {
        return Ok(Vec::new());
    }
    let mut known = BTreeSet::new();
    for path in files(&root.join(COMMANDS), &|path| extension(path) == "rs") {
        known.extend(fields_with_options(&std::fs::read_to_string(path)?));
    }
    let text = std::fs::read_to_string(reference)?;
    let spans =
        text.split('`').skip(1).step_by(2).filter_map(|span| span.strip_prefix("--")?.split(' ').next());
    let told: BTreeSet<String> = spans.map(str::to_owned).collect();
    let missing = known.difference(&told).map(|option| format!("{OPTIONS}: `--{option}` is missing"));
    let invented = told.difference(&known).filter(|option| *option != "help");
    Ok(missing.chain(invented.map(|option| format!("{OPTIONS}: there is no `--{option}`"))).collect())
}

/// `#[arg(long…)]` followed by `root_key: PathBuf` is the option `root-key`.
fn fields_with_options(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let after =
        lines.windows(2).filter(|pair| pair.first().is_some_and(|line| line.starts_with("#[arg(long")));
    let names = after.filter_map(|pair| pair.get(1)?.trim_start_matches("pub(crate) ").split_once(':'));
    names.map(|(name, _)| name.trim_start_matches("pub(super) ").replace('_', "-")).collect()
}

fn keys(root: &Path) -> Result<Vec<String>> {
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
    fn an_option_that_is_not_told_and_one_that_does_not_exist_are_found() {
        let project = Project::with(&[
            ("crates/server/src/cli/init.rs", "struct Init {\n    #[arg(long)]\n    root_key: PathBuf,\n}\n"),
            (OPTIONS, "| `--colour NAME` | x |\n`yinxin COMMAND --help`\n"),
        ]);
        let expected = [
            "docs/reference/command-line.md: `--root-key` is missing",
            "docs/reference/command-line.md: there is no `--colour`",
        ];
        assert_eq!(check(project.path()).unwrap(), expected);
    }

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
