//! A module is named after what it does: never util, common, helper or misc.

use crate::root::{extension, files, shown};
use anyhow::Result;
use std::path::Path;

const NAMELESS: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "misc", "shared_code", "stuff"];

/// Look at the names of source files, of their folders, and of inline modules.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(root, &|path| matches!(extension(path), "rs" | "ts" | "vue" | "mjs" | "js")) {
        let name = shown(&path, root);
        let parts = name.split(['/', '.']).map(str::to_lowercase);
        if let Some(bad) = parts.clone().find(|part| NAMELESS.contains(&part.as_str())) {
            findings.push(format!("{name}: `{bad}` says nothing; name what it does"));
        }
        if extension(&path) == "rs" {
            let text = std::fs::read_to_string(&path)?;
            findings.extend(inline_modules(&text).map(|bad| format!("{name}: module `{bad}` says nothing")));
        }
    }
    Ok(findings)
}

fn inline_modules(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "mod").filter(|at| *at <= 1)?;
        let name = words.get(at.checked_add(1)?)?.trim_end_matches([';', '{']);
        NAMELESS.contains(&name).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn nameless_modules_are_found_in_files_folders_and_text() {
        let project = Project::with(&[
            ("crates/a/src/utils.rs", ""),
            ("web/common/pay.ts", ""),
            ("crates/a/src/lib.rs", "pub mod helper {\n}\nmod payment;\n"),
        ]);
        let findings = check(project.path()).unwrap();
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].contains("module `helper`"));
    }
}
