//! Three nodes over one PostgreSQL, behind a balancer: the one that leads is killed, or told to end, while people pay.

use crate::people::Town;
use crate::program::{Program, free_port};
use crate::rounds;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use yinxin_store::test_postgres::TestDatabase;

/// Everybody has had another answer after so many payments.
const ANSWERS: u64 = 7;

/// One node: a data directory and an address of loopback of its own.
struct Node {
    folder: tempfile::TempDir,
    host: String,
    program: Option<Program>,
}

struct Cluster {
    database: TestDatabase,
    ports: [u16; 3],
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts `count` nodes and a balancer at the origin.
    async fn start(count: usize) -> Self {
        let balancer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ports = [balancer.local_addr().unwrap().port(), free_port(), free_port()];
        let mut cluster = Self { database: TestDatabase::new(), ports, nodes: Vec::new() };
        for number in 0..count {
            let folder = tempfile::Builder::new().prefix("yinxin-node-").tempdir().unwrap();
            if let Some(first) = cluster.nodes.first() {
                copy(&first.folder.path().join("data"), &folder.path().join("data"));
            }
            let host = format!("127.0.0.{}", number + 2);
            cluster.nodes.push(Node { folder, host, program: None });
            cluster.begin(number);
        }
        let hosts: Arc<Vec<_>> = Arc::new(cluster.nodes.iter().map(|node| node.host.clone()).collect());
        tokio::spawn(balance(balancer, ports[0], hosts));
        cluster
    }

    fn origin(&self) -> String {
        format!("http://localhost:{}", self.ports[0])
    }

    /// Starts a node and waits until it listens.
    fn begin(&mut self, number: usize) {
        let [port, shop, peers] = self.ports;
        let node = &self.nodes[number];
        let (host, data) = (&node.host, node.folder.path().join("data"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINXIN_")) {
            command.env_remove(name);
        }
        let log = std::fs::OpenOptions::new().create(true).append(true).open(node.folder.path().join("log"));
        let mut child = command
            .args(["demo", "--listen", &format!("{host}:{port}"), "--shop-listen", &format!("{host}:{shop}")])
            .args(["--node-listen", &format!("{host}:{peers}"), "--database", &self.database.url(), "--data"])
            .arg(data)
            .env("YINXIN_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = said.map_while(Result::ok).any(|line| line.contains("/demo"));
        assert!(ready, "no start: {}", self.log(number));
        self.nodes[number].program = Some(Program::of(child));
    }

    fn log(&self, number: usize) -> String {
        std::fs::read_to_string(self.nodes[number].folder.path().join("log")).unwrap_or_default()
    }

    /// Which node leads; asked until one does.
    fn leader(&self) -> usize {
        let leads = |node: &Node| health(&format!("{}:{}", node.host, self.ports[0])).contains("leading");
        loop {
            if let Some(found) = self.nodes.iter().position(|node| node.program.is_some() && leads(node)) {
                return found;
            }
        }
    }
}

/// Keys, authorities and the deployment: what makes a directory another node's.
pub(crate) fn copy(from: &Path, to: &Path) {
    for folder in ["keys", "ca"] {
        std::fs::create_dir_all(to.join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
        }
    }
    std::fs::copy(from.join("deployment.json"), to.join("deployment.json")).unwrap();
}

fn health(address: &str) -> String {
    let mut answer = Vec::new();
    if let Ok(mut stream) = std::net::TcpStream::connect(address) {
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        drop(stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer)));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Gives each connection to the next node that takes it.
async fn balance(listener: TcpListener, port: u16, hosts: Arc<Vec<String>>) {
    let mut turn = 0;
    loop {
        let Ok((mut client, _)) = listener.accept().await else { continue };
        turn += 1;
        let hosts = Arc::clone(&hosts);
        tokio::spawn(async move {
            for step in 0..hosts.len() {
                let host = &hosts[(turn + step) % hosts.len()];
                if let Ok(mut node) = TcpStream::connect((host.as_str(), port)).await {
                    drop(tokio::io::copy_bidirectional(&mut client, &mut node).await);
                    return;
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leading_node_that_is_killed_or_ends_behind_two_others_loses_and_doubles_nothing() {
    let mut cluster = Cluster::start(3).await;
    let mut paying = Town::found(&cluster.origin()).await.start();
    for round in 0..rounds("YINXIN_NODE_KILLS", 2) {
        paying.further(30).await;
        let leader = cluster.leader();
        let began = Instant::now();
        let program = cluster.nodes[leader].program.take().unwrap();
        let clean = round % 2 == 1;
        if clean {
            assert!(program.stop().success());
        } else {
            drop(program);
        }
        paying.further(ANSWERS).await;
        let took = began.elapsed();
        eprintln!("fail-over after {}: {took:?}", if clean { "SIGTERM" } else { "SIGKILL" });
        assert!(took < Duration::from_secs(20), "{took:?}\n{}", cluster.log(cluster.leader()));
        cluster.begin(leader);
    }
    let paid = paying.stop().await.check().await.unwrap();
    assert!(paid > 60, "only {paid} were paid");
}
