//! `yinxin demo`: play money, people and a tea shop in one command.

use super::listen::{Ending, bind, bind_next, close};
use super::nodes::Node;
use super::serve::operate;
use super::terminal::say;
use crate::adapters::sms_tray::SmsTray;
use crate::app::{App, Demo as DemoParts, Parts};
use crate::config::Nodes;
use crate::door::caps::Caps;
use crate::door::guard::Site;
use crate::door::{Door, Routes};
use crate::shop;
use crate::site;
use crate::telemetry::Telemetry;
use crate::telemetry::log::{self, Format};
use crate::telemetry::metrics::Sources;
use anyhow::{Context as _, bail};
use clap::Args;
use data_encoding::BASE32_NOPAD;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use yinxin_core::policy::Template;
use yinxin_core::{Currency, Stamp};
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{Home, OpenOptions, Ports, Setup, Wallet};

/// Ports looked at before giving up.
const PORTS_MAX: u16 = 50;
/// A demonstration serves one table of people.
const CONNECTIONS_MAX: usize = 2_048;
/// Connections from one address.
const CONNECTIONS_PER_ADDRESS: usize = 64;

/// Start a demonstration with play money, people and a tea shop.
#[derive(Args)]
pub(super) struct Demo {
    /// Address and port; beyond loopback visitors are asked for a printed access code.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Keep the data in this directory; without it everything is thrown away at the end.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where the books are when not with the data; needs `--data`, because keys and books belong together.
    #[arg(long, requires = "data")]
    database: Option<String>,
    /// Be one of several nodes that share the database: address and port for the others.
    #[arg(long, requires = "database")]
    node_listen: Option<SocketAddr>,
    /// Address and port of the tea shop; the next port when left out.
    #[arg(long)]
    shop_listen: Option<SocketAddr>,
    /// Address and port of the operator's listener: metrics and health; none when left out.
    #[arg(long)]
    operator_listen: Option<SocketAddr>,
    /// How a line of the log looks.
    #[arg(long, value_enum, default_value = "text")]
    log: Format,
}

/// Where the data are, and what removes them.
struct Place {
    path: PathBuf,
    _thrown_away: Option<TempDir>,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        log::start(self.log, "warn")?;
        let listener = self.bind_wallet()?;
        let address = listener.local_addr()?;
        let origin = format!("http://localhost:{}", address.port());
        let place = self.place()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let home = Home::at(&place.path, self.database.as_deref())?;
        if !Wallet::exists(&place.path) {
            Wallet::init(home.clone(), &setup(&origin, &place.path), &clock, &entropy)?;
        }
        let tray = SmsTray::new(Arc::clone(&clock));
        let options = OpenOptions { stamp: Stamp::Demo, accept_clock: false };
        let node = self.node(&place.path, &clock)?;
        let ports: Ports = (clock, Arc::clone(&entropy), tray.clone());
        let wallet = match &node {
            Some(node) => Wallet::open_node(home, options, ports, node.membership()?)?,
            None => Wallet::open(home, options, ports)?,
        };
        let credentials = wallet.seed_demo().await?;
        let shop_listener = self.bind_shop(address)?;
        let shop_address = shop_listener.local_addr()?;
        let shop_url = format!("http://localhost:{}/", shop_address.port());
        let is_open = !address.ip().is_loopback() || !shop_address.ip().is_loopback();
        let access: Option<Arc<str>> = is_open.then(|| access_code(entropy.as_ref()).into());
        let ending = Ending::on_signal(wallet.clone())?;
        let stop = ending.stop();
        if let Some(node) = node {
            node.serve(wallet.clone(), stop.clone());
        }
        let telemetry = Arc::<Telemetry>::default();
        let app = App::new(Parts {
            site: Site::observed(&origin, wallet.settings().currency, Arc::clone(&telemetry)),
            wallet: wallet.clone(),
            demo: Some(DemoParts { tray, shop_url: shop_url.clone() }),
            lan_root: None,
            behind_proxy: false,
            stop: stop.clone(),
        });
        let places = shop::Places { wallet_origin: &origin, origin: shop_url.trim_end_matches('/') };
        let shop_routes = shop::router(&places, &credentials, access.clone(), stop.clone())?;
        let caps = Caps::new(CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS);
        let sources = Sources { wallet: wallet.clone(), caps: Arc::clone(&caps), telemetry };
        let operator = operate(self.operator_listen, sources, stop.clone())?;
        let wallet_door = door(listener, site::routes(&app, access.clone()), &caps);
        let shop_door = door(shop_listener, Arc::new(shop_routes.into()), &caps);
        greet(&origin, &shop_url, access.as_deref(), self.data.as_deref());
        let served = async {
            tokio::join!(wallet_door.serve(stop.clone()), shop_door.serve(stop), operator);
            close(&wallet).await
        };
        ending.unless_told_twice(served).await
    }

    fn node(&self, data: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Node>> {
        let Some(listen) = self.node_listen else { return Ok(None) };
        Node::prepare(&Nodes { listen, address: listen.to_string() }, data, clock).map(Some)
    }

    /// The origin belongs to the data: kept data need their own port, thrown-away data take the next free one.
    fn bind_wallet(&self) -> anyhow::Result<TcpListener> {
        let usual = SocketAddr::from(([127, 0, 0, 1], 8088));
        let Some(data) = &self.data else {
            let asked = self.listen.unwrap_or(usual);
            return bind_next(asked, PORTS_MAX)
                .with_context(|| format!("cannot listen on {asked} or the ports after it"));
        };
        let Some(port) = port_of(data)? else {
            let asked = self.listen.unwrap_or(usual);
            return bind(asked).with_context(|| {
                format!("cannot listen on {asked}: choose another port with --listen, it stays with the data")
            });
        };
        let asked = self.listen.unwrap_or(SocketAddr::new(usual.ip(), port));
        if asked.port() != port {
            bail!(
                "the data in {} belong to http://localhost:{port}: keys and signed texts are bound to it. Start with \
                 port {port}, or choose another --data",
                data.display()
            );
        }
        bind(asked).with_context(|| {
            format!(
                "port {port} is taken, and the data in {} belong to it: end the other program, or choose another --data",
                data.display()
            )
        })
    }

    fn bind_shop(&self, wallet: SocketAddr) -> anyhow::Result<TcpListener> {
        if let Some(asked) = self.shop_listen {
            return bind(asked).with_context(|| format!("cannot listen on {asked} for the shop"));
        }
        let next = SocketAddr::new(wallet.ip(), wallet.port().saturating_add(1));
        let any = SocketAddr::new(wallet.ip(), 0);
        bind_next(next, PORTS_MAX).or_else(|_| bind(any)).context("no free port for the shop")
    }

    fn place(&self) -> anyhow::Result<Place> {
        if let Some(path) = &self.data {
            return Ok(Place { path: path.clone(), _thrown_away: None });
        }
        let folder = TempDir::with_prefix("yinxin-demo-").context("no temporary directory")?;
        Ok(Place { path: folder.path().join("data"), _thrown_away: Some(folder) })
    }
}

/// The port that kept data belong to; none for data that are not there yet.
fn port_of(data: &Path) -> anyhow::Result<Option<u16>> {
    if !Wallet::exists(data) {
        return Ok(None);
    }
    let (origin, stamp) = Wallet::inspect(data)?;
    if stamp != Stamp::Demo {
        bail!(
            "{} holds a live deployment: `yinxin serve` starts it, a demonstration never touches it",
            data.display()
        );
    }
    let port = origin.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.map(Some).with_context(|| format!("the origin {origin} has no port"))
}

fn setup(origin: &str, data: &Path) -> Setup {
    Setup {
        origin: origin.to_owned(),
        operator: "印信演示 Yinxin Demo".to_owned(),
        stamp: Stamp::Demo,
        currency: Currency::CNY,
        time_zone: "Asia/Shanghai".to_owned(),
        template: Template::ClosedLoop,
        // Play money: the root's key may stay with its data.
        root_key: data.join("demo-root.pem"),
    }
}

fn access_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 15];
    entropy.fill(&mut bytes);
    BASE32_NOPAD.encode(&bytes).to_lowercase()
}

fn door(listener: TcpListener, routes: Arc<Routes>, caps: &Arc<Caps>) -> Door {
    Door { listener, tls: None, routes, caps: Arc::clone(caps) }
}

fn greet(origin: &str, shop_url: &str, access: Option<&str>, data: Option<&Path>) {
    let code = access.map(|code| format!("?access={code}")).unwrap_or_default();
    say("");
    say("印信演示 · Yinxin demo: play money, nothing real");
    say("");
    say(&format!("  {origin}/demo{code}"));
    say("      phone and shop side by side 手机与商店");
    say(&format!("  {origin}/{code}"));
    say("      the wallet 钱包");
    say(&format!("  {shop_url}{code}"));
    say("      the tea shop 茶铺");
    say("");
    if let Some(code) = access {
        say(&format!("Visitors from other machines need the access code {code}"));
        say("and a browser that reaches this machine as localhost, for example: ssh -L.");
    }
    match data {
        Some(data) => say(&format!("Data are kept in {}. Ctrl-C ends.", data.display())),
        None => say("Everything is thrown away at the end. Ctrl-C ends. 按 Ctrl-C 结束。"),
    }
}
