//! A record between its decision and its commit.

use yinxin_core::Facts;
use yinxin_store::NewRecord;

/// What is kept beside a record.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) evidence: Vec<u8>,
    pub(super) disclosures: Option<Vec<u8>>,
}

/// A record of the batch that is being made.
pub(super) struct Draft {
    pub(super) facts: Facts,
    pub(super) new: NewRecord,
    pub(super) balance: Option<i64>,
}

impl Draft {
    /// The record for the journal. What only the journal keeps goes with it; what answers need stays.
    pub(super) fn append(&mut self) -> NewRecord {
        let evidence = std::mem::take(&mut self.new.evidence);
        let disclosures = self.new.disclosures.take();
        NewRecord { evidence, disclosures, ..self.new.clone() }
    }
}
