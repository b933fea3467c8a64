//! Making proofs (RFC 6962 sections 2.1.1 and 2.1.2), from the edge in memory and the full tiles wherever they are kept.

use crate::hash::{Hash, node_hash};
use crate::tree::{Place, TILE_BYTES, TILE_HEIGHT, Tree, as_hashes};
use std::collections::HashMap;

/// Where full tiles are kept once they were drained.
pub trait TileSource {
    /// Why a tile could not be read.
    type Error;

    /// The 8192 bytes of the full tile, or `None` when it is not kept.
    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// Why a proof was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The sizes or the index are not `index < size ≤ tree size`, or `0 < old ≤ new ≤ tree size`.
    #[error("the tree has no such leaf or size")]
    OutOfRange,
    /// A tile that should be full is neither in memory nor at the source.
    #[error("tile {number} of level {level} is missing")]
    TileMissing {
        /// The tile's level.
        level: u8,
        /// The tile's number.
        number: u64,
    },
    /// A tile's length is not 8192 bytes.
    #[error("tile {number} of level {level} has the wrong length")]
    TileMalformed {
        /// The tile's level.
        level: u8,
        /// The tile's number.
        number: u64,
    },
    /// The source failed.
    #[error(transparent)]
    Source(#[from] E),
}

/// The audit path of the leaf at `index` in the tree of the first `size` leaves; its sibling first.
///
/// Nodes in the tree's memory (the edge and the newest 16 completed tiles) are taken from there, all others from `source`.
pub fn inclusion_proof<S: TileSource + ?Sized>(
    tree: &Tree,
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if index >= size || size > tree.size() {
        return Err(ProofError::OutOfRange);
    }
    let mut nodes = Reader::new(tree, source);
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    while high - low > 1 {
        let split = low + split_of(high - low);
        if index < split {
            path.push(nodes.range(split, high)?);
            high = split;
        } else {
            path.push(nodes.range(low, split)?);
            low = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of the first `new` leaves continues the tree of the first `old` leaves.
pub fn consistency_proof<S: TileSource + ?Sized>(
    tree: &Tree,
    source: &S,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if old == 0 || old > new || new > tree.size() {
        return Err(ProofError::OutOfRange);
    }
    let mut nodes = Reader::new(tree, source);
    let (mut low, mut high) = (0, new);
    let mut path = Vec::new();
    while high != old {
        let split = low + split_of(high - low);
        if old <= split {
            path.push(nodes.range(split, high)?);
            high = split;
        } else {
            path.push(nodes.range(low, split)?);
            low = split;
        }
    }
    // The verifier knows the old root itself; any other meeting node it has to be told.
    if low > 0 {
        path.push(nodes.range(low, high)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `width`, which is at least 2.
fn split_of(width: u64) -> u64 {
    1 << (u64::BITS - 1 - (width - 1).leading_zeros())
}

/// Reads nodes; each tile of the source once.
struct Reader<'a, S: ?Sized> {
    tree: &'a Tree,
    source: &'a S,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl<'a, S: TileSource + ?Sized> Reader<'a, S> {
    fn new(tree: &'a Tree, source: &'a S) -> Self {
        Self { tree, source, tiles: HashMap::new() }
    }

    /// The hash over the leaves from `low` to before `high`, where `low` is a multiple of the largest power of two within.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, ProofError<S::Error>> {
        // Most of a path: whole subtrees on the left.
        let width = high.saturating_sub(low);
        if width.is_power_of_two() {
            let level = width.trailing_zeros();
            return self.node(level, low >> level);
        }
        let mut perfect = Vec::new();
        let mut at = low;
        while at < high {
            let level = u64::BITS - 1 - (high - at).leading_zeros();
            perfect.push(self.node(level, at >> level)?);
            at += 1 << level;
        }
        let last = perfect.pop().ok_or(ProofError::OutOfRange)?;
        Ok(perfect.iter().rev().fold(last, |right, left| node_hash(left, &right)))
    }

    fn node(&mut self, level: u32, position: u64) -> Result<Hash, ProofError<S::Error>> {
        if let Some(hash) = self.tree.node(level, position) {
            return Ok(hash);
        }
        let place = Place::of(level, position);
        let key = (place.tile_level, place.tile_number);
        if !self.tiles.contains_key(&key) {
            self.tiles.insert(key, read_tile(self.source, key.0, key.1)?);
        }
        let hashes = &self.tiles[&key];
        let width = 1 << (level % TILE_HEIGHT);
        Ok(subtree(&hashes[place.offset * width..(place.offset + 1) * width]))
    }
}

/// A full tile's 256 hashes.
pub(crate) fn read_tile<S: TileSource + ?Sized>(
    source: &S,
    level: u8,
    number: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    let bytes = source.tile(level, number)?.ok_or(ProofError::TileMissing { level, number })?;
    if bytes.len() != TILE_BYTES {
        return Err(ProofError::TileMalformed { level, number });
    }
    Ok(as_hashes(&bytes))
}

/// The root over `hashes`, a power of two of them.
pub(crate) fn subtree(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    row.first().copied().unwrap_or(Hash::EMPTY_ROOT)
}
