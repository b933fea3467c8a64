//! The lease as the writer needs it: the right to append, under an epoch that every append checks.

use std::sync::Arc;
use std::time::Duration;
use yinxin_store::{Epoch, Journal, JournalReader, Lease, Store, StoreError, Writers};

/// How long one look at the journal waits for news: a node that follows is told of them, and looks who leads in between.
const NEWS_WAIT: Duration = Duration::from_millis(200);

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

/// The lease of a database that several nodes share.
pub(crate) struct DatabaseLease {
    lease: Arc<Lease>,
    writers: Writers,
    reader: Arc<JournalReader>,
    /// This node's name, for people who look into the database.
    name: String,
    /// Where other nodes reach it.
    address: String,
    held: Option<Epoch>,
    /// The epoch of the last claim, given back or not.
    last: Option<Epoch>,
}

impl DatabaseLease {
    /// The lease beside the journal of `store`.
    pub(crate) fn of(store: &Store, name: String, address: String) -> Self {
        let (lease, reader) = (Arc::clone(&store.lease), Arc::clone(&store.journal));
        Self { lease, writers: store.writers(), reader, name, address, held: None, last: None }
    }

    /// The same, claimed before.
    pub(crate) fn claimed(store: &Store, name: String, epoch: Epoch) -> Self {
        let held = Some(epoch);
        Self { held, last: held, ..Self::of(store, name, String::new()) }
    }
}

impl LeaseDoor for DatabaseLease {
    fn claim(&mut self) -> Result<bool, StoreError> {
        self.held = self.lease.claim(&self.name, &self.address)?;
        self.last = self.held.or(self.last);
        Ok(self.held.is_some())
    }

    fn renew(&mut self) -> Result<bool, StoreError> {
        self.held.map_or(Ok(false), |epoch| self.lease.renew(epoch))
    }

    fn epoch(&self) -> u64 {
        self.held.map_or(0, Epoch::number)
    }

    fn release(&mut self) -> Result<(), StoreError> {
        self.held.take().map_or(Ok(()), |epoch| self.lease.release(epoch))
    }

    fn leader(&mut self) -> Result<Option<String>, StoreError> {
        let Some(holder) = self.lease.holder()? else { return Ok(None) };
        if let Some(own) = self.last.filter(|last| *last == holder.epoch && self.held.is_none()) {
            // A reign of this node that ended while the database did not hear of it.
            self.lease.release(own)?;
            return Ok(None);
        }
        Ok(Some(holder.peer))
    }

    fn journal(&mut self) -> Result<Box<dyn Journal>, StoreError> {
        let epoch = self.held.ok_or(StoreError::Fenced)?;
        self.writers.open(epoch)
    }

    fn wait_beyond(&mut self, records: u64) -> Result<(), StoreError> {
        self.reader.wait_beyond(records, NEWS_WAIT).map(drop)
    }
}
