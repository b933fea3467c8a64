//! Numbers as they are told: medians, ratios, verdicts.

use super::float;
use anyhow::Context as _;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

/// Other outcomes than `posted` that are forgiven, of all.
const OTHERS_MAX: f64 = 0.001;

/// How a result is told.
pub(crate) struct Tell {
    /// The last line is the result as one JSON object.
    pub(crate) json: bool,
    /// The file that keeps the result.
    pub(crate) record: Option<PathBuf>,
}

impl Tell {
    /// Tells the result to whoever asked for it.
    pub(super) fn result<T: Serialize>(&self, measured: &T) -> anyhow::Result<()> {
        if let Some(file) = &self.record {
            let text = serde_json::to_string_pretty(measured)? + "\n";
            std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        if self.json {
            say(&serde_json::to_string(measured)?);
        }
        Ok(())
    }
}

/// One line on standard output. A closed pipe is nobody who listens.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Fails when more than one payment in a thousand was not posted.
pub(super) fn fail_on_others(outcomes: &BTreeMap<String, u64>) -> anyhow::Result<()> {
    let all: u64 = outcomes.values().sum();
    let posted = outcomes.get("posted").copied().unwrap_or(0);
    let others = all.saturating_sub(posted);
    let few = posted > 0 && float(others) <= float(all) * OTHERS_MAX;
    anyhow::ensure!(few, "{others} of {all} payments were not posted: {outcomes:?}");
    Ok(())
}

/// A ratio of the engine and where it has to stay.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ratio {
    /// What it is.
    pub(super) name: &'static str,
    /// What was measured.
    pub(super) value: f64,
    /// Which side of the bounds is good.
    pub(super) good: Good,
    /// What has to hold.
    pub(super) hold: f64,
    /// What is aimed at.
    pub(super) reach: f64,
    /// Whether it holds: `missed`, `held` or `reached`.
    pub(super) verdict: &'static str,
}

/// Which side of a bound is good.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Good {
    /// At least so much.
    More,
    /// At most so much.
    Less,
}

impl Ratio {
    /// Compares `value` with both bounds.
    pub(super) fn new(name: &'static str, value: f64, good: Good, hold: f64, reach: f64) -> Self {
        let meets = |bound: f64| match good {
            Good::More => value >= bound,
            Good::Less => value <= bound,
        };
        let verdict = match (meets(reach), meets(hold)) {
            (true, _) => "reached",
            (false, true) => "held",
            (false, false) => "missed",
        };
        Self { name, value, good, hold, reach, verdict }
    }

    /// One line for a person.
    pub(super) fn line(&self) -> String {
        format!(
            "{:<44} {:>8.3}   hold {:<5} reach {:<5} {}",
            self.name, self.value, self.hold, self.reach, self.verdict
        )
    }
}

/// The middle of an odd number of values, the mean of the middle two of an even one.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.saturating_sub(1)), sorted.get(middle)) {
        (Some(below), Some(above)) if sorted.len().is_multiple_of(2) => f64::midpoint(*below, *above),
        (_, Some(middle)) => *middle,
        (_, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_holds_from_its_good_side() {
        let verdict = |value, good, hold, reach| Ratio::new("r", value, good, hold, reach).verdict;
        assert_eq!(verdict(0.44, Good::More, 0.45, 0.55), "missed");
        assert_eq!(verdict(0.45, Good::More, 0.45, 0.55), "held");
        assert_eq!(verdict(0.6, Good::More, 0.45, 0.55), "reached");
        assert_eq!(verdict(1.8, Good::Less, 1.75, 1.5), "missed");
        assert_eq!(verdict(1.6, Good::Less, 1.75, 1.5), "held");
        assert_eq!(verdict(1.5, Good::Less, 1.75, 1.5), "reached");
    }

    #[test]
    fn one_outcome_in_a_thousand_is_forgiven_and_two_are_not() {
        let outcomes =
            |posted, other| BTreeMap::from([("posted".to_owned(), posted), ("limit.day".to_owned(), other)]);
        assert!(fail_on_others(&outcomes(999, 1)).is_ok());
        assert!(fail_on_others(&outcomes(998, 2)).is_err());
        assert!(fail_on_others(&outcomes(0, 0)).is_err(), "nothing was measured");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median([]).abs() < 1e-9);
    }
}
