//! The nodes' door: their own identities open it, and nothing else does.

use super::*;
use crate::adapters::sms_tray::SmsTray;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use yinxin_core::policy::Template;
use yinxin_core::{Currency, Stamp};
use yinxin_wallet::port::{Clock, Entropy, PeerError, Peers as _, SystemClock, SystemEntropy};
use yinxin_wallet::{NodeIdentities, OpenOptions, Setup, Wallet, local_tls};

struct Node {
    address: SocketAddr,
    folder: TempDir,
    _stop: watch::Sender<bool>,
}

fn ports() -> (Arc<dyn Clock>, Arc<dyn Entropy>) {
    (Arc::new(SystemClock::new()), Arc::new(SystemEntropy))
}

fn credentials(data: &Path) -> Arc<Credentials> {
    let (clock, entropy) = ports();
    Credentials::new(NodeIdentities::of(data, clock, entropy).unwrap()).unwrap()
}

impl Node {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, entropy) = ports();
        let setup = Setup {
            origin: "http://localhost:8088".to_owned(),
            operator: "Test".to_owned(),
            stamp: Stamp::Demo,
            currency: Currency::CNY,
            time_zone: "Asia/Shanghai".to_owned(),
            template: Template::ClosedLoop,
            root_key: folder.path().join("root.pem"),
        };
        Wallet::init(folder.path(), &setup, &clock, &entropy).unwrap();
        let options = OpenOptions { stamp: Stamp::Demo, accept_clock: false };
        let tray = SmsTray::new(Arc::clone(&clock));
        let wallet = Wallet::open(folder.path(), options, (clock, entropy, tray)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, credentials(folder.path()), wallet, stopped));
        Self { address, folder, _stop: stop }
    }
}

#[tokio::test]
async fn a_node_of_the_deployment_is_answered_and_one_of_another_deployment_is_not() {
    let node = Node::start().await;
    let peers = TlsPeers::new(&credentials(node.folder.path())).unwrap();
    for _ in 0..2 {
        let answer = peers.ask(&node.address.to_string(), b"nonsense".to_vec()).await.unwrap();
        assert_eq!(answer, [1, 5], "what is not understood was not done");
    }
    let too_long = vec![0; MESSAGE_MAX_BYTES + 1];
    assert_eq!(peers.ask(&node.address.to_string(), too_long).await, Err(PeerError::Unanswered));
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("keys")).unwrap();
    std::fs::write(other.path().join("keys/pepper"), [7; 32]).unwrap();
    let strangers = TlsPeers::new(&credentials(other.path())).unwrap();
    let refused = strangers.ask(&node.address.to_string(), b"nonsense".to_vec()).await;
    assert_eq!(refused, Err(PeerError::Unreached));
    assert_eq!(peers.ask("127.0.0.1:1", Vec::new()).await, Err(PeerError::Unreached));
}

/// Speaks TLS to the node with `config` and says whether anything was answered to an HTTP/2 preface.
async fn is_answered(address: SocketAddr, config: ClientConfig) -> bool {
    let stream = TcpStream::connect(address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let Ok(mut stream) = connector.connect(ServerName::try_from("node").unwrap(), stream).await else {
        return false;
    };
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    matches!(stream.read(&mut [0; 64]).await, Ok(1..))
}

#[tokio::test]
async fn without_a_nodes_certificate_or_with_a_servers_the_door_stays_shut() {
    let node = Node::start().await;
    let own = credentials(node.folder.path());
    assert!(is_answered(node.address, Arc::unwrap_or_clone(own.client().unwrap())).await);
    let trusting = |own: &Arc<Credentials>| {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(own) as _)
    };
    assert!(!is_answered(node.address, trusting(&own).with_no_client_auth()).await);
    let local = local_tls(node.folder.path(), &["node.lan"], &SystemClock::new(), &SystemEntropy).unwrap();
    let chain = local.chain.map(CertificateDer::from).to_vec();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(local.key.expose().to_vec());
    let server = trusting(&own).with_client_auth_cert(chain, key.into()).unwrap();
    assert!(!is_answered(node.address, server).await);
}

#[tokio::test]
async fn a_phones_trust_in_any_root_does_not_reach_a_node() {
    let node = Node::start().await;
    let local = local_tls(node.folder.path(), &["node.lan"], &SystemClock::new(), &SystemEntropy).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(local.root)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    assert!(!is_answered(node.address, config).await);
}
