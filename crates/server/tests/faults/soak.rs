//! Everything at once, for as long as it is told: kills, power cuts, full and failing disks, orderly ends, edits.
//!
//! `cargo xtask soak --minutes N` sets the time and names the file that each round appends its tally to. An ordinary run makes
//! one short round. A round that finds something leaves its folder and says where.

use crate::people::{Paying, Town};
use crate::powercut::views_are_what_a_replay_gives;
use crate::program::{Home, Program, rows};
use crate::rounds;
use crate::shim::Disk;
use crate::undo::{Choices, Lost, power_cut};
use std::io::Write as _;
use std::path::Path;
use tokio::time::{Duration, Instant};
use yinxin_store::{damage, forge};

/// What rounds did; every line of the file has these members.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kills: u64,
    power_cuts: u64,
    pub(crate) orderly_ends: u64,
    full_disks: u64,
    failed_syncs: u64,
    edits: u64,
    edits_found: u64,
    pub(crate) payments: u64,
    /// Kills of a program whose books are in PostgreSQL.
    pub(crate) postgres_kills: u64,
    /// PostgreSQL itself killed or ended at once.
    pub(crate) database_ends: u64,
}

impl Tally {
    pub(crate) fn append(&self) {
        let Ok(path) = std::env::var("YINXIN_SOAK_TALLY") else { return };
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        let members = [
            ("kills", self.kills),
            ("power_cuts", self.power_cuts),
            ("orderly_ends", self.orderly_ends),
            ("full_disks", self.full_disks),
            ("failed_syncs", self.failed_syncs),
            ("edits", self.edits),
            ("edits_found", self.edits_found),
            ("payments", self.payments),
            ("postgres_kills", self.postgres_kills),
            ("database_ends", self.database_ends),
        ];
        let members: Vec<String> =
            members.iter().map(|(name, number)| format!("\"{name}\":{number}")).collect();
        writeln!(file, "{{{}}}", members.join(",")).unwrap();
    }
}

/// A town on a disk that tests rule.
struct Round {
    home: Home,
    disk: Disk,
    choices: Choices,
    tally: Tally,
}

impl Round {
    fn cut(&mut self) {
        let lost =
            if self.choices.below(2) == 0 { Lost::All } else { Lost::Half(self.choices.below(u64::MAX)) };
        power_cut(&self.disk.folder, &self.disk.log, lost);
        self.tally.power_cuts += 1;
    }

    /// One misfortune, and the program runs again.
    async fn suffer(&mut self, program: Program, paying: &mut Paying) -> Program {
        paying.further(3 + self.choices.below(40)).await;
        match self.choices.below(16) {
            0 => {
                assert!(program.stop().success());
                self.tally.orderly_ends += 1;
                if self.choices.below(2) == 0 {
                    self.cut();
                }
            }
            1 => {
                self.disk.now("full");
                while !self.home.get("/healthz").contains("service.read_only") {
                    tokio::task::yield_now().await;
                }
                self.disk.mend();
                paying.further(1).await;
                self.tally.full_disks += 1;
                return program;
            }
            2 => {
                self.disk.now(["sync journal/", "write journal/", "sync desk.db"][self.choices.among(3)]);
                let status = tokio::task::spawn_blocking(move || program.ended()).await.unwrap();
                assert!(!status.success());
                self.disk.mend();
                self.cut();
                self.tally.failed_syncs += 1;
            }
            3..=7 => {
                drop(program);
                self.cut();
            }
            _ => {
                drop(program);
                self.tally.kills += 1;
            }
        }
        self.home.start()
    }

    /// Changes one value of a copy of the data, as nobody may; the start or the rebuilding must find it.
    fn edit(&mut self, journal_rows: u64, views: &[String]) {
        let copy = Home::new();
        copy_folder(&self.home.data(), &copy.data());
        let journal = copy.data().join("journal");
        let row = self.choices.below(journal_rows);
        let column = ["facts", "opening", "digest"][self.choices.among(3)];
        self.tally.edits += 1;
        let found = match self.choices.below(4) {
            0 => {
                let projected = rusqlite::Connection::open(copy.data().join("views.db")).unwrap();
                projected.execute_batch("UPDATE certificates SET issued_idx = issued_idx + 1").unwrap();
                drop(projected);
                copy.run(&["rebuild"]).status.success() && rows(&copy.data().join("views.db")) == views
            }
            1 => {
                let newest = journal_rows - 1;
                forge(&journal, newest, |_, head| head.note = head.note.replacen('\n', " ", 1)).unwrap();
                !copy.run(&["rebuild"]).status.success()
            }
            2 => {
                // Not of the last batch: what is not whole there is the rest of a power cut.
                let (byte, bits) = (self.choices.among(1 << 12), 1 << self.choices.below(8));
                damage(&journal, row / 2, byte, bits).unwrap();
                !copy.run(&["rebuild"]).status.success()
            }
            _ => {
                let bit = 1 << self.choices.below(8);
                let at = self.choices.among(1 << 10);
                forge(&journal, row, |record, _| {
                    let bytes = match column {
                        "facts" => &mut record.facts[..],
                        "opening" => &mut record.opening[..],
                        _ => &mut record.digest[..],
                    };
                    let at = at % bytes.len();
                    bytes[at] ^= bit;
                })
                .unwrap();
                !copy.run(&["rebuild"]).status.success()
            }
        };
        assert!(found, "an edit of {column} of record {row} was not found");
        self.tally.edits_found += u64::from(found);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A town's life: misfortunes until `end` or until there were enough, then everything is looked at.
async fn round(seed: u64, misfortunes: u64, edits: u64, end: Instant) -> Tally {
    let mut home = Home::new();
    let kept = home.keep();
    eprintln!("seed {seed}, in {}", kept.display());
    let disk = Disk::below(&mut home);
    let mut program = home.start();
    let mut paying = Town::found(&home.origin()).await.start();
    let mut round = Round { home, disk, choices: Choices(seed), tally: Tally::default() };
    for _ in 0..misfortunes {
        program = round.suffer(program, &mut paying).await;
        if Instant::now() > end {
            break;
        }
    }
    let mut town = paying.stop().await;
    round.tally.payments = town.check().await.unwrap() as u64;
    drop(program);
    round.cut();
    views_are_what_a_replay_gives(&round.home);
    let views = rows(&round.home.data().join("views.db"));
    let records = u64::try_from(round.home.records()).unwrap();
    for _ in 0..edits {
        round.edit(records, &views);
    }
    round.home.remove();
    round.tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak() {
    let minutes = rounds("YINXIN_SOAK_MINUTES", 0);
    let end = Instant::now() + Duration::from_mins(minutes);
    let is_short = minutes == 0;
    let mut seed = rounds("YINXIN_SOAK_SEED", if is_short { 1 } else { u64::from(std::process::id()) });
    loop {
        let (misfortunes, edits) = if is_short { (6, 4) } else { (100, 50) };
        // A short round is over by itself.
        let until = if is_short { end + Duration::from_hours(1) } else { end };
        let tally = round(seed, misfortunes, edits, until).await;
        eprintln!("{tally:?}");
        tally.append();
        seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        if Instant::now() >= end {
            return;
        }
    }
}
