//! The journal's questions, answered from its frames.

use super::frame::{Erasable, HEADER, Header, SLOT, Slot, TileAt, filled_by, left_of, sum};
use super::{Found, Place, Segments, files};
use crate::error::StoreError;
use crate::journal::{Head, StoredEvidence, StoredRecord};
use std::ops::Range;

/// What one record's place in the journal says: its slot, and where its frame is.
struct Spot {
    found: Found,
    slot: Slot,
}

/// A record with everything that is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walked {
    pub(crate) record: StoredRecord,
    pub(crate) evidence: Option<StoredEvidence>,
    pub(crate) disclosures: Option<Vec<u8>>,
    pub(crate) names_snapshot: bool,
}

impl Segments {
    /// The number of records.
    pub(crate) fn size(&self) -> Result<u64, StoreError> {
        self.look()?;
        Ok(self.known().records)
    }

    /// One record.
    pub(crate) fn record(&self, index: u64) -> Result<Option<StoredRecord>, StoreError> {
        let Some(spot) = self.spot(index)? else { return Ok(None) };
        let piece = self.piece(&spot.found, &spot.slot.facts)?;
        self.stored(&spot.found, index, &spot.slot, &piece).map(Some)
    }

    /// At most `most` records from index `from` on.
    pub(crate) fn records(&self, from: u64, most: u32) -> Result<Vec<StoredRecord>, StoreError> {
        self.look()?;
        let until = from.saturating_add(u64::from(most));
        let mut records = Vec::new();
        let mut next = from;
        while next < until {
            let Some(found) = self.find(next)? else { break };
            let end = found.end.min(until);
            let slots: Vec<Slot> = self.slots(&found, next..end)?;
            let (Some(first), Some(last)) = (slots.first(), slots.last()) else { break };
            let all = first.facts.start..last.facts.end;
            let pieces = self.piece(&found, &all)?;
            for (index, slot) in (next..end).zip(&slots) {
                let at = slot.facts.start.saturating_sub(all.start)..slot.facts.end.saturating_sub(all.start);
                let piece = pieces.get(at).ok_or_else(|| self.unsound(&found, index))?;
                records.push(self.stored(&found, index, slot, piece)?);
            }
            next = end;
        }
        Ok(records)
    }

    /// The evidence of a record, unless it was erased.
    pub(crate) fn evidence(&self, index: u64) -> Result<Option<StoredEvidence>, StoreError> {
        let Some(Spot { found, slot }) = self.spot(index)? else { return Ok(None) };
        self.evidence_of(&found, index, &slot)
    }

    fn evidence_of(
        &self,
        found: &Found,
        index: u64,
        slot: &Slot,
    ) -> Result<Option<StoredEvidence>, StoreError> {
        let piece = self.piece(found, &slot.evidence)?;
        match left_of(&piece) {
            Some(Erasable::Present(bytes)) => {
                let (salt, bytes) = bytes.split_first_chunk().ok_or_else(|| self.unsound(found, index))?;
                Ok(Some(StoredEvidence { salt: *salt, bytes: bytes.to_vec() }))
            }
            Some(Erasable::Erased) => Ok(None),
            None => Err(self.unsound(found, index)),
        }
    }

    /// What opens the commitments of a record, unless there are none or it was erased.
    pub(crate) fn disclosures(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(Spot { found, slot }) = self.spot(index)? else { return Ok(None) };
        self.disclosures_of(&found, index, &slot)
    }

    fn disclosures_of(&self, found: &Found, index: u64, slot: &Slot) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(range) = &slot.disclosures else { return Ok(None) };
        match left_of(&self.piece(found, range)?) {
            Some(Erasable::Present(bytes)) => Ok(Some(bytes.to_vec())),
            Some(Erasable::Erased) => Ok(None),
            None => Err(self.unsound(found, index)),
        }
    }

    /// A full tile's hashes: they lie in the frame of the record that filled it.
    pub(crate) fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.look()?;
        let Some(index) = filled_by(level, number) else { return Ok(None) };
        let Some(found) = self.find(index)? else { return Ok(None) };
        let header = self.header(&found)?;
        let directory = self.piece(&found, &(0..header.directory()))?;
        let unsound = || self.unsound(&found, index);
        let tiles = header.tiles(&directory).ok_or_else(unsound)?;
        let is_this = |tile: &TileAt| tile.level == u32::from(level) && tile.number == number;
        let Some(tile) = tiles.into_iter().find(is_this) else { return Ok(None) };
        let hashes = self.piece(&found, &tile.range)?;
        if sum(&hashes) == tile.sum { Ok(Some(hashes)) } else { Err(unsound()) }
    }

    /// The newest head.
    pub(crate) fn head(&self) -> Result<Option<Head>, StoreError> {
        self.look()?;
        let last = self.known().records.checked_sub(1);
        last.map_or(Ok(None), |last| self.head_of(last))
    }

    /// The head of the frame that holds the record at `index`.
    pub(crate) fn head_covering(&self, index: u64) -> Result<Option<Head>, StoreError> {
        self.look()?;
        self.head_of(index)
    }

    fn head_of(&self, index: u64) -> Result<Option<Head>, StoreError> {
        let Some(found) = self.find(index)? else { return Ok(None) };
        let header = self.header(&found)?;
        let note = header.note(&self.piece(&found, &header.head())?);
        let note = note.ok_or_else(|| self.unsound(&found, index))?;
        Ok(Some(Head { size: found.end, note }))
    }

    /// Index of the newest record that names a snapshot.
    pub(crate) fn newest_snapshot(&self) -> Result<Option<u64>, StoreError> {
        self.look()?;
        self.snapshot_before(u64::MAX)
    }

    /// Index of the newest record before `index` that names a snapshot.
    pub(crate) fn snapshot_before(&self, index: u64) -> Result<Option<u64>, StoreError> {
        self.look()?;
        let mut before = index.min(self.known().records);
        while let Some(last) = before.checked_sub(1) {
            let Some(found) = self.find(last)? else { return Ok(None) };
            let place = match self.naming_before(&found, before) {
                Some(Ok(place)) => place,
                // Nothing in this segment: on with the last record of the one before.
                Some(Err(begin)) => {
                    before = begin.min(last);
                    continue;
                }
                // Its table was just let go: once more.
                None => continue,
            };
            let Some(found) = self.find(place.first)? else { return Ok(None) };
            let end = found.end.min(before);
            let slots = self.slots(&found, place.first..end)?;
            let named = (place.first..end).zip(&slots).filter(|(_, slot)| slot.names_snapshot).last();
            if let Some((named, _)) = named {
                return Ok(Some(named));
            }
            before = place.first;
        }
        Ok(None)
    }

    /// The last frame of a segment that begins before `before` and names a snapshot, or where the segment begins; none where its
    /// table is not in memory.
    fn naming_before(&self, found: &Found, before: u64) -> Option<Result<Place, u64>> {
        let state = self.known();
        let segment = state.segments.iter().rfind(|segment| segment.number == found.number)?;
        let places = segment.places.as_ref()?;
        let place = places.iter().rfind(|place| place.names_snapshot && place.first < before);
        Some(place.copied().ok_or(segment.first))
    }

    /// Everything of the frame that begins with the record at `first`: its records, and its head.
    pub(crate) fn frame(&self, first: u64) -> Result<Option<(Vec<Walked>, Head)>, StoreError> {
        self.look()?;
        let Some(found) = self.find(first)? else { return Ok(None) };
        let indexes = first..found.end;
        let mut walked = Vec::new();
        for (index, slot) in indexes.clone().zip(self.slots(&found, indexes)?) {
            let piece = self.piece(&found, &slot.facts)?;
            walked.push(Walked {
                record: self.stored(&found, index, &slot, &piece)?,
                evidence: self.evidence_of(&found, index, &slot)?,
                disclosures: self.disclosures_of(&found, index, &slot)?,
                names_snapshot: slot.names_snapshot,
            });
        }
        Ok(self.head_of(first)?.map(|head| (walked, head)))
    }

    fn spot(&self, index: u64) -> Result<Option<Spot>, StoreError> {
        self.look()?;
        let Some(found) = self.find(index)? else { return Ok(None) };
        let slot = self.slots(&found, index..index.saturating_add(1))?.pop();
        Ok(slot.map(|slot| Spot { found, slot }))
    }

    pub(super) fn header(&self, found: &Found) -> Result<Header, StoreError> {
        let bytes = self.piece(found, &(0..HEADER))?;
        self.parsed(found, &bytes)
    }

    fn parsed(&self, found: &Found, bytes: &[u8]) -> Result<Header, StoreError> {
        let is_this = |header: &Header| header.first == found.place.first && header.end() == Some(found.end);
        Header::parse(bytes).filter(is_this).ok_or_else(|| self.unsound(found, found.place.first))
    }

    /// The slots of these records of a frame.
    fn slots(&self, found: &Found, indexes: Range<u64>) -> Result<Vec<Slot>, StoreError> {
        let count = |records: u64| usize::try_from(records).unwrap_or(usize::MAX);
        let records = count(found.end.saturating_sub(found.place.first));
        let bytes = self.piece(found, &(0..records.saturating_mul(SLOT).saturating_add(HEADER)))?;
        let header = self.parsed(found, &bytes)?;
        let unsound = || self.unsound(found, indexes.start);
        let slots = header.slots(&bytes).ok_or_else(unsound)?;
        let at = |index: u64| count(index.saturating_sub(found.place.first));
        (at(indexes.start)..at(indexes.end)).map(|at| slots.get(at).ok_or_else(unsound)).collect()
    }

    fn stored(
        &self,
        found: &Found,
        index: u64,
        slot: &Slot,
        piece: &[u8],
    ) -> Result<StoredRecord, StoreError> {
        let (opening, digest, facts) = slot.fixed(piece).ok_or_else(|| self.unsound(found, index))?;
        Ok(StoredRecord { index, facts: facts.to_vec(), opening, digest })
    }

    /// Some bytes of a frame.
    pub(super) fn piece(&self, found: &Found, range: &Range<usize>) -> Result<Vec<u8>, StoreError> {
        let at = u64::from(found.place.offset).saturating_add(range.start as u64);
        files::read(&found.file, &self.path(found.number), at, range.len())
    }

    pub(super) fn unsound(&self, found: &Found, index: u64) -> StoreError {
        let said = format!("what is there of record {index} is not what was written");
        self.damaged(found.number, found.place.offset.into(), &said)
    }

    /// Where what opens a record's commitments lies: the segment, the first byte, how many.
    pub(super) fn disclosures_at(&self, index: u64) -> Result<Option<(u64, u64, usize)>, StoreError> {
        let Some(Spot { found, slot }) = self.spot(index)? else { return Ok(None) };
        let at = |range: Range<usize>| {
            (found.number, u64::from(found.place.offset).saturating_add(range.start as u64), range.len())
        };
        Ok(slot.disclosures.map(at))
    }
}
