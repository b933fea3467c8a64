//! Copying a journal that somebody appends to: its frames up to the last one that was durable when the copy began.

use super::{Filler, Segments, frame};
use crate::error::StoreError;
use std::path::Path;

/// Looks at a frame that is not whole: something in it may be just being erased.
const LOOKS: u32 = 3;

/// Copies the journal in the folder `source` into the new folder `target`. Whoever appends is not held up. `progress` hears
/// (records done, records in all).
pub fn copy_journal(
    source: &Path,
    target: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), StoreError> {
    let segments = Segments::at(source);
    let all = segments.size()?;
    let mut filler = Filler::begin(target)?;
    while filler.records() < all {
        filler.put_frame(&segments.whole_frame(filler.records())?)?;
        progress(filler.records(), all);
    }
    filler.end()?;
    Ok(())
}

impl Segments {
    /// The bytes of the frame that begins with the record at `first`, all of them sound. What an erasing that was cut off has
    /// left is not among them.
    pub(super) fn whole_frame(&self, first: u64) -> Result<Vec<u8>, StoreError> {
        let found = self.find(first)?.filter(|found| found.place.first == first);
        let Some(found) = found else {
            return Err(StoreError::Damaged(format!("no frame begins with record {first}")));
        };
        let length = self.header(&found)?.length;
        for _ in 0..LOOKS {
            let mut bytes = self.piece(&found, &(0..length))?;
            if let Some(header) = frame::whole(&bytes) {
                for erased in header.erased(&bytes) {
                    bytes[erased].fill(0);
                }
                return Ok(bytes);
            }
        }
        Err(self.unsound(&found, first))
    }
}
