//! `yinxin serve`: a live deployment.

use super::files;
use super::listen::{Ending, bind, close};
use super::nodes::Node;
use super::supervisor::{self, Now};
use super::terminal::say;
use super::tls::{self, Tls};
use crate::adapters::sms_webhook::{SmsWebhook, Target};
use crate::app::{App, Parts};
use crate::config::{Config, DatabaseUrl, Sms, Traces};
use crate::door::Door;
use crate::door::caps::Caps;
use crate::door::guard::Site;
use crate::site;
use crate::telemetry::log::{self, Format};
use crate::telemetry::metrics::Sources;
use crate::telemetry::otlp::Exporter;
use crate::telemetry::{Telemetry, operator};
use anyhow::{Context as _, bail};
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use yinxin_core::Stamp;
use yinxin_wallet::port::{Clock, SmsSender, SystemClock, SystemEntropy};
use yinxin_wallet::{Home, OpenOptions, Ports, Wallet};

/// Serve a live deployment.
#[derive(Args)]
pub(super) struct Serve {
    /// The configuration, TOML; every key can also come from the environment (`YINXIN_DATA`, `YINXIN_LISTEN`, …).
    #[arg(long)]
    config: Option<PathBuf>,
    /// Go on although the clock is behind the last record; this is recorded.
    #[arg(long)]
    accept_clock: bool,
    /// How a line of the log looks; wins over the configuration.
    #[arg(long, value_enum)]
    log: Option<Format>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(self.config.as_deref())?;
        log::start(self.log.unwrap_or(config.log.format), "info")?;
        refuse_root_key(&config.data)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let sms = sms_sender(config.sms.as_ref(), &clock)?;
        let options = OpenOptions { stamp: Stamp::Live, accept_clock: self.accept_clock };
        let home = Home::at(&config.data, config.database.as_ref().map(DatabaseUrl::expose))?;
        let ports: Ports = (Arc::clone(&clock), Arc::new(SystemEntropy), sms);
        let node =
            config.nodes.as_ref().map(|nodes| Node::prepare(nodes, &config.data, &clock)).transpose()?;
        let wallet = match &node {
            Some(node) => Wallet::open_node(home, options, ports, node.membership()?)?,
            None => Wallet::open(home, options, ports)?,
        };
        let tls = config.tls.as_ref().map(|tls| Tls::load(tls, &config.data, clock)).transpose()?;
        files::allow(config.connections.total);
        let listener = bind(config.listen).with_context(|| format!("cannot listen on {}", config.listen))?;
        wallet.retain(config.retention.hours()?);
        wallet.set_password_rules(config.passwords.into());
        let telemetry = telemetry_of(&config.telemetry)?;
        let ending = Ending::on_signal(wallet.clone())?;
        if let Some(node) = node {
            node.serve(wallet.clone(), ending.stop());
        }
        let settings = wallet.settings().clone();
        let app = App::new(Parts {
            wallet: wallet.clone(),
            site: Site::observed(&settings.origin, settings.currency, Arc::clone(&telemetry)),
            demo: None,
            lan_root: tls.as_ref().and_then(Tls::lan_root),
            behind_proxy: tls.is_none(),
            stop: ending.stop(),
        });
        let caps = Caps::new(config.connections.total, config.connections.per_address);
        let sources =
            Sources { wallet: wallet.clone(), caps: Arc::clone(&caps), telemetry: Arc::clone(&telemetry) };
        let operator = operate(config.operator.listen, sources, ending.stop())?;
        say(&format!("{} serves {} on {}", settings.operator, settings.origin, config.listen));
        let newest = tls.as_ref().map(Tls::newest);
        tls::keep_fresh(tls)?;
        supervisor::tell(Now::Ready);
        let door = Door { listener, tls: newest, routes: site::routes(&app, None), caps };
        let stop = ending.stop();
        let served = async {
            door.serve(stop).await;
            supervisor::tell(Now::Stopping);
            operator.await;
            if let Some(traces) = &telemetry.traces {
                traces.flush().await;
            }
            close(&wallet).await
        };
        ending.unless_told_twice(served).await
    }
}

/// Starts the export of traces, where it is configured.
fn telemetry_of(traces: &Traces) -> anyhow::Result<Arc<Telemetry>> {
    let endpoint = traces.otlp_endpoint.as_deref();
    let exporter = endpoint.map(|endpoint| Exporter::start(endpoint, traces.sample_percent)).transpose()?;
    Ok(Arc::new(Telemetry { traces: exporter, ..Telemetry::default() }))
}

/// Serves metrics and health on `listen`, where it is configured; the answer ends with the listener.
pub(super) fn operate(
    listen: Option<SocketAddr>,
    sources: Sources,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<impl Future<Output = ()>> {
    let serving = match listen {
        Some(address) => {
            let listener =
                bind(address).with_context(|| format!("cannot listen on {address} for the operator"))?;
            Some(tokio::spawn(operator::serve(listener, sources, stop)))
        }
        None => None,
    };
    Ok(async move {
        if let Some(serving) = serving {
            drop(serving.await);
        }
    })
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
