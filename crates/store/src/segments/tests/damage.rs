//! Torn writes are taken away, damage is refused with its place.

use super::{Place, batch, change, check};
use crate::StoreError;
use crate::journal::Journal as _;
use crate::segments::{SegmentJournal, files};

/// A journal of batches, and where the frames of its only segment begin.
fn three(place: &Place) -> Vec<u64> {
    let mut at = vec![files::BEGIN];
    let mut journal = place.writer();
    for first in 0..3 {
        journal.append(&batch(first * 4, 4, 2_000)).unwrap();
        at.push(journal.segments.known().end);
    }
    at
}

#[test]
fn a_torn_last_frame_is_taken_away_and_the_journal_goes_on() {
    for torn in 0..3 {
        let place = Place::new();
        let at = three(&place);
        let (from, to) = match torn {
            // Its beginning, its middle, or its end was not written.
            0 => (at[2], at[2] + 512),
            1 => (at[2] + 4_608, at[2] + 5_120),
            _ => (at[3] - 4_096, at[3]),
        };
        change(&place.segment(1), from, &vec![0; usize::try_from(to - from).unwrap()]);
        check(&place.reader(), 8, 2_000);
        let mut journal = place.writer();
        let bytes = std::fs::read(place.segment(1)).unwrap();
        assert!(bytes[usize::try_from(at[2]).unwrap()..].iter().all(|byte| *byte == 0), "zeros again");
        journal.append(&batch(8, 1, 2_000)).unwrap();
        drop(journal);
        check(&place.reader(), 9, 2_000);
    }
}

#[test]
fn a_torn_first_frame_of_a_segment_is_taken_away() {
    let place = Place::new();
    place.grow(20, 1, 20_000);
    let frame = 20_480;
    let bytes = std::fs::read(place.segment(2)).unwrap();
    let in_second = (4_096..bytes.len()).step_by(frame).take_while(|at| bytes[*at] != 0).count();
    assert!(in_second > 1, "{in_second}");
    for at in 1..in_second {
        change(&place.segment(2), 4_096 + u64::try_from(at * frame).unwrap(), &vec![0; frame]);
    }
    let left = 20 - u64::try_from(in_second).unwrap();
    check(&place.reader(), left + 1, 20_000);
    change(&place.segment(2), 8_192, &[0; 512]);
    check(&place.reader(), left, 20_000);
    place.grow(20, 1, 20_000);
    check(&place.reader(), 20, 20_000);
}

#[test]
fn a_wrong_frame_with_others_behind_it_is_refused_by_everybody_with_its_place() {
    let place = Place::new();
    let at = three(&place);
    let before = std::fs::read(place.segment(1)).unwrap();
    // Its beginning, one of its slots, its facts, its evidence, and a lost block.
    for (offset, bytes) in
        [(0, vec![0; 512]), (70, vec![1]), (300, vec![0xff; 3]), (5_000, vec![7]), (4_096, vec![0; 4_096])]
    {
        change(&place.segment(1), at[1] + offset, &bytes);
        for error in [place.reader().size().unwrap_err(), SegmentJournal::open(&place.journal).err().unwrap()]
        {
            let said = error.to_string();
            assert!(matches!(error, StoreError::Damaged(_)), "{said}");
            assert!(said.contains("00000001.segment") && said.contains(&at[1].to_string()), "{said}");
            assert!(said.contains("record 4"), "{said}");
        }
        std::fs::write(place.segment(1), &before).unwrap();
    }
    check(&place.reader(), 12, 2_000);
}

#[test]
fn a_frame_that_is_missing_between_others_is_refused() {
    let place = Place::new();
    let at = three(&place);
    let (from, to) = (usize::try_from(at[1]).unwrap(), usize::try_from(at[2]).unwrap());
    // Cut out, and everything behind it moved up.
    let mut bytes = std::fs::read(place.segment(1)).unwrap();
    bytes.drain(from..to);
    bytes.resize(bytes.len() + to - from, 0);
    std::fs::write(place.segment(1), bytes).unwrap();
    assert!(matches!(place.reader().size(), Err(StoreError::Damaged(_))));
}

#[test]
fn damage_in_a_full_segment_is_found_when_it_is_read() {
    let place = Place::new();
    place.grow(300, 5, 9_000);
    let table = place.segment(1).with_extension("table");
    change(&place.segment(1), 4_096 + 64 + 5 * 32 + 10, b"changed");
    // Whoever begins behind it need not read it; whoever reads it hears so.
    let reader = place.reader();
    assert_eq!(reader.size().unwrap(), 300);
    let said = reader.record(0).unwrap_err().to_string();
    assert!(said.contains("00000001.segment") && said.contains("record 0"), "{said}");
    assert!(matches!(reader.records(0, 10), Err(StoreError::Damaged(_))));
    std::fs::remove_file(table).unwrap();
    assert!(matches!(place.reader().record(7), Err(StoreError::Damaged(_))), "also without the table");
    // One that does not begin with a frame refuses the start.
    change(&place.segment(1), 4_096, &[0; 64]);
    assert!(matches!(place.reader().size(), Err(StoreError::Damaged(_))));
}

#[test]
fn whatever_byte_is_changed_no_reader_hears_of_another_record() {
    let place = Place::new();
    let at = three(&place);
    let whole = std::fs::read(place.segment(1)).unwrap();
    let expected: Vec<_> = (0..12).map(|index| place.reader().record(index).unwrap()).collect();
    for byte in (files::BEGIN..at[3]).step_by(97) {
        let old = whole[usize::try_from(byte).unwrap()];
        change(&place.segment(1), byte, &[old ^ 0x10]);
        let reader = place.reader();
        for (index, expected) in (0..).zip(&expected) {
            // Absent behind the end, or an error, or the record.
            if let Ok(Some(found)) = reader.record(index) {
                assert_eq!(Some(&found), expected.as_ref(), "byte {byte}");
            }
        }
        change(&place.segment(1), byte, &[old]);
    }
}

#[test]
fn a_batch_that_found_no_room_leaves_nothing_and_is_taken_later() {
    let place = Place::new();
    let mut journal = place.writer();
    journal.append(&batch(0, 1, 10)).unwrap();
    // As if the write had ended half way.
    let end = journal.segments.known().end;
    change(&place.segment(1), end, &[0xa5; 9_000]);
    journal.active.dirty_until = end + 9_000;
    assert_eq!(journal.reader().size().unwrap(), 1);
    journal.append(&batch(1, 1, 10)).unwrap();
    drop(journal);
    let bytes = std::fs::read(place.segment(1)).unwrap();
    assert!(!bytes.contains(&0xa5), "what was left is gone");
    assert_eq!(place.reader().size().unwrap(), 2);
}

#[test]
fn after_a_failed_sync_nothing_more_is_appended() {
    let place = Place::new();
    let mut journal = place.writer();
    journal.append(&batch(0, 1, 10)).unwrap();
    journal.failed = Some("the disk".to_owned());
    let refused = Err(StoreError::Sync("the disk".to_owned()));
    assert_eq!(journal.append(&batch(1, 1, 10)), refused);
    assert_eq!(journal.tidy(), refused);
    assert_eq!(journal.erase_disclosures(0), refused);
    assert_eq!(journal.reader().size().unwrap(), 1);
}
