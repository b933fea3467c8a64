//! A record between its decision and its commit.

use super::handle::Work;
use crate::port::Entropy;
use yinxin_core::Facts;
use yinxin_core::codec::Codec;
use yinxin_store::NewRecord;
use yinxin_tlog::evidence_digest;

/// What is kept beside a record, and how its leaf names it.
pub(super) struct Kept {
    pub(super) evidence: Vec<u8>,
    pub(super) disclosures: Option<Vec<u8>>,
    pub(super) opening: [u8; 32],
    pub(super) salt: [u8; 32],
    pub(super) digest: [u8; 32],
}

impl Kept {
    /// Takes it out of what is asked of the writer, where many do so at once: the writer itself hashes no evidence.
    pub(super) fn of(work: &mut Work, entropy: &dyn Entropy) -> Self {
        let (evidence, disclosures) = match work {
            Work::Command(command) => (std::mem::take(&mut command.evidence), None),
            Work::Payment(authorisation) => {
                let disclosures = authorisation.disclosures.take();
                let evidence = std::mem::take(&mut authorisation.evidence);
                (evidence, disclosures.map(|disclosures| disclosures.to_bytes()))
            }
        };
        let mut drawn = [[0; 32]; 2];
        entropy.fill(drawn.as_flattened_mut());
        Self::sealed(evidence, disclosures, drawn)
    }

    /// Of a record that nobody asked for.
    pub(super) fn nothing(drawn: [[u8; 32]; 2]) -> Self {
        Self::sealed(Vec::new(), None, drawn)
    }

    fn sealed(evidence: Vec<u8>, disclosures: Option<Vec<u8>>, [opening, salt]: [[u8; 32]; 2]) -> Self {
        let digest = evidence_digest(&salt, &evidence);
        Self { evidence, disclosures, opening, salt, digest }
    }
}

/// A record of the batch that is being made.
pub(super) struct Draft {
    pub(super) facts: Facts,
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
