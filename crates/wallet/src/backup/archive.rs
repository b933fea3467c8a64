//! What is in a backup: a tar of the desk, the journal, keys, certificates and the small files, the manifest first.

use super::{BackupError, BackupManifest, BackupStep, Heard};
use crate::log_origin::LOG_FILE;
use crate::open::DEPLOYMENT_FILE;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

/// The first entry.
const MANIFEST: &str = "manifest.json";
/// The longest manifest that is read.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
/// The most entries that are read: keys and certificates are few, a segment of the journal holds ten thousand payments.
const ENTRIES_MAX: usize = 1_000_000;
/// Folders that go along as they are.
const FOLDERS: [&str; 2] = ["keys", "ca"];
/// The journal's folder, and how its files end.
const JOURNAL: &str = "journal";
const SEGMENT: &str = ".segment";
/// Single files; the journal of an earlier release is one.
const FILES: [&str; 4] = ["desk.db", "journal.db", DEPLOYMENT_FILE, LOG_FILE];

/// What goes into a backup.
pub(crate) struct Contents<'c> {
    pub(crate) manifest: &'c BackupManifest,
    pub(crate) data: &'c Path,
    pub(crate) desk: &'c Path,
    pub(crate) journal: &'c Path,
}

impl Contents<'_> {
    /// Writes everything to `out`.
    pub(crate) fn write<W: Write>(&self, out: W, heard: Heard<'_>) -> std::io::Result<W> {
        let mut files = vec![(PathBuf::from("desk.db"), self.desk.to_owned())];
        for name in [DEPLOYMENT_FILE, LOG_FILE] {
            let path = self.data.join(name);
            if path.exists() {
                files.push((PathBuf::from(name), path));
            }
        }
        for folder in FOLDERS {
            for entry in std::fs::read_dir(self.data.join(folder))? {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    files.push((Path::new(folder).join(entry.file_name()), entry.path()));
                }
            }
        }
        // The large ones last: whoever lists the file sees the rest at once.
        let mut segments = Vec::new();
        for entry in std::fs::read_dir(self.journal)? {
            let entry = entry?;
            if is_segment(&entry.file_name().to_string_lossy()) {
                segments.push((Path::new(JOURNAL).join(entry.file_name()), entry.path()));
            }
        }
        segments.sort_unstable();
        files.append(&mut segments);
        let mut all = 0_u64;
        for (_, path) in &files {
            all = all.saturating_add(std::fs::metadata(path)?.len());
        }
        let mut tar = tar::Builder::new(out);
        let manifest = serde_json::to_vec_pretty(self.manifest)?;
        let length = u64::try_from(manifest.len()).unwrap_or(u64::MAX);
        append(&mut tar, Path::new(MANIFEST), length, manifest.as_slice())?;
        let mut done = 0;
        for (name, path) in &files {
            let file = std::fs::File::open(path)?;
            let length = file.metadata()?.len();
            let counted = Counted {
                input: file.take(length),
                done: &mut done,
                all,
                heard: &mut *heard,
                step: BackupStep::Seal,
            };
            append(&mut tar, name, length, counted)?;
        }
        tar.into_inner()
    }
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &Path,
    length: u64,
    bytes: impl Read,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o600);
    tar.append_data(&mut header, name, bytes)
}

/// A reader that tells how far it has come.
struct Counted<'h, R> {
    input: R,
    done: &'h mut u64,
    all: u64,
    heard: Heard<'h>,
    step: BackupStep,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        *self.done = self.done.saturating_add(u64::try_from(count).unwrap_or(0));
        (self.heard)(self.step, *self.done, self.all);
        Ok(count)
    }
}

/// Unpacks what `input` opens into the empty folder `into`; reads to the end, so that a file cut short is noticed.
pub(crate) fn unpack(
    input: impl Read,
    into: &Path,
    all: u64,
    heard: Heard<'_>,
) -> Result<BackupManifest, BackupError> {
    let broken = |error: std::io::Error| BackupError::Archive(format!("the backup cannot be read: {error}"));
    let mut done = 0;
    let counted = Counted { input, done: &mut done, all, heard, step: BackupStep::Open };
    let mut archive = tar::Archive::new(counted);
    let mut manifest = None;
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.into_owned();
        if count == 0 {
            manifest = Some(read_manifest(&name, &mut entry)?);
            continue;
        }
        let known = entry.header().entry_type().is_file() && is_ours(&name) && count < ENTRIES_MAX;
        if !known {
            return Err(BackupError::Archive(format!(
                "the backup holds {}, which is none of ours",
                name.display()
            )));
        }
        let path = into.join(&name);
        let failed = |error| BackupError::file(&path, error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = super::private_file(&path).map_err(failed)?;
        std::io::copy(&mut entry, &mut file).map_err(broken)?;
        file.sync_all().map_err(failed)?;
    }
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(broken)?;
    manifest.ok_or_else(|| BackupError::Archive("the backup is empty".to_owned()))
}

fn read_manifest(name: &Path, entry: &mut impl Read) -> Result<BackupManifest, BackupError> {
    let mut text = Vec::new();
    let read = entry.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
    let parsed = read.ok().and_then(|_| serde_json::from_slice::<BackupManifest>(&text).ok());
    parsed.filter(|found| name == Path::new(MANIFEST) && found.version == 1).ok_or_else(|| {
        BackupError::Archive("this is no backup that this version of the program understands".to_owned())
    })
}

/// A name that a backup of ours can hold: nothing that leads out of the folder.
fn is_ours(name: &Path) -> bool {
    let parts: Option<Vec<&str>> = name
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
        })
        .collect();
    match parts.as_deref() {
        Some([file]) => FILES.contains(file),
        Some([folder, file]) if *folder == JOURNAL => is_segment(file),
        Some([folder, file]) => FOLDERS.contains(folder) && !file.starts_with('.'),
        Some(_) | None => false,
    }
}

/// The name of a part of the journal.
fn is_segment(name: &str) -> bool {
    let number = name.strip_suffix(SEGMENT);
    number.is_some_and(|number| number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_a_data_directory_are_unpacked() {
        for ours in [
            "desk.db",
            "journal.db",
            "journal/00000001.segment",
            "journal/123456789.segment",
            "deployment.json",
            "log.json",
            "keys/pepper",
            "ca/root.cer",
        ] {
            assert!(is_ours(Path::new(ours)), "{ours}");
        }
        for other in [
            "",
            "/desk.db",
            "../desk.db",
            "keys/../desk.db",
            "keys/a/b",
            "views.db",
            "keys",
            "bin/sh",
            "keys/.x",
            "journal/lock",
            "journal/1.segment",
            "journal/00000001.table",
            "journal/x/00000001.segment",
        ] {
            assert!(!is_ours(Path::new(other)), "{other}");
        }
    }
}
