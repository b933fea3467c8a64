//! The measured server: the routes and the door that `serve` has, on a demonstration's data, over TLS.

use crate::adapters::sms_tray::SmsTray;
use crate::app::{App, Parts};
use crate::door::caps::Caps;
use crate::door::guard::Site;
use crate::door::{Door, tls};
use crate::site;
use anyhow::Context as _;
use data_encoding::BASE64;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use yinxin_core::Stamp;
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{Home, OpenOptions, Wallet, local_tls};

/// Connections in all: more than a measurement opens.
const CONNECTIONS_MAX: usize = 8_192;
/// What the first line says before the root's certificate.
pub(super) const READY: &str = "ready ";

/// Serves `data` until standard input ends. Says `ready` and the root to trust on its first line.
pub(crate) fn host(data: &Path, database: Option<&str>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(data, database))
}

async fn serve(data: &Path, database: Option<&str>) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let options = OpenOptions { stamp: Stamp::Demo, accept_clock: false };
    let tray = SmsTray::new(Arc::clone(&clock));
    let wallet = Wallet::open(Home::at(data, database)?, options, (clock, entropy, tray))?;
    let origin = wallet.settings().origin.clone();
    let port = origin.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let port: u16 = port.with_context(|| format!("the origin {origin} has no port"))?;
    let local = local_tls(data, &["localhost"], &SystemClock::new(), &SystemEntropy)?;
    let key = PrivatePkcs8KeyDer::from(local.key.expose().to_vec());
    let tls = tls::from_parts(local.chain.map(CertificateDer::from).to_vec(), key.into())?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))
        .await
        .with_context(|| format!("cannot listen on port {port}, which the data belong to"))?;
    let stop = stop_with_input()?;
    let app = App::new(Parts {
        site: Site::new(&origin, wallet.settings().currency),
        wallet: wallet.clone(),
        demo: None,
        lan_root: None,
        behind_proxy: false,
        stop: stop.clone(),
    });
    let caps = Caps::new(CONNECTIONS_MAX, CONNECTIONS_MAX);
    let door = Door {
        listener,
        tls: Some(tokio::sync::watch::channel(tls).1),
        routes: site::routes(&app, None),
        caps,
    };
    let mut out = std::io::stdout();
    writeln!(out, "{READY}{}", BASE64.encode(&local.root))?;
    out.flush()?;
    door.serve(stop).await;
    wallet.close().await;
    Ok(())
}

/// Turns true when standard input ends: also when whoever measures has died.
fn stop_with_input() -> std::io::Result<watch::Receiver<bool>> {
    let (sender, stop) = watch::channel(false);
    std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
        let mut ignored = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut ignored);
        let _ = sender.send(true);
        // Held open: a closed channel would look like a signal to whoever waits.
        loop {
            std::thread::park();
        }
    })?;
    Ok(stop)
}
