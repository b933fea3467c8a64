//! A record between its decision and its commit.

use crate::port::Entropy;
use yinxin_core::Facts;
use yinxin_store::NewRecord;
use yinxin_tlog::LEAF_ENTRY_BYTES;

/// What is kept beside a record.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) evidence: Vec<u8>,
    pub(super) disclosures: Option<Vec<u8>>,
}

/// A record of the batch that is being made.
pub(super) struct Draft {
    pub(super) facts: Facts,
    pub(super) leaf: [u8; LEAF_ENTRY_BYTES],
    /// For the journal; it is there while the batch is appended, and comes back for the answers.
    pub(super) new: NewRecord,
    pub(super) balance: Option<i64>,
}

/// Random bytes that records will need: asking the machine costs as much for many as for one.
#[derive(Default)]
pub(super) struct Draws {
    ready: Vec<[[u8; 32]; 2]>,
}

/// Records whose random bytes are drawn at once.
const DRAWN_AT_ONCE: usize = 64;

impl Draws {
    /// The opening and the salt of one record; each is given once.
    pub(super) fn next(&mut self, entropy: &dyn Entropy) -> [[u8; 32]; 2] {
        if let Some(drawn) = self.ready.pop() {
            return drawn;
        }
        self.ready.resize(DRAWN_AT_ONCE, [[0; 32]; 2]);
        entropy.fill(self.ready.as_flattened_mut().as_flattened_mut());
        self.ready.pop().expect("the vector was filled just now")
    }
}
