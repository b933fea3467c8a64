//! A file tells one story: 400 lines of Rust or TypeScript without its tests, 250 of a component.

use crate::root::{extension, files, shown};
use anyhow::Result;
use std::path::Path;

const MAX_LINES: usize = 400;
const MAX_COMPONENT_LINES: usize = 250;

/// Measure every source file.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(root, &is_measured) {
        let text = std::fs::read_to_string(&path)?;
        let (lines, most) = match extension(&path) {
            "rs" => (lines_without_tests(&text), MAX_LINES),
            "vue" => (text.lines().count(), MAX_COMPONENT_LINES),
            _ => (text.lines().count(), MAX_LINES),
        };
        if lines > most {
            findings.push(format!("{}: {lines} lines, at most {most}", shown(&path, root)));
        }
    }
    Ok(findings)
}

/// Tests, dictionaries and generated types may be long.
fn is_measured(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let is_test = text.contains("/tests/") || text.ends_with("/tests.rs") || text.contains(".test.");
    let is_list = text.contains("/locales/") || text.ends_with(".d.ts");
    matches!(extension(path), "rs" | "vue" | "ts" | "mjs") && !is_test && !is_list
}

/// Tests stand last in a file: the count ends where their module begins.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair.first().is_some_and(|line| line.trim() == "#[cfg(test)]")
            && pair.get(1).is_some_and(|line| is_test_module(line))
    });
    tests.unwrap_or(lines.len())
}

fn is_test_module(line: &str) -> bool {
    let words = line.trim().trim_start_matches("pub(crate) ");
    words.starts_with("mod ") && words.ends_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_file_that_is_too_long_is_found_and_its_tests_are_free() {
        let long = "// line\n".repeat(401);
        let tested =
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "// line\n".repeat(399), "// test\n".repeat(300));
        let component = "<p/>\n".repeat(251);
        let project =
            Project::with(&[("a/long.rs", &long), ("a/tested.rs", &tested), ("a/Page.vue", &component)]);
        let findings = check(project.path()).unwrap();
        assert_eq!(findings, ["a/Page.vue: 251 lines, at most 250", "a/long.rs: 401 lines, at most 400"]);
    }
}
