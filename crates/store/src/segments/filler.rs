//! Filling a new folder with a journal that exists elsewhere: nothing is synced before a segment is full, nobody waits for it.

use super::encode::{Kept, encode};
use super::frame::Header;
use super::{Place, files, table};
use crate::error::StoreError;
use crate::journal::{Head, TileRow};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Puts frames into a folder that nobody uses yet.
pub(crate) struct Filler {
    folder: PathBuf,
    number: u64,
    file: File,
    path: PathBuf,
    at: u64,
    places: Vec<Place>,
    records: u64,
    buffer: Vec<u8>,
}

impl Filler {
    /// Begins a journal in the new folder `folder`.
    pub(crate) fn begin(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir(folder).map_err(|error| files::unwritten(folder, &error))?;
        let (file, path) = segment(folder, 1)?;
        let folder = folder.to_owned();
        let (places, buffer) = (Vec::new(), Vec::new());
        Ok(Self { folder, number: 1, file, path, at: files::BEGIN, places, records: 0, buffer })
    }

    /// The number of records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Puts a batch.
    pub(crate) fn put<'r>(
        &mut self,
        records: impl ExactSizeIterator<Item = Kept<'r>> + Clone,
        tiles: &[TileRow],
        head: &Head,
    ) -> Result<(), StoreError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let done =
            encode(&mut buffer, self.records, records, tiles, head).and_then(|()| self.put_frame(&buffer));
        self.buffer = buffer;
        done
    }

    /// Puts a frame as it lay elsewhere.
    pub(super) fn put_frame(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let header = Header::parse(bytes).filter(|header| header.first == self.records);
        let Some((header, end)) = header.and_then(|header| Some((header, header.end()?))) else {
            return Err(StoreError::Failed(format!(
                "a frame that does not begin with record {}",
                self.records
            )));
        };
        let is_empty = self.places.is_empty();
        if !is_empty && self.at.saturating_add(bytes.len() as u64) > files::length_of(self.number) {
            self.close()?;
            self.number = self.number.saturating_add(1);
            (self.file, self.path) = segment(&self.folder, self.number)?;
            self.at = files::BEGIN;
        }
        let Ok(offset) = u32::try_from(self.at) else {
            return Err(StoreError::Failed("a batch is too large".to_owned()));
        };
        self.file.write_all_at(bytes, self.at).map_err(|error| files::unwritten(&self.path, &error))?;
        self.places.push(Place { first: header.first, offset, names_snapshot: header.names_snapshot });
        self.at = self.at.saturating_add(bytes.len() as u64);
        self.records = end;
        Ok(())
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|error| files::unsynced(&self.path, &error))?;
        table::keep(&self.path, &std::mem::take(&mut self.places), self.records)
    }

    /// Makes everything durable; the last segment gets its zeros from the writer that goes on.
    pub(crate) fn end(self) -> Result<u64, StoreError> {
        self.file.sync_all().map_err(|error| files::unsynced(&self.path, &error))?;
        files::sync_folder(&self.folder)?;
        Ok(self.records)
    }
}

fn segment(folder: &Path, number: u64) -> Result<(File, PathBuf), StoreError> {
    let path = files::path_of(folder, number);
    let file = files::create(&path)?;
    files::begin(&file, &path)?;
    Ok((file, path))
}
