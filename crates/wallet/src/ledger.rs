//! The ledger: the book and the tree of its leaves, which always cover the same records.

use crate::start::StartError;
use yinxin_core::codec::Codec;
use yinxin_core::{Book, Facts};
use yinxin_store::{JournalReader, StoreError, StoredRecord};
use yinxin_tlog::{Hash, LEAF_ENTRY_BYTES, TileSource, Tree, leaf_entry};

/// Records read from the journal at a time.
const PAGE: u32 = 4_096;

/// Book and tree, applied record by record.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) book: Book,
    pub(crate) tree: Tree,
}

impl Ledger {
    pub(crate) fn empty() -> Self {
        Self { book: Book::default(), tree: Tree::new() }
    }

    /// The number of records.
    pub(crate) fn size(&self) -> u64 {
        self.book.size()
    }

    /// Applies the next record to the book and adds its leaf.
    pub(crate) fn take(
        &mut self,
        facts: &Facts,
        encoded: &[u8],
        opening: &[u8; 32],
        digest: &[u8; 32],
    ) -> Result<u64, yinxin_core::book::ApplyError> {
        self.take_leaf(facts, &leaf_entry(opening, encoded, digest))
    }

    /// The same of a record whose leaf is known.
    fn take_leaf(
        &mut self,
        facts: &Facts,
        leaf: &[u8; LEAF_ENTRY_BYTES],
    ) -> Result<u64, yinxin_core::book::ApplyError> {
        let index = self.book.size();
        self.book.apply(index, facts)?;
        self.tree.push(leaf);
        Ok(index)
    }

    /// The same, and keeps in `kept` what an equal ledger needs to take it again.
    pub(crate) fn take_kept(
        &mut self,
        facts: &Facts,
        leaf: &[u8; LEAF_ENTRY_BYTES],
        kept: &mut Vec<Hash>,
    ) -> Result<u64, yinxin_core::book::ApplyError> {
        let index = self.book.size();
        self.book.apply(index, facts)?;
        self.tree.push_kept(leaf, kept);
        Ok(index)
    }

    /// Applies a record that an equal ledger has just taken; `kept` goes on with its hashes.
    pub(crate) fn take_again(
        &mut self,
        facts: &Facts,
        kept: &mut impl Iterator<Item = Hash>,
    ) -> Result<u64, yinxin_core::book::ApplyError> {
        self.book.apply_again(self.book.size(), facts)?;
        self.tree.push_again(kept).ok_or(yinxin_core::book::ApplyError("the tree's hashes are not all there"))
    }

    /// Applies a record as it stands in the journal.
    pub(crate) fn take_stored(&mut self, record: &StoredRecord) -> Result<Facts, StartError> {
        let corrupt = |reason: String| StartError::Journal { index: record.index, reason };
        let facts = Facts::from_bytes_exact(&record.facts).map_err(|error| corrupt(error.to_string()))?;
        if record.index != self.size() {
            return Err(corrupt("a record is missing before it".to_owned()));
        }
        self.take(&facts, &record.facts, &record.opening, &record.digest)
            .map_err(|error| corrupt(error.to_string()))?;
        Ok(facts)
    }

    /// Applies everything that the journal holds beyond this ledger.
    pub(crate) fn follow(&mut self, journal: &JournalReader) -> Result<(), StartError> {
        self.follow_until(journal, u64::MAX, |_| ())
    }

    /// Applies what the journal holds beyond this ledger, up to `records` in all; `seen` hears of each page's end.
    pub(crate) fn follow_until(
        &mut self,
        journal: &JournalReader,
        records: u64,
        mut seen: impl FnMut(u64),
    ) -> Result<(), StartError> {
        loop {
            let most = u32::try_from(records.saturating_sub(self.size())).unwrap_or(PAGE).min(PAGE);
            let page = journal.records(self.size(), most)?;
            if page.is_empty() {
                return Ok(());
            }
            for record in &page {
                self.take_stored(record)?;
            }
            // The journal has these tiles already.
            drop(self.tree.drain_full_tiles());
            seen(self.size());
        }
    }
}

/// The journal's full tiles, for proofs.
pub(crate) struct Tiles<'j>(pub(crate) &'j JournalReader);

impl TileSource for Tiles<'_> {
    type Error = StoreError;

    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.tile(level, number)
    }
}

/// A proof's hashes as bytes.
pub(crate) fn hashes(proof: Vec<Hash>) -> Vec<[u8; 32]> {
    proof.into_iter().map(|hash| *hash.as_bytes()).collect()
}
