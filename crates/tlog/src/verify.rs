//! Checking proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2), strictly.

use crate::hash::{Hash, node_hash};

/// The longest proof there can be: a consistency proof between trees of up to 2^64 leaves.
pub const PROOF_HASHES_MAX: usize = 65;

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A size is 0, the index is not in the tree, or the newer tree is the smaller one.
    #[error("no tree has this leaf or these sizes")]
    OutOfRange,
    /// The proof has too few or too many hashes for its sizes.
    #[error("the proof has the wrong length")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Checks that the tree of `size` leaves with this `root` has the leaf hash `leaf` at `index`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), VerifyError> {
    if index >= size {
        return Err(VerifyError::OutOfRange);
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(VerifyError::Length);
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            // A last node without a right sibling stands for itself on the levels above.
            while at % 2 == 0 && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(VerifyError::Length);
    }
    if hash == *root { Ok(()) } else { Err(VerifyError::Root) }
}

/// Checks that the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with `old_root`.
///
/// Equal sizes need an empty proof and equal roots; `old` is at least 1.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    if old == 0 || old > new {
        return Err(VerifyError::OutOfRange);
    }
    if old == new {
        return match proof {
            [] if old_root == new_root => Ok(()),
            [] => Err(VerifyError::Root),
            [..] => Err(VerifyError::Length),
        };
    }
    // When the old tree is perfect, its root is the first node of the path and is not repeated in the proof.
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(VerifyError::Length)?;
        (*first, rest)
    };
    let shared = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shared, (new - 1) >> shared);
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(VerifyError::Length);
        }
        if at % 2 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while at % 2 == 0 && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(VerifyError::Length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(VerifyError::Root) }
}
