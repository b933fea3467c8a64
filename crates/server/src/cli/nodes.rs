//! What `[nodes]` makes of a server: one of several nodes that share a database.

use super::listen::bind;
use crate::config::Nodes;
use crate::nodes::{Credentials, TlsPeers, serve};
use anyhow::Context as _;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use yinxin_wallet::port::{Clock, SystemEntropy};
use yinxin_wallet::{Membership, NodeIdentities, Wallet};

/// A node that can be reached, before its wallet is open.
pub(super) struct Node {
    listener: TcpListener,
    credentials: Arc<Credentials>,
    address: String,
}

impl Node {
    /// Listens for the other nodes and issues this one's first certificate.
    pub(super) fn prepare(nodes: &Nodes, data: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let identities = NodeIdentities::of(data, Arc::clone(clock), Arc::new(SystemEntropy))?;
        let listener =
            bind(nodes.listen).with_context(|| format!("nodes.listen: cannot listen on {}", nodes.listen))?;
        Ok(Self { listener, credentials: Credentials::new(identities)?, address: nodes.address.clone() })
    }

    /// What the wallet needs to be one of several.
    pub(super) fn membership(&self) -> anyhow::Result<Membership> {
        Ok(Membership { address: self.address.clone(), peers: TlsPeers::new(&self.credentials)? })
    }

    /// Answers the other nodes until `stop` turns true.
    pub(super) fn serve(self, wallet: Wallet, stop: watch::Receiver<bool>) {
        tokio::spawn(async move {
            if let Err(error) = serve(self.listener, self.credentials, wallet, stop).await {
                tracing::error!(%error, "the other nodes are not answered");
            }
        });
    }
}
