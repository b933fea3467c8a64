//! `yinxin serve`: a live deployment.

use super::listen::{bind, close, stop_on_signal};
use super::terminal::say;
use crate::adapters::sms_webhook::{SmsWebhook, Target};
use crate::app::{App, Parts};
use crate::config::{Config, Sms, Tls};
use crate::door::Door;
use crate::door::caps::Caps;
use crate::door::guard::Site;
use crate::door::tls;
use crate::site;
use anyhow::{Context as _, bail};
use clap::Args;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yinxin_core::Stamp;
use yinxin_wallet::port::{Clock, SmsSender, SystemClock, SystemEntropy};
use yinxin_wallet::{OpenOptions, Wallet, local_tls};

/// Serve a live deployment.
#[derive(Args)]
pub(super) struct Serve {
    /// The configuration, TOML; every key can also come from the environment (`YINXIN_DATA`, `YINXIN_LISTEN`, …).
    #[arg(long)]
    config: Option<PathBuf>,
    /// Go on although the clock is behind the last record; this is recorded.
    #[arg(long)]
    accept_clock: bool,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(self.config.as_deref())?;
        refuse_root_key(&config.data)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let sms = sms_sender(config.sms.as_ref(), &clock)?;
        let options = OpenOptions { stamp: Stamp::Live, accept_clock: self.accept_clock };
        let wallet = Wallet::open(&config.data, options, (clock, Arc::new(SystemEntropy), sms))?;
        let (tls, lan_root) = tls_of(config.tls.as_ref(), &config.data)?;
        let listener = bind(config.listen).with_context(|| format!("cannot listen on {}", config.listen))?;
        let stop = stop_on_signal(wallet.clone())?;
        let settings = wallet.settings().clone();
        let app = App::new(Parts {
            wallet: wallet.clone(),
            site: Site::new(&settings.origin, settings.currency),
            demo: None,
            lan_root,
            behind_proxy: tls.is_none(),
            stop: stop.clone(),
        });
        let caps = Caps::new(config.connections.total, config.connections.per_address);
        say(&format!("{} serves {} on {}", settings.operator, settings.origin, config.listen));
        Door { listener, tls, router: site::router(&app, None), caps }.serve(stop).await;
        close(&wallet).await
    }
}

/// A live deployment whose root key lies beside it is one break-in away from foreign certificates.
pub(super) fn refuse_root_key(data: &Path) -> anyhow::Result<()> {
    if let Some(found) = root_key_inside(data) {
        bail!("the root key lies in the data directory ({}): take it offline first", found.display());
    }
    Ok(())
}

/// An encrypted private key inside the data directory: only the root's is ever written so.
pub(super) fn root_key_inside(folder: &Path) -> Option<PathBuf> {
    const ENCRYPTED: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = root_key_inside(&path) {
                return Some(found);
            }
            continue;
        }
        let is_small = entry.metadata().is_ok_and(|metadata| metadata.len() < 16 * 1024);
        if is_small && std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(ENCRYPTED)) {
            return Some(path);
        }
    }
    None
}

fn sms_sender(sms: Option<&Sms>, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn SmsSender>> {
    let Some(sms) = sms else {
        bail!("[sms] is missing: without text messages nobody can register (webhook and secret_file)");
    };
    let secret = std::fs::read(&sms.secret_file)
        .with_context(|| format!("sms.secret_file: cannot read {}", sms.secret_file.display()))?;
    let secret = secret.trim_ascii().to_vec();
    anyhow::ensure!(secret.len() >= 16, "sms.secret_file: the secret has less than 16 bytes");
    Ok(SmsWebhook::start(Target { url: sms.webhook.clone(), secret }, Arc::clone(clock))?)
}

type ServerTls = (Option<Arc<rustls::ServerConfig>>, Option<Vec<u8>>);

/// TLS from files, or under the local root that phones install from `/pki/lan-root.cer`.
fn tls_of(config: Option<&Tls>, data: &Path) -> anyhow::Result<ServerTls> {
    let Some(config) = config else { return Ok((None, None)) };
    if let (Some(certificate), Some(key)) = (&config.certificate, &config.key) {
        return Ok((Some(tls::from_files(certificate, key)?), None));
    }
    let hosts: Vec<&str> = config.local_hosts.iter().map(String::as_str).collect();
    let local = local_tls(data, &hosts, &SystemClock::new(), &SystemEntropy)?;
    let key = PrivatePkcs8KeyDer::from(local.key.expose().to_vec());
    let tls = tls::from_parts(local.chain.map(CertificateDer::from).to_vec(), key.into())?;
    Ok((Some(tls), Some(local.root)))
}
