//! `yinxin backup-key`, `yinxin backup`, `yinxin restore`.

use super::terminal::{Progress, say};
use anyhow::Context as _;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{BackupManifest, BackupStep, Home, Wallet};

/// Make a key pair for backups. Keep the file away from the server: it opens every backup.
#[derive(Args)]
pub(super) struct BackupKey {
    /// The new file of the secret key.
    #[arg(long)]
    to: PathBuf,
}

/// Back up a data directory into one file that only its key's owner can open. The server may run.
#[derive(Args)]
pub(super) struct Backup {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
    /// Where the books are when not in the data directory: `postgres://user:password@host:port/database`.
    #[arg(long, env = "YINXIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The new file.
    #[arg(long)]
    to: PathBuf,
    /// A public key that the file is sealed for (`age1…`); may be repeated.
    #[arg(long, required = true)]
    recipient: Vec<String>,
    /// Restore the file into a temporary folder beside it, with the key of `--identity`, and check it.
    #[arg(long, requires = "identity")]
    verify: bool,
    /// The file of the secret key, for `--verify`.
    #[arg(long, requires = "verify")]
    identity: Option<PathBuf>,
}

/// Restore a backup into a new data directory.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup.
    #[arg(long)]
    from: PathBuf,
    /// The file of the secret key.
    #[arg(long)]
    identity: PathBuf,
    /// The new data directory: empty, or not there.
    #[arg(long)]
    data: PathBuf,
    /// Where the books go when not into the data directory: `postgres://user:password@host:port/database`.
    #[arg(long, env = "YINXIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

impl BackupKey {
    pub(super) fn run(self) -> anyhow::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let (secret, recipient) = yinxin_wallet::new_backup_key(&SystemEntropy)?;
        let failed = || format!("cannot write {}", self.to.display());
        let mut options = std::fs::OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(&self.to).with_context(failed)?;
        let mut text = format!("# public key: {recipient}\n").into_bytes();
        text.extend_from_slice(secret.expose());
        text.push(b'\n');
        file.write_all(&text).and_then(|()| file.sync_all()).with_context(failed)?;
        say(&format!("The secret key is in {}. Take it away from this machine, twice.", self.to.display()));
        say(&recipient);
        Ok(())
    }
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<()> {
        exists(&self.data)?;
        let identity = self.identity.as_deref().map(read_identity).transpose()?;
        let mut steps = Steps::default();
        let home = Home::at(&self.data, self.database.as_deref())?;
        let made = yinxin_wallet::backup(
            &home,
            &self.to,
            &self.recipient,
            (&SystemClock::new(), &SystemEntropy),
            &mut |step, done, all| steps.show(step, done, all),
        );
        steps.end();
        let made = made?;
        say(&format!("{} holds {} records, replayed to their signed head:", self.to.display(), made.records));
        say_head(&made);
        let Some(identity) = identity else {
            say("The file itself was not opened: that needs the secret key (--verify --identity FILE).");
            return Ok(());
        };
        let folder =
            self.to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut steps = Steps::default();
        let verified = yinxin_wallet::verify_backup(&self.to, &identity, folder, &mut |step, done, all| {
            steps.show(step, done, all);
        });
        steps.end();
        anyhow::ensure!(verified? == made, "the file does not hold what was backed up");
        say("The file was restored into a temporary folder and replayed to the same head.");
        Ok(())
    }
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let identity = read_identity(&self.identity)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let mut steps = Steps::default();
        let restored = yinxin_wallet::restore(
            &self.from,
            &identity,
            &Home::at(&self.data, self.database.as_deref())?,
            (&clock, &entropy),
            &mut |step, done, all| steps.show(step, done, all),
        );
        steps.end();
        let restored = restored?;
        say(&format!(
            "{} holds {} records, replayed to their signed head:",
            self.data.display(),
            restored.manifest.records
        ));
        say_head(&restored.manifest);
        say("What was recorded after this backup is not in it.");
        say("The log goes on under a new name and key, which the old key has signed once:");
        say(&format!("  {}", restored.log_key));
        Ok(())
    }
}

fn exists(data: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(Wallet::exists(data), "{} holds no deployment: `yinxin init` makes one", data.display());
    Ok(())
}

fn read_identity(file: &Path) -> anyhow::Result<zeroize::Zeroizing<String>> {
    let text = std::fs::read_to_string(file);
    Ok(zeroize::Zeroizing::new(text.with_context(|| format!("cannot read {}", file.display()))?))
}

fn say_head(made: &BackupManifest) {
    for line in made.checkpoint.lines().take(3) {
        say(&format!("  {line}"));
    }
}

/// A bar for each step.
#[derive(Default)]
struct Steps {
    now: Option<(BackupStep, Progress)>,
}

impl Steps {
    fn show(&mut self, step: BackupStep, done: u64, all: u64) {
        if self.now.as_ref().is_none_or(|(now, _)| *now != step) {
            self.end();
            self.now = Some((step, Progress::new()));
        }
        if let Some((_, bar)) = &mut self.now {
            bar.show(done, all);
        }
    }

    fn end(&self) {
        if let Some((_, bar)) = &self.now {
            bar.end();
        }
    }
}
