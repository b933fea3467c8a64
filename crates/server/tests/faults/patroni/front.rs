//! The way of people to the nodes: a balancer that asks for health, and on each host a proxy before the program.

use super::room::{HOSTS, front, move_into};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// The origin's port, and that of every program on its loopback.
pub(super) const PORT: u16 = 8088;
/// How often the balancer asks a node, and how long it waits for the answer or a connection.
const ASK_EVERY: Duration = Duration::from_millis(500);
const ASK_WAIT: Duration = Duration::from_secs(1);

/// Whom the balancer sends people to.
#[derive(Clone)]
pub(super) struct Balancer(Arc<[watch::Receiver<bool>; 3]>);

/// Starts the proxies and the balancer.
pub(super) async fn open() -> Balancer {
    for host in HOSTS {
        std::thread::spawn(move || proxy(host));
    }
    let healthy = HOSTS.map(|host| {
        let (tell, healthy) = watch::channel(false);
        tokio::spawn(ask_for_health(host, tell));
        healthy
    });
    let balancer = Balancer(Arc::new(healthy));
    let listener = TcpListener::bind(("127.0.0.1", PORT)).await.unwrap();
    tokio::spawn(balance(listener, balancer.clone()));
    balancer
}

impl Balancer {
    /// Whether a node is sent people.
    pub(super) fn uses(&self, host: usize) -> bool {
        *self.0[host - 1].borrow()
    }
}

/// What a node says of itself; nothing where it does not answer.
pub(super) async fn health(host: usize) -> Option<String> {
    let asked = async {
        let mut stream = TcpStream::connect((front(host), PORT)).await.ok()?;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost:{PORT}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    };
    timeout(ASK_WAIT, asked).await.ok().flatten()
}

async fn ask_for_health(host: usize, tell: watch::Sender<bool>) {
    let mut rounds = tokio::time::interval(ASK_EVERY);
    loop {
        rounds.tick().await;
        let is_well = health(host).await.is_some_and(|said| said.starts_with("HTTP/1.1 200"));
        tell.send_replace(is_well);
    }
}

/// Gives each connection to the next node that is well, and takes it away when the node is not any more.
async fn balance(listener: TcpListener, balancer: Balancer) {
    let mut turn = 0;
    loop {
        let Ok((mut client, _)) = listener.accept().await else { continue };
        turn += 1;
        let balancer = balancer.clone();
        tokio::spawn(async move {
            let well = (0..3).map(|step| HOSTS[(turn + step) % 3]).find(|host| balancer.uses(*host));
            let Some(host) = well else {
                // Nobody is: whoever asks waits a little before the next time.
                let mut any = balancer.0[turn % 3].clone();
                drop(timeout(ASK_EVERY, any.wait_for(|well| *well)).await);
                return;
            };
            let Ok(Ok(mut node)) = timeout(ASK_WAIT, TcpStream::connect((front(host), PORT))).await else {
                return;
            };
            let mut lost = balancer.0[host - 1].clone();
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut node) => {}
                _ = lost.wait_for(|well| !well) => {}
            }
        });
    }
}

/// What arrives at a host's front goes to the program on its loopback, as behind any proxy that speaks TLS.
fn proxy(host: usize) {
    move_into(host);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind((front(host), PORT)).await.unwrap();
        loop {
            let Ok((mut client, _)) = listener.accept().await else { continue };
            tokio::spawn(async move {
                let Ok(mut program) = TcpStream::connect(("127.0.0.1", PORT)).await else { return };
                drop(copy_bidirectional(&mut client, &mut program).await);
            });
        }
    });
}
