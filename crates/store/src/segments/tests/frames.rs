//! A frame, cut and flipped at every byte: never a wrong record, never a panic.

use super::batch;
use crate::journal::Batch;
use crate::segments::encode::{Kept, encode};
use crate::segments::frame::{self, BLOCK, Erasable, left_of};
use proptest::prelude::*;

fn encoded(batch: &Batch) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes, batch.first, batch.records.iter().map(Kept::new), &batch.tiles, &batch.head).unwrap();
    bytes
}

/// Everything that a frame says, or nothing where it is not whole.
fn said(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let header = frame::whole(bytes)?;
    let slots = header.slots(bytes).unwrap();
    let mut said = vec![header.first.to_le_bytes().to_vec()];
    said.push(header.note(&bytes[header.head()]).unwrap().into_bytes());
    for at in 0..header.records {
        let slot = slots.get(at).unwrap();
        let (opening, digest, facts) = slot.fixed(&bytes[slot.facts.clone()]).unwrap();
        said.extend([opening.to_vec(), digest.to_vec(), facts.to_vec(), vec![slot.names_snapshot.into()]]);
        for piece in [Some(slot.evidence), slot.disclosures].into_iter().flatten() {
            match left_of(&bytes[piece]).unwrap() {
                Erasable::Present(bytes) => said.push(bytes.to_vec()),
                Erasable::Erased => said.push(b"erased".to_vec()),
            }
        }
    }
    Some(said)
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_or_says_nothing() {
    let bytes = encoded(&batch(255, 3, 40));
    let whole = said(&bytes).unwrap();
    let mut unnoticed = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        if let Some(found) = said(&changed) {
            // Zeros behind the last piece.
            assert_eq!(found, whole, "byte {at}");
            unnoticed += 1;
        }
    }
    assert!(unnoticed < BLOCK, "{unnoticed} of {}", bytes.len());
}

#[test]
fn a_frame_cut_anywhere_is_none() {
    let bytes = encoded(&batch(0, 3, 40));
    for length in 0..bytes.len() {
        assert_eq!(frame::whole(&bytes[..length]), None, "{length}");
    }
}

#[test]
fn a_frame_of_which_some_sectors_were_not_written_is_none() {
    let bytes = encoded(&batch(0, 40, 300));
    let sectors = bytes.len() / 512;
    assert!(sectors > 20);
    for lost in 0..sectors {
        let mut torn = bytes.clone();
        let sector = &mut torn[lost * 512..(lost + 1) * 512];
        let was_empty = sector.iter().all(|byte| *byte == 0);
        sector.fill(0);
        assert_eq!(frame::whole(&torn).is_some(), was_empty, "sector {lost}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bytes_of_any_kind_are_no_frame(bytes in proptest::collection::vec(any::<u8>(), 0..9_000)) {
        prop_assert_eq!(frame::whole(&bytes), None);
    }

    #[test]
    fn a_frame_with_any_pieces_overwritten_says_the_same_or_nothing(
        first in 0_u64..100_000, records in 1_u64..20, evidence in 0_usize..500,
        pieces in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 1..40)), 1..4),
    ) {
        let bytes = encoded(&batch(first, records, evidence));
        let mut changed = bytes.clone();
        for (at, piece) in pieces {
            let at = usize::from(at) % bytes.len();
            let end = (at + piece.len()).min(bytes.len());
            changed[at..end].copy_from_slice(&piece[..end - at]);
        }
        if let Some(found) = said(&changed) {
            prop_assert_eq!(Some(found), said(&bytes));
        }
    }

    #[test]
    fn whatever_a_batch_holds_comes_back(first in any::<u32>(), records in 1_u64..40, evidence in 0_usize..3_000) {
        let batch = batch(first.into(), records, evidence);
        let said = said(&encoded(&batch)).unwrap();
        let mut expected = vec![batch.first.to_le_bytes().to_vec(), batch.head.note.into_bytes()];
        for record in batch.records {
            expected.extend([record.opening.to_vec(), record.digest.to_vec(), record.facts]);
            expected.push(vec![record.names_snapshot.into()]);
            expected.push([record.salt.as_slice(), &record.evidence].concat());
            expected.extend(record.disclosures);
        }
        prop_assert_eq!(said, expected);
    }
}
