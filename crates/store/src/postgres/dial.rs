//! Reaching the one of several hosts that takes writes.

use super::Failure;
use super::tls::{Encrypted, Tls};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Connection, Socket};

/// How long the host that took writes last keeps the others waiting. A host that is gone does not even refuse, and each new
/// connection would wait for it in vain.
const HEAD_START: Duration = Duration::from_millis(300);
/// How long one host may take to accept a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// A host that was cut off is found out by the kernel within this time, where something was sent to it.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// Where nothing was sent, the kernel asks so often after that time, and gives up when so many stay without an answer.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(2);
const KEEPALIVES: u32 = 2;

/// What drives a client.
pub(super) type Driven = Connection<Socket, Encrypted<Socket>>;
/// A client, and what drives it.
pub(super) type Connected = (Client, Driven);

/// The hosts of one address.
pub(super) struct Dial {
    hosts: Vec<Config>,
    tls: Tls,
    /// The host that took writes last.
    last: AtomicUsize,
}

impl Dial {
    pub(super) fn new(config: &Config, tls: Tls) -> Self {
        let hosts = (0..config.get_hosts().len()).map(|at| alone(config, at)).collect();
        Self { hosts, tls, last: AtomicUsize::new(0) }
    }

    /// A connection to the host that takes writes: the last one first, then all at once. What the first failure was counts.
    pub(super) async fn connect(&self) -> Result<Connected, Failure> {
        let first = self.last.load(Ordering::Relaxed);
        let mut attempts = JoinSet::new();
        self.attempt(first, &mut attempts);
        let mut failure = match tokio::time::timeout(HEAD_START, attempts.join_next()).await {
            Ok(Some(Ok((_, Ok(connected))))) => return Ok(connected),
            Ok(Some(Ok((_, Err(error))))) => Some(error),
            Ok(Some(Err(_)) | None) | Err(_) => None,
        };
        for at in (0..self.hosts.len()).filter(|at| *at != first) {
            self.attempt(at, &mut attempts);
        }
        while let Some(attempted) = attempts.join_next().await {
            match attempted {
                Ok((at, Ok(connected))) => {
                    self.last.store(at, Ordering::Relaxed);
                    return Ok(connected);
                }
                Ok((_, Err(error))) => failure = failure.or(Some(error)),
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or_else(|| Failure::lost("no host answers")))
    }

    fn attempt(&self, at: usize, attempts: &mut JoinSet<(usize, Result<Connected, Failure>)>) {
        let Some(config) = self.hosts.get(at).cloned() else { return };
        let tls = self.tls.clone();
        attempts.spawn(async move { (at, config.connect(tls).await.map_err(Failure::of)) });
    }
}

/// The same with one of its hosts.
fn alone(all: &Config, at: usize) -> Config {
    let mut one = Config::new();
    match &all.get_hosts()[at] {
        Host::Tcp(name) => one.host(name),
        #[cfg(unix)]
        Host::Unix(path) => one.host_path(path),
    };
    if let Some(address) = all.get_hostaddrs().get(at) {
        one.hostaddr(*address);
    }
    if let Some(port) = all.get_ports().get(at).or_else(|| all.get_ports().first()) {
        one.port(*port);
    }
    if let Some(user) = all.get_user() {
        one.user(user);
    }
    if let Some(password) = all.get_password() {
        one.password(password);
    }
    if let Some(name) = all.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = all.get_options() {
        one.options(options);
    }
    one.channel_binding(all.get_channel_binding())
        .ssl_mode(all.get_ssl_mode())
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .application_name("yinxin")
        .connect_timeout(CONNECT_WAIT)
        .keepalives_idle(SILENCE_MAX)
        .keepalives_interval(KEEPALIVE_EVERY)
        .keepalives_retries(KEEPALIVES)
        .tcp_user_timeout(SILENCE_MAX);
    one
}
