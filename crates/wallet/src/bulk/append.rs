//! Batches straight into a journal, with nothing decided: what the engine's commit alone costs.

use crate::start::DataDir;
use crate::{Home, StartError};
use yinxin_core::Stamp;
use yinxin_store::{Batch, Epoch, Head, Journal, NewRecord, Store};

/// Bytes of a payment's facts, of its evidence and of what opens its commitments, as payments have them.
const FACTS: usize = 220;
const EVIDENCE: usize = 1_000;
const DISCLOSURES: usize = 64;
/// Batches between two looks at what the journal has to say.
const TIDY_AFTER: u32 = 512;

/// Appends to a journal whose books nobody wants any more.
pub struct BulkAppend {
    store: Store,
    epoch: Epoch,
    journal: Box<dyn Journal>,
    next: u64,
    batches: u32,
}

impl BulkAppend {
    /// Takes the journal of these books, which must be a demonstration's. No start succeeds after the first batch.
    ///
    /// # Errors
    /// `Stamp` on live books.
    pub fn ruin(home: impl Into<Home>) -> Result<Self, StartError> {
        let home = home.into();
        let (_, stamp) = crate::Wallet::inspect(home.path())?;
        if stamp != Stamp::Demo {
            return Err(StartError::Stamp("these are live books".to_owned()));
        }
        let store = home.store(DataDir::at(home.path()).files())?;
        let epoch = home.claim(&store)?;
        let (journal, next) = (store.writer(epoch)?, store.journal.size()?);
        Ok(Self { store, epoch, journal, next, batches: 0 })
    }

    /// One durable commit of `records` records as large as payments.
    pub fn batch(&mut self, records: u32) -> Result<(), StartError> {
        let record = NewRecord {
            facts: vec![1; FACTS],
            opening: [2; 32],
            digest: [3; 32],
            salt: [4; 32],
            evidence: vec![5; EVIDENCE],
            disclosures: Some(vec![6; DISCLOSURES]),
            names_snapshot: false,
        };
        let size = self.next.saturating_add(u64::from(records));
        let records: Vec<NewRecord> = (0..records).map(|_| record.clone()).collect();
        let head = Head { size, note: "x".repeat(200) };
        self.journal.append(&Batch { first: self.next, records, tiles: Vec::new(), head })?;
        self.next = size;
        self.batches = self.batches.wrapping_add(1);
        // As the writer does.
        if self.batches.is_multiple_of(TIDY_AFTER) {
            self.journal.tidy()?;
        }
        Ok(())
    }

    /// Gives the lease back.
    pub fn end(self) -> Result<(), StartError> {
        drop(self.journal);
        self.store.lease.release(self.epoch)?;
        Ok(())
    }
}
