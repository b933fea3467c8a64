//! A frame: one batch as it lies in a segment, in one piece that is written at once.
//!
//! ```text
//! header 64 │ a slot of 32 a record │ 16 a tile │ facts │ tiles │ head │ evidence │ disclosures │ zeros to a whole block
//! ```
//!
//! Integers are little-endian. The header has a checksum of itself, of the slots, of the tiles' entries and of the head; a slot
//! has the one of its record's facts (opening, digest, facts). What may be erased, evidence and disclosures, carries its own
//! checksum with it (`state 1 │ checksum 4 │ bytes`), so that zeros in its place leave everything else sound.

use std::ops::Range;

/// What a frame begins at and is filled up to: an append never writes into a block that holds an acknowledged frame.
pub(crate) const BLOCK: usize = 4_096;
/// Bytes of the header.
pub(super) const HEADER: usize = 64;
/// Bytes of a record's slot.
pub(super) const SLOT: usize = 32;
pub(super) const TILE: usize = 16;
/// Bytes of a full tile.
pub(super) const HASHES: usize = 8_192;
/// "YXF1".
pub(super) const MAGIC: u32 = u32::from_le_bytes(*b"YXF1");
pub(super) const PRESENT: u8 = 1;
/// The state of what was erased.
pub(super) const ERASED: u8 = 2;
/// State and checksum of what may be erased.
pub(super) const SEAL: usize = 5;
/// Opening and digest before the facts.
const FIXED: usize = 64;
pub(super) const NAMES_SNAPSHOT: u32 = 1;

/// Index of the record that fills the tile (level, number); none where no journal is that long.
pub(crate) fn filled_by(level: u8, number: u64) -> Option<u64> {
    let each = 256_u64.checked_pow(u32::from(level).checked_add(1)?)?;
    number.checked_add(1)?.checked_mul(each)?.checked_sub(1)
}

/// The tiles that the records from `from` up to `until` fill, level by level.
pub(crate) fn filled_between(from: u64, until: u64) -> Vec<(u8, u64)> {
    let each = |level: u8| 256_u64.checked_pow(u32::from(level) + 1).filter(|each| *each <= until);
    let levels = (0_u8..8).map_while(|level| each(level).map(|each| (level, each)));
    levels.flat_map(|(level, each)| (from / each..until / each).map(move |number| (level, number))).collect()
}

/// The checksum of some bytes.
pub(super) fn sum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn short(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// What stands at the beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the whole frame.
    pub(super) length: usize,
    /// Records in it.
    pub(super) records: usize,
    /// Index of the first.
    pub(super) first: u64,
    /// Whether one of them names a snapshot.
    pub(super) names_snapshot: bool,
    tiles: usize,
    head: usize,
    facts: usize,
    evidence: usize,
    slots_sum: u32,
    head_sum: u32,
    tiles_sum: u32,
}

impl Header {
    /// Reads it; none where nothing, or nothing sound, begins here.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if short(bytes, 0)? != MAGIC || short(bytes, 4)? != sum(bytes.get(8..HEADER)?) {
            return None;
        }
        let field = |at: usize| short(bytes, 8 + at * 4);
        let size = |at: usize| field(at).map(|value| value as usize);
        let header = Self {
            length: size(0)?,
            records: size(1)?,
            first: long(bytes, 16)?,
            tiles: size(4)?,
            head: size(5)?,
            slots_sum: field(6)?,
            facts: size(7)?,
            evidence: size(8)?,
            names_snapshot: field(10)? & NAMES_SNAPSHOT != 0,
            head_sum: field(11)?,
            tiles_sum: field(12)?,
        };
        let disclosures = size(9)?;
        let parts = [
            HEADER,
            header.records.checked_mul(SLOT)?,
            header.tiles.checked_mul(TILE + HASHES)?,
            header.facts,
            header.head,
            header.evidence,
            disclosures,
        ];
        let end = parts.into_iter().try_fold(0_usize, usize::checked_add)?;
        let whole = end.checked_next_multiple_of(BLOCK)? == header.length;
        (whole && header.records > 0 && header.end().is_some()).then_some(header)
    }

    /// Index after its last record.
    pub(super) fn end(&self) -> Option<u64> {
        self.first.checked_add(u64::try_from(self.records).ok()?)
    }

    /// Bytes of header, slots and the tiles' entries.
    pub(super) fn directory(&self) -> usize {
        self.slots_end() + self.tiles * TILE
    }

    fn slots_end(&self) -> usize {
        HEADER + self.records * SLOT
    }

    /// Where the head's note lies.
    pub(super) fn head(&self) -> Range<usize> {
        let begin = self.directory() + self.facts + self.tiles * HASHES;
        begin..begin + self.head
    }

    /// The note, out of its bytes.
    pub(super) fn note(&self, bytes: &[u8]) -> Option<String> {
        let sound = bytes.len() == self.head && sum(bytes) == self.head_sum;
        sound.then(|| std::str::from_utf8(bytes).ok().map(str::to_owned))?
    }

    /// The slots, out of the frame's first bytes; none where they are not sound.
    pub(super) fn slots<'b>(&self, bytes: &'b [u8]) -> Option<Slots<'b>> {
        let slots = bytes.get(HEADER..self.slots_end())?;
        (sum(slots) == self.slots_sum).then_some(Slots { bytes: slots, length: self.length })
    }

    /// The tiles of the frame, where they lie and their checksums, out of its [`Header::directory`]; none where that is not sound.
    pub(super) fn tiles(&self, bytes: &[u8]) -> Option<Vec<TileAt>> {
        let entries = bytes.get(self.slots_end()..self.directory())?;
        if sum(entries) != self.tiles_sum {
            return None;
        }
        let each = entries.chunks_exact(TILE).enumerate().map(|(at, entry)| {
            let begin = self.directory() + self.facts + at * HASHES;
            let (number, level) = (long(entry, 0)?, short(entry, 8)?);
            Some(TileAt { level, number, range: begin..begin + HASHES, sum: short(entry, 12)? })
        });
        each.collect()
    }

    /// What lies behind the word of every piece that was erased, out of the whole frame: zeros, unless the erasing was cut off.
    pub(super) fn erased(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let Some(slots) = self.slots(bytes) else { return Vec::new() };
        let each = (0..self.records).filter_map(|at| slots.get(at));
        let pieces = each.flat_map(|slot| [Some(slot.evidence), slot.disclosures]).flatten();
        let is_erased =
            |piece: &Range<usize>| bytes.get(piece.start) == Some(&ERASED) && piece.end <= bytes.len();
        pieces.filter(is_erased).map(|piece| piece.start.saturating_add(1)..piece.end).collect()
    }

    fn tiles_are_sound(&self, bytes: &[u8]) -> Option<bool> {
        let is_sound = |tile: TileAt| bytes.get(tile.range).is_some_and(|hashes| sum(hashes) == tile.sum);
        Some(self.tiles(bytes)?.into_iter().all(is_sound))
    }
}

/// A tile of a frame.
pub(super) struct TileAt {
    pub(super) level: u32,
    pub(super) number: u64,
    /// Where its hashes lie.
    pub(super) range: Range<usize>,
    /// Their checksum.
    pub(super) sum: u32,
}

/// The slots of a frame's records.
pub(super) struct Slots<'b> {
    bytes: &'b [u8],
    length: usize,
}

/// Where a record's parts lie in its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// Opening, digest, facts.
    pub(super) facts: Range<usize>,
    sum: u32,
    /// The evidence.
    pub(super) evidence: Range<usize>,
    /// What opens its commitments, where there ever was anything.
    pub(super) disclosures: Option<Range<usize>>,
    /// Whether it names a snapshot.
    pub(super) names_snapshot: bool,
}

impl Slots<'_> {
    /// The slot of the frame's record at `at`.
    pub(super) fn get(&self, at: usize) -> Option<Slot> {
        let slot = self.bytes.get(at.checked_mul(SLOT)?..)?.get(..SLOT)?;
        let field = |at: usize| short(slot, at * 4);
        let range = |at: usize| {
            let (begin, length) = (field(at)? as usize, field(at + 1)? as usize);
            let end = begin.checked_add(length)?;
            (begin >= HEADER && end <= self.length).then_some(begin..end)
        };
        let disclosures = if field(5)? == 0 { None } else { Some(range(5)?) };
        Some(Slot {
            facts: range(0)?,
            sum: field(2)?,
            evidence: range(3)?,
            disclosures,
            names_snapshot: field(7)? & NAMES_SNAPSHOT != 0,
        })
    }
}

/// Opening, digest and facts of a record.
pub(super) type Fixed<'b> = ([u8; 32], [u8; 32], &'b [u8]);

impl Slot {
    /// Opening, digest and facts, out of their bytes; none where they are not sound.
    pub(super) fn fixed<'b>(&self, bytes: &'b [u8]) -> Option<Fixed<'b>> {
        if bytes.len() != self.facts.len() || sum(bytes) != self.sum {
            return None;
        }
        let (opening, rest) = bytes.split_at_checked(FIXED / 2)?;
        let (digest, facts) = rest.split_at_checked(FIXED / 2)?;
        Some((opening.try_into().ok()?, digest.try_into().ok()?, facts))
    }
}

/// What is left of something that may be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Erasable<'b> {
    /// All of it.
    Present(&'b [u8]),
    /// Nothing, or what an erasing that was cut off has left.
    Erased,
}

/// Reads what may be erased, out of its bytes; none where it is neither whole nor erased.
pub(super) fn left_of(bytes: &[u8]) -> Option<Erasable<'_>> {
    match *bytes.first()? {
        PRESENT => {
            let rest = bytes.get(SEAL..)?;
            (short(bytes, 1)? == sum(rest)).then_some(Erasable::Present(rest))
        }
        ERASED => Some(Erasable::Erased),
        _ => None,
    }
}

/// Checks a whole frame, all that it holds; its header when everything is sound.
pub(super) fn whole(bytes: &[u8]) -> Option<Header> {
    let header = Header::parse(bytes)?;
    let bytes = bytes.get(..header.length)?;
    let slots = header.slots(bytes)?;
    for at in 0..header.records {
        let slot = slots.get(at)?;
        slot.fixed(bytes.get(slot.facts.clone())?)?;
        left_of(bytes.get(slot.evidence)?)?;
        if let Some(disclosures) = slot.disclosures {
            left_of(bytes.get(disclosures)?)?;
        }
    }
    let note = header.note(bytes.get(header.head())?);
    (note.is_some() && header.tiles_are_sound(bytes)?).then_some(header)
}
