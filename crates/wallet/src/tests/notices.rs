//! Telling people: once for each cause, whatever crashes, and nobody else.

use super::world::{Closed, Engine, World, on_both_engines, options};
use crate::notices::{Notice, NoticeKind, Teller};
use crate::{Topic, WalletError, What};
use std::time::Duration;
use tokio::sync::mpsc;
use yinxin_core::{Digest, PersonId};

on_both_engines!(what_a_record_says_is_told_once_in_the_app_and_by_message);

fn opened(closed: Closed) -> World {
    let wallet = closed.open(options()).unwrap();
    closed.with(wallet)
}

/// Waits until these kinds and no others were told to `person`, and no message is owed.
async fn told(world: &World, person: PersonId, kinds: &[NoticeKind]) {
    let in_order = |kinds: &[NoticeKind]| {
        let mut words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        words.sort_unstable();
        words
    };
    let all_said = async {
        while in_order(&world.wallet.notice_kinds(person)) != in_order(kinds) || owed(world) > 0 {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), all_said).await;
    assert!(waited.is_ok(), "told {:?}, owed {}", world.wallet.notice_kinds(person), owed(world));
}

fn owed(world: &World) -> usize {
    world.wallet.inner.store.desk.read(|desk| desk.notice_messages(100)).unwrap().len()
}

async fn what_a_record_says_is_told_once_in_the_app_and_by_message(engine: Engine) {
    let world = World::on(engine);
    let phone = world.phone("13800000001", 0).await;
    let (wallet, person) = (&world.wallet, phone.session.person);
    let enrolled = [NoticeKind::TapOn, NoticeKind::CertificateIssued];
    told(&world, person, &enrolled).await;
    let mut events = wallet.events().listen(Topic::Account(phone.session.account));
    let intention = Digest::from_bytes([7; 32]);
    wallet.suspend_certificate(&phone.session, phone.certificate, intention).await.unwrap();
    wallet.suspend_certificate(&phone.session, phone.certificate, intention).await.unwrap();
    let suspended = [NoticeKind::CertificateSuspended, NoticeKind::TapOn, NoticeKind::CertificateIssued];
    told(&world, person, &suspended).await;
    while events.next().await.unwrap().what != What::Notice {}
    let list = wallet.notices(&phone.session).unwrap();
    assert_eq!(list.unread, 3);
    let first = (list.notices[0].kind, list.notices[0].certificate);
    assert_eq!(first, (NoticeKind::CertificateSuspended, Some(phone.certificate)));
    wallet.read_notices(&phone.session, list.notices[0].notice).unwrap();
    assert_eq!(wallet.notices(&phone.session).unwrap().unread, 0);
    let foreign = list.notices[0].notice;
    let other = world.phone("13800000002", 0).await;
    told(&world, other.session.person, &enrolled).await;
    assert_eq!(wallet.notices(&phone.session).unwrap().notices.len(), 3, "nobody is told of another's");
    assert_eq!(wallet.read_notices(&other.session, foreign), Err(WalletError::NotFound));
    assert_eq!(world.close().await.notices_sent(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_is_not_told_again_after_a_start() {
    let world = World::new();
    let phone = world.phone("13800000001", 0).await;
    let (person, enrolled) = (phone.session.person, [NoticeKind::TapOn, NoticeKind::CertificateIssued]);
    told(&world, person, &enrolled).await;
    let cause = Notice::because(NoticeKind::PasswordChanged, b"an intention");
    world.wallet.tell(person, &cause).unwrap();
    world.wallet.tell(person, &cause).unwrap();
    let closed = world.close().await;
    let world = opened(closed);
    let other = world.phone("13800000002", 0).await;
    told(&world, other.session.person, &enrolled).await;
    let all = [NoticeKind::PasswordChanged, NoticeKind::TapOn, NoticeKind::CertificateIssued];
    told(&world, person, &all).await;
    assert_eq!(world.close().await.notices_sent(), 5);
}

/// The `row`th row that telling writes is refused, and every later one: the job ends there, as with the process.
fn end_telling_after(closed: &Closed, rows: u32) {
    let desk = rusqlite::Connection::open(closed.dir.path().join("desk.db")).unwrap();
    let table =
        format!("CREATE TABLE points (left INTEGER NOT NULL) STRICT; INSERT INTO points VALUES ({rows})");
    desk.execute_batch(&table).unwrap();
    let owed = "notice_messages";
    for (table, change) in [("notices", "INSERT"), (owed, "INSERT"), ("marks", "UPDATE"), (owed, "DELETE")] {
        let trigger = format!(
            "CREATE TRIGGER {table}_{change} BEFORE {change} ON {table} BEGIN
               UPDATE points SET left = left - 1;
               SELECT RAISE(ABORT, 'the process ends here') FROM points WHERE left < 0;
             END"
        );
        desk.execute_batch(&trigger).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_row_of_the_telling_loses_no_notice_and_doubles_none() {
    for rows in 0..6 {
        let closed = Closed::found(Engine::Files);
        let world = opened(closed);
        let first = world.phone("13800000001", 0).await;
        told(&world, first.session.person, &[NoticeKind::TapOn, NoticeKind::CertificateIssued]).await;
        let closed = world.close().await;
        end_telling_after(&closed, rows);
        let world = opened(closed);
        let intention = Digest::from_bytes([7; 32]);
        world.wallet.suspend_certificate(&first.session, first.certificate, intention).await.unwrap();
        let mut projected = world.wallet.inner.projected.clone();
        projected.wait_for(|mark| *mark == world.wallet.records()).await.unwrap();
        // Beside the wallet's own: two at once tell once, too.
        let done = Teller::new(mpsc::unbounded_channel().1).work(&world.wallet).await;
        assert!(done.is_err() || rows >= 3, "a notice, its message and the mark are one write: row {rows}");
        let closed = world.close().await;
        let desk = rusqlite::Connection::open(closed.dir.path().join("desk.db")).unwrap();
        desk.execute("UPDATE points SET left = 1000", []).unwrap();
        drop(desk);
        let world = opened(closed);
        let suspended = [NoticeKind::CertificateSuspended, NoticeKind::TapOn, NoticeKind::CertificateIssued];
        told(&world, first.session.person, &suspended).await;
        let sent = world.close().await.notices_sent();
        // Told once; a message whose hand-over was not written down goes out again, once for each of the two that crashed.
        assert!((3..=5).contains(&sent), "{sent} messages after a crash at row {rows}");
    }
}
