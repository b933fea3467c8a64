//! A PostgreSQL of its own for a comparison: installed by the system, started here, thrown away afterwards.

use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Where Debian puts the programs of each version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// Rows are 100,000 for each: as many branches as clients, so that they do not wait for one row.
const SCALE: &str = "16";
/// Clients of pgbench.
const CLIENTS: &str = "16";
/// Ordinary settings of a small server; everything about durability stays as it is.
const SETTINGS: [&str; 3] = ["listen_addresses=", "shared_buffers=512MB", "max_wal_size=4GB"];

/// A running server.
pub(super) struct Postgres {
    programs: PathBuf,
    child: Child,
    folder: TempDir,
    owner: Option<(u32, u32)>,
}

impl Postgres {
    /// Makes a cluster in a temporary folder and starts it, on a Unix socket only.
    pub(super) fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = TempDir::with_prefix("yinxin-postgres-").context("no temporary directory")?;
        let owner = unprivileged(folder.path())?;
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let data = folder.path().join("data");
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run(of(owner, initdb.arg("--pgdata").arg(&data)).current_dir(folder.path()))?;
        let mut command = Command::new(programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(folder.path()).current_dir(folder.path());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let mut child = of(owner, &mut command).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let said = child.stderr.take().context("a server without words")?;
        let mut said = BufReader::new(said).lines();
        let ready =
            said.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
        // Read on: a full pipe would stop it.
        std::thread::Builder::new().name("postgres".to_owned()).spawn(move || said.for_each(drop))?;
        let server = Self { programs, child, folder, owner };
        anyhow::ensure!(ready, "PostgreSQL did not start");
        Ok(server)
    }

    /// Its version, as `15.18`.
    pub(super) fn version(&self) -> anyhow::Result<String> {
        let said = run(Command::new(self.programs.join("postgres")).arg("--version"))?;
        Ok(said.split_whitespace().nth(2).unwrap_or_default().to_owned())
    }

    /// Fills the tables of TPC-B.
    pub(super) fn fill(&self) -> anyhow::Result<()> {
        run(self.pgbench().args(["--initialize", "--quiet", "--scale", SCALE]))?;
        Ok(())
    }

    /// TPC-B for `length`; transactions a second.
    pub(super) fn tpc_b(&self, length: Duration) -> anyhow::Result<f64> {
        let seconds = length.as_secs().max(1).to_string();
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string();
        let args = ["--client", CLIENTS, "--jobs", &threads, "--time", &seconds, "--no-vacuum"];
        let said = run(self.pgbench().args(args))?;
        let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
        line.and_then(|line| line.split(' ').next()?.parse().ok()).context("pgbench tells no rate")
    }

    fn pgbench(&self) -> Command {
        let mut command = Command::new(self.programs.join("pgbench"));
        command.arg("--host").arg(self.folder.path()).args(["--username", "postgres"]);
        of(self.owner, &mut command);
        command.arg("postgres").current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programs of the newest version that is installed.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, programs)| programs.join("postgres").exists())
        .max();
    newest.map(|(_, programs)| programs).with_context(|| {
        format!("no PostgreSQL in {INSTALLED}: install it, for example `apt-get install postgresql`")
    })
}

/// Whom to run as: PostgreSQL refuses to be root.
fn unprivileged(own: &Path) -> anyhow::Result<Option<(u32, u32)>> {
    if std::fs::metadata(own)?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    for name in ["postgres", "nobody"] {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let mut fields = line.unwrap_or_default().split(':').skip(1);
        if let (Some(Ok(user)), Some(Ok(group))) =
            (fields.next().map(str::parse), fields.next().map(str::parse))
        {
            return Ok(Some((user, group)));
        }
    }
    bail!("root, and neither postgres nor nobody to be instead")
}

fn of(owner: Option<(u32, u32)>, command: &mut Command) -> &mut Command {
    match owner {
        Some((user, group)) => command.uid(user).gid(group),
        None => command,
    }
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("{program} was not started"))?;
    if !done.status.success() {
        bail!("{program} failed ({}): {}", done.status, String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
