//! Several nodes of one deployment: one leads and appends, the others follow the journal and send it their verified commands.

mod identity;
mod lease;
mod standing;

pub use identity::{NodeIdentities, NodeIdentity};
pub(crate) use lease::{DatabaseLease, LeaseDoor};
pub use standing::Standing;
pub(crate) use standing::{Control, NamedSnapshot};

use crate::port::Peers;
use crate::{Wallet, WalletError};
use std::sync::Arc;

/// What makes a wallet one of several nodes.
pub struct Membership {
    /// Host and port where the other nodes reach this one.
    pub address: String,
    /// The way to the others.
    pub peers: Arc<dyn Peers>,
}

impl Wallet {
    /// Answers the question of another node of this deployment; the transport has proven that it is one.
    pub async fn answer_node(&self, question: &[u8]) -> Vec<u8> {
        self.inner.writer.answer_node(question).await
    }

    /// Whether this node leads, follows, or knows no leader.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.inner.writer.standing()
    }

    /// Whether this is one of several nodes.
    #[must_use]
    pub fn has_peers(&self) -> bool {
        self.inner.writer.is_shared()
    }

    /// Waits until this node and the views show record `index`, which somebody saw on another node. An index that the journal
    /// does not have is nobody's: it belongs to books that are gone.
    ///
    /// # Errors
    /// `Busy` when they do not within two seconds.
    pub async fn meet(&self, index: u64) -> Result<(), WalletError> {
        let records = index.saturating_add(1);
        if self.records() < records {
            if self.inner.store.journal.size()? < records {
                return Ok(());
            }
            if !self.inner.writer.covers(records).await {
                return Err(WalletError::Busy);
            }
        }
        self.settle(index).await
    }

    /// Whether this node does what only one of them may: jobs on the desk, withdrawals, snapshots' names.
    pub(crate) fn leads(&self) -> bool {
        self.standing() == Standing::Leading
    }

    /// Why the wallet ended by itself, where it was not the disk.
    #[must_use]
    pub fn end_reason(&self) -> Option<String> {
        self.inner.writer.control().reason()
    }
}
