//! A path, crate, command or problem code that a document names must exist.
//!
//! Read are the links, the code spans and the command lines in code blocks of every Markdown file.
//! A document cannot promise a command that is not there, and a renamed file takes its documents
//! along.

use crate::root::{extension, files, shown};
use anyhow::Result;
use clap::CommandFactory;
use std::collections::BTreeSet;
use std::path::Path;

/// The folders whose names start a path in a code span.
const TOP: [&str; 11] = [
    "crates/",
    "web/",
    "docs/",
    "e2e/",
    "xtask/",
    "vectors/",
    ".ci/",
    "fuzz/",
    "bench/",
    ".cargo/",
    "packaging/",
];

/// What stands before the dot of a problem code.
pub(super) const GROUPS: [&str; 15] = [
    "verify",
    "person",
    "session",
    "enrolment",
    "certificate",
    "kit",
    "payment",
    "order",
    "limit",
    "merchant",
    "payee",
    "service",
    "request",
    "idempotency",
    "device",
];

/// What exists, as far as documents speak of it.
struct Facts {
    crates: BTreeSet<String>,
    chores: BTreeSet<String>,
    commands: BTreeSet<String>,
    /// All Rust source of the rooms and the web's list of codes in one string, to look for codes in.
    source: String,
}

/// Read every document.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let facts = facts(root)?;
    let mut findings = Vec::new();
    for path in files(root, &|path| extension(path) == "md") {
        let text = std::fs::read_to_string(&path)?;
        let name = shown(&path, root);
        let folder = path.parent().unwrap_or(root);
        findings.extend(
            links(&text)
                .filter(|link| !leads_somewhere(folder, link))
                .map(|link| format!("{name}: no file {link}")),
        );
        for span in spans(&text) {
            findings.extend(judge(&span, root, &facts).map(|why| format!("{name}: `{span}`: {why}")));
        }
    }
    for path in files(root, &|path| matches!(extension(path), "rs" | "ts" | "vue" | "mjs")) {
        let text = std::fs::read_to_string(&path)?;
        let name = shown(&path, root);
        let missing = named_documents(&text).filter(|document| !root.join(document).is_file());
        findings.extend(missing.map(|document| format!("{name}: no document {document}")));
    }
    Ok(findings)
}

/// The documents that comments refer to, such as `docs/ARCHITECTURE.md`.
fn named_documents(text: &str) -> impl Iterator<Item = &str> {
    let comments =
        text.lines().map(str::trim_start).filter(|line| line.starts_with("//") || line.starts_with('*'));
    comments.flat_map(|line| line.split([' ', '`', '(', ')', ',', ';', ':'])).filter_map(|word| {
        let word = word.trim_end_matches(['.', '#']);
        (word.starts_with("docs/") && extension(Path::new(word)) == "md").then_some(word)
    })
}

fn facts(root: &Path) -> Result<Facts> {
    let mut crates = BTreeSet::new();
    for manifest in files(root, &|path| path.ends_with("Cargo.toml")) {
        let text = std::fs::read_to_string(manifest)?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        crates.extend(name.map(str::to_owned));
    }
    let mut source = String::new();
    let speaks_codes = |path: &Path| extension(path) == "rs" || path.ends_with("problem-codes.ts");
    for path in
        [files(&root.join("crates"), &speaks_codes), files(&root.join("web/shared"), &speaks_codes)].concat()
    {
        source.push_str(&std::fs::read_to_string(path)?.replace('\'', "\""));
    }
    let mut commands = BTreeSet::new();
    for path in files(&root.join("crates/server/src"), &|path| extension(path) == "rs") {
        commands.extend(subcommands(&std::fs::read_to_string(path)?));
    }
    let chores =
        crate::Chores::command().get_subcommands().map(|chore| chore.get_name().to_owned()).collect();
    Ok(Facts { crates, chores, commands, source })
}

/// What is wrong with a code span, if anything.
fn judge(span: &str, root: &Path, facts: &Facts) -> Option<String> {
    let mut words = span.split_whitespace();
    match (words.next()?, words.next(), words.next()) {
        ("cargo", Some("xtask"), Some(chore)) if is_name(chore) => {
            (!facts.chores.contains(chore)).then(|| format!("no chore `{chore}`"))
        }
        ("yinxin" | "./yinxin", Some(command), _) if is_name(command) => {
            (!facts.commands.contains(command)).then(|| format!("no command `{command}`"))
        }
        (one, None, _) => judge_word(one, root, facts),
        _ => None,
    }
}

fn judge_word(word: &str, root: &Path, facts: &Facts) -> Option<String> {
    if TOP.iter().any(|top| word.starts_with(top)) {
        let until = word.find(['*', '{', '<', '…', ':']).unwrap_or(word.len());
        let path = word.get(..until).unwrap_or(word).trim_end_matches('/');
        return (!root.join(path).exists()).then(|| "no such path".to_owned());
    }
    if word.starts_with("yinxin-")
        && is_name(word)
        && !facts.crates.contains(word)
        && !word.contains("receipt")
    {
        return Some("no such crate".to_owned());
    }
    let (group, rest) = word.split_once('.')?;
    let is_code = GROUPS.contains(&group)
        && !rest.is_empty()
        && rest.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_code && !facts.source.contains(&format!("\"{word}\""))).then(|| "no such problem code".to_owned())
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// The targets of relative links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|part| part.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with(['#', '<']) && !target.contains(' '))
}

fn leads_somewhere(folder: &Path, link: &str) -> bool {
    let path = link.split('#').next().unwrap_or(link);
    folder.join(path).exists()
}

/// Code spans, and the lines of code blocks that start with one of our commands.
fn spans(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if code {
            let command = line.trim().trim_start_matches("$ ");
            if command.starts_with("cargo xtask ") || command.starts_with("yinxin ") {
                found.push(command.to_owned());
            }
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The variants of the enum that derives `Subcommand`, as they are typed.
fn subcommands(text: &str) -> Vec<String> {
    let Some((_, after)) = text.split_once("Subcommand)]").or_else(|| text.split_once("Subcommand, Debug)]"))
    else {
        return Vec::new();
    };
    let Some((_, body)) = after.split_once('{') else { return Vec::new() };
    let mut depth = 0_i32;
    let mut found = Vec::new();
    for line in body.lines() {
        let word = line.trim();
        let name: String = word.chars().take_while(char::is_ascii_alphanumeric).collect();
        if depth == 0 && name.starts_with(|c: char| c.is_ascii_uppercase()) {
            found.push(kebab(&name));
        }
        if !word.starts_with("//") {
            for c in word.chars() {
                depth += i32::from(matches!(c, '{' | '(' | '[')) - i32::from(matches!(c, '}' | ')' | ']'));
            }
        }
        if depth < 0 {
            break;
        }
    }
    found
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    const MAIN: &str = "#[derive(Subcommand)]\nenum Command {\n    /// Start {it}.\n    Serve(ServeArgs),\n    \
                        #[command(name = \"x\")]\n    DoctorNow { a: u8 },\n}\nconst C: &str = \"payment.expired\";\n";

    fn findings(document: &str) -> Vec<String> {
        let project = Project::with(&[
            ("crates/server/src/main.rs", MAIN),
            ("crates/server/Cargo.toml", "[package]\nname = \"yinxin-server\"\n"),
            ("docs/a.md", document),
        ]);
        check(project.path()).unwrap()
    }

    #[test]
    fn what_does_not_exist_is_found() {
        let text = "[gone](./b.md) `crates/nowhere` `yinxin-nothing` `cargo xtask fly` `payment.flies`\n\
                    ```sh\nyinxin fly --high\n```\n";
        assert_eq!(findings(text).len(), 6, "{:?}", findings(text));
    }

    #[test]
    fn a_comment_that_refers_to_a_document_which_is_not_there_is_found() {
        let project = Project::with(&[
            ("crates/a/src/lib.rs", "//! The bytes (`docs/reference/gone.md`), see docs/a.md.\nfn a() {}\n"),
            ("docs/a.md", "here\n"),
        ]);
        assert_eq!(
            check(project.path()).unwrap(),
            ["crates/a/src/lib.rs: no document docs/reference/gone.md"]
        );
    }

    #[test]
    fn what_exists_is_not_found() {
        let text = "[here](a.md#top) [far](https://example.org/x) `crates/server/src/*.rs` `yinxin-server`\n\
                    `cargo xtask tidy` `yinxin serve` `yinxin doctor-now` `payment.expired` `a.b` `payment.Foo`\n";
        assert_eq!(findings(text), Vec::<String>::new());
    }
}
