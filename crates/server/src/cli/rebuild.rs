//! `yinxin rebuild`: the whole journal read again, snapshot and views made anew.

use super::terminal::{Progress, say};
use clap::Args;
use std::path::PathBuf;
use yinxin_wallet::Home;

/// Read the whole journal and make snapshot and views anew. The server must not run.
#[derive(Args)]
pub(super) struct Rebuild {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
    /// Where the books are when not in the data directory.
    #[arg(long, env = "YINXIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

impl Rebuild {
    pub(super) fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(
            yinxin_wallet::Wallet::exists(&self.data),
            "{} holds no deployment: `yinxin init` makes one",
            self.data.display()
        );
        let mut progress = Progress::new();
        let home = Home::at(&self.data, self.database.as_deref())?;
        let records = yinxin_wallet::rebuild(home, |done, all| progress.show(done, all));
        progress.end();
        say(&format!("{} records read and checked; snapshot and views are new.", records?));
        Ok(())
    }
}
