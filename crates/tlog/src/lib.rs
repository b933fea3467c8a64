//! The usage log's mathematics: leaves, tiles, checkpoints, proofs. Pure: no I/O, clock or randomness.
//!
//! ```text
//! record ─▶ leaf_entry (33 bytes) ─▶ Tree::push ─▶ Tree::root ─▶ Checkpoint ─▶ note::sign
//!                                        │
//!                                        ├─▶ Tree::drain_full_tiles (kept by the caller, read back as a TileSource)
//!                                        └─▶ inclusion_proof, consistency_proof ─▶ verify_inclusion, verify_consistency
//! ```
//!
//! Sources: RFC 6962 section 2.1 (hashes and proofs), RFC 9162 section 2.1 (verification), and of C2SP
//! tlog-tiles, tlog-checkpoint, signed-note and tlog-proof.

mod base64;
mod checkpoint;
mod hash;
mod log_proof;
mod note;
mod proof;
mod tree;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use hash::{Hash, LEAF_ENTRY_BYTES, evidence_digest, leaf_entry, leaf_hash, node_hash};
pub use log_proof::{LogProof, LogProofError};
pub use note::{NOTE_BYTES_MAX, NoteError, SignError, VerifierKey, open, sign};
pub use proof::{ProofError, TileSource, consistency_proof, inclusion_proof};
pub use tree::{EdgeError, TILE_BYTES, TILE_HASHES, TILE_HEIGHT, Tile, Tree};
pub use verify::{PROOF_HASHES_MAX, VerifyError, verify_consistency, verify_inclusion};
