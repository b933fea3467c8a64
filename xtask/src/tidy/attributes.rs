//! Silenced lints give their reason, and the web apps meet only in `web/shared`.

use crate::root::{extension, files, shown};
use anyhow::Result;
use std::path::Path;

/// Written in two halves so that this file does not find itself.
const SILENCED: [&str; 2] = [concat!("#[al", "low("), concat!("#![al", "low(")];

/// The apps that never import one another.
const APPS: [&str; 3] = ["wallet", "checkout", "console"];

/// Look at every source file.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(root, &|path| extension(path) == "rs") {
        let text = std::fs::read_to_string(&path)?;
        let name = shown(&path, root);
        for (number, line) in text.lines().enumerate() {
            if SILENCED.iter().any(|start| line.trim_start().starts_with(start)) {
                let line_number = number.saturating_add(1);
                findings.push(format!("{name}:{line_number}: write #[expect(lint, reason = \"…\")]"));
            }
        }
    }
    for app in APPS {
        let folder = root.join("web").join(app);
        for path in files(&folder, &|path| matches!(extension(path), "ts" | "vue")) {
            let text = std::fs::read_to_string(&path)?;
            let name = shown(&path, root);
            findings.extend(
                foreign_imports(app, &text)
                    .map(|line| format!("{name}: apps meet only in web/shared: {line}")),
            );
        }
    }
    Ok(findings)
}

fn foreign_imports<'a>(app: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().map(str::trim).filter(move |line| {
        let imports = line.starts_with("import ") || line.starts_with("export ") || line.contains("import(");
        imports && APPS.iter().any(|other| *other != app && leads_to(line, other))
    })
}

fn leads_to(line: &str, app: &str) -> bool {
    line.contains(&format!("../{app}/")) || line.contains(&format!("@yinxin/{app}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_silenced_lint_without_a_reason_is_found() {
        let text = format!("fn a() {{}}\n  {}dead_code)]\nfn b() {{}}\n", SILENCED[0]);
        let project = Project::with(&[("crates/a/src/lib.rs", &text)]);
        assert_eq!(
            check(project.path()).unwrap(),
            ["crates/a/src/lib.rs:2: write #[expect(lint, reason = \"…\")]"]
        );
    }

    #[test]
    fn an_app_that_imports_another_app_is_found() {
        let project = Project::with(&[
            ("web/wallet/src/a.ts", "import { pane } from '../../checkout/src/pane';\n"),
            ("web/checkout/src/b.ts", "import { money } from '../../shared/money';\n"),
        ]);
        let findings = check(project.path()).unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("web/wallet/src/a.ts"));
    }
}
