//! The growing tree: only its right edge is in memory, full tiles are handed out to be kept.

use crate::hash::{Hash, LEAF_ENTRY_BYTES, leaf_hash, node_hash};
use crate::proof::{ProofError, TileSource};
use std::collections::VecDeque;

/// Levels of the tree in one tile (C2SP tlog-tiles).
pub const TILE_HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const TILE_HASHES: usize = 1 << TILE_HEIGHT;
/// The length of a full tile.
pub const TILE_BYTES: usize = TILE_HASHES * 32;

/// Completed tiles kept in memory after they were handed out. A batch of 1,024 records completes four of level 0 and at
/// most one of each level above, so every proof of the newest batch is made without reading a tile, and without depending
/// on whether it is stored yet.
const RECENT_MAX: usize = 16;

/// The version byte of [`Tree::edge_bytes`].
const EDGE_VERSION: u8 = 1;

/// A full tile: 256 consecutive hashes of tree level `8 * level`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The tile's level; level 0 holds leaf hashes.
    pub level: u8,
    /// The tile's place in its level, from 0.
    pub number: u64,
    /// The 256 hashes, 8192 bytes.
    pub hashes: Vec<u8>,
}

/// A tile in memory, with all nodes that lie inside it: `rows[j]` is tree level `8 * level + j`.
#[derive(Clone, Default)]
struct Nodes {
    rows: [Vec<Hash>; TILE_HEIGHT as usize],
}

impl Nodes {
    /// The nodes over `hashes`, at most 256.
    fn over(hashes: Vec<Hash>) -> Self {
        let mut nodes = Self::default();
        nodes.rows[0] = hashes;
        for row in 1..nodes.rows.len() {
            nodes.rows[row] =
                nodes.rows[row - 1].chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        nodes
    }

    fn bytes(&self) -> Vec<u8> {
        self.rows[0].iter().flat_map(|hash| hash.0).collect()
    }
}

/// A tile that was completed: kept for proofs, and until it is drained.
#[derive(Clone)]
struct Completed {
    level: u8,
    number: u64,
    nodes: Nodes,
}

/// An append-only Merkle tree (RFC 6962) with its right edge in memory: at most 8 partial tiles of 16 KiB.
///
/// Full tiles leave through [`Tree::drain_full_tiles`]; whoever takes them stores them in the same commit as the records
/// and gives them back as a [`TileSource`]. The newest 16 completed tiles stay readable here, drained or not.
#[derive(Clone, Default)]
pub struct Tree {
    size: u64,
    /// `edge[l]` is the partial tile of tile level `l`; its number is `size >> (8 * (l + 1))`.
    edge: Vec<Nodes>,
    completed: VecDeque<Completed>,
    /// How many of the last elements of `completed` were not drained yet.
    undrained: usize,
}

/// Bytes that are not an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the edge of a tree")]
pub struct EdgeError;

impl Tree {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; answers its index.
    pub fn push(&mut self, entry: &[u8; LEAF_ENTRY_BYTES]) -> u64 {
        self.add(leaf_hash(entry), node_hash)
    }

    /// Appends a leaf, and keeps every hash that this took in `kept`, for [`Tree::push_again`].
    pub fn push_kept(&mut self, entry: &[u8; LEAF_ENTRY_BYTES], kept: &mut Vec<Hash>) -> u64 {
        let leaf = leaf_hash(entry);
        kept.push(leaf);
        self.add(leaf, |left, right| {
            let node = node_hash(left, right);
            kept.push(node);
            node
        })
    }

    /// Appends a leaf that an equal tree has just taken with [`Tree::push_kept`], with the hashes that it kept: none is computed
    /// again. Answers its index; none where there are not enough of them.
    pub fn push_again(&mut self, kept: &mut impl Iterator<Item = Hash>) -> Option<u64> {
        let leaf = kept.next()?;
        let mut whole = true;
        let index = self.add(leaf, |_, _| {
            kept.next().unwrap_or_else(|| {
                whole = false;
                Hash::EMPTY_ROOT
            })
        });
        whole.then_some(index)
    }

    fn add(&mut self, leaf: Hash, mut node: impl FnMut(&Hash, &Hash) -> Hash) -> u64 {
        let index = self.size;
        self.size += 1;
        let mut hash = leaf;
        let mut position = index;
        for level in 0_u32.. {
            let tile = (level / TILE_HEIGHT) as usize;
            if tile == self.edge.len() {
                self.edge.push(Nodes::default());
            }
            let row = &mut self.edge[tile].rows[(level % TILE_HEIGHT) as usize];
            let left = row.last().copied();
            row.push(hash);
            // An even position is a left child: its parent waits for the right one.
            let Some(left) = left.filter(|_| position % 2 == 1) else { break };
            hash = node(&left, &hash);
            position /= 2;
            if level % TILE_HEIGHT == TILE_HEIGHT - 1 && self.edge[tile].rows[0].len() == TILE_HASHES {
                self.complete(tile, position);
            }
        }
        index
    }

    fn complete(&mut self, tile: usize, number: u64) {
        let nodes = std::mem::take(&mut self.edge[tile]);
        // A tree of 2^64 leaves has eight tile levels.
        let level = u8::try_from(tile).unwrap_or(u8::MAX);
        self.completed.push_back(Completed { level, number, nodes });
        self.undrained += 1;
        self.forget_old();
    }

    fn forget_old(&mut self) {
        while self.completed.len() > RECENT_MAX.max(self.undrained) {
            self.completed.pop_front();
        }
    }

    /// The root over all leaves; of no leaves, [`Hash::EMPTY_ROOT`].
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = (0..u64::BITS).filter(|level| self.size >> level & 1 == 1);
        let peak = |level: u32| {
            // A set bit of the size is a perfect subtree whose root is the newest node of its level.
            let row = &self.edge[(level / TILE_HEIGHT) as usize].rows[(level % TILE_HEIGHT) as usize];
            row.last().copied().unwrap_or(Hash::EMPTY_ROOT)
        };
        let Some(lowest) = peaks.next() else { return Hash::EMPTY_ROOT };
        peaks.fold(peak(lowest), |right, level| node_hash(&peak(level), &right))
    }

    /// The tiles completed since the last call, each one once, lower levels before the levels above them.
    pub fn drain_full_tiles(&mut self) -> Vec<Tile> {
        let from = self.completed.len() - self.undrained;
        let tiles = self
            .completed
            .range(from..)
            .map(|tile| Tile { level: tile.level, number: tile.number, hashes: tile.nodes.bytes() })
            .collect();
        self.undrained = 0;
        self.forget_old();
        tiles
    }

    /// The node at `position` of tree level `level`, when it is in memory.
    pub(crate) fn node(&self, level: u32, position: u64) -> Option<Hash> {
        let row = (level % TILE_HEIGHT) as usize;
        let place = Place::of(level, position);
        let edge = self.edge.get(usize::from(place.tile_level))?;
        let edge_number = self.size.checked_shr(TILE_HEIGHT * (u32::from(place.tile_level) + 1)).unwrap_or(0);
        let nodes = if place.tile_number == edge_number {
            edge
        } else {
            let same = |tile: &&Completed| tile.level == place.tile_level && tile.number == place.tile_number;
            &self.completed.iter().rev().find(same)?.nodes
        };
        nodes.rows[row].get(place.offset).copied()
    }

    /// The tree over the leaves of the first `full_tiles` tiles of level 0, read from where its tiles are kept.
    ///
    /// The caller pushes the leaves after them. Reads at most 255 tiles of each level.
    pub fn restore<S: TileSource + ?Sized>(
        full_tiles: u64,
        source: &S,
    ) -> Result<Self, ProofError<S::Error>> {
        let size = full_tiles.checked_mul(TILE_HASHES as u64).ok_or(ProofError::OutOfRange)?;
        let mut tree = Self { size, edge: vec![Nodes::default()], ..Self::default() };
        let mut full = full_tiles;
        for level in 0_u8.. {
            if full == 0 {
                break;
            }
            // The tiles of this level whose roots stand in the partial tile above it.
            let first = full - full % TILE_HASHES as u64;
            let roots = (first..full).map(|number| crate::proof::read_tile(source, level, number));
            let roots = roots.map(|tile| tile.map(|hashes| crate::proof::subtree(&hashes)));
            tree.edge.push(Nodes::over(roots.collect::<Result<_, _>>()?));
            full /= TILE_HASHES as u64;
        }
        Ok(tree)
    }

    /// The edge for a snapshot: version, size, and for each tile level the hashes of its partial tile.
    ///
    /// Equal trees have equal bytes. Tiles that wait to be drained are not part of it.
    #[must_use]
    pub fn edge_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![EDGE_VERSION];
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend(self.edge.iter().flat_map(Nodes::bytes));
        bytes
    }

    /// The tree whose [`Tree::edge_bytes`] these are.
    ///
    /// # Errors
    /// Refuses an unknown version and every length but the one that the size demands.
    pub fn from_edge_bytes(bytes: &[u8]) -> Result<Self, EdgeError> {
        let (&[version], rest) = bytes.split_first_chunk().ok_or(EdgeError)?;
        let (size, mut rest) = rest.split_first_chunk().ok_or(EdgeError)?;
        if version != EDGE_VERSION {
            return Err(EdgeError);
        }
        let size = u64::from_be_bytes(*size);
        let mut tree = Self { size, ..Self::default() };
        let mut nodes = size;
        while nodes > 0 {
            let width = usize::try_from(nodes % TILE_HASHES as u64).map_err(|_| EdgeError)?;
            let (hashes, after) = rest.split_at_checked(width * 32).ok_or(EdgeError)?;
            tree.edge.push(Nodes::over(as_hashes(hashes)));
            rest = after;
            nodes /= TILE_HASHES as u64;
        }
        if rest.is_empty() { Ok(tree) } else { Err(EdgeError) }
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("size", &self.size).field("root", &self.root()).finish_non_exhaustive()
    }
}

/// Where a node of the tree lies in its tiles.
pub(crate) struct Place {
    pub(crate) tile_level: u8,
    pub(crate) tile_number: u64,
    /// The node's place in its row of the tile.
    pub(crate) offset: usize,
}

impl Place {
    /// The place of the node at `position` of tree level `level` (below 64).
    pub(crate) fn of(level: u32, position: u64) -> Self {
        let row_bits = TILE_HEIGHT - level % TILE_HEIGHT;
        Self {
            tile_level: low_byte(u64::from(level / TILE_HEIGHT)),
            tile_number: position >> row_bits,
            offset: usize::from(low_byte(position & ((1 << row_bits) - 1))),
        }
    }
}

/// `number`, which is below 256.
fn low_byte(number: u64) -> u8 {
    let [byte, ..] = number.to_le_bytes();
    byte
}

/// The hashes of a tile's bytes.
pub(crate) fn as_hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks().0.iter().copied().map(Hash).collect()
}
