//! No public question of the store goes untested: each is called by name in this suite, which runs on both engines.

use std::collections::BTreeSet;
use std::path::Path;

/// Where the store's questions are.
const SOURCES: [&str; 5] = ["desk", "journal.rs", "lease.rs", "lib.rs", "views/mod.rs"];
/// Public functions that ask the database nothing, or are how every test here begins.
const NOT_QUESTIONS: [&str; 13] = [
    "columns",
    "disk",
    "from_word",
    "is_taken",
    "kind",
    "new",
    "number",
    "of_postgres",
    "open",
    "open_postgres",
    "read",
    "word",
    "write",
];

fn sources(path: &Path) -> Vec<String> {
    if path.is_file() {
        return vec![std::fs::read_to_string(path).unwrap()];
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| sources(&path)).collect()
}

fn public_functions(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub const fn "))?;
        rest.split(['(', '<']).next()
    })
}

#[test]
fn every_public_question_is_asked_on_both_engines() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let asked: String = sources(&source.join("tests")).concat();
    let texts: Vec<String> = SOURCES.iter().flat_map(|path| sources(&source.join(path))).collect();
    let questions: BTreeSet<&str> = texts.iter().flat_map(|text| public_functions(text)).collect();
    assert!(questions.len() > 80, "the questions were not found: {questions:?}");
    let unasked: Vec<&&str> = questions
        .iter()
        .filter(|name| !NOT_QUESTIONS.contains(name) && !asked.contains(&format!(".{name}(")))
        .collect();
    assert!(unasked.is_empty(), "no test asks {unasked:?}");
}
