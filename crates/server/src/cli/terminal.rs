//! Speaking to the person at the terminal: the one place that prints.

use std::io::{IsTerminal as _, Write as _};

/// One line on standard output. A closed pipe is nobody who listens.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Text on standard output as it is.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// One line on standard error.
pub(super) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Asks for one line.
pub(super) fn ask(question: &str) -> anyhow::Result<String> {
    print(question);
    let mut line = String::new();
    anyhow::ensure!(std::io::stdin().read_line(&mut line)? > 0, "nobody answered");
    Ok(line.trim().to_owned())
}

/// A bar that shows how far a long work has come.
pub(super) struct Progress {
    last_percent: Option<u64>,
    drawn: bool,
}

/// Characters of a full bar.
const BAR_WIDTH: u64 = 40;

impl Progress {
    /// An empty bar; drawn on a terminal only.
    pub(super) fn new() -> Self {
        Self { last_percent: None, drawn: std::io::stderr().is_terminal() }
    }

    /// `done` of `all`.
    pub(super) fn show(&mut self, done: u64, all: u64) {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100).min(100);
        if !self.drawn || self.last_percent == Some(percent) {
            return;
        }
        self.last_percent = Some(percent);
        let filled = usize::try_from(percent * BAR_WIDTH / 100).unwrap_or(0);
        let empty = usize::try_from(BAR_WIDTH).unwrap_or(0).saturating_sub(filled);
        let bar = format!("\r[{}{}] {percent:3} %  {done}/{all}", "█".repeat(filled), " ".repeat(empty));
        let mut out = std::io::stderr();
        let _ = out.write_all(bar.as_bytes()).and_then(|()| out.flush());
    }

    /// Ends the bar's line.
    pub(super) fn end(&self) {
        if self.drawn && self.last_percent.is_some() {
            complain("");
        }
    }
}
