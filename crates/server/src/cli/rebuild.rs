//! `yinxin rebuild`: the whole journal read again, snapshot and views made anew.

use super::terminal::{Progress, say};
use clap::Args;
use std::path::PathBuf;

/// Read the whole journal and make snapshot and views anew. The server must not run.
#[derive(Args)]
pub(super) struct Rebuild {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
}

impl Rebuild {
    pub(super) fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(
            yinxin_wallet::Wallet::exists(&self.data),
            "{} holds no deployment: `yinxin init` makes one",
            self.data.display()
        );
        let mut progress = Progress::new();
        let records = yinxin_wallet::rebuild(&self.data, |done, all| progress.show(done, all));
        progress.end();
        say(&format!("{} records read and checked; snapshot and views are new.", records?));
        Ok(())
    }
}
