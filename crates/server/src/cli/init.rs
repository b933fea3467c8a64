//! `yinxin init`: a live deployment's data directory, keys and authorities.

use super::terminal::say;
use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yinxin_core::policy::Template;
use yinxin_core::{Currency, Stamp};
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{Home, Setup, Wallet};

/// Make the data directory, the keys and the authorities of a live deployment.
#[derive(Args)]
pub(super) struct Init {
    /// The new data directory.
    #[arg(long)]
    data: PathBuf,
    /// Where the books go when not into the data directory: `postgres://user:password@host:port/database`.
    #[arg(long, env = "YINXIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The origin people will use, as <https://pay.example>. It never changes: keys and signed texts are bound to it.
    #[arg(long)]
    origin: String,
    /// The operator's name as people see it.
    #[arg(long)]
    name: String,
    /// Where the encrypted root key goes, outside the data directory: a stick that is then taken away.
    #[arg(long)]
    root_key: PathBuf,
    /// ISO 4217 code of the one currency.
    #[arg(long, default_value = "CNY")]
    currency: String,
    /// The time zone whose days count for limits.
    #[arg(long, default_value = "Asia/Shanghai")]
    time_zone: String,
    /// The first limits.
    #[arg(long, value_enum, default_value = "closed-loop")]
    template: Limits,
}

/// The templates of the first policy.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Limits {
    /// 200 a tap, 5,000 a day, balance 5,000.
    ClosedLoop,
    /// 公告〔2015〕43号: agreed 20,000 a day (CNY).
    Cn43,
    /// User verification always (EUR).
    EuSca,
}

impl From<Limits> for Template {
    fn from(limits: Limits) -> Self {
        match limits {
            Limits::ClosedLoop => Self::ClosedLoop,
            Limits::Cn43 => Self::Cn43,
            Limits::EuSca => Self::EuSca,
        }
    }
}

impl Init {
    pub(super) fn run(self) -> anyhow::Result<()> {
        check_origin(&self.origin)?;
        check_outside(&self.root_key, &self.data)?;
        let currency: Currency = self.currency.parse().ok().context("--currency is not one that is known")?;
        let setup = Setup {
            origin: self.origin.clone(),
            operator: self.name,
            stamp: Stamp::Live,
            currency,
            time_zone: self.time_zone,
            template: self.template.into(),
            root_key: self.root_key,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let home = Home::at(&self.data, self.database.as_deref())?;
        let made = Wallet::init(home, &setup, &clock, &entropy)?;
        say(&format!("Made {} for {}.", self.data.display(), self.origin));
        say("");
        say("The root key signs the two issuing authorities and nothing else. Take it away now:");
        say(&format!("  file        {}", made.root_key.display()));
        say(&format!("  passphrase  {}", made.passphrase));
        say("The passphrase is shown once and kept nowhere. Keep it apart from the file.");
        say("");
        say(&format!(
            "Next: yinxin doctor --data {0}, then yinxin serve with data = \"{0}\".",
            self.data.display()
        ));
        Ok(())
    }
}

/// An origin is a scheme, a host and perhaps a port; live money needs TLS in the browser.
fn check_origin(origin: &str) -> anyhow::Result<()> {
    let Some(authority) = origin.strip_prefix("https://") else {
        bail!(
            "--origin {origin} is not an https:// origin: without TLS a browser gives no keys and no camera"
        );
    };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 443 && port != 0));
    ensure!(
        is_host && is_port,
        "--origin {origin} must be https://, a lower-case host and at most a port other than 443; no path"
    );
    Ok(())
}

/// The root key may not lie where the running server can read it.
fn check_outside(root_key: &Path, data: &Path) -> anyhow::Result<()> {
    let folder = root_key.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder =
        folder.canonicalize().with_context(|| format!("--root-key: {} is not there", folder.display()))?;
    let data = std::path::absolute(data)?;
    let left = Wallet::unfinished_init(&data);
    let data = data.canonicalize().unwrap_or(data);
    ensure!(
        !folder.starts_with(&data),
        "--root-key {} lies inside the data directory: choose another place, best a stick",
        root_key.display()
    );
    // The one that an init which did not end left behind opens for nobody: it is made anew.
    let is_left = left.is_some_and(|left| std::path::absolute(root_key).is_ok_and(|own| own == left));
    ensure!(is_left || !root_key.exists(), "--root-key {} exists already", root_key.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_https_with_a_plain_host() {
        assert!(check_origin("https://pay.example").is_ok());
        assert!(check_origin("https://pay.example:8443").is_ok());
        for bad in [
            "http://pay.example",
            "https://",
            "https://Pay.example",
            "https://pay.example/",
            "https://pay.example:443",
            "https://user@pay.example",
            "pay.example",
        ] {
            assert!(check_origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_root_key_stays_out_of_the_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        assert!(check_outside(&folder.path().join("root.pem"), &data).is_ok());
        let inside = check_outside(&data.join("root.pem"), &data).unwrap_err();
        assert!(inside.to_string().contains("inside the data directory"));
        assert!(check_outside(&folder.path().join("none/root.pem"), &data).is_err());
    }
}
