//! The measured server as a process: its start, its threads' processor time, its memory, its end.

use super::host::READY;
use anyhow::{Context as _, bail};
use data_encoding::BASE64;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use yinxin_client::clock::Clocks;

/// A running server.
pub(super) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    /// The root that its TLS certificate leads to, DER.
    pub(super) root: Vec<u8>,
    /// From its start to its first word.
    pub(super) started_in: Duration,
}

impl Server {
    /// Starts this program again as the host of `data`, and waits until it serves.
    pub(super) fn start(data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let clocks = Clocks::system();
        let began = (clocks.elapsed)();
        let program = std::env::current_exe().context("where this program lies is not known")?;
        let mut child = Command::new(program)
            .args(["bench", "host", "--data"])
            .arg(data)
            .args(database.map(|database| ["--database", database]).into_iter().flatten())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the server was not started")?;
        let input = child.stdin.take();
        let mut said = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut said)?;
        }
        let root = said.trim().strip_prefix(READY).and_then(|root| BASE64.decode(root.as_bytes()).ok());
        let Some(root) = root else {
            let status = child.wait()?;
            bail!("the server did not start ({status})");
        };
        Ok(Self { child, input, root, started_in: (clocks.elapsed)().saturating_sub(began) })
    }

    /// Its process id, for a profiler.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time so far, by the name of the thread.
    pub(super) fn usage(&self) -> anyhow::Result<Usage> {
        let mut by_name = BTreeMap::new();
        for task in std::fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let task = task?.path();
            // A thread may end between the listing and the reading.
            let (Ok(name), Ok(times)) =
                (std::fs::read_to_string(task.join("comm")), std::fs::read_to_string(task.join("schedstat")))
            else {
                continue;
            };
            let spent: u64 = times.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
            *by_name.entry(name.trim().to_owned()).or_insert(0) += spent;
        }
        anyhow::ensure!(!by_name.is_empty(), "the server's processor time is not told on this system");
        Ok(Usage { ns_by_thread: by_name })
    }

    /// Resident memory, in bytes.
    pub(super) fn resident(&self) -> u64 {
        resident(&self.id().to_string())
    }

    /// Ends it as a supervisor would, and waits for it.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { bail!("the server ended with {status}") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only after a failure: its data are thrown away or checked at the next start.
        if self.input.take().is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Processor time of the calling thread, in nanoseconds: what others take from the machine meanwhile does not count.
pub(super) fn own_thread_ns() -> u64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    times.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// Resident memory of a process, `self` or a number, in bytes.
pub(super) fn resident(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

/// Processor time of a process.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage {
    /// Nanoseconds, by the name of the thread.
    pub(super) ns_by_thread: BTreeMap<String, u64>,
}

impl Usage {
    /// What was spent between `before` and this.
    pub(super) fn since(&self, before: &Self) -> Self {
        let spent = |(name, ns): (&String, &u64)| {
            (name.clone(), ns.saturating_sub(before.ns_by_thread.get(name).copied().unwrap_or(0)))
        };
        Self { ns_by_thread: self.ns_by_thread.iter().map(spent).collect() }
    }

    /// All threads together.
    pub(super) fn total_ns(&self) -> u64 {
        self.ns_by_thread.values().sum()
    }

    /// The threads of one name.
    pub(super) fn of(&self, name: &str) -> u64 {
        self.ns_by_thread.get(name).copied().unwrap_or(0)
    }
}
