//! One list of problem codes in three places: the server, the web app's words, the reference.

use crate::root::{extension, files};
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

const SERVER: &str = "crates/server/src/problem.rs";
const WEB: &str = "web/shared/api/problem-codes.ts";
const REFERENCE: &str = "docs/reference/problems.md";

/// Codes of this group are said by the app itself, without a server.
const OWN_GROUP: &str = "device.";

/// Compare the three lists.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let server = root.join(SERVER);
    if !server.is_file() {
        return Ok(Vec::new());
    }
    let server = codes(&std::fs::read_to_string(server)?, '"');
    let web = read(root, WEB, '\'')?;
    let reference = read(root, REFERENCE, '`')?;
    let mut findings = Vec::new();
    for code in &server {
        if !web.contains(code) {
            findings.push(format!("{WEB}: `{code}` of the server has no word"));
        }
    }
    for code in web.iter().filter(|code| !server.contains(*code) && !code.starts_with(OWN_GROUP)) {
        findings.push(format!("{WEB}: the server never says `{code}`"));
    }
    let all: BTreeSet<_> = server.union(&web).cloned().collect();
    findings.extend(all.difference(&reference).map(|code| format!("{REFERENCE}: `{code}` is missing")));
    findings.extend(reference.difference(&all).map(|code| format!("{REFERENCE}: nothing says `{code}`")));
    findings.extend(unused(root, &server)?);
    Ok(findings)
}

fn read(root: &Path, path: &str, quote: char) -> Result<BTreeSet<String>> {
    let path = root.join(path);
    if path.is_file() { Ok(codes(&std::fs::read_to_string(path)?, quote)) } else { Ok(BTreeSet::new()) }
}

/// Every quoted `group.name` of a text.
fn codes(text: &str, quote: char) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split(quote).skip(1).step_by(2))
        .filter(|word| is_code(word))
        .map(str::to_owned)
        .collect()
}

fn is_code(word: &str) -> bool {
    let Some((group, name)) = word.split_once('.') else { return false };
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_word(group) && is_word(name) && super::docs::GROUPS.contains(&group)
}

/// A code that nothing says is a promise that nobody keeps: its variant is named in the server, or
/// its text in the rooms behind it.
fn unused(root: &Path, server: &BTreeSet<String>) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root.join(SERVER))?;
    let (mut front, mut behind) = (String::new(), String::new());
    for path in files(&root.join("crates"), &|path| extension(path) == "rs") {
        let name = crate::root::shown(&path, root);
        let of_server = name.starts_with("crates/server/src/");
        if of_server || name.contains("/src/") {
            let place = if of_server { &mut front } else { &mut behind };
            place.push_str(&std::fs::read_to_string(path)?);
        }
    }
    let mut findings = Vec::new();
    for line in text.lines() {
        let Some((name, rest)) = line.trim().split_once(" = \"") else { continue };
        let Some(code) = rest.split('"').next().filter(|code| server.contains(*code)) else { continue };
        if !front.contains(&format!("Code::{name}")) && !behind.contains(&format!("\"{code}\"")) {
            findings.push(format!("{SERVER}: nothing answers `{code}`"));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_code_that_one_list_lacks_is_found() {
        let project = Project::with(&[
            (
                SERVER,
                "codes! {\n    A = \"payment.expired\", CONFLICT;\n    B = \"order.paid\", CONFLICT;\n}\nfn a() { Code::A; }\n",
            ),
            (WEB, "export const CODES = ['payment.expired', 'order.gone', 'device.offline']\n"),
            (REFERENCE, "| `payment.expired` | 422 |\n| `payment.flown` | 422 |\n"),
        ]);
        let findings = check(project.path()).unwrap();
        let expected = [
            "web/shared/api/problem-codes.ts: `order.paid` of the server has no word",
            "web/shared/api/problem-codes.ts: the server never says `order.gone`",
            "docs/reference/problems.md: `device.offline` is missing",
            "docs/reference/problems.md: `order.gone` is missing",
            "docs/reference/problems.md: `order.paid` is missing",
            "docs/reference/problems.md: nothing says `payment.flown`",
            "crates/server/src/problem.rs: nothing answers `order.paid`",
        ];
        assert_eq!(findings, expected);
    }
}
