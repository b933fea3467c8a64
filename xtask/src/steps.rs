//! Steps that are timed and counted, and the summary at the end.

use crate::run::heard;
use anyhow::Result;
use std::process::Command;
use std::time::Duration;

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Checks that passed.
    pub(crate) passed: u64,
    /// Checks that failed.
    pub(crate) failed: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

struct Done {
    name: String,
    count: Count,
    took: Duration,
}

/// A run of steps. A failed step does not stop the next one: one run shows everything.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

impl Steps {
    /// One check that either holds or does not.
    pub(crate) fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) -> bool {
        self.timed(name, || match check() {
            Ok(()) => Count { passed: 1, failed: 0 },
            Err(error) => {
                println!("{error:#}");
                Count { passed: 0, failed: 1 }
            }
        })
    }

    /// A test program whose own closing lines say how many tests passed.
    pub(crate) fn tests(&mut self, name: &str, command: &mut Command, count: fn(&str) -> Count) -> bool {
        self.timed(name, || match heard(command) {
            Ok(heard) => counted(count(&heard.text), heard.well),
            Err(error) => {
                println!("{error:#}");
                Count { passed: 0, failed: 1 }
            }
        })
    }

    /// Print a line for each step and the closing line; an error when anything failed.
    pub(crate) fn close(&self) -> Result<()> {
        let mut sum = Count::default();
        let mut took = Duration::ZERO;
        println!("\n── summary ──");
        for done in &self.done {
            let verdict = if done.count.failed == 0 { "ok    " } else { "FAILED" };
            println!(
                "{verdict} {:>6.1} s  {} ({} passed, {} failed)",
                done.took.as_secs_f32(),
                done.name,
                done.count.passed,
                done.count.failed
            );
            sum.add(done.count);
            took = took.saturating_add(done.took);
        }
        println!("       {:>6.1} s  in all", took.as_secs_f32());
        println!("{} passed, {} failed", sum.passed, sum.failed);
        if sum.failed == 0 {
            Ok(())
        } else {
            anyhow::bail!("something failed; the first FAILED line above says where")
        }
    }

    fn timed(&mut self, name: &str, step: impl FnOnce() -> Count) -> bool {
        println!("\n── {name} ──");
        let started = now();
        let count = step();
        self.done.push(Done { name: name.to_owned(), count, took: started.elapsed() });
        count.failed == 0
    }
}

/// A program that fails without naming a failed test (it did not compile, it crashed) counts as
/// one failure; so does one that ends well without having run a single test.
fn counted(count: Count, well: bool) -> Count {
    let silent = (!well && count.failed == 0) || (well && count.passed == 0);
    Count { passed: count.passed, failed: if silent { 1 } else { count.failed } }
}

#[expect(clippy::disallowed_methods, reason = "a chore measures how long its steps take")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// `test result: ok. 12 passed; 1 failed; …`, once for each test program.
pub(crate) fn of_cargo(text: &str) -> Count {
    let mut count = Count::default();
    for line in text.lines().filter(|line| line.starts_with("test result:")) {
        count.add(Count { passed: before(line, " passed"), failed: before(line, " failed") });
    }
    count
}

/// vitest: `      Tests  3 failed | 12 passed (15)`.
pub(crate) fn of_vitest(text: &str) -> Count {
    let plain = without_colours(text);
    let line = plain.lines().rev().find(|line| line.trim_start().starts_with("Tests "));
    line.map_or_else(Count::default, |line| Count {
        passed: before(line, " passed"),
        failed: before(line, " failed"),
    })
}

/// The Node test runner: `ℹ pass 12` and `ℹ fail 1`.
pub(crate) fn of_node(text: &str) -> Count {
    let plain = without_colours(text);
    let after = |word: &str| {
        let lines =
            plain.lines().filter_map(|line| line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")));
        lines.filter_map(|line| line.strip_prefix(word)?.trim().parse::<u64>().ok()).next_back().unwrap_or(0)
    };
    Count { passed: after("pass "), failed: after("fail ").saturating_add(after("cancelled ")) }
}

/// The number that stands right before `word`.
fn before(line: &str, word: &str) -> u64 {
    let number = line.split(word).next().filter(|_| line.contains(word));
    number.and_then(|text| text.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).unwrap_or(0)
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escape = false;
    for c in text.chars() {
        match (escape, c) {
            (false, '\u{1b}') => escape = true,
            (true, 'm') => escape = false,
            (true, _) => {}
            (false, c) => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_programs_of_cargo_are_added_up() {
        let text = "test a ... ok\ntest result: ok. 12 passed; 0 failed; 0 ignored\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 1.20s\n";
        assert_eq!(of_cargo(text), Count { passed: 15, failed: 2 });
    }

    #[test]
    fn vitest_is_read_with_and_without_failures() {
        assert_eq!(
            of_vitest(" Test Files  2 passed (2)\n      Tests  12 passed (12)\n"),
            Count { passed: 12, failed: 0 }
        );
        let red = "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[31m3 failed\u{1b}[39m | \u{1b}[32m9 passed\u{1b}[39m (12)";
        assert_eq!(of_vitest(red), Count { passed: 9, failed: 3 });
    }

    #[test]
    fn the_node_runner_is_read_in_both_of_its_reports() {
        assert_eq!(of_node("ℹ tests 3\nℹ pass 2\nℹ fail 1\nℹ cancelled 0\n"), Count { passed: 2, failed: 1 });
        assert_eq!(of_node("# pass 7\n# fail 0\n"), Count { passed: 7, failed: 0 });
    }

    #[test]
    fn a_crash_and_an_empty_run_both_count_as_a_failure() {
        assert_eq!(counted(Count { passed: 4, failed: 0 }, false), Count { passed: 4, failed: 1 });
        assert_eq!(counted(Count::default(), true), Count { passed: 0, failed: 1 });
        assert_eq!(counted(Count { passed: 4, failed: 0 }, true), Count { passed: 4, failed: 0 });
    }
}
