//! The lease as the writer needs it: the right to append, under an epoch that every append checks.

use yinxin_store::{Journal, StoreError};

/// The door to the lease of one deployment, for one node.
pub(crate) trait LeaseDoor: Send {
    /// Claims the lease; false while somebody holds it. After a claim the journal's tail is final for every earlier epoch.
    fn claim(&mut self) -> Result<bool, StoreError>;

    /// Renews what was claimed; false when another epoch began.
    fn renew(&mut self) -> Result<bool, StoreError>;

    /// The epoch of the last claim.
    fn epoch(&self) -> u64;

    /// Gives the lease back, so that the next node need not wait for its end.
    fn release(&mut self) -> Result<(), StoreError>;

    /// Where other nodes reach the holder; none while nobody holds it.
    fn leader(&mut self) -> Result<Option<String>, StoreError>;

    /// The writer's end of the journal, for the epoch that was claimed.
    fn journal(&mut self) -> Result<Box<dyn Journal>, StoreError>;

    /// Waits a moment for more than `records` records; less long where they are there.
    fn wait_beyond(&mut self, records: u64) -> Result<(), StoreError>;
}
