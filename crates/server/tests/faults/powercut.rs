//! The power goes while people pay: what no sync covered is gone, and nothing acknowledged is.

use crate::people::Town;
use crate::program::{Home, rows};
use crate::rounds;
use crate::shim::Disk;
use crate::undo::{Lost, power_cut};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Everything, then random halves.
fn lost_at(cut: u64) -> Lost {
    if cut.is_multiple_of(2) { Lost::All } else { Lost::Half(cut) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_while_people_pay_lose_and_double_nothing() {
    let mut home = Home::new();
    let disk = Disk::below(&mut home);
    let mut program = home.start();
    let mut paying = Town::found(&home.origin()).await.start();
    let mut put_back = 0;
    for cut in 0..rounds("YINXIN_POWER_CUTS", 10) {
        paying.further(20 + cut * 37 % 61).await;
        drop(program);
        put_back += power_cut(&disk.folder, &disk.log, lost_at(cut)).put_back;
        program = home.start();
    }
    assert!(put_back > 0, "the power cuts took nothing");
    let mut town = paying.stop().await;
    let paid = town.check().await.unwrap();
    assert!(paid > 100, "only {paid} were paid");
    drop(program);
    power_cut(&disk.folder, &disk.log, Lost::All);
    views_are_what_a_replay_gives(&home);
}

/// The tables that the program projected, and those that it makes anew from the first record.
pub(crate) fn views_are_what_a_replay_gives(home: &Home) {
    // The start projects what the cut left out.
    drop(home.start());
    let projected = rows(&home.data().join("views.db"));
    let rebuilt = home.run(&["rebuild"]);
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    assert!(projected.len() > 100);
    assert!(projected == rows(&home.data().join("views.db")), "the projection is not what a replay gives");
}

#[test]
fn the_first_seconds_of_a_deployment_survive_a_power_cut() {
    let mut home = Home::new();
    let disk = Disk::below(&mut home);
    drop(home.start());
    power_cut(&disk.folder, &disk.log, Lost::All);
    drop(home.start());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_about_its_syncs_is_found_out() {
    // The harness must be able to fail: here everything since the lie is lost.
    let mut home = Home::new();
    let disk = Disk::below(&mut home);
    let program = home.start();
    let mut paying = Town::found(&home.origin()).await.start();
    disk.now("lie .segment");
    paying.further(50).await;
    let mut town = paying.stop().await;
    drop(program);
    disk.mend();
    power_cut(&disk.folder, &disk.log, Lost::All);
    let program = home.start();
    let found = town.check().await.unwrap_err();
    assert!(found.contains("lost"), "{found}");
    drop(program);
}

/// Appends numbers with the given `synchronous` and says each when SQLite has committed it; never ends.
const WRITER: &str = "
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute('PRAGMA journal_mode=WAL')
database.execute('PRAGMA synchronous=' + sys.argv[2])
database.execute('CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY)')
number = 0
while True:
    number += 1
    database.execute('INSERT INTO numbers VALUES (?)', (number,))
    print(number, flush=True)
";

/// How many of the acknowledged numbers another SQLite has lost after a power cut, of how many.
fn lost_by_another_sqlite(synchronous: &str) -> (u64, u64) {
    let mut home = Home::new();
    let disk = Disk::below(&mut home);
    std::fs::create_dir(&disk.folder).unwrap();
    let path = disk.folder.join("numbers.db");
    let mut writer = Command::new("python3")
        .args(["-c", WRITER, path.to_str().unwrap(), synchronous])
        .envs(disk.environment())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(writer.stdout.take().unwrap()).lines();
    let acknowledged: u64 = said.map(Result::unwrap).nth(499).unwrap().parse().unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(numbers(&path) >= acknowledged, "a kill alone loses nothing");
    power_cut(&disk.folder, &disk.log, Lost::All);
    (acknowledged.saturating_sub(numbers(&path)), acknowledged)
}

/// Counted in a copy: opening a database changes its files.
fn numbers(path: &Path) -> u64 {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let database = rusqlite::Connection::open(copy.path().join(path.file_name().unwrap())).unwrap();
    let counted = database.query_row("SELECT count(*) FROM numbers", [], |row| row.get::<_, i64>(0));
    counted.map_or(0, |count| u64::try_from(count).unwrap())
}

#[test]
fn a_database_without_full_syncs_survives_a_kill_and_loses_writes_at_a_power_cut() {
    let (lost, acknowledged) = lost_by_another_sqlite("NORMAL");
    assert!(lost > acknowledged / 10, "{lost} of {acknowledged}");
    assert_eq!(lost_by_another_sqlite("FULL").0, 0);
}
