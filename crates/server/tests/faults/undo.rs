//! What a power cut leaves of a disk: everything that a sync covered, and of the rest nothing, or a random half.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// "YPC1", as `shim.c` writes it.
const MAGIC: u32 = 0x3143_5059;
const HEAD: usize = 56;
/// What a disk writes at once; a page of a database can be torn between two of them.
const SECTOR: u64 = 512;

/// What is lost of the operations that no sync covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// All of them.
    All,
    /// Each sector's last operations with an even chance, and directory entries from a random one on.
    Half(u64),
}

/// What a power cut did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undone {
    /// Operations that no sync covered.
    pub(crate) uncovered: usize,
    /// Sectors and entries that were put back.
    pub(crate) put_back: usize,
}

struct Note {
    kind: u8,
    seq: u64,
    inode: u64,
    offset: u64,
    length: u64,
    old_size: u64,
    path: PathBuf,
    data: Vec<u8>,
}

fn notes(bytes: &[u8]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut rest = bytes;
    while rest.len() >= HEAD {
        let short = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let long = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
        assert_eq!(short(0), MAGIC, "the undo log is broken");
        let (path, data) = (short(48) as usize, short(52) as usize);
        // The process was killed while it wrote this note: the operation was not begun.
        let Some(tail) = rest.get(HEAD..HEAD + path + data) else { break };
        notes.push(Note {
            kind: u8::try_from(short(4)).unwrap(),
            seq: long(8),
            inode: long(16),
            offset: long(24),
            length: long(32),
            old_size: long(40),
            path: PathBuf::from(String::from_utf8(tail[..path].to_vec()).unwrap()),
            data: tail[path..].to_vec(),
        });
        rest = &rest[HEAD + path + data..];
    }
    notes
}

/// Pseudo-random choices that a seed repeats (`SplitMix64`).
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// An index into something of this length.
    pub(crate) fn among(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Takes back what no sync covered. The processes that wrote to the folder are dead.
pub(crate) fn power_cut(folder: &Path, log: &Path, lost: Lost) -> Undone {
    // No note: nothing was written since the last power cut.
    let notes = notes(&fs::read(log).unwrap_or_default());
    let links = PathBuf::from(format!("{}.links", log.display()));
    let syncs = Syncs::of(&notes);
    let uncovered: Vec<&Note> = notes.iter().filter(|note| syncs.leave_open(note)).collect();
    let entries = uncovered.iter().filter(|note| is_entry(note)).count() as u64;
    let mut cut = Cut {
        links: &links,
        places: BTreeMap::new(),
        kept: BTreeSet::new(),
        choices: match lost {
            Lost::All => None,
            Lost::Half(seed) => Some(Choices(seed)),
        },
        put_back: 0,
    };
    // A file system writes its directories in order: those after a random one are lost.
    let mut entries_kept = cut.choices.as_mut().map_or(0, |choices| choices.next() % (entries + 1));
    let mut entries_lost = entries - entries_kept;
    cut.find(folder);
    cut.find(&links);
    for note in notes.iter().rev() {
        if !syncs.leave_open(note) {
            cut.keep(note);
        } else if !is_entry(note) {
            cut.put_bytes_back(note);
        } else if entries_lost > 0 {
            entries_lost -= 1;
            cut.put_entry_back(note);
        } else {
            entries_kept -= 1;
        }
    }
    assert_eq!(entries_kept, 0);
    let done = Undone { uncovered: uncovered.len(), put_back: cut.put_back };
    forget_shared_memory(folder);
    fs::remove_file(log).unwrap();
    fs::remove_dir_all(&links).unwrap();
    done
}

fn is_entry(note: &Note) -> bool {
    matches!(note.kind, b'C' | b'U' | b'R')
}

/// The syncs of each file and of each folder, in order.
#[derive(Default)]
struct Syncs<'n> {
    files: BTreeMap<u64, Vec<&'n Note>>,
    folders: BTreeMap<&'n Path, Vec<&'n Note>>,
}

impl<'n> Syncs<'n> {
    fn of(notes: &'n [Note]) -> Self {
        let mut syncs = Self::default();
        for note in notes {
            match note.kind {
                b'S' | b'F' => syncs.files.entry(note.inode).or_default().push(note),
                b'D' => syncs.folders.entry(&note.path).or_default().push(note),
                _ => {}
            }
        }
        syncs
    }

    /// Whether no sync made the operation durable. After a failed sync nothing that came before it ever is.
    fn leave_open(&self, note: &Note) -> bool {
        let among = match note.kind {
            b'W' | b'T' => self.files.get(&note.inode),
            b'C' | b'U' | b'R' => note.path.parent().and_then(|parent| self.folders.get(parent)),
            _ => return false,
        };
        let among = among.map_or(&[][..], Vec::as_slice);
        let later = &among[among.partition_point(|sync| sync.seq < note.seq)..];
        later.iter().find(|sync| sync.offset > note.seq).is_none_or(|sync| sync.kind == b'F')
    }
}

/// The write-ahead index is memory that processes share: after a power cut there is none.
fn forget_shared_memory(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

struct Cut<'l> {
    links: &'l Path,
    places: BTreeMap<u64, PathBuf>,
    /// Sectors whose last operation reached the disk, and so all before it.
    kept: BTreeSet<(u64, u64)>,
    choices: Option<Choices>,
    put_back: usize,
}

impl Cut<'_> {
    /// Where each inode stands now.
    fn find(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                self.find(&entry.path());
            } else {
                self.places.entry(entry.metadata().unwrap().ino()).or_insert(entry.path());
            }
        }
    }

    /// Whether the operation reached the disk by chance.
    fn is_lucky(&mut self) -> bool {
        self.choices.as_mut().is_some_and(|choices| choices.next().is_multiple_of(2))
    }

    /// What a sync covered is on the disk, whatever became of an earlier write to the same place.
    fn keep(&mut self, note: &Note) {
        if note.kind == b'W' {
            let sectors = note.offset.div_ceil(SECTOR)..(note.offset + note.length) / SECTOR;
            self.kept.extend(sectors.map(|sector| (note.inode, sector)));
        }
    }

    fn open(&self, inode: u64) -> Option<File> {
        let path = self.places.get(&inode)?;
        Some(OpenOptions::new().read(true).write(true).open(path).unwrap())
    }

    fn put_bytes_back(&mut self, note: &Note) {
        // A file whose creation was taken back has no bytes.
        let Some(file) = self.open(note.inode) else { return };
        if note.kind == b'T' {
            if !self.is_lucky() {
                file.set_len(note.old_size).unwrap();
                file.write_all_at(&note.data, note.offset).unwrap();
                self.put_back += 1;
            }
            return;
        }
        // What was cut off since then stays cut off.
        let end = (note.offset + note.length).min(file.metadata().unwrap().len());
        let mut all_lost = true;
        for sector in note.offset / SECTOR..end.div_ceil(SECTOR) {
            let lucky = self.kept.contains(&(note.inode, sector)) || self.is_lucky();
            if lucky {
                self.kept.insert((note.inode, sector));
                all_lost = false;
                continue;
            }
            let (from, to) = (note.offset.max(sector * SECTOR), end.min((sector + 1) * SECTOR));
            // Beyond its old end a file held nothing: zeros, where it stays longer.
            let held = usize::try_from(to - from).unwrap();
            let before: Vec<u8> = (0..held)
                .map(|at| {
                    note.data.get(usize::try_from(from - note.offset).unwrap() + at).copied().unwrap_or(0)
                })
                .collect();
            file.write_all_at(&before, from).unwrap();
            self.put_back += 1;
        }
        if all_lost && end > note.old_size && file.metadata().unwrap().len() == end {
            file.set_len(note.old_size).unwrap();
        }
    }

    fn put_entry_back(&mut self, note: &Note) {
        self.put_back += 1;
        let kept = self.links.join(note.seq.to_string());
        match note.kind {
            b'C' => {
                // Removed since, and that removal was kept: nothing to do.
                if fs::metadata(&note.path).is_ok_and(|found| found.ino() == note.inode) {
                    fs::remove_file(&note.path).unwrap();
                    self.places.remove(&note.inode);
                }
            }
            b'U' => {
                fs::hard_link(&kept, &note.path).unwrap();
                self.places.insert(note.inode, note.path.clone());
            }
            _ => {
                let to = PathBuf::from(String::from_utf8(note.data.clone()).unwrap());
                fs::rename(&to, &note.path).unwrap();
                self.places.insert(note.inode, note.path.clone());
                if note.offset != 0 {
                    fs::hard_link(&kept, &to).unwrap();
                    self.places.insert(note.offset, to);
                }
            }
        }
    }
}
