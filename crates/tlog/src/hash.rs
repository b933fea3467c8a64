//! Hashes of leaves and nodes (RFC 6962 section 2.1), and what a leaf of this log commits to.

use crate::base64;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The length of a leaf entry: its version byte and a SHA-256.
pub const LEAF_ENTRY_BYTES: usize = 33;

/// The version byte of a leaf entry.
const LEAF_VERSION: u8 = 0x01;
/// What separates a leaf's hash from every other SHA-256 of the system.
const LEAF_DOMAIN: &[u8] = b"yx/leaf/v1\0";

/// A SHA-256 of a leaf, a node or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of the empty tree: SHA-256 of nothing (RFC 6962 section 2.1).
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash that `text` spells in canonical base64, or `None`.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        base64::decode(text)?.try_into().ok().map(Self)
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Base64, as checkpoints and proofs write it.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the log publishes of a record: `0x01 ‖ SHA-256("yx/leaf/v1" 0x00 ‖ r ‖ facts ‖ digest)`.
///
/// `r` is the record's opening; its length and the digest's are fixed, so the three parts are told apart.
#[must_use]
pub fn leaf_entry(r: &[u8; 32], facts: &[u8], digest: &[u8; 32]) -> [u8; LEAF_ENTRY_BYTES] {
    let hash =
        Sha256::new().chain_update(LEAF_DOMAIN).chain_update(r).chain_update(facts).chain_update(digest);
    let mut entry = [LEAF_VERSION; LEAF_ENTRY_BYTES];
    entry[1..].copy_from_slice(&hash.finalize());
    entry
}

/// The digest by which facts name their evidence: SHA-256(salt ‖ evidence).
#[must_use]
pub fn evidence_digest(salt: &[u8; 32], evidence: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(evidence).finalize().into()
}

/// SHA-256(0x00 ‖ entry), RFC 6962 section 2.1.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into())
}

/// SHA-256(0x01 ‖ left ‖ right), RFC 6962 section 2.1.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([0x01]).chain_update(left.0).chain_update(right.0).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_entry_commits_to_each_of_its_parts() {
        let entry = leaf_entry(&[1; 32], b"facts", &[2; 32]);
        assert_eq!(entry[0], 1);
        assert_ne!(entry, leaf_entry(&[3; 32], b"facts", &[2; 32]));
        assert_ne!(entry, leaf_entry(&[1; 32], b"fact", &[2; 32]));
        assert_ne!(entry, leaf_entry(&[1; 32], b"facts", &[3; 32]));
    }

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = Hash([7; 32]);
        let text = hash.to_string();
        assert_eq!(Hash::from_base64(&text), Some(hash));
        assert_eq!(Hash::from_base64(text.trim_end_matches('=')), None);
        // The last character carries two unused bits: another one that decodes to the same bytes is refused.
        assert!(text.ends_with("c="));
        assert_eq!(Hash::from_base64(&text.replace("c=", "d=")), None);
        assert_eq!(Hash::from_base64("AAAA"), None);
    }
}
