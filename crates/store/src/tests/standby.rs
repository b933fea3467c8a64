//! What a primary owes to its synchronous standby: nothing is answered, and nothing read, that only one machine has.

use super::journal::{batch, writer};
use super::proxy::Proxy;
use crate::postgres::{Failure, Pool};
use crate::test_postgres::TestDatabase;
use crate::{Database, Store, StoreError};
use std::time::Duration;

/// A database whose commits nobody confirms until [`confirmed`].
fn unconfirmed(test: &TestDatabase) {
    test.set("synchronous_standby_names", "nobody");
    until(test, "current_setting('synchronous_standby_names') = 'nobody'");
}

fn confirmed(test: &TestDatabase) {
    test.set("synchronous_standby_names", "");
}

/// How often is asked, a few milliseconds each.
const ASKED_MAX: u32 = 4_000;

/// Asks until it is so.
fn until(test: &TestDatabase, so: &str) {
    let ask = format!("DO $$ BEGIN IF NOT ({so}) THEN RAISE 'not yet'; END IF; END $$");
    assert!((0..ASKED_MAX).any(|_| test.execute(&ask).is_ok()), "not in time: {so}");
}

const WAITING: &str = "wait_event = 'SyncRep'";

#[test]
fn a_commit_that_was_cancelled_before_the_standby_had_it_is_not_an_answer() {
    let test = TestDatabase::alone();
    let store = Store::open(&Database::Postgres(test.postgres())).unwrap();
    let mut journal = writer(&store);
    journal.append(&batch(0, &[b"one"])).unwrap();
    unconfirmed(&test);
    let said = std::thread::scope(|scope| {
        let append = scope.spawn(|| journal.append(&batch(1, &[b"two"])));
        until(&test, &format!("EXISTS (SELECT FROM pg_stat_activity WHERE {WAITING})"));
        // PostgreSQL answers such a commit as it answers any other.
        let cancel = format!("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {WAITING}");
        test.execute(&cancel).unwrap();
        // Where the append is believed, nothing waits any more.
        until(
            &test,
            &format!(
                "(SELECT count(*) FROM pg_stat_activity WHERE {WAITING} AND query ~ 'emit_message') = 1"
            ),
        );
        confirmed(&test);
        append.join().unwrap()
    });
    assert!(matches!(said, Err(StoreError::Failed(_))), "{said:?}");
    assert_eq!(store.journal.size().unwrap(), 2, "the real tail, now that it is confirmed");
}

#[test]
fn after_a_crash_of_the_primary_nothing_is_read_that_its_standby_does_not_have() {
    let test = TestDatabase::alone();
    let store = Store::open(&Database::Postgres(test.postgres())).unwrap();
    assert_eq!(store.journal.newest_snapshot().unwrap(), None);
    unconfirmed(&test);
    std::thread::scope(|scope| {
        let commit = scope.spawn(|| test.execute("INSERT INTO journal.snapshots VALUES (7)"));
        until(&test, &format!("EXISTS (SELECT FROM pg_stat_activity WHERE {WAITING})"));
        assert_eq!(store.journal.newest_snapshot().unwrap(), None, "before the crash nobody sees it");
        test.crash();
        assert!(commit.join().unwrap().is_err());
        test.execute("DO $$ BEGIN ASSERT (SELECT idx = 7 FROM journal.snapshots); END $$")
            .expect("the crash shows what only this machine has");
        let read = scope.spawn(|| store.journal.newest_snapshot());
        until(
            &test,
            &format!("EXISTS (SELECT FROM pg_stat_activity WHERE {WAITING} AND query ~ 'emit_message')"),
        );
        assert!(!read.is_finished());
        confirmed(&test);
        assert_eq!(read.join().unwrap().unwrap(), Some(7));
    });
}

#[test]
fn a_backup_waits_until_what_it_reads_is_confirmed() {
    let test = TestDatabase::alone();
    drop(Store::open(&Database::Postgres(test.postgres())).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (desk, journal) = (folder.path().join("desk.db"), folder.path().join("journal"));
    unconfirmed(&test);
    std::thread::scope(|scope| {
        let copy = scope.spawn(|| crate::carry_out(&test.postgres(), &desk, &journal, &mut |_, _, _| {}));
        until(
            &test,
            &format!("EXISTS (SELECT FROM pg_stat_activity WHERE {WAITING} AND query ~ 'emit_message')"),
        );
        assert!(!copy.is_finished());
        confirmed(&test);
        copy.join().unwrap().unwrap();
    });
}

#[test]
fn of_several_hosts_the_one_that_takes_writes_is_found_although_another_is_silent() {
    let test = TestDatabase::new();
    // Accepts connections and says nothing, as a machine that hangs does.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (silent, port) = (silent.local_addr().unwrap().port(), test.port());
    let url = format!("postgres://yinxin@127.0.0.1:{silent},127.0.0.1:{port}/{}", test.name());
    let store = Store::open(&Database::Postgres(crate::Postgres::at(&url).unwrap())).unwrap();
    assert_eq!(store.journal.wait_beyond(0, Duration::ZERO).unwrap(), 0);
}

#[test]
fn when_one_connection_is_lost_nobody_waits_for_the_others_to_the_same_machine() {
    let test = TestDatabase::new();
    let proxy = Proxy::start(test.port());
    let pool = Pool::new(&crate::Postgres::at(&test.url_at(proxy.port())).unwrap(), "public");
    let [one, other, another] = [(); 3].map(|()| pool.lend().unwrap());
    drop([one, other, another]);
    let ask = || pool.lend().and_then(|lent| lent.ask("SELECT 1", &[]));
    assert_eq!(ask().unwrap().len(), 1);
    proxy.lose_at_next_request();
    assert!(matches!(ask(), Err(Failure::Lost(_))));
    // Another connection of before would be waited for until its time is over, and fail.
    assert_eq!(ask().unwrap().len(), 1);
    assert_eq!(ask().unwrap().len(), 1);
}

#[test]
fn a_value_that_cannot_be_sent_loses_no_connection() {
    let test = TestDatabase::new();
    let pool = Pool::new(&test.postgres(), "public");
    let [one, other] = [(); 2].map(|()| pool.lend().unwrap());
    assert!(one.ask("SELECT $1::bigint", &[&"no number"]).is_err());
    assert!(one.is_sound() && other.is_sound());
    assert_eq!(one.ask("SELECT 1", &[]).unwrap().len(), 1);
}
