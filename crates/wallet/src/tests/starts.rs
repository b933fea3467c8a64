//! What a start accepts and refuses (house, law 8).

use super::world::{World, code, options};
use crate::ledger::Ledger;
use crate::start::{DataDir, From, StartError, load_ledger};
use crate::{OpenOptions, rebuild};
use yinxin_core::Stamp;
use yinxin_core::codec::Codec;
use yinxin_store::JournalReader;
use yinxin_tlog::VerifierKey;

async fn paid_world() -> World {
    let world = World::new();
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    for amount in 1..=10 {
        let wish = payer.transfer(&world, payee.session.account, amount);
        assert_eq!(code(&world.wallet.pay(&payer.session, wish).await), None);
    }
    world.wallet.settle_all().await.unwrap();
    world
}

fn replay(world: &World, from: From) -> Result<Ledger, StartError> {
    let dir = DataDir::create(world.dir.path()).unwrap();
    let log = VerifierKey::parse(&world.wallet.settings().log_key).unwrap();
    load_ledger(&dir, &JournalReader::new(&dir.journal()), &log, from, |_, _| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_from_the_first_record_and_from_a_snapshot_give_the_same_book() {
    let world = paid_world().await;
    world.wallet.take_snapshot().await.unwrap();
    let live = world.wallet.inner.writer.ledger(Ledger::clone);
    let (genesis, snapshot) =
        (replay(&world, From::Genesis).unwrap(), replay(&world, From::Snapshot).unwrap());
    assert_eq!(genesis.book.to_bytes(), live.book.to_bytes());
    assert_eq!(snapshot.book.to_bytes(), live.book.to_bytes());
    assert_eq!((genesis.tree.root(), snapshot.tree.root()), (live.tree.root(), live.tree.root()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_balance_in_the_views_never_becomes_money() {
    let world = paid_world().await;
    let dir = DataDir::create(world.dir.path()).unwrap();
    let richer = "UPDATE accounts SET balance = balance + 1000000 WHERE role = 'holder'";
    rusqlite::Connection::open(dir.views()).unwrap().execute_batch(richer).unwrap();
    let before = world.balances();
    let again = world.close().await.open(options()).unwrap();
    let after: Vec<i64> =
        again.inner.writer.book(|book| book.accounts().map(|(_, found)| found.balance).collect());
    assert_eq!(after, before);
    let projected: Vec<i64> =
        again.inner.store.views.balances().unwrap().into_iter().map(|(_, balance)| balance).collect();
    assert_eq!(projected, before, "the changed rows were found and made anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_snapshot_refuses_the_start_until_it_is_rebuilt() {
    let world = paid_world().await;
    world.wallet.take_snapshot().await.unwrap();
    let dir = DataDir::create(world.dir.path()).unwrap();
    let file = std::fs::read_dir(dir.snapshots()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let before = world.wallet.records();
    let closed = world.close().await;
    let refused = closed.open(options()).err().unwrap();
    assert!(matches!(refused, StartError::Snapshot { .. }), "{refused}");
    let records = rebuild(closed.dir.path(), |_, _| ()).unwrap();
    assert_eq!(records, before);
    assert_eq!(closed.open(options()).unwrap().records(), records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_record_refuses_the_start() {
    let world = paid_world().await;
    let dir = DataDir::create(world.dir.path()).unwrap();
    let journal = rusqlite::Connection::open(dir.journal()).unwrap();
    let change = "DROP TRIGGER records_keep; UPDATE records SET opening = zeroblob(32) WHERE idx = 7";
    journal.execute_batch(change).unwrap();
    let closed = world.close().await;
    let refused = closed.open(options()).err().unwrap();
    assert!(matches!(refused, StartError::Head { .. }), "{refused}");
    assert!(rebuild(closed.dir.path(), |_, _| ()).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demonstration_and_live_data_never_mix() {
    let world = World::new();
    let live = OpenOptions { stamp: Stamp::Live, accept_clock: false };
    let refused = world.close().await.open(live).err().unwrap();
    assert!(matches!(refused, StartError::Stamp(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_behind_the_books_needs_an_operators_word() {
    let world = paid_world().await;
    world.clock.jump(-60_000);
    let before = world.wallet.records();
    let closed = world.close().await;
    let refused = closed.open(options()).err().unwrap();
    assert!(matches!(refused, StartError::Clock { behind_ms } if behind_ms > 50_000), "{refused}");
    let accepted = OpenOptions { accept_clock: true, ..options() };
    let again = closed.open(accepted).unwrap();
    let mut sizes = again.inner.writer.sizes();
    sizes.wait_for(|size| *size > before).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_do_not_share_a_folder() {
    let world = World::new();
    assert!(matches!(rebuild(world.dir.path(), |_, _| ()), Err(StartError::Running { .. })));
    world.close().await.open(options()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_names_another_certificate_signs_nothing() {
    let world = World::new();
    let (victim, thief) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let dir = DataDir::create(world.dir.path()).unwrap();
    let swap =
        "UPDATE certificates SET issued_idx = (SELECT issued_idx FROM certificates WHERE certificate = ?2)
                WHERE certificate = ?1";
    let ids = rusqlite::params![victim.certificate.as_bytes(), thief.certificate.as_bytes()];
    rusqlite::Connection::open(dir.views()).unwrap().execute(swap, ids).unwrap();
    let to = thief.session.account;
    let mut forged = victim;
    forged.signer = thief.signer;
    let wish = forged.transfer(&world, to, 1_000);
    assert_eq!(code(&world.wallet.pay(&forged.session, wish).await), Some("service.busy"));
    assert_eq!(world.balance(to), 0);
}
