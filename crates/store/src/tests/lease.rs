//! The lease: one writer at a time, whoever else still believes to be it; and a commit whose answer is lost.

use super::engine::{Place, on_both};
use super::journal::{batch, writer};
use super::proxy::{Cut, Proxy};
use crate::lease::LEASE_MS;
use crate::{Database, Postgres, Store, StoreError};
use std::time::Duration;
use yinxin_core::{AccountId, Body, Day, Facts, Millis, PersonId};

on_both!(the_holder_keeps_the_lease_while_it_renews);

fn the_holder_keeps_the_lease_while_it_renews(place: &Place) {
    let store = place.store();
    let epoch = store.lease.claim("first", "10.0.0.1:7000").unwrap().unwrap();
    assert!(store.lease.renew(epoch).unwrap());
    let mut journal = store.writers().open(epoch).unwrap();
    journal.append(&batch(0, &[b"one"])).unwrap();
    if place.postgres.is_some() {
        let holder = store.lease.holder().unwrap().unwrap();
        assert_eq!(
            (holder.epoch, holder.node.as_str(), holder.peer.as_str()),
            (epoch, "first", "10.0.0.1:7000")
        );
        assert!(holder.left_ms > 0 && holder.left_ms <= LEASE_MS, "{holder:?}");
    } else {
        assert_eq!(store.lease.holder().unwrap(), None, "the directory's lock names nobody");
    }
    store.lease.release(epoch).unwrap();
    assert_eq!(store.lease.holder().unwrap(), None);
}

/// The lease runs out, as when its holder was cut off.
fn runs_out(place: &Place) {
    place.execute(super::engine::Part::Journal, "UPDATE lease SET until = '-infinity'").unwrap();
}

fn opened(index: u64, seed: u8) -> (u64, Facts) {
    let (person, account) = (PersonId::from_bytes([seed; 10]), AccountId::from_bytes([seed; 10]));
    let body = Body::PersonOpened { person, account };
    (
        index,
        Facts { at: Millis(1), day: Day::default(), policy: 1, command: None, previous: Vec::new(), body },
    )
}

#[test]
fn an_old_writers_append_fails_and_so_does_its_projection() {
    let place = Place::postgres();
    let (old, new) = (place.store(), place.store());
    let mut old_writer = writer(&old);
    old_writer.append(&batch(0, &[b"one"])).unwrap();
    old.views.project(&[opened(0, 1)], [1; 32]).unwrap();
    assert_eq!(new.lease.claim("second", "").unwrap(), None, "it is held");
    runs_out(&place);
    let mut new_writer = writer(&new);
    assert_eq!(new.journal.size().unwrap(), 1, "what the old one committed is there");
    new_writer.append(&batch(1, &[b"two"])).unwrap();
    assert_eq!(old_writer.append(&batch(1, &[b"another two"])), Err(StoreError::Fenced));
    assert_eq!(old_writer.append(&batch(2, &[b"three"])), Err(StoreError::Fenced));
    assert_eq!(old_writer.tidy(), Err(StoreError::Fenced));
    assert_eq!(old.views.project(&[opened(1, 2)], [2; 32]), Err(StoreError::Fenced));
    assert_eq!(old.views.clear(), Err(StoreError::Fenced));
    assert_eq!(new.journal.record(1).unwrap().unwrap().facts, b"two");
    assert_eq!(new.journal.size().unwrap(), 2);
    assert_eq!(new.views.mark().unwrap(), 1);
    new.views.project(&[opened(1, 2)], [2; 32]).unwrap();
    let holder = new.lease.holder().unwrap().unwrap();
    assert!(!old.lease.renew(old_epoch(holder.epoch.number())).unwrap());
}

fn old_epoch(now: u64) -> crate::Epoch {
    crate::Epoch::of_number(now - 1)
}

#[test]
fn a_claim_waits_for_the_append_under_way_and_reads_it() {
    let place = Place::postgres();
    let (old, new) = (place.store(), place.store());
    let epoch = old.lease.claim("first", "").unwrap().unwrap();
    // An append of the old epoch that has passed its check and is not committed yet.
    let slow = place.postgres.as_ref().unwrap().postgres().connect(Some("journal")).unwrap();
    slow.begin("BEGIN");
    let held = i64::try_from(epoch.number()).unwrap();
    slow.execute("SELECT hold_lease(?1, 5000, 0)", &[&held]).unwrap();
    slow.execute("INSERT INTO records VALUES (0, 'one', 'o', 'd')", &[]).unwrap();
    runs_out(&place);
    std::thread::scope(|scope| {
        let claim = scope.spawn(|| {
            let epoch = new.lease.claim("second", "").unwrap();
            (epoch, new.journal.size().unwrap())
        });
        // The claim is seen waiting before the append commits.
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        let look = place.postgres.as_ref().unwrap().postgres().connect(None).unwrap();
        while look.query(waits, &[]).unwrap()[0].get::<_, i64>(0) == 0 {}
        slow.commit().unwrap();
        let (claimed, size) = claim.join().unwrap();
        assert!(claimed.unwrap() > epoch);
        assert_eq!(size, 1, "the old append is there for the new writer");
    });
}

#[test]
fn appends_and_quiet_moments_renew_the_lease_when_it_is_due() {
    let place = Place::postgres();
    let store = place.store();
    let mut journal = writer(&store);
    let left = || store.lease.holder().unwrap().unwrap().left_ms;
    let nearly_out = "UPDATE lease SET until = clock_timestamp() + interval '1 s'";
    let shorten = || place.execute(super::engine::Part::Journal, nearly_out).unwrap();
    shorten();
    assert!(left() <= 1_000);
    journal.append(&batch(0, &[b"one"])).unwrap();
    assert!(left() > 3_000);
    shorten();
    journal.tidy().unwrap();
    assert!(left() > 3_000);
}

#[test]
fn a_released_lease_is_claimed_at_once() {
    let place = Place::postgres();
    let (first, second) = (place.store(), place.store());
    let epoch = first.lease.claim("first", "").unwrap().unwrap();
    assert_eq!(second.lease.claim_within("second", "", Duration::from_millis(60)).unwrap(), None);
    first.lease.release(epoch).unwrap();
    assert!(second.lease.claim("second", "").unwrap().unwrap() > epoch);
    first.lease.release(epoch).unwrap();
    assert_eq!(second.lease.holder().unwrap().unwrap().node, "second", "an old epoch releases nothing");
}

#[test]
fn a_writer_that_ends_gives_the_lease_back() {
    let place = Place::postgres();
    let (first, second) = (place.store(), place.store());
    let journal = writer(&first);
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| second.lease.claim_within("second", "", Duration::from_mins(1)).unwrap());
        drop(journal);
        assert!(waiting.join().unwrap().is_some());
    });
}

#[test]
fn of_many_nodes_that_claim_at_once_one_is_the_writer() {
    let place = Place::postgres();
    let stores: Vec<Store> = (0..6).map(|_| place.store()).collect();
    let claims: Vec<bool> = std::thread::scope(|scope| {
        let started: Vec<_> = stores
            .iter()
            .map(|store| scope.spawn(|| store.lease.claim("node", "").unwrap().is_some()))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(claims.iter().filter(|claimed| **claimed).count(), 1);
}

/// A store whose connections go through a proxy that cuts one commit.
fn behind(place: &Place) -> (Proxy, Store) {
    let test = place.postgres.as_ref().unwrap();
    let proxy = Proxy::start(test.port());
    let database = Database::Postgres(Postgres::at(&test.url_at(proxy.port())).unwrap());
    let store = Store::open(&database).unwrap();
    (proxy, store)
}

#[test]
fn a_commit_whose_answer_is_lost_has_one_effect_and_one_root_for_each_size() {
    for (cut, reaches) in [(Cut::Answer, true), (Cut::Request, false), (Cut::CommitComesLate, true)] {
        let place = Place::postgres();
        let (proxy, store) = behind(&place);
        let mut journal = writer(&store);
        journal.append(&batch(0, &[b"one"])).unwrap();
        proxy.cut_next_commit(cut);
        let lost = journal.append(&batch(1, &[b"two", b"three"]));
        assert!(matches!(lost, Err(StoreError::Failed(_))), "{cut:?}: {lost:?}");
        assert_eq!(proxy.cuts(), 1, "{cut:?}");
        // Law 7: the caller reads the real tail, and goes on from there.
        let size = store.journal.size().unwrap();
        assert_eq!(size, if reaches { 3 } else { 1 }, "{cut:?}");
        assert_eq!(
            store.journal.head().unwrap().unwrap().size,
            size,
            "{cut:?}: head and records commit together"
        );
        if !reaches {
            journal.append(&batch(1, &[b"two", b"three"])).unwrap();
        }
        let again = journal.append(&batch(1, &[b"two", b"three"]));
        assert!(matches!(again, Err(StoreError::Failed(_))), "{cut:?}: nothing is appended twice");
        journal.append(&batch(3, &[b"four"])).unwrap();
        assert_eq!(store.journal.size().unwrap(), 4, "{cut:?}");
        let heads: Vec<u64> =
            (0..4).map(|index| store.journal.head_covering(index).unwrap().unwrap().size).collect();
        assert_eq!(heads, [1, 3, 3, 4], "{cut:?}");
    }
}

#[test]
fn a_standby_is_never_spoken_to() {
    let place = Place::postgres();
    let test = place.postgres.as_ref().unwrap();
    drop(place.store());
    test.execute("ALTER DATABASE postgres SET default_transaction_read_only = off").unwrap();
    // What a standby is to its clients: a server that takes no writes.
    let name = test.url().rsplit('/').next().unwrap().to_owned();
    test.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).unwrap();
    let refused = Store::open(&Database::Postgres(test.postgres())).err().unwrap();
    assert!(refused.to_string().contains("PostgreSQL"), "{refused}");
}
