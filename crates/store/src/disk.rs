//! What is known of the disk below a deployment.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A disk that was full is written to again when it takes this much.
const ROOM: usize = 4 << 20;

/// Shared by everything that writes to the disk, and by whoever asks whether writing makes sense.
#[derive(Debug, Default)]
pub struct Disk {
    full: AtomicBool,
    failed: AtomicBool,
}

impl Disk {
    /// Whether a write found no room, and nobody has found room since.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// A write found no room.
    pub fn found_full(&self) {
        self.full.store(true, Ordering::Relaxed);
    }

    /// There is room again.
    pub fn found_room(&self) {
        self.full.store(false, Ordering::Relaxed);
    }

    /// Whether a write or a sync failed: the process must end, and verify at its start.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// A write or a sync failed.
    pub fn found_failing(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

/// Whether the disk below `folder` takes some megabytes, `least` bytes at least: a file of that size is made durable and removed.
pub(crate) fn has_room(folder: &Path, least: usize) -> bool {
    let path = folder.join("room");
    let written = std::fs::File::create(&path).and_then(|mut file| {
        let piece = [0xa5; 1 << 14];
        (0..ROOM.max(least) / piece.len()).try_for_each(|_| file.write_all(&piece))?;
        file.sync_all()
    });
    // Nothing was written where it was not created.
    drop(std::fs::remove_file(&path));
    written.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_looks_for_room_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        assert!(has_room(folder.path(), 0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!has_room(&folder.path().join("missing"), 0));
    }
}
