//! What a folder of segments survives, and what it refuses.

mod converting;
mod damage;
mod frames;

use super::{SegmentJournal, Segments, files, frame};
use crate::journal::{Batch, Head, Journal, JournalReader, NewRecord, TileRow};
use crate::{StoreError, copy_journal};
use std::path::{Path, PathBuf};

/// A batch whose records differ from one another.
pub(super) fn batch(first: u64, records: u64, evidence: usize) -> Batch {
    let record = |index: u64| NewRecord {
        facts: format!("facts of {index}").into_bytes(),
        opening: [u8::try_from(index % 251).unwrap(); 32],
        digest: [u8::try_from(index % 241).unwrap(); 32],
        salt: [u8::try_from(index % 239).unwrap(); 32],
        evidence: vec![u8::try_from(index % 233).unwrap(); evidence],
        disclosures: index.is_multiple_of(2).then(|| format!("canary-name {index}").into_bytes()),
        names_snapshot: index.is_multiple_of(100),
    };
    let size = first + records;
    let tiles = super::filled_between(first, size);
    let tile = |(level, number)| TileRow { level, number, hashes: vec![level ^ 0x5a; 8192] };
    Batch {
        first,
        records: (first..size).map(record).collect(),
        tiles: tiles.into_iter().map(tile).collect(),
        head: Head { size, note: format!("note {size}") },
    }
}

/// Every record of a journal is what [`batch`] made of it.
pub(super) fn check(reader: &JournalReader, size: u64, evidence: usize) {
    assert_eq!(reader.size().unwrap(), size);
    let records = reader.records(0, u32::MAX).unwrap();
    assert_eq!(records.len() as u64, size);
    for (index, record) in (0..).zip(records) {
        let new = batch(index, 1, evidence).records.remove(0);
        assert_eq!((record.index, record.facts), (index, new.facts));
        assert_eq!((record.opening, record.digest), (new.opening, new.digest));
        let kept = reader.evidence(index).unwrap().unwrap();
        assert_eq!((kept.salt, kept.bytes), (new.salt, new.evidence));
        assert_eq!(reader.disclosures(index).unwrap(), new.disclosures);
    }
    for (level, number) in super::filled_between(0, size) {
        assert_eq!(reader.tile(level, number).unwrap(), Some(vec![level ^ 0x5a; 8192]));
    }
    let named = size.checked_sub(1).map(|last| last / 100 * 100);
    assert_eq!(reader.newest_snapshot().unwrap(), named);
    assert_eq!(reader.head().unwrap().map(|head| head.size), (size > 0).then_some(size));
}

pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub(super) journal: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        Self { _folder: folder, journal }
    }

    pub(super) fn writer(&self) -> SegmentJournal {
        SegmentJournal::open(&self.journal).unwrap()
    }

    pub(super) fn reader(&self) -> JournalReader {
        JournalReader::new(&self.journal)
    }

    pub(super) fn segment(&self, number: u64) -> PathBuf {
        files::path_of(&self.journal, number)
    }

    /// Appends batches of `each` records until there are `size`.
    pub(super) fn grow(&self, size: u64, each: u64, evidence: usize) {
        let mut journal = self.writer();
        let mut next = journal.reader().size().unwrap();
        while next < size {
            journal.append(&batch(next, each, evidence)).unwrap();
            next += each;
        }
    }
}

pub(super) fn change(path: &Path, at: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

#[test]
fn a_journal_that_fills_several_segments_is_read_whole_by_everybody() {
    let place = Place::new();
    place.grow(300, 7, 9_000);
    let size = 301;
    check(&place.reader(), size, 9_000);
    assert!(place.segment(3).exists(), "{size} records of this size need more than two");
    assert!(place.segment(1).with_extension("table").exists());
    // Tables are found again in the segments where they are gone or wrong.
    std::fs::remove_file(place.segment(1).with_extension("table")).unwrap();
    change(&place.segment(2).with_extension("table"), 30, b"xx");
    check(&place.reader(), size, 9_000);
    place.grow(400, 1, 10);
    assert_eq!(place.reader().snapshot_before(300).unwrap(), Some(200));
    assert_eq!(place.reader().snapshot_before(1).unwrap(), Some(0));
    assert_eq!(place.reader().snapshot_before(0).unwrap(), None);
}

#[test]
fn a_segment_is_full_of_zeros_before_it_is_written_to() {
    let place = Place::new();
    drop(place.writer());
    for number in 1..=2 {
        let bytes = std::fs::read(place.segment(number)).unwrap();
        assert_eq!(bytes.len() as u64, files::length_of(number));
        assert!(bytes[4096..].iter().all(|byte| *byte == 0));
    }
    assert_eq!(
        (files::length_of(1), files::length_of(5), files::length_of(900)),
        (1 << 18, 1 << 25, 1 << 25)
    );
}

#[test]
fn a_batch_larger_than_a_segment_has_one_of_its_own() {
    let place = Place::new();
    let mut journal = place.writer();
    journal.append(&batch(0, 1, 10)).unwrap();
    journal.append(&batch(1, 3, 900_000)).unwrap();
    journal.append(&batch(4, 1, 10)).unwrap();
    drop(journal);
    assert_eq!(place.reader().evidence(3).unwrap().unwrap().bytes.len(), 900_000);
    assert_eq!(place.reader().size().unwrap(), 5);
    place.grow(6, 1, 10);
    assert_eq!(place.reader().head_covering(2).unwrap().unwrap().size, 4);
}

#[test]
fn a_first_batch_larger_than_its_segment_leaves_no_hole_behind() {
    let place = Place::new();
    place.grow(1, 1, 900_000);
    assert!(!place.segment(3).exists(), "the first segment grew");
    place.grow(3, 1, 10);
    assert_eq!(place.reader().evidence(0).unwrap().unwrap().bytes.len(), 900_000);
    assert_eq!(place.reader().size().unwrap(), 3);
}

#[test]
fn an_erasing_that_was_cut_off_is_ended_by_a_copy_and_by_the_next_writer() {
    let place = Place::new();
    place.grow(1, 1, 10);
    let path = place.segment(1);
    let bytes = std::fs::read(&path).unwrap();
    let name = b"canary-name 0";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    change(&path, at as u64 - frame::SEAL as u64, &[frame::ERASED]);
    let holds = |folder: &Path| {
        let bytes = std::fs::read(files::path_of(folder, 1)).unwrap();
        bytes.windows(name.len()).any(|window| window == name)
    };
    let copy = place.journal.with_extension("copy");
    copy_journal(&place.journal, &copy, |_, _| ()).unwrap();
    assert!(holds(&place.journal) && !holds(&copy));
    drop(place.writer());
    assert!(!holds(&place.journal));
    assert_eq!(place.reader().disclosures(0).unwrap(), None);
}

#[test]
fn a_reader_of_another_process_follows_from_segment_to_segment() {
    let place = Place::new();
    let reader = place.reader();
    assert_eq!((reader.size().unwrap(), reader.head().unwrap()), (0, None));
    let mut journal = place.writer();
    for first in 0..200 {
        journal.append(&batch(first, 1, 3_000)).unwrap();
        if first % 9 == 0 {
            assert_eq!(reader.size().unwrap(), first + 1);
            assert_eq!(reader.record(first).unwrap().unwrap().facts, batch(first, 1, 0).records[0].facts);
        }
    }
    check(&reader, 200, 3_000);
}

#[test]
fn a_copy_made_while_somebody_appends_is_a_beginning_of_the_journal() {
    let place = Place::new();
    place.grow(150, 5, 2_000);
    let copied = Place::new();
    let mut journal = place.writer();
    let mut next = 150;
    copy_journal(&place.journal, &copied.journal, |_, _| {
        journal.append(&batch(next, 1, 2_000)).unwrap();
        next += 1;
    })
    .unwrap();
    check(&copied.reader(), 150, 2_000);
    // And somebody can go on with it.
    copied.grow(160, 1, 2_000);
    check(&copied.reader(), 160, 2_000);
}

#[test]
fn two_writers_never_share_a_journal() {
    let place = Place::new();
    let first = place.writer();
    assert!(
        matches!(SegmentJournal::open(&place.journal), Err(StoreError::Failed(said)) if said.contains("lock"))
    );
    drop(first);
    place.writer();
}

#[test]
fn an_erased_disclosure_leaves_no_name_in_any_file() {
    let place = Place::new();
    let mut journal = place.writer();
    journal.append(&batch(0, 3, 10)).unwrap();
    let holds = || {
        let bytes = std::fs::read(place.segment(1)).unwrap();
        [0, 2].map(|index| {
            let name = format!("canary-name {index}");
            bytes.windows(name.len()).any(|window| window == name.as_bytes())
        })
    };
    assert_eq!(holds(), [true, true]);
    journal.erase_disclosures(1).unwrap();
    journal.erase_disclosures(0).unwrap();
    assert_eq!(holds(), [false, true]);
    let reader = journal.reader();
    assert_eq!(reader.disclosures(0).unwrap(), None);
    assert_eq!(reader.disclosures(2).unwrap().unwrap(), b"canary-name 2");
    assert!(reader.evidence(0).unwrap().is_some());
    drop(journal);
    // The frame is whole as before, also as the last one.
    assert_eq!(place.reader().size().unwrap(), 3);
    place.grow(4, 1, 10);
    assert_eq!(place.reader().disclosures(0).unwrap(), None);
}

#[test]
fn a_tile_that_a_batch_does_not_fill_is_refused() {
    let place = Place::new();
    let mut wrong = batch(0, 3, 10);
    wrong.tiles.push(TileRow { level: 0, number: 0, hashes: vec![0; 8192] });
    let mut journal = place.writer();
    assert!(matches!(journal.append(&wrong), Err(StoreError::Failed(_))));
    journal.append(&batch(0, 3, 10)).unwrap();
}

#[test]
fn nothing_is_opened_where_a_segment_is_missing_or_another_file_lies() {
    let place = Place::new();
    place.grow(300, 10, 9_000);
    let moved = place.journal.join("elsewhere");
    std::fs::rename(place.segment(1), &moved).unwrap();
    let said = place.reader().size().unwrap_err().to_string();
    assert!(said.contains("00000001.segment is missing"), "{said}");
    std::fs::copy(place.segment(2), place.segment(1)).unwrap();
    let said = place.reader().size().unwrap_err().to_string();
    assert!(said.contains("00000001.segment is not what its name says"), "{said}");
    std::fs::rename(moved, place.segment(1)).unwrap();
    assert_eq!(Segments::at(&place.journal).size().unwrap(), 300);
}
