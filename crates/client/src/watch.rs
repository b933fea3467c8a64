//! Keeping an eye on the log: each checkpoint must continue the newest one that was kept.

use yinxin_pki::ed25519_verify;
use yinxin_tlog::{Checkpoint, CheckpointError, Hash, VerifierKey, VerifyError, verify_consistency};

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// Not signed by the pinned key, or not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Two roots of one size: the log shows different histories.
    #[error("two roots for {size} records")]
    TwoRoots {
        /// The size.
        size: u64,
    },
    /// The offered proof does not connect the two sizes.
    #[error("the log's proof from {old} to {new} records does not hold: {reason}")]
    Inconsistent {
        /// The smaller size.
        old: u64,
        /// The larger size.
        new: u64,
        /// What is wrong with it.
        reason: VerifyError,
    },
}

/// How a checkpoint is connected to the one kept before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing was kept before.
    First,
    /// The same head again.
    Same,
    /// Proven to continue (or to precede) the kept one.
    Proven,
    /// The server offered no proof: it may be so.
    Unproven,
}

/// The newest checkpoint of one log, under the key that was pinned.
#[derive(Debug, Clone)]
pub struct LogWatch {
    key: VerifierKey,
    newest: Option<Checkpoint>,
}

impl LogWatch {
    /// A watch under `key` that starts from what was kept earlier.
    #[must_use]
    pub fn new(key: VerifierKey, newest: Option<Checkpoint>) -> Self {
        Self { key, newest }
    }

    /// The pinned key.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The newest checkpoint.
    #[must_use]
    pub fn newest(&self) -> Option<&Checkpoint> {
        self.newest.as_ref()
    }

    /// Reads a signed checkpoint under the pinned key, without keeping it.
    pub fn open(&self, note: &str) -> Result<Checkpoint, WatchError> {
        let verify =
            |key: &[u8; 32], text: &[u8], signature: &[u8; 64]| ed25519_verify(key, text, signature).is_ok();
        Ok(Checkpoint::open(note, &self.key, verify)?)
    }

    /// The two sizes that a proof must connect before `checkpoint` is kept; `None` when none is needed.
    #[must_use]
    pub fn gap(&self, checkpoint: &Checkpoint) -> Option<(u64, u64)> {
        let kept = self.newest.as_ref()?.size;
        (kept != checkpoint.size).then(|| (kept.min(checkpoint.size), kept.max(checkpoint.size)))
    }

    /// Takes in a checkpoint; `proof` connects the sizes that [`LogWatch::gap`] names. The larger one is kept.
    pub fn take(&mut self, checkpoint: Checkpoint, proof: Option<&[Hash]>) -> Result<Continuity, WatchError> {
        let Some(kept) = &self.newest else {
            self.newest = Some(checkpoint);
            return Ok(Continuity::First);
        };
        if kept.size == checkpoint.size {
            let same = kept.root == checkpoint.root;
            return if same { Ok(Continuity::Same) } else { Err(WatchError::TwoRoots { size: kept.size }) };
        }
        let (old, new) = if kept.size < checkpoint.size { (kept, &checkpoint) } else { (&checkpoint, kept) };
        if let Some(proof) = proof {
            verify_consistency(old.size, &old.root, new.size, &new.root, proof)
                .map_err(|reason| WatchError::Inconsistent { old: old.size, new: new.size, reason })?;
        }
        if checkpoint.size > kept.size {
            self.newest = Some(checkpoint);
        }
        Ok(if proof.is_some() { Continuity::Proven } else { Continuity::Unproven })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/tlog.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn hash(value: &Value) -> Hash {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(value.as_str().unwrap().as_bytes()).unwrap();
        Hash(bytes.try_into().unwrap())
    }

    fn watch(vectors: &Value, newest: Option<Checkpoint>) -> LogWatch {
        LogWatch::new(VerifierKey::parse(vectors["log_key"].as_str().unwrap()).unwrap(), newest)
    }

    #[test]
    fn the_golden_notes_are_opened_and_the_bad_ones_refused() {
        let vectors = vectors();
        let watch = watch(&vectors, None);
        for note in vectors["accepted_notes"].as_array().unwrap() {
            let checkpoint = watch.open(note.as_str().unwrap()).unwrap();
            assert_eq!(checkpoint.size, vectors["checkpoint"]["size"].as_u64().unwrap());
            assert_eq!(checkpoint.root, hash(&vectors["checkpoint"]["root"]));
        }
        for case in vectors["refused_notes"].as_array().unwrap() {
            assert!(watch.open(case["note"].as_str().unwrap()).is_err(), "{}", case["why"]);
        }
    }

    #[test]
    fn a_checkpoint_is_kept_only_when_it_continues_the_kept_one() {
        let vectors = vectors();
        for case in vectors["consistency"].as_array().unwrap() {
            let of = |size: &str, root: &str| Checkpoint {
                origin: "localhost:8088/log".into(),
                size: case[size].as_u64().unwrap(),
                root: hash(&case[root]),
            };
            let (old, new) = (of("old", "old_root"), of("new", "new_root"));
            let proof: Vec<Hash> = case["proof"].as_array().unwrap().iter().map(hash).collect();
            let expected = if old.size == new.size { Continuity::Same } else { Continuity::Proven };

            let mut forward = watch(&vectors, Some(old.clone()));
            assert_eq!(forward.take(new.clone(), Some(&proof)), Ok(expected));
            assert_eq!(forward.newest(), Some(&new));
            let mut backward = watch(&vectors, Some(new.clone()));
            assert_eq!(backward.take(old.clone(), Some(&proof)), Ok(expected));
            assert_eq!(backward.newest(), Some(&new), "an older head does not replace a newer one");

            let mut lied_to = watch(&vectors, Some(old.clone()));
            let another = Checkpoint { root: Hash([0; 32]), ..new.clone() };
            assert!(lied_to.take(another, Some(&proof)).is_err());
            assert_eq!(lied_to.newest(), Some(&old), "what is not believed is not kept");
        }
    }

    #[test]
    fn a_first_checkpoint_is_taken_and_one_without_proof_says_so() {
        let vectors = vectors();
        let mut watch = watch(&vectors, None);
        let head = |size: u64| Checkpoint { origin: "localhost:8088/log".into(), size, root: Hash([1; 32]) };
        assert_eq!((watch.gap(&head(3)), watch.take(head(3), None)), (None, Ok(Continuity::First)));
        assert_eq!(
            (watch.gap(&head(5)), watch.take(head(5), None)),
            (Some((3, 5)), Ok(Continuity::Unproven))
        );
        assert_eq!(watch.gap(&head(5)), None);
    }
}
