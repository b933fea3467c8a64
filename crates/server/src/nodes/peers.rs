//! The way to the other nodes: one connection to each, made when it is needed.

use super::{Credentials, MESSAGE_MAX_BYTES, PATH};
use axum::http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use yinxin_wallet::port::{Asking, PeerError, Peers};

/// How long a connection may take, with its handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take: longer than a commit that hangs is waited for by a phone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a connection is asked whether its other end is there, and how long that may take: a host that was cut off is
/// found out within these two.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_TIMEOUT: Duration = Duration::from_secs(3);
/// Leading nodes' connections kept; older ones go.
const KEPT_MAX: usize = 16;
/// The name in a request; certificates of nodes carry none.
const NAME: &str = "node";

type Sender = SendRequest<Full<Bytes>>;

/// Other nodes through mutual TLS.
pub(crate) struct TlsPeers {
    tls: Arc<ClientConfig>,
    /// Open connections by address; who finds none makes one while others wait for it.
    open: Mutex<HashMap<String, Arc<Mutex<Option<Sender>>>>>,
}

impl TlsPeers {
    /// Reaches nodes with these credentials.
    pub(crate) fn new(credentials: &Arc<Credentials>) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self { tls: credentials.client()?, open: Mutex::default() }))
    }

    async fn sender(&self, address: &str) -> Result<Sender, PeerError> {
        let slot = {
            let mut open = self.open.lock().await;
            if open.len() >= KEPT_MAX && !open.contains_key(address) {
                open.clear();
            }
            Arc::clone(open.entry(address.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(sender) = slot.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        *slot = None;
        let sender = match tokio::time::timeout(CONNECT_TIMEOUT, self.connect(address)).await {
            Ok(Ok(sender)) => sender,
            Ok(Err(error)) => {
                tracing::warn!(node.address = address, %error, "another node was not reached");
                return Err(PeerError::Unreached);
            }
            Err(_) => return Err(PeerError::Unreached),
        };
        *slot = Some(sender.clone());
        Ok(sender)
    }

    async fn connect(&self, address: &str) -> anyhow::Result<Sender> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(NAME)?;
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?;
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(stream))
            .await?;
        // Ends with the connection; whoever waits for an answer hears of it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    async fn exchange(&self, address: &str, question: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let mut sender = self.sender(address).await?;
        if sender.ready().await.is_err() {
            // It ended while nobody used it; nothing was sent.
            sender = self.sender(address).await?;
            sender.ready().await.map_err(|_| PeerError::Unreached)?;
        }
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://{NAME}{PATH}"))
            .body(Full::new(Bytes::from(question)))
            .map_err(|_| PeerError::Unreached)?;
        let response = sender.send_request(request).await.map_err(|_| PeerError::Unanswered)?;
        if !response.status().is_success() {
            return Err(PeerError::Unanswered);
        }
        let body = Limited::new(response.into_body(), MESSAGE_MAX_BYTES).collect().await;
        Ok(body.map_err(|_| PeerError::Unanswered)?.to_bytes().to_vec())
    }
}

impl Peers for TlsPeers {
    fn ask<'a>(&'a self, address: &'a str, question: Vec<u8>) -> Asking<'a> {
        Box::pin(async move {
            let exchange = self.exchange(address, question);
            tokio::time::timeout(ANSWER_TIMEOUT, exchange).await.unwrap_or(Err(PeerError::Unanswered))
        })
    }
}
