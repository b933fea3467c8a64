//! The tree and its proofs against an independent implementation, and every proof against changes.

#![expect(clippy::unwrap_used, reason = "what fails in a test's scaffolding fails the test")]

use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use tlog_tiles::tlog as oracle;
use yinxin_tlog::{
    Hash, LEAF_ENTRY_BYTES, ProofError, TILE_BYTES, TILE_HASHES, TileSource, Tree, VerifyError,
    consistency_proof, inclusion_proof, leaf_hash, node_hash, verify_consistency, verify_inclusion,
};

/// Full tiles in memory; counts what is read.
#[derive(Default)]
struct Kept {
    tiles: HashMap<(u8, u64), Vec<u8>>,
    reads: RefCell<u64>,
}

impl Kept {
    fn keep(&mut self, tree: &mut Tree) {
        for tile in tree.drain_full_tiles() {
            assert_eq!(tile.hashes.len(), TILE_BYTES);
            assert!(
                self.tiles.insert((tile.level, tile.number), tile.hashes).is_none(),
                "a tile was drained twice"
            );
        }
    }
}

impl TileSource for Kept {
    type Error = Infallible;
    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, Infallible> {
        *self.reads.borrow_mut() += 1;
        Ok(self.tiles.get(&(level, number)).cloned())
    }
}

/// The other implementation's flat list of stored hashes.
#[derive(Default)]
struct Oracle(Vec<oracle::Hash>);

impl oracle::HashReader for Oracle {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<oracle::Hash>, oracle::Error> {
        Ok(indexes.iter().map(|&index| self.0[usize::try_from(index).unwrap()]).collect())
    }
}

fn entry(index: u64) -> [u8; LEAF_ENTRY_BYTES] {
    let mut entry = [1; LEAF_ENTRY_BYTES];
    entry[1..9].copy_from_slice(&index.to_be_bytes());
    entry
}

fn grow(size: u64) -> (Tree, Kept, Oracle) {
    let (mut tree, mut kept, mut oracle) = (Tree::new(), Kept::default(), Oracle::default());
    extend(&mut tree, &mut kept, &mut oracle, size);
    (tree, kept, oracle)
}

fn extend(tree: &mut Tree, kept: &mut Kept, oracle: &mut Oracle, size: u64) {
    for index in tree.size()..size {
        assert_eq!(tree.push(&entry(index)), index);
        let stored = oracle::stored_hashes(index, &entry(index), oracle).unwrap();
        oracle.0.extend(stored);
        // Batches of uneven length, so that tiles wait and cross.
        if index % 37 == 0 {
            kept.keep(tree);
        }
    }
    kept.keep(tree);
}

fn theirs(hashes: &[oracle::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

fn root_at(oracle: &Oracle, size: u64) -> Hash {
    Hash(oracle::tree_hash(size, oracle).unwrap().0)
}

fn check_inclusion(tree: &Tree, kept: &Kept, oracle: &Oracle, index: u64, size: u64) {
    let proof = inclusion_proof(tree, kept, index, size).unwrap();
    assert_eq!(proof, theirs(&oracle::prove_record(size, index, oracle).unwrap()), "leaf {index} of {size}");
    let root = root_at(oracle, size);
    assert_eq!(verify_inclusion(&leaf_hash(&entry(index)), index, size, &proof, &root), Ok(()));
}

fn check_consistency(tree: &Tree, kept: &Kept, oracle: &Oracle, old: u64, new: u64) {
    let proof = consistency_proof(tree, kept, old, new).unwrap();
    assert_eq!(proof, theirs(&oracle::prove_tree(new, old, oracle).unwrap()), "{old} in {new}");
    assert_eq!(verify_consistency(old, &root_at(oracle, old), new, &root_at(oracle, new), &proof), Ok(()));
}

#[test]
fn every_root_of_a_growing_tree_is_the_other_implementations_root() {
    let (mut tree, mut kept, mut oracle) = grow(0);
    assert_eq!(tree.root(), Hash::EMPTY_ROOT);
    for size in 1..=1_100 {
        extend(&mut tree, &mut kept, &mut oracle, size);
        assert_eq!(tree.root(), root_at(&oracle, size), "size {size}");
    }
}

#[test]
fn all_proofs_of_small_trees_agree() {
    let (tree, kept, oracle) = grow(40);
    for size in 1..=40 {
        (0..size).for_each(|index| check_inclusion(&tree, &kept, &oracle, index, size));
        (1..=size).for_each(|old| check_consistency(&tree, &kept, &oracle, old, size));
    }
}

#[test]
fn a_tree_of_three_tile_levels_agrees() {
    let size = 65_536 + 256 + 77;
    let (tree, kept, oracle) = grow(size);
    assert_eq!(tree.root(), root_at(&oracle, size));
    assert!(kept.tiles.contains_key(&(1, 0)) && !kept.tiles.contains_key(&(2, 0)));
    let edges = [
        0,
        1,
        255,
        256,
        257,
        511,
        512,
        32_767,
        32_768,
        65_535,
        65_536,
        65_537,
        65_791,
        65_792,
        size - 1,
        size,
    ];
    for size in edges.into_iter().filter(|size| *size > 0) {
        for at in edges {
            if at < size {
                check_inclusion(&tree, &kept, &oracle, at, size);
            }
            if at > 0 && at <= size {
                check_consistency(&tree, &kept, &oracle, at, size);
            }
        }
    }
}

#[test]
fn tiles_are_the_format_of_tlog_tiles() {
    let (_, kept, oracle) = grow(65_536);
    for (&(level, number), hashes) in &kept.tiles {
        let tile = tlog_tiles::Tile::new(8, level, number, 256, false);
        assert_eq!(*hashes, tile.read_data(&oracle).unwrap(), "tile {level}/{number}");
    }
    assert_eq!(kept.tiles.len(), 257);
}

#[test]
fn the_newest_leaves_are_proven_without_reading_a_tile() {
    let mut tree = Tree::new();
    (0..70_000).for_each(|index| {
        tree.push(&entry(index));
    });
    drop(tree.drain_full_tiles());
    let nothing = Kept::default();
    for index in 70_000 - 1_024..70_000 {
        inclusion_proof(&tree, &nothing, index, 70_000).unwrap();
    }
    assert_eq!(*nothing.reads.borrow(), 0);
    let missing = ProofError::TileMissing { level: 1, number: 0 };
    assert_eq!(inclusion_proof(&tree, &nothing, 0, 70_000), Err(missing));
}

#[test]
fn tiles_that_nobody_drained_are_not_forgotten() {
    let mut tree = Tree::new();
    (0..20_000).for_each(|index| {
        tree.push(&entry(index));
    });
    inclusion_proof(&tree, &Kept::default(), 0, 20_000).unwrap();
    let tiles = tree.drain_full_tiles();
    let numbers: Vec<u64> = tiles.iter().map(|tile| tile.number).collect();
    assert_eq!(numbers, (0..78).collect::<Vec<_>>());
    assert_eq!(tree.drain_full_tiles(), []);
}

#[test]
fn a_tile_of_the_wrong_length_is_an_error() {
    let (tree, mut kept, _) = grow(10_000);
    kept.tiles.insert((0, 3), vec![0; TILE_BYTES - 1]);
    let malformed = ProofError::TileMalformed { level: 0, number: 3 };
    assert_eq!(inclusion_proof(&tree, &kept, 800, 10_000), Err(malformed.clone()));
    kept.tiles.remove(&(0, 3));
    assert!(matches!(Tree::restore(39, &kept), Err(ProofError::TileMissing { level: 0, number: 3 })));
}

#[test]
fn sizes_and_indexes_that_no_tree_has_are_refused() {
    let (tree, kept, oracle) = grow(10);
    for (index, size) in [(0, 0), (5, 5), (0, 11), (u64::MAX, u64::MAX)] {
        assert_eq!(inclusion_proof(&tree, &kept, index, size), Err(ProofError::OutOfRange));
        if size <= 10 {
            let verdict = verify_inclusion(&leaf_hash(&entry(index)), index, size, &[], &tree.root());
            assert_eq!(verdict, Err(VerifyError::OutOfRange));
        }
    }
    for (old, new) in [(0, 0), (0, 5), (6, 5), (5, 11)] {
        assert_eq!(consistency_proof(&tree, &kept, old, new), Err(ProofError::OutOfRange));
        if new <= 10 {
            let verdict = verify_consistency(old, &Hash::EMPTY_ROOT, new, &root_at(&oracle, new.max(1)), &[]);
            assert_eq!(verdict, Err(VerifyError::OutOfRange));
        }
    }
    let other = leaf_hash(b"other");
    assert_eq!(verify_consistency(5, &other, 5, &tree.root(), &[]), Err(VerifyError::Root));
    assert_eq!(verify_consistency(5, &other, 5, &other, &[other]), Err(VerifyError::Length));
}

/// Sizes with large indexes must neither overflow nor loop.
#[test]
fn the_largest_sizes_are_checked_without_harm() {
    let hash = leaf_hash(b"x");
    for size in [u64::MAX, u64::MAX - 1, 1 << 63] {
        for length in 0..70 {
            let proof = vec![hash; length];
            assert!(verify_inclusion(&hash, size - 1, size, &proof, &hash).is_err());
            assert!(verify_inclusion(&hash, 0, size, &proof, &hash).is_err());
            assert!(verify_consistency(size - 1, &hash, size, &hash, &proof).is_err());
            assert!(verify_consistency(1, &hash, size, &hash, &proof).is_err());
        }
    }
}

/// RFC 6962 as the certificate-transparency projects test it: eight leaves and their roots.
#[test]
fn the_published_vectors_hold() {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let leaves: Vec<Hash> =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .iter()
            .map(|leaf| leaf_hash(&hex(leaf)))
            .collect();
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (count, root) in (1..).zip(roots) {
        assert_eq!(over(&leaves[..count]).0.to_vec(), hex(root), "{count} leaves");
    }
}

/// The root over `leaves`, by its definition.
fn over(leaves: &[Hash]) -> Hash {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    node_hash(&over(left), &over(right))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn proofs_agree_and_no_changed_proof_is_accepted(size in 1_u64..3_000, a in any::<u64>(), b in any::<u64>()) {
        let (tree, kept, oracle) = grow(size);
        let part = 1 + a % size;
        let index = b % part;
        check_inclusion(&tree, &kept, &oracle, index, part);
        check_consistency(&tree, &kept, &oracle, index + 1, part);

        let root = root_at(&oracle, part);
        let leaf = leaf_hash(&entry(index));
        let accepts = |proof: &[Hash]| verify_inclusion(&leaf, index, part, proof, &root).is_ok();
        no_change_is_accepted(&inclusion_proof(&tree, &kept, index, part).unwrap(), accepts);
        prop_assert!(verify_inclusion(&leaf_hash(b"other"), index, part,
            &inclusion_proof(&tree, &kept, index, part).unwrap(), &root).is_err());

        let old = index + 1;
        let old_root = root_at(&oracle, old);
        let proof = consistency_proof(&tree, &kept, old, part).unwrap();
        no_change_is_accepted(&proof, |proof| verify_consistency(old, &old_root, part, &root, proof).is_ok());
        prop_assert!(verify_consistency(old, &leaf_hash(b"other"), part, &root, &proof).is_err());
        prop_assert!(verify_consistency(old, &old_root, part, &leaf_hash(b"other"), &proof).is_err());
    }

    #[test]
    fn a_restored_tree_goes_on_like_the_one_that_never_stopped(size in 0_u64..70_000, more in 0_u64..600) {
        let (mut tree, mut kept) = grow_fast(size);
        let mut from_edge = Tree::from_edge_bytes(&tree.edge_bytes()).unwrap();
        let full = size / TILE_HASHES as u64;
        let mut from_tiles = Tree::restore(full, &kept).unwrap();
        (full * TILE_HASHES as u64..size).for_each(|index| { from_tiles.push(&entry(index)); });
        for index in size..size + more {
            for tree in [&mut tree, &mut from_edge, &mut from_tiles] {
                prop_assert_eq!(tree.push(&entry(index)), index);
            }
        }
        let expected = tree.edge_bytes();
        let tiles = tree.drain_full_tiles();
        for mut other in [from_edge, from_tiles] {
            prop_assert_eq!(other.root(), tree.root());
            prop_assert_eq!(other.edge_bytes(), expected.clone());
            prop_assert_eq!(other.drain_full_tiles(), tiles.clone());
        }
        for tile in tiles {
            kept.tiles.insert((tile.level, tile.number), tile.hashes);
        }
        let total = size + more;
        if total > 0 {
            let index = total / 3;
            let restored = Tree::from_edge_bytes(&expected).unwrap();
            let proof = inclusion_proof(&restored, &kept, index, total).unwrap();
            prop_assert!(verify_inclusion(&leaf_hash(&entry(index)), index, total, &proof, &tree.root()).is_ok());
        }
    }

    #[test]
    fn bytes_that_are_no_edge_are_refused(size in 1_u64..2_000, cut in 1_usize..40) {
        let bytes = grow_fast(size).0.edge_bytes();
        prop_assert!(Tree::from_edge_bytes(&bytes[..bytes.len().saturating_sub(cut)]).is_err());
        let mut longer = bytes.clone();
        longer.resize(bytes.len() + cut, 0);
        prop_assert!(Tree::from_edge_bytes(&longer).is_err());
        let mut version = bytes;
        version[0] = 2;
        prop_assert!(Tree::from_edge_bytes(&version).is_err());
    }
}

fn grow_fast(size: u64) -> (Tree, Kept) {
    let (mut tree, mut kept) = (Tree::new(), Kept::default());
    for index in 0..size {
        tree.push(&entry(index));
    }
    kept.keep(&mut tree);
    (tree, kept)
}

/// One flipped bit in each byte, one hash less, one more, two exchanged: none of it proves anything.
fn no_change_is_accepted(proof: &[Hash], accepts: impl Fn(&[Hash]) -> bool) {
    assert!(accepts(proof));
    for hash in 0..proof.len() {
        for bit in 0..256 {
            let mut changed = proof.to_vec();
            changed[hash].0[bit / 8] ^= 1 << (bit % 8);
            assert!(!accepts(&changed), "hash {hash} bit {bit}");
        }
        let mut shorter = proof.to_vec();
        shorter.remove(hash);
        assert!(!accepts(&shorter));
        if hash > 0 {
            let mut exchanged = proof.to_vec();
            exchanged.swap(hash, hash - 1);
            assert!(!accepts(&exchanged));
        }
    }
    for extra in [Hash([0; 32]), Hash::EMPTY_ROOT] {
        let mut longer = proof.to_vec();
        longer.push(extra);
        assert!(!accepts(&longer));
    }
}

#[test]
fn a_tree_that_takes_over_the_hashes_of_another_is_equal_to_it() {
    let (mut first, mut second, mut kept) = (Tree::new(), Tree::new(), Vec::new());
    for index in 0..70_000 {
        first.push_kept(&entry(index), &mut kept);
        // In batches of all sizes.
        if index % 97 == 0 || kept.len() > 300 {
            let mut hashes = kept.drain(..);
            while second.size() < first.size() {
                assert_eq!(second.push_again(&mut hashes), Some(second.size() - 1));
            }
            assert_eq!(hashes.next(), None, "each hash once");
            drop(hashes);
            assert_eq!(second.drain_full_tiles(), first.drain_full_tiles());
        }
    }
    let mut plain = Tree::new();
    for index in 0..first.size() {
        plain.push(&entry(index));
    }
    assert_eq!(first.root(), plain.root());
    assert_eq!(second.push_again(&mut std::iter::empty()), None);
}
