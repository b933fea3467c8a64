//! The journal's conformance.

use super::engine::{Part, Place, on_both};
use crate::journal::*;
use crate::{Store, StoreError};
use std::time::Duration;

on_both!(
    what_was_appended_is_read_back_by_a_journal_opened_again,
    a_batch_that_repeats_an_index_leaves_nothing,
    large_evidence_and_policies_are_kept_whole,
    erased_disclosures_are_gone_and_the_record_stays,
    a_walk_goes_from_record_to_record_as_long_as_one_is_named,
    whoever_waits_hears_of_the_next_append,
);

pub(super) fn batch(first: u64, facts: &[&[u8]]) -> Batch {
    let record = |facts: &&[u8]| NewRecord {
        facts: facts.to_vec(),
        opening: [1; 32],
        digest: [2; 32],
        salt: [3; 32],
        evidence: b"evidence".to_vec(),
        disclosures: facts.starts_with(b"three").then(|| b"canary-name".to_vec()),
        names_snapshot: facts.starts_with(b"snapshot"),
    };
    let size = first + facts.len() as u64;
    Batch {
        first,
        records: facts.iter().map(record).collect(),
        tiles: Vec::new(),
        head: Head { size, note: format!("note {size}") },
    }
}

pub(super) fn writer(store: &Store) -> Box<dyn Journal> {
    let epoch = store.lease.claim("test", "").unwrap().expect("nobody else holds it");
    store.writer(epoch).unwrap()
}

fn what_was_appended_is_read_back_by_a_journal_opened_again(place: &Place) {
    let store = place.store();
    let mut journal = writer(&store);
    let reader = &store.journal;
    assert_eq!((reader.size().unwrap(), reader.head().unwrap()), (0, None));
    assert_eq!(reader.newest_snapshot().unwrap(), None);
    journal.append(&batch(0, &[b"one", b"snapshot"])).unwrap();
    let mut second = batch(2, &[b"three".as_slice(); 254]);
    second.tiles.push(TileRow { level: 0, number: 0, hashes: vec![9; 8192] });
    journal.append(&second).unwrap();
    journal.tidy().unwrap();
    drop(journal);
    let again = place.store();
    let reader = &again.journal;
    assert_eq!(reader.size().unwrap(), 256);
    assert_eq!(reader.record(2).unwrap().unwrap().facts, b"three");
    let expected = StoredRecord { index: 1, facts: b"snapshot".to_vec(), opening: [1; 32], digest: [2; 32] };
    assert_eq!(reader.records(1, 1).unwrap(), vec![expected]);
    assert_eq!(reader.records(1, 10).unwrap().len(), 10);
    assert_eq!(reader.records(254, 10).unwrap().len(), 2);
    assert_eq!(reader.records(256, 10).unwrap(), Vec::new());
    assert_eq!(
        reader.evidence(0).unwrap().unwrap(),
        StoredEvidence { salt: [3; 32], bytes: b"evidence".to_vec() }
    );
    assert_eq!(reader.evidence(256).unwrap(), None);
    assert_eq!(reader.tile(0, 0).unwrap(), Some(vec![9; 8192]));
    assert_eq!((reader.tile(0, 1).unwrap(), reader.tile(1, 0).unwrap()), (None, None));
    assert_eq!(reader.newest_snapshot().unwrap(), Some(1));
    assert_eq!(reader.snapshot_before(2).unwrap(), Some(1));
    assert_eq!(reader.snapshot_before(1).unwrap(), None);
    assert_eq!(reader.head().unwrap().unwrap().size, 256);
    assert_eq!(reader.head_covering(1).unwrap().unwrap().note, "note 2");
    assert_eq!(reader.head_covering(256).unwrap(), None);
}

fn a_batch_that_repeats_an_index_leaves_nothing(place: &Place) {
    let store = place.store();
    let mut journal = writer(&store);
    journal.append(&batch(0, &[b"one", b"two"])).unwrap();
    assert!(matches!(journal.append(&batch(1, &[b"again", b"three"])), Err(StoreError::Failed(_))));
    assert_eq!(store.journal.size().unwrap(), 2);
    assert_eq!(store.journal.record(1).unwrap().unwrap().facts, b"two");
    assert_eq!(store.journal.head().unwrap().unwrap().size, 2);
    journal.append(&batch(2, &[b"three"])).unwrap();
    assert_eq!(store.journal.size().unwrap(), 3, "and the writer goes on from the real tail");
}

#[test]
fn records_tiles_and_heads_cannot_be_changed_or_deleted_in_postgres() {
    let place = Place::postgres();
    let store = place.store();
    let mut first = batch(0, &[b"one".as_slice(); 256]);
    first.tiles.push(TileRow { level: 0, number: 0, hashes: vec![0; 8192] });
    writer(&store).append(&first).unwrap();
    for sql in [
        "UPDATE records SET facts = digest",
        "DELETE FROM records",
        "UPDATE tiles SET number = 9",
        "DELETE FROM tiles",
        "UPDATE heads SET note = ''",
        "DELETE FROM heads",
        "TRUNCATE records",
        "TRUNCATE tiles",
        "TRUNCATE heads",
        "TRUNCATE records CASCADE",
    ] {
        assert!(place.execute(Part::Journal, sql).unwrap_err().contains("permanent"), "{sql}");
    }
    // Evidence alone may be erased.
    place.execute(Part::Journal, "DELETE FROM evidence").unwrap();
    assert_eq!(store.journal.evidence(0).unwrap(), None);
}

fn erased_disclosures_are_gone_and_the_record_stays(place: &Place) {
    let store = place.store();
    let mut journal = writer(&store);
    journal.append(&batch(0, &[b"one", b"three"])).unwrap();
    assert_eq!(store.journal.disclosures(0).unwrap(), None);
    assert_eq!(store.journal.disclosures(1).unwrap().unwrap(), b"canary-name");
    journal.erase_disclosures(1).unwrap();
    assert_eq!(store.journal.disclosures(1).unwrap(), None);
    assert_eq!(store.journal.record(1).unwrap().unwrap().facts, b"three");
    assert!(store.journal.evidence(1).unwrap().is_some());
}

fn large_evidence_and_policies_are_kept_whole(place: &Place) {
    let store = place.store();
    let mut large = batch(0, &[b"one"]);
    // What neither compresses nor fits into a page.
    let mut noise = 1_u32;
    let bytes = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    });
    large.records[0].evidence = bytes.take(50_000).collect();
    large.records[0].facts = large.records[0].evidence[..20_000].to_vec();
    writer(&store).append(&large).unwrap();
    assert_eq!(store.journal.record(0).unwrap().unwrap().facts, large.records[0].facts);
    assert_eq!(store.journal.evidence(0).unwrap().unwrap().bytes, large.records[0].evidence);
}

fn a_walk_goes_from_record_to_record_as_long_as_one_is_named(place: &Place) {
    let store = place.store();
    writer(&store).append(&batch(0, &[b"zero", b"one", b"two", b"three"])).unwrap();
    let mut seen = Vec::new();
    let down = |record: StoredRecord| {
        seen.push(record.facts);
        Ok::<_, StoreError>(record.index.checked_sub(2))
    };
    store.journal.walk(3, down).unwrap();
    assert_eq!(seen, [b"three".to_vec(), b"one".to_vec()]);
    let beyond = store.journal.walk(3, |record| Ok::<_, StoreError>(Some(record.index + 1)));
    assert!(matches!(beyond, Err(StoreError::Corrupt { table: "records", row: 4, .. })));
}

fn whoever_waits_hears_of_the_next_append(place: &Place) {
    let store = place.store();
    let mut journal = writer(&store);
    journal.append(&batch(0, &[b"one"])).unwrap();
    assert_eq!(store.journal.wait_beyond(0, Duration::from_mins(1)).unwrap(), 1, "it is there already");
    assert_eq!(store.journal.wait_beyond(1, Duration::from_millis(40)).unwrap(), 1, "patience ends");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.journal.wait_beyond(1, Duration::from_mins(1)).unwrap());
        journal.append(&batch(1, &[b"two"])).unwrap();
        assert_eq!(waiting.join().unwrap(), 2);
    });
}
