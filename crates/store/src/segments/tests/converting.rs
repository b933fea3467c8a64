//! The journal of an earlier release, taken over once.

use super::{Place, batch, check};
use crate::journal::{Batch, Journal as _};
use crate::{SegmentJournal, convert_journal};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// What the release 0.1 made.
const SCHEMA: &str = "
CREATE TABLE records (
  idx INTEGER PRIMARY KEY, facts BLOB NOT NULL, opening BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE evidence (idx INTEGER PRIMARY KEY, salt BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE disclosures (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE tiles (level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, number)) STRICT, WITHOUT ROWID;
CREATE TABLE heads (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE snapshots (idx INTEGER PRIMARY KEY) STRICT;
PRAGMA application_id = 0x59584a31;
PRAGMA journal_mode = WAL;
";

fn old(place: &Place) -> PathBuf {
    place.journal.with_extension("db")
}

fn add(connection: &Connection, batch: &Batch) {
    connection.execute_batch("BEGIN").unwrap();
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| connection.execute(sql, params).unwrap();
    for (index, new) in (batch.first..).zip(&batch.records) {
        let index = i64::try_from(index).unwrap();
        run("INSERT INTO records VALUES (?1, ?2, ?3, ?4)", &[&index, &new.facts, &new.opening, &new.digest]);
        run("INSERT INTO evidence VALUES (?1, ?2, ?3)", &[&index, &new.salt, &new.evidence]);
        if let Some(bytes) = &new.disclosures {
            run("INSERT INTO disclosures VALUES (?1, ?2)", &[&index, bytes]);
        }
        if new.names_snapshot {
            run("INSERT INTO snapshots VALUES (?1)", &[&index]);
        }
    }
    for tile in &batch.tiles {
        let number = i64::try_from(tile.number).unwrap();
        run("INSERT INTO tiles VALUES (?1, ?2, ?3)", &[&tile.level, &number, &tile.hashes]);
    }
    run("INSERT INTO heads VALUES (?1, ?2)", &[&i64::try_from(batch.head.size).unwrap(), &batch.head.note]);
    connection.execute_batch("COMMIT").unwrap();
}

/// An old journal of 1,500 records, some of them alone in their batch.
fn make(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let mut next = 0;
    for each in [1, 1, 300, 2, 700, 496] {
        add(&connection, &batch(next, each, 100));
        next += each;
    }
    assert_eq!(next, 1_500);
    connection
        .execute_batch("DELETE FROM disclosures WHERE idx = 4; DELETE FROM evidence WHERE idx = 5")
        .unwrap();
}

fn converted(place: &Place) {
    assert!(!old(place).exists());
    let reader = place.reader();
    assert_eq!((reader.disclosures(4).unwrap(), reader.evidence(5).unwrap()), (None, None));
    assert_eq!(reader.size().unwrap(), 1_500);
    assert_eq!(reader.head_covering(2).unwrap().unwrap().size, 302);
    assert_eq!(reader.tile(0, 4).unwrap(), Some(vec![0x5a; 8192]));
    assert_eq!(reader.newest_snapshot().unwrap(), Some(1_400));
    let mut journal = place.writer();
    journal.append(&batch(1_500, 1, 100)).unwrap();
    assert_eq!(place.reader().record(1_499).unwrap().unwrap().facts, batch(1_499, 1, 0).records[0].facts);
}

#[test]
fn the_journal_of_an_earlier_release_is_converted_once() {
    let place = Place::new();
    make(&old(&place));
    let mut heard = Vec::new();
    assert_eq!(convert_journal(&place.journal, |done, all| heard.push((done, all))).unwrap(), Some(1_500));
    assert_eq!(heard.last(), Some(&(3_000, 3_000)));
    assert!(heard.is_sorted());
    converted(&place);
    assert_eq!(convert_journal(&place.journal, |_, _| ()).unwrap(), None);
}

#[test]
fn a_conversion_that_was_cut_off_anywhere_is_begun_again_or_ended() {
    // While it was written.
    let place = Place::new();
    make(&old(&place));
    std::fs::create_dir(place.journal.with_extension("converting")).unwrap();
    std::fs::write(place.journal.with_extension("converting").join("00000001.segment"), "half").unwrap();
    convert_journal(&place.journal, |_, _| ()).unwrap();
    converted(&place);
    // After it got its name.
    let place = Place::new();
    make(&old(&place));
    let kept = std::fs::read(old(&place)).unwrap();
    convert_journal(&place.journal, |_, _| ()).unwrap();
    std::fs::write(old(&place), kept).unwrap();
    assert_eq!(convert_journal(&place.journal, |_, _| ()).unwrap(), Some(1_500));
    converted(&place);
}

#[test]
fn nobody_takes_an_old_journal_for_an_empty_one() {
    let place = Place::new();
    make(&old(&place));
    let said = place.reader().size().unwrap_err().to_string();
    assert!(said.contains("of an earlier release"), "{said}");
    assert!(SegmentJournal::open(&place.journal).is_err());
    assert!(!place.journal.exists());
}

#[test]
fn another_database_and_other_books_are_left_alone() {
    let place = Place::new();
    Connection::open(old(&place)).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    assert!(convert_journal(&place.journal, |_, _| ()).is_err());
    assert!(old(&place).exists() && !place.journal.exists());
    let place = Place::new();
    place.grow(10, 5, 10);
    make(&old(&place));
    let said = convert_journal(&place.journal, |_, _| ()).unwrap_err().to_string();
    assert!(said.contains("holds what the folder beside it does not"), "{said}");
    assert!(old(&place).exists());
    check(&place.reader(), 10, 10);
}

#[test]
fn a_record_that_no_head_covers_is_not_lost_in_silence() {
    let place = Place::new();
    make(&old(&place));
    Connection::open(old(&place)).unwrap().execute_batch("DELETE FROM heads WHERE size = 1500").unwrap();
    assert!(convert_journal(&place.journal, |_, _| ()).is_err());
    assert!(old(&place).exists() && !place.journal.exists());
}
