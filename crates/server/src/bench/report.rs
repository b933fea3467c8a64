//! Numbers as they are told: medians, ratios, verdicts.

use serde::Serialize;

/// A ratio of the engine and where it has to stay.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ratio {
    /// What it is.
    pub(super) name: &'static str,
    /// What was measured.
    pub(super) value: f64,
    /// What has to hold.
    pub(super) hold: f64,
    /// What is aimed at.
    pub(super) reach: f64,
    /// Whether it holds: `missed`, `held` or `reached`.
    pub(super) verdict: &'static str,
}

/// Which side of a bound is good.
#[derive(Clone, Copy)]
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
        Self { name, value, hold, reach, verdict }
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
    fn the_median_of_an_even_number_lies_between() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median([]).abs() < 1e-9);
    }
}
