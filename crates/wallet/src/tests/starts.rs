//! What a start accepts and refuses (house, law 8).

use super::world::{Engine, Part, World, code, on_both_engines, options};
use crate::ledger::Ledger;
use crate::start::{DataDir, From, StartError, load_ledger};
use crate::{BulkAppend, Home, OpenOptions, Wallet, rebuild};
use yinxin_core::codec::Codec;
use yinxin_core::{CertificateId, Stamp};
use yinxin_tlog::VerifierKey;

on_both_engines!(
    replay_from_the_first_record_and_from_a_snapshot_give_the_same_book,
    a_changed_snapshot_refuses_the_start_until_it_is_rebuilt,
    a_changed_record_refuses_the_start,
    demonstration_and_live_data_never_mix,
    a_clock_behind_the_books_needs_an_operators_word,
    two_processes_do_not_share_a_folder,
    a_row_that_names_another_certificate_signs_nothing,
    appends_without_a_decision_leave_books_that_nobody_opens,
);

async fn paid_world(engine: Engine) -> World {
    let world = World::on(engine);
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
    load_ledger(&dir, &world.wallet.inner.store.journal, &log, from, |_, _| ())
}

async fn replay_from_the_first_record_and_from_a_snapshot_give_the_same_book(engine: Engine) {
    let world = paid_world(engine).await;
    world.wallet.take_snapshot().await.unwrap();
    let live = world.wallet.inner.writer.ledger(Ledger::clone);
    let (genesis, snapshot) =
        (replay(&world, From::Genesis).unwrap(), replay(&world, From::Snapshot).unwrap());
    assert_eq!(genesis.book.to_bytes(), live.book.to_bytes());
    assert_eq!(snapshot.book.to_bytes(), live.book.to_bytes());
    assert_eq!((genesis.tree.root(), snapshot.tree.root()), (live.tree.root(), live.tree.root()));
}

async fn a_changed_snapshot_refuses_the_start_until_it_is_rebuilt(engine: Engine) {
    let world = paid_world(engine).await;
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
    let records = rebuild(closed.home(), |_, _| ()).unwrap();
    assert_eq!(records, before);
    assert_eq!(closed.open(options()).unwrap().records(), records);
}

async fn a_changed_record_refuses_the_start(engine: Engine) {
    let world = paid_world(engine).await;
    let journal = world.dir.path().join("journal");
    match engine {
        // With right checksums: what does not fit is the tree.
        Engine::Files => {
            yinxin_store::forge(&journal, 7, |record, _| record.opening = record.digest).unwrap();
        }
        Engine::Postgres => world.tamper(
            Part::Journal,
            "DROP TRIGGER records_stay ON records; UPDATE records SET opening = digest WHERE idx = 7",
        ),
    }
    let closed = world.close().await;
    let refused = closed.open(options()).err().unwrap();
    assert!(matches!(refused, StartError::Head { .. }), "{refused}");
    assert!(rebuild(closed.home(), |_, _| ()).is_err());
    if engine == Engine::Files {
        yinxin_store::damage(&journal, 8, 20, 1).unwrap();
        let refused = closed.open(options()).err().unwrap().to_string();
        assert!(refused.contains("damaged") && refused.contains("record 8"), "{refused}");
    }
}

async fn demonstration_and_live_data_never_mix(engine: Engine) {
    let world = World::on(engine);
    let live = OpenOptions { stamp: Stamp::Live, accept_clock: false };
    let refused = world.close().await.open(live).err().unwrap();
    assert!(matches!(refused, StartError::Stamp(_)), "{refused}");
}

async fn a_clock_behind_the_books_needs_an_operators_word(engine: Engine) {
    let world = paid_world(engine).await;
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

async fn two_processes_do_not_share_a_folder(engine: Engine) {
    let world = World::on(engine);
    assert!(matches!(rebuild(world.home(), |_, _| ()), Err(StartError::Running { .. })));
    world.close().await.open(options()).unwrap();
}

async fn a_row_that_names_another_certificate_signs_nothing(engine: Engine) {
    let world = World::on(engine);
    let (victim, thief) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    world.wallet.settle_all().await.unwrap();
    let bytes = |id: &CertificateId| {
        let hex = data_encoding::HEXLOWER.encode(id.as_bytes());
        match engine {
            Engine::Files => format!("x'{hex}'"),
            Engine::Postgres => format!("'\\x{hex}'"),
        }
    };
    let (of_victim, of_thief) = (bytes(&victim.certificate), bytes(&thief.certificate));
    let issued = format!("SELECT issued_idx FROM certificates WHERE certificate = {of_thief}");
    let swap = format!("UPDATE certificates SET issued_idx = ({issued}) WHERE certificate = {of_victim}");
    world.tamper(Part::Views, &swap);
    let to = thief.session.account;
    let mut forged = victim;
    forged.signer = thief.signer;
    let wish = forged.transfer(&world, to, 1_000);
    assert_eq!(code(&world.wallet.pay(&forged.session, wish).await), Some("service.busy"));
    assert_eq!(world.balance(to), 0);
}

/// Every file of a data directory, keys and all, but not the lock's effect.
fn copied(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_directories_do_not_write_to_one_database() {
    let world = paid_world(Engine::Postgres).await;
    let folder = tempfile::tempdir().unwrap();
    let twin = folder.path().join("twin");
    copied(world.dir.path(), &twin);
    let twin = Home::at(&twin, Some(&world.database.as_ref().unwrap().url())).unwrap();
    let refused = Wallet::open(twin.clone(), options(), world.ports()).err().unwrap();
    let said = refused.to_string();
    assert!(matches!(refused, StartError::Running { .. }) && said.contains("process"), "{said}");
    assert!(matches!(rebuild(twin.clone(), |_, _| ()), Err(StartError::Running { .. })));
    // When the first has ended, the second takes over: the same records, the same balances.
    let (records, balances) = (world.wallet.records(), world.balances());
    let closed = world.close().await;
    let second = Wallet::open(twin, options(), closed.ports()).unwrap();
    assert_eq!(second.records(), records);
    let after: Vec<i64> =
        second.inner.writer.book(|book| book.accounts().map(|(_, found)| found.balance).collect());
    assert_eq!(after, balances);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_lost_the_lease_ends_and_answers_nothing() {
    let world = World::on(Engine::Postgres);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    // Another node was quicker after this one was cut off.
    world.tamper(Part::Journal, "UPDATE lease SET epoch = epoch + 1, node = 'another'");
    let before = world.wallet.records();
    let wish = payer.transfer(&world, payee.session.account, 100);
    assert_eq!(code(&world.wallet.pay(&payer.session, wish).await), Some("payment.result_pending"));
    world.wallet.ended().await;
    assert_eq!(world.wallet.health(), crate::Health::Ended);
    assert_eq!(world.wallet.inner.store.journal.size().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_are_opened_where_they_are_and_nowhere_else() {
    let world = World::on(Engine::Postgres);
    let url = world.database.as_ref().unwrap().url();
    let (other, closed) = (World::new(), world.close().await);
    let forgotten = Wallet::open(closed.dir.path(), options(), closed.ports()).err().unwrap().to_string();
    assert!(forgotten.contains("--database"), "{forgotten}");
    assert!(!closed.dir.path().join("journal").exists(), "and nothing was made in its place");
    let elsewhere = Home::at(other.dir.path(), Some(&url)).unwrap();
    let other = other.close().await;
    let refused = Wallet::open(elsewhere, options(), other.ports()).err().unwrap();
    assert!(matches!(refused, StartError::Stamp(_)), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let again = Home::at(&folder.path().join("again"), Some(&url)).unwrap();
    let refused = closed.init(&again).err().unwrap().to_string();
    assert!(refused.contains("holds a deployment already"), "{refused}");
    closed.open(options()).unwrap();
}

async fn appends_without_a_decision_leave_books_that_nobody_opens(engine: Engine) {
    let world = World::on(engine);
    let before = world.wallet.records();
    let closed = world.close().await;
    let mut appending = BulkAppend::ruin(closed.home()).unwrap();
    appending.batch(64).unwrap();
    appending.batch(64).unwrap();
    appending.end().unwrap();
    let refused = closed.open(options()).err().unwrap();
    assert!(matches!(refused, StartError::Journal { index, .. } if index == before), "{refused}");
}
