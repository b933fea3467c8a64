//! What the numbers were measured on.

use serde::Serialize;

/// What a measurement was made of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Setting {
    /// The scenario.
    pub(super) bench: &'static str,
    /// The program's version.
    pub(super) version: &'static str,
    /// The commit, where the chore told it.
    pub(super) commit: Option<String>,
    /// The words of the command line.
    pub(super) command: String,
    /// The machine.
    pub(super) machine: Machine,
}

impl Setting {
    /// This program's, for a scenario.
    pub(super) fn of(bench: &'static str) -> Self {
        Self {
            bench,
            version: env!("CARGO_PKG_VERSION"),
            commit: std::env::var("YINXIN_COMMIT").ok(),
            command: told(std::env::args().skip(1)),
            machine: Machine::this(),
        }
    }
}

/// The command line without a database's address, which may hold a password.
fn told(words: impl Iterator<Item = String>) -> String {
    const OPTION: &str = "--database";
    let mut is_address = false;
    let mut told = Vec::new();
    for word in words {
        let joined = word.strip_prefix(OPTION).is_some_and(|rest| rest.starts_with('='));
        told.push(match (is_address, joined) {
            (true, _) => "URL".to_owned(),
            (false, true) => format!("{OPTION}=URL"),
            (false, false) => word.clone(),
        });
        is_address = word == OPTION;
    }
    told.join(" ")
}

/// The machine of a measurement.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Machine {
    /// What the processor calls itself.
    pub(super) cpu: String,
    /// Cores that the process may use.
    pub(super) cores: usize,
    /// Memory.
    pub(super) memory_mib: u64,
    /// Operating system and kernel.
    pub(super) kernel: String,
}

impl Machine {
    /// This one.
    pub(super) fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let memory_kib: u64 = memory.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_mib: memory_kib / 1024,
            kernel: format!("{} {}", std::env::consts::OS, release(&read("/proc/sys/kernel/osrelease"))),
        }
    }
}

/// A kernel's version without what its builder added to it.
fn release(text: &str) -> &str {
    text.trim().split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_command_has_no_password() {
        let told = |words: &str| told(words.split(' ').map(str::to_owned));
        assert_eq!(told("bench pay --database postgres://u:p@h/d --json"), "bench pay --database URL --json");
        assert_eq!(told("bench pay --database=postgres://u:p@h/d"), "bench pay --database=URL");
        assert_eq!(told("bench pay --data d"), "bench pay --data d");
    }
}
