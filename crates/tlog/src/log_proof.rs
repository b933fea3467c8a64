//! A proof that stands alone (C2SP tlog-proof): index, audit path and signed checkpoint as one text.

use crate::base64;
use crate::hash::Hash;
use crate::note::NOTE_BYTES_MAX;
use crate::verify::PROOF_HASHES_MAX;
use std::fmt;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The longest extra data, decoded.
const EXTRA_BYTES_MAX: usize = 64 * 1024;

/// An inclusion proof with the checkpoint it leads to. `Display` writes its text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// Data beside the proof; nothing authenticates it.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index.
    pub index: u64,
    /// The audit path, the leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, word for word.
    pub checkpoint: String,
}

/// A text that is not a proof in its one form, or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a log proof")]
pub struct LogProofError;

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl LogProof {
    /// Reads the text form. The checkpoint is taken as it stands: open it with the log's key.
    pub fn parse(text: &str) -> Result<Self, LogProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(LogProofError)?;
        if head.len() > EXTRA_BYTES_MAX * 2 || checkpoint.is_empty() || checkpoint.len() > NOTE_BYTES_MAX {
            return Err(LogProofError);
        }
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(LogProofError);
        }
        let mut line = lines.next().ok_or(LogProofError)?;
        let extra = match line.strip_prefix("extra ") {
            Some(extra) => {
                line = lines.next().ok_or(LogProofError)?;
                Some(
                    base64::decode(extra)
                        .filter(|extra| extra.len() <= EXTRA_BYTES_MAX)
                        .ok_or(LogProofError)?,
                )
            }
            None => None,
        };
        let index = line.strip_prefix("index ").and_then(base64::decimal).ok_or(LogProofError)?;
        let hashes = lines.map(Hash::from_base64).collect::<Option<Vec<_>>>().ok_or(LogProofError)?;
        if hashes.len() > PROOF_HASHES_MAX {
            return Err(LogProofError);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(extra: Option<Vec<u8>>, hashes: Vec<Hash>) -> LogProof {
        let checkpoint = "o\n9\nroot\n\n\u{2014} o AAAAAAA=\n".to_owned();
        LogProof { extra, index: 5, hashes, checkpoint }
    }

    #[test]
    fn a_proof_reads_back() {
        for extra in [None, Some(Vec::new()), Some(vec![1, 2, 3])] {
            for hashes in [vec![], vec![Hash([1; 32]), Hash([2; 32])]] {
                let proof = proof(extra.clone(), hashes);
                assert_eq!(LogProof::parse(&proof.to_string()), Ok(proof));
            }
        }
    }

    #[test]
    fn another_form_is_refused() {
        let text = proof(Some(vec![1]), vec![Hash([1; 32])]).to_string();
        for refused in [
            "",
            HEADER,
            &text.replace("@v1", "@v2"),
            &text.replace("index 5", "index 05"),
            &text.replace("index 5\n", ""),
            &text.replace("extra AQ==", "extra AQ"),
            &text.replace("AQE=", "AQF="),
            &text.replace("\n\no\n", "\no\n"),
            &proof(None, vec![Hash([1; 32]); PROOF_HASHES_MAX + 1]).to_string(),
        ] {
            assert!(LogProof::parse(refused).is_err(), "{refused:?}");
        }
    }
}
