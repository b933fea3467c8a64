//! `cargo xtask plot`: what was measured, drawn from the recorded results and from nothing else.

mod charts;
mod svg;
mod tables;

use crate::root::{files, root};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// The recorded results.
const RESULTS: &str = "bench/results";
/// The page that shows them.
const PAGE: &str = "docs/benchmarks.md";
/// Its plots.
const PLOTS: &str = "docs/benchmarks";
/// Between these lines of the page stands what was measured.
const BEGIN: &str = "<!-- measured -->";
const END: &str = "<!-- end of measured -->";

/// The recorded results, by the scenario.
pub(crate) struct Results(Vec<(String, Value)>);

impl Results {
    fn read(root: &Path) -> Result<Self> {
        let mut found = Vec::new();
        for path in files(&root.join(RESULTS), &|path| path.extension().is_some_and(|end| end == "json")) {
            let text = std::fs::read_to_string(&path)?;
            let value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// The result that was recorded as `name`.
    pub(crate) fn of(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// A number of the result `name`.
    pub(crate) fn number(&self, name: &str, member: &str) -> Option<f64> {
        self.of(name)?.get(member)?.as_f64()
    }

    /// Every result with its name, in the order of the names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Draws every plot and writes the tables; with `check` only compares.
pub(crate) fn plot(check: bool) -> Result<()> {
    let stale = write(&root(), check)?;
    if stale.is_empty() {
        println!("{PAGE} and its plots show the recorded results");
        return Ok(());
    }
    if check {
        bail!("not drawn from the recorded results: {}; run `cargo xtask plot`", stale.join(", "));
    }
    println!("written: {}", stale.join(", "));
    Ok(())
}

/// The files that were not as the results are; without `check` they are now.
fn write(root: &Path, check: bool) -> Result<Vec<String>> {
    let results = Results::read(root)?;
    let mut wanted = Vec::new();
    let mut shown = Vec::new();
    for chart in charts::all(&results) {
        wanted.push((format!("{PLOTS}/{}.svg", chart.name), chart.svg));
        shown.push((chart.name, chart.title));
    }
    let page = std::fs::read_to_string(root.join(PAGE)).with_context(|| PAGE.to_owned())?;
    wanted.push((PAGE.to_owned(), with_tables(&page, &tables::all(&results, &shown))?));
    let mut stale = Vec::new();
    for (name, text) in wanted {
        let path = root.join(&name);
        if std::fs::read_to_string(&path).unwrap_or_default() == text {
            continue;
        }
        if !check {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, text)?;
        }
        stale.push(name);
    }
    Ok(stale)
}

fn with_tables(page: &str, tables: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("{PAGE} has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PAGE} has no line {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_its_plots_show_the_recorded_results() {
        assert_eq!(write(&root(), true).unwrap(), Vec::<String>::new(), "run `cargo xtask plot`");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = with_tables(&page, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert!(with_tables("no marks", "new").is_err());
    }
}
