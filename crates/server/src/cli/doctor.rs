//! `yinxin doctor`: what is wrong with a deployment, and how to mend it.

use super::serve::root_key_inside;
use super::terminal::say;
use crate::config::Config;
use clap::Args;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yinxin_core::Stamp;
use yinxin_wallet::port::{Sending, SmsError, SmsMessage, SmsSender, SystemClock, SystemEntropy};
use yinxin_wallet::{Home, OpenOptions, Wallet};

/// Say what is wrong with a deployment, and how to mend it.
#[derive(Args)]
pub(super) struct Doctor {
    /// The configuration of `serve`.
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// A data directory, without a configuration.
    #[arg(long, required_unless_present = "config")]
    data: Option<PathBuf>,
    /// Where the books are when not in the data directory, without a configuration.
    #[arg(long, env = "YINXIN_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// One finding.
enum Finding {
    /// As it should be.
    Good(String),
    /// Works, and should be mended.
    Doubtful(String, String),
    /// Does not work.
    Wrong(String, String),
}

/// A sender for a wallet that is only looked at.
struct NoSender;

impl SmsSender for NoSender {
    fn send(&self, _: SmsMessage) -> Sending<'_> {
        Box::pin(std::future::ready(Err(SmsError("the doctor sends nothing".to_owned()))))
    }
}

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut findings = Vec::new();
        let mut database = self.database;
        let data = match (&self.config, self.data) {
            (Some(file), _) => match Config::load(Some(file)) {
                Ok(config) => {
                    findings.push(Finding::Good(format!("{} is understood", file.display())));
                    findings.push(look_at_port(&config));
                    findings.extend(look_at_tls(&config));
                    findings.push(look_at_sms(&config));
                    database = config.database.map(|url| url.expose().to_owned());
                    Some(config.data)
                }
                Err(error) => {
                    let mend = "write the key as the documentation names it".to_owned();
                    findings.push(Finding::Wrong(format!("{error:#}"), mend));
                    None
                }
            },
            (None, data) => data,
        };
        if let Some(data) = data {
            findings.extend(look_at_data(&data, database.as_deref()));
        }
        findings.push(look_at_apps());
        report(&findings)
    }
}

fn report(findings: &[Finding]) -> anyhow::Result<()> {
    let mut wrong = 0;
    for finding in findings {
        match finding {
            Finding::Good(what) => say(&format!("  ok     {what}")),
            Finding::Doubtful(what, mend) => say(&format!("  mend   {what}\n         → {mend}")),
            Finding::Wrong(what, mend) => {
                wrong += 1;
                say(&format!("  WRONG  {what}\n         → {mend}"));
            }
        }
    }
    anyhow::ensure!(wrong == 0, "{wrong} of {} findings keep it from working", findings.len());
    Ok(())
}

fn look_at_data(data: &Path, database: Option<&str>) -> Vec<Finding> {
    let shown = data.display();
    if !Wallet::exists(data) {
        let mend = "`yinxin init` makes one; check the path".to_owned();
        return vec![Finding::Wrong(format!("{shown} holds no deployment"), mend)];
    }
    let (origin, stamp) = match Wallet::inspect(data) {
        Ok(found) => found,
        Err(error) => {
            return vec![Finding::Wrong(format!("{shown}: {error}"), "restore it from a backup".to_owned())];
        }
    };
    let mut findings = vec![look_at_stamp(&origin, stamp), look_at_mode(data)];
    if stamp == Stamp::Live {
        findings.push(match root_key_inside(data) {
            None => Finding::Good("no root key in the data directory".to_owned()),
            Some(found) => Finding::Wrong(
                format!("the root key lies in {}", found.display()),
                "move it to a stick and take that away: `serve` refuses to start".to_owned(),
            ),
        });
    }
    match Home::at(data, database) {
        Ok(home) => findings.push(look_at_books(home, stamp)),
        Err(error) => {
            let mend = "postgres://user:password@host:port/database, see docs/reference/configuration.md";
            findings.push(Finding::Wrong(error.to_string(), mend.to_owned()));
        }
    }
    findings
}

fn look_at_stamp(origin: &str, stamp: Stamp) -> Finding {
    match stamp {
        Stamp::Live => Finding::Good(format!("live data of {origin}")),
        Stamp::Demo => Finding::Doubtful(
            format!("demonstration data of {origin}"),
            "`yinxin demo --data` starts it; `serve` refuses it".to_owned(),
        ),
    }
}

fn look_at_mode(data: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(data).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    let is_private = mode.trailing_zeros() >= 6;
    if is_private {
        Finding::Good("only its owner can read the data directory".to_owned())
    } else {
        let mend = format!("chmod 700 {}", data.display());
        Finding::Wrong(format!("others can read the data directory (mode {mode:o})"), mend)
    }
}

/// Opening checks journal, head, snapshot, views and clock; nothing is served.
fn look_at_books(home: Home, stamp: Stamp) -> Finding {
    let options = OpenOptions { stamp, accept_clock: false };
    let ports = (Arc::new(SystemClock::new()) as _, Arc::new(SystemEntropy) as _, Arc::new(NoSender) as _);
    let place = home.database().map(|shown| format!(" in {shown}")).unwrap_or_default();
    match Wallet::open(home, options, ports) {
        Ok(wallet) => {
            Finding::Good(format!("the books{place} open: {} records give the signed head", wallet.records()))
        }
        Err(error) => Finding::Wrong(
            error.to_string(),
            "if the server runs, end it first; else `yinxin rebuild`, and a backup when that refuses too"
                .to_owned(),
        ),
    }
}

fn look_at_port(config: &Config) -> Finding {
    match TcpListener::bind(config.listen) {
        Ok(_) => Finding::Good(format!("{} is free to listen on", config.listen)),
        Err(error) => Finding::Doubtful(
            format!("cannot listen on {}: {error}", config.listen),
            "fine while the server runs; else another program has the port, or it needs more rights"
                .to_owned(),
        ),
    }
}

fn look_at_tls(config: &Config) -> Option<Finding> {
    let Some(tls) = &config.tls else {
        return Some(Finding::Good("plain HTTP on loopback: a proxy speaks TLS".to_owned()));
    };
    let (certificate, key) = (tls.certificate.as_ref()?, tls.key.as_ref()?);
    Some(match crate::door::tls::from_files(certificate, key) {
        Ok(_) => Finding::Good("TLS certificate and key belong together".to_owned()),
        Err(error) => {
            Finding::Wrong(format!("{error:#}"), "PEM files, the server's own certificate first".to_owned())
        }
    })
}

fn look_at_sms(config: &Config) -> Finding {
    match &config.sms {
        None => Finding::Wrong(
            "[sms] is missing: nobody can register".to_owned(),
            "give webhook and secret_file".to_owned(),
        ),
        Some(sms) if std::fs::read(&sms.secret_file).is_ok() => {
            Finding::Good("the webhook for text messages has its secret".to_owned())
        }
        Some(sms) => Finding::Wrong(
            format!("sms.secret_file: cannot read {}", sms.secret_file.display()),
            "a file of 16 random bytes or more that only the server's user can read".to_owned(),
        ),
    }
}

fn look_at_apps() -> Finding {
    if crate::web::is_built() {
        Finding::Good("the web apps are built in".to_owned())
    } else {
        Finding::Wrong(
            "the web apps are not built in: people see a stub page".to_owned(),
            "build with `cargo xtask demo`, or build web/ before the server".to_owned(),
        )
    }
}
