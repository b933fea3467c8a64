//! Several nodes of one deployment: one leads and appends, the others follow the journal and send it their verified commands.

mod lease;
mod standing;

pub(crate) use lease::LeaseDoor;
pub use standing::Standing;
pub(crate) use standing::{Control, NamedSnapshot};

use crate::Wallet;

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
