//! Documents in two languages have the same headings, and the README stays short.

use crate::root::{extension, files, shown};
use anyhow::Result;
use std::path::{Path, PathBuf};

const MAX_README_LINES: usize = 120;

/// Compare the READMEs and each pair of guides.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut pairs = vec![(root.join("README.md"), root.join("README.zh-CN.md"))];
    pairs.extend(guides(root));
    for (english, chinese) in pairs {
        let name = shown(&english, root);
        if !english.is_file() || !chinese.is_file() {
            findings.push(format!("{name}: it or its twin {} is missing", shown(&chinese, root)));
            continue;
        }
        let (one, other) = (std::fs::read_to_string(&english)?, std::fs::read_to_string(&chinese)?);
        if levels(&one) != levels(&other) {
            findings.push(format!(
                "{name}: {:?}, its twin: {:?}: not the same headings",
                levels(&one),
                levels(&other)
            ));
        }
        for (path, text) in [(&english, &one), (&chinese, &other)] {
            let lines = text.lines().count();
            if name.starts_with("README") && lines > MAX_README_LINES {
                findings.push(format!("{}: {lines} lines, at most {MAX_README_LINES}", shown(path, root)));
            }
        }
    }
    Ok(findings)
}

/// Every guide of one language, with the place of its twin.
fn guides(root: &Path) -> Vec<(PathBuf, PathBuf)> {
    let (english, chinese) = (root.join("docs/guide/en"), root.join("docs/guide/zh"));
    let mut pairs: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (folder, is_english) in [(&english, true), (&chinese, false)] {
        for path in files(folder, &|path| extension(path) == "md") {
            let name = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
            let pair = (english.join(&name), chinese.join(&name));
            if is_english || !pair.0.exists() {
                pairs.push(pair);
            }
        }
    }
    pairs
}

/// The levels of the headings in order: `[1, 2, 2]`. The words are another language's.
fn levels(text: &str) -> Vec<usize> {
    let mut code = false;
    let mut levels = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            code = !code;
        } else if !code && line.starts_with('#') {
            levels.push(line.chars().take_while(|c| *c == '#').count());
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_heading_that_one_twin_lacks_and_a_missing_twin_are_found() {
        let project = Project::with(&[
            ("README.md", "# A\n## B\n```\n# no heading\n```\n"),
            ("README.zh-CN.md", "# 甲\n"),
            ("docs/guide/zh/pay.md", "# 付款\n"),
        ]);
        let findings = check(project.path()).unwrap();
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("not the same headings"));
        assert!(findings[1].contains("missing"));
    }

    #[test]
    fn a_long_readme_is_found() {
        let long = "text\n".repeat(121);
        let project = Project::with(&[("README.md", &long), ("README.zh-CN.md", "短\n")]);
        assert_eq!(check(project.path()).unwrap(), ["README.md: 121 lines, at most 120"]);
    }
}
