//! The preload shim (`shim.c`), compiled once, and what the disk that it plays does.

use crate::program::Home;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The compiled shim.
pub(crate) fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/shim.c");
        let built =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("shim-{}.so", std::process::id()));
        let said = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([&built, &PathBuf::from(source)])
            .output()
            .unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        built
    })
}

/// How the disk behaves; see `shim.c`.
pub(crate) struct Disk {
    fault: PathBuf,
    /// What undoes the operations that no sync covers.
    pub(crate) log: PathBuf,
    /// The files whose operations are noted lie below it.
    pub(crate) folder: PathBuf,
}

impl Disk {
    /// Puts a program's data on a disk that tests rule.
    pub(crate) fn below(home: &mut Home) -> Self {
        let disk = Self { fault: home.beside("fault"), log: home.beside("undo"), folder: home.data() };
        home.environment.extend(disk.environment());
        disk
    }

    /// What a process needs to write to this disk.
    pub(crate) fn environment(&self) -> [(&'static str, std::ffi::OsString); 4] {
        [
            ("LD_PRELOAD", library().into()),
            ("YINXIN_SHIM_DIR", self.folder.clone().into()),
            ("YINXIN_SHIM_LOG", self.log.clone().into()),
            ("YINXIN_SHIM_FAULT", self.fault.clone().into()),
        ]
    }

    /// From now on the disk does this: `full`, `sync`, `write` or `lie`, and a part of the paths.
    pub(crate) fn now(&self, fault: &str) {
        // By a rename, so that nobody reads half a word.
        let written = self.fault.with_extension("written");
        std::fs::write(&written, fault).unwrap();
        std::fs::rename(&written, &self.fault).unwrap();
    }

    /// From now on the disk is a good one.
    pub(crate) fn mend(&self) {
        self.now("none");
    }
}
