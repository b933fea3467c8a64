//! Every sentence of the web apps lives in the dictionaries, and the dictionaries are twins:
//! the same files, the same keys, the same placeholders.

use crate::root::{extension, files, shown};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The same in every language: the name of the product, its seal, and what Chinese calls itself.
const OWN_NAMES: [&str; 4] = ["印信", "简体中文", "中文", "印"];

/// Dotted key → the placeholders of its sentence.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// Compare the dictionaries and look for sentences outside them.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let web = root.join("web");
    for path in files(&web, &|path| matches!(extension(path), "ts" | "vue")) {
        let name = shown(&path, root);
        let text = std::fs::read_to_string(&path)?;
        if let Some(twin) = chinese_twin(&path) {
            match std::fs::read_to_string(&twin) {
                Ok(other) => findings.extend(compare(&name, &keys(&text), &keys(&other))),
                Err(_) => findings.push(format!("{name}: its twin {} is missing", shown(&twin, root))),
            }
        }
        let is_apart = name.contains("/locales/") || name.contains(".test.");
        if let Some(line) = text_line(&without_comments(&text)).filter(|_| !is_apart) {
            findings.push(format!("{name}:{line}: a sentence outside the dictionaries"));
        }
    }
    Ok(findings)
}

/// `…/locales/en/pay.ts` → `…/locales/zh/pay.ts`, `…/locales/en.ts` → `…/locales/zh.ts`.
fn chinese_twin(path: &Path) -> Option<PathBuf> {
    let text = path.to_str()?;
    let twin = text.replace("/locales/en/", "/locales/zh/").replace("/locales/en.ts", "/locales/zh.ts");
    (twin != text).then(|| PathBuf::from(twin))
}

fn compare(name: &str, english: &Keys, chinese: &Keys) -> Vec<String> {
    let mut findings = Vec::new();
    for key in english.keys().chain(chinese.keys()).collect::<BTreeSet<_>>() {
        match (english.get(key), chinese.get(key)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(_), Some(_)) => {
                findings.push(format!("{name}: `{key}` has other placeholders than its twin"));
            }
            (Some(_), None) => findings.push(format!("{name}: `{key}` has no Chinese twin")),
            (None, _) => findings.push(format!("{name}: `{key}` has no English twin")),
        }
    }
    findings
}

/// The keys of the first object literal that is assigned or exported in a dictionary.
fn keys(text: &str) -> Keys {
    let clean = without_comments(text);
    let start = clean.find("= {").or_else(|| clean.find("default {")).unwrap_or(clean.len());
    let mut found = Keys::new();
    let mut path: Vec<String> = Vec::new();
    let mut last = String::new();
    let mut rest = clean.get(start..).unwrap_or("");
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        match c {
            '\'' | '"' | '`' => {
                let (word, length) = quoted(rest, c);
                used = length;
                if rest.get(length..).is_some_and(|after| after.trim_start().starts_with(':')) {
                    last = word;
                } else {
                    let key = path
                        .iter()
                        .filter(|part| !part.is_empty())
                        .chain([&last])
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(".");
                    found.entry(key).or_default().extend(placeholders(&word));
                }
            }
            '{' => path.push(std::mem::take(&mut last)),
            '}' => drop(path.pop()),
            c if c.is_alphanumeric() || c == '_' => {
                used = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                if rest.get(used..).is_some_and(|after| after.trim_start().starts_with(':')) {
                    rest.get(..used).unwrap_or("").clone_into(&mut last);
                }
            }
            _ => {}
        }
        rest = rest.get(used..).unwrap_or("");
    }
    found
}

/// A quoted word at the start of `text`, and how many bytes it takes with its quotes.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut word = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, c) if c == quote => return (word, at.saturating_add(c.len_utf8())),
            (_, c) => {
                escaped = false;
                word.push(c);
            }
        }
    }
    (word, text.len())
}

/// `{name}` and `{n:use|uses}` name `name` and `n`.
fn placeholders(sentence: &str) -> BTreeSet<String> {
    let parts = sentence.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.split(':').next().unwrap_or(name).to_owned()).collect()
}

/// The text with comments blanked out, line by line.
fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = if rest.starts_with("/*") {
            rest.find("*/").map(|at| at.saturating_add(2))
        } else if rest.starts_with("<!--") {
            rest.find("-->").map(|at| at.saturating_add(3))
        } else if rest.starts_with("// ") || rest.starts_with("//\n") {
            rest.find('\n')
        } else {
            let c = rest.chars().next().unwrap_or(' ');
            clean.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or("");
            continue;
        };
        let (comment, after) = rest.split_at(end.unwrap_or(rest.len()));
        clean.extend(comment.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    clean
}

/// The first line with a Chinese character in it.
fn text_line(text: &str) -> Option<usize> {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let is_sentence = |line: &str| {
        OWN_NAMES.iter().fold(line.to_owned(), |left, name| left.replace(name, "")).contains(is_chinese)
    };
    let at = text.lines().position(is_sentence)?;
    at.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::Project;

    #[test]
    fn a_key_without_a_twin_and_another_placeholder_are_found() {
        let english =
            "export const pay = {\n  title: 'Pay {amount}',\n  done: { head: \"Paid\", 'a.b': 'x' },\n}\n";
        let chinese = "export const pay: Shape = {\n  title: '支付',\n  done: { head: '已支付' },\n}\n";
        let project = Project::with(&[
            ("web/wallet/locales/en/pay.ts", english),
            ("web/wallet/locales/zh/pay.ts", chinese),
        ]);
        let findings = check(project.path()).unwrap();
        assert_eq!(
            findings,
            [
                "web/wallet/locales/en/pay.ts: `done.a.b` has no Chinese twin",
                "web/wallet/locales/en/pay.ts: `title` has other placeholders than its twin",
            ]
        );
    }

    #[test]
    fn a_sentence_in_a_component_is_found_and_a_comment_is_not() {
        let project = Project::with(&[
            ("web/wallet/src/Pay.vue", "<template>\n  <!-- 付款 -->\n  <b>付款</b>\n</template>\n"),
            (
                "web/wallet/src/ok.ts",
                "/** 付款 */\nconst url = 'http://localhost' // 付款\nconst name = '印信 中文'\n",
            ),
        ]);
        assert_eq!(
            check(project.path()).unwrap(),
            ["web/wallet/src/Pay.vue:3: a sentence outside the dictionaries"]
        );
    }

    #[test]
    fn a_missing_dictionary_is_found() {
        let project = Project::with(&[("web/checkout/locales/en.ts", "export default { a: 'b' }\n")]);
        assert!(check(project.path()).unwrap()[0].contains("is missing"));
    }
}
