//! `cargo xtask soak --minutes N`: the fault harnesses for as long as it is told, with a tally that is kept.
//!
//! The tests do the harm and append a line a round to `target/soak/tally.jsonl`; this chore gives them their time, runs the
//! races between the rounds, and adds everything up. Stopped, it goes on from the same tally the next time.

use crate::root::{below, root};
use crate::run::command;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Minutes of faults between two runs of the races.
const SLICE: u64 = 10;
/// Transfers of a race.
const TRANSFERS: &str = "200000";

/// Soak for `minutes`; an error when an invariant did not hold.
pub(crate) fn soak(minutes: u64) -> Result<()> {
    let folder = below("target/soak");
    std::fs::create_dir_all(&folder).context("cannot create target/soak")?;
    let tally = folder.join("tally.jsonl");
    print_sums(&tally)?;
    let end = now() + Duration::from_secs(minutes * 60);
    loop {
        let left = end.saturating_duration_since(now()).as_secs().div_ceil(60);
        let slice = left.min(SLICE).to_string();
        println!("\n── faults for {slice} minutes ──");
        // What fails leaves its folder; it is kept below the tally.
        let mut faults = command("cargo", &FAULTS, &root());
        faults.env("YINXIN_SOAK_MINUTES", &slice).env("YINXIN_SOAK_TALLY", &tally).env("TMPDIR", &folder);
        ensure!(faults.status()?.success(), "an invariant did not hold: the seed and the folder are above");
        print_sums(&tally)?;
        if now() >= end {
            return Ok(());
        }
        println!("\n── races ──");
        let mut races = command("cargo", &RACES, &root());
        ensure!(races.env("YINXIN_BANK", TRANSFERS).status()?.success(), "a race was lost");
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&tally)?;
        writeln!(file, "{{\"race_runs\":1,\"transfers\":{TRANSFERS}}}")?;
    }
}

const FAULTS: [&str; 9] =
    ["test", "--quiet", "-p", "yinxin-server", "--test", "faults", "soak", "--", "--nocapture"];
const RACES: [&str; 6] = ["test", "--quiet", "-p", "yinxin-wallet", "--lib", "bank"];

fn print_sums(tally: &Path) -> Result<()> {
    let text = if tally.exists() { std::fs::read_to_string(tally)? } else { String::new() };
    let sums: Vec<String> = sums(&text).iter().map(|(name, sum)| format!("{name} {sum}")).collect();
    println!("{} rounds so far: {}", text.lines().count(), sums.join(", "));
    Ok(())
}

/// Adds up the members of all lines.
fn sums(text: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for pair in text.lines().flat_map(|line| line.trim_matches(['{', '}']).split(',')) {
        let Some((name, number)) = pair.split_once(':') else { continue };
        let Ok(number) = number.trim().parse::<u64>() else { continue };
        *sums.entry(name.trim_matches('"').to_owned()).or_insert(0) += number;
    }
    sums
}

#[expect(clippy::disallowed_methods, reason = "a chore that ends at a time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_adds_up_over_rounds_and_over_runs() {
        let text = "{\"kills\":3,\"edits\":1}\n{\"kills\":4}\n";
        let sums = sums(text);
        assert_eq!(sums.get("kills"), Some(&7));
        assert_eq!(sums.get("edits"), Some(&1));
    }
}
