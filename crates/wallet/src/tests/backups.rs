//! Backups of a wallet that is being used, and what a restore accepts, refuses and continues (house, law 13).

use super::world::{Engine, Phone, World, code, on_both_engines, options};
use crate::ledger::Ledger;
use crate::port::{Clock, Entropy, SystemEntropy};
use crate::{
    Acceptance, BackupError, BackupManifest, Home, OpenOptions, PublicFile, Restored, Wallet, WalletError,
    backup, new_backup_key, restore, verify_backup,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use yinxin_core::codec::Codec;
use yinxin_pki::ed25519_verify;
use yinxin_store::JournalReader;
use yinxin_store::test_postgres::TestDatabase;
use yinxin_tlog::{Checkpoint, VerifierKey};

/// A place for a backup, and the keys to it.
struct Vault {
    place: TempDir,
    identity: String,
    recipient: String,
}

impl Vault {
    fn new() -> Self {
        let (secret, recipient) = new_backup_key(&SystemEntropy).unwrap();
        let identity = String::from_utf8(secret.expose().to_vec()).unwrap();
        Self { place: tempfile::tempdir().unwrap(), identity, recipient }
    }

    fn file(&self) -> PathBuf {
        self.place.path().join("yinxin.backup")
    }

    fn back_up(&self, home: impl Into<Home>, clock: &dyn Clock) -> Result<BackupManifest, BackupError> {
        let recipients = [self.recipient.clone()];
        backup(&home.into(), &self.file(), &recipients, (clock, &SystemEntropy), &mut |_, _, _| ())
    }

    fn restore(&self, to: impl Into<Home>, clock: &Arc<dyn Clock>) -> Result<Restored, BackupError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        restore(&self.file(), &self.identity, &to.into(), (clock, &entropy), &mut |_, _, _| ())
    }
}

async fn pay(world: &World, payer: &Phone, payee: &Phone) -> Result<Acceptance, WalletError> {
    world.wallet.pay(&payer.session, payer.transfer(world, payee.session.account, 7)).await
}

/// The ledger of the first `records` records in a journal.
fn replay(reader: &JournalReader, records: u64) -> Ledger {
    let mut ledger = Ledger::empty();
    for index in 0..records {
        ledger.take_stored(&reader.record(index).unwrap().unwrap()).unwrap();
        drop(ledger.tree.drain_full_tiles());
    }
    ledger
}

fn is_signed_by(key: &str, note: &str) -> bool {
    let key = VerifierKey::parse(key).unwrap();
    let verify =
        |key: &[u8; 32], text: &[u8], signature: &[u8; 64]| ed25519_verify(key, text, signature).is_ok();
    Checkpoint::open(note, &key, verify).is_ok()
}

/// What the desk says of shops and of people on their way.
fn desk_of(world: &World) -> Vec<String> {
    world
        .wallet
        .inner
        .store
        .desk
        .read(|desk| {
            let merchants = desk.merchants(100)?.into_iter().map(|row| format!("{row:?}"));
            Ok(merchants.chain(desk.people_unopened(100)?.into_iter().map(|row| row.name)).collect())
        })
        .unwrap()
}

on_both_engines!(
    a_backup_under_load_is_restored_to_an_equal_book_with_everything_acknowledged_before_it,
    a_backup_of_either_engine_is_restored_into_the_other,
);

async fn a_backup_of_either_engine_is_restored_into_the_other(engine: Engine) {
    let (world, vault) = (World::on(engine), Vault::new());
    world.wallet.seed_demo().await.unwrap();
    let (payer, payee) = (world.phone("13800000001", 90_000).await, world.phone("13800000002", 0).await);
    let paid = pay(&world, &payer, &payee).await.unwrap();
    let clock: Arc<dyn Clock> = world.clock.clone();
    vault.back_up(world.home(), clock.as_ref()).unwrap();
    let database = TestDatabase::new();
    let place = vault.place.path().join("restored");
    let home = match engine {
        Engine::Files => Home::at(&place, Some(&database.url())).unwrap(),
        Engine::Postgres => Home::from(&place),
    };
    let restored = vault.restore(home.clone(), &clock).unwrap();
    assert_eq!(place.join("journal").exists(), engine == Engine::Postgres);
    let wallet = Wallet::open(home.clone(), options(), world.ports()).unwrap();
    assert_eq!(wallet.settings().log_key, restored.log_key);
    let again = world.with_another(wallet);
    assert_eq!(again.balances(), world.balances());
    assert_eq!(desk_of(&again), desk_of(&world));
    let found = again.wallet.payment(&payer.session, paid.payment.number.unwrap()).await.unwrap();
    assert_eq!((found.index, found.record), (paid.index, paid.record));
    // It goes on: a session and a code, whose number the database gives out, and money.
    again.wallet.request_code("13800000007", None, super::world::ADDRESS).await.unwrap();
    let after = again.phone("13800000003", 500).await;
    assert_eq!(again.balance(after.session.account), 500);
    // A database that holds something is not written to.
    if engine == Engine::Files {
        let elsewhere = Home::at(&vault.place.path().join("elsewhere"), Some(&database.url())).unwrap();
        let refused = vault.restore(elsewhere, &clock).unwrap_err().to_string();
        assert!(refused.contains("holds a deployment already"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_books_in_a_database_asks_where_that_is() {
    let (world, vault) = (World::on(Engine::Postgres), Vault::new());
    let clock: Arc<dyn Clock> = world.clock.clone();
    let refused = vault.back_up(world.dir.path(), clock.as_ref()).unwrap_err().to_string();
    assert!(refused.contains("--database"), "{refused}");
    assert!(!vault.file().exists());
}

async fn a_backup_under_load_is_restored_to_an_equal_book_with_everything_acknowledged_before_it(
    engine: Engine,
) {
    let (world, vault) = (World::on(engine), Vault::new());
    let (payer, payee) = (world.phone("13800000001", 90_000).await, world.phone("13800000002", 0).await);
    let mut before = Vec::new();
    for _ in 0..20 {
        before.push(pay(&world, &payer, &payee).await.unwrap());
    }
    let home = world.home();
    let clock: Arc<dyn Clock> = world.clock.clone();
    let made = {
        let (clock, recipient, file) = (clock.clone(), vault.recipient.clone(), vault.file());
        tokio::task::spawn_blocking(move || {
            backup(&home, &file, &[recipient], (clock.as_ref(), &SystemEntropy), &mut |_, _, _| ()).unwrap()
        })
    };
    let mut during = 0;
    while !made.is_finished() {
        assert_eq!(code(&pay(&world, &payer, &payee).await), None);
        during += 1;
    }
    let manifest = made.await.unwrap();
    assert!(during > 0 && world.wallet.records() > manifest.records, "people paid while it was made");
    let verified =
        verify_backup(&vault.file(), &vault.identity, vault.place.path(), &mut |_, _, _| ()).unwrap();
    assert_eq!(verified, manifest);

    let restored_to = vault.place.path().join("restored");
    let restored = vault.restore(&restored_to, &clock).unwrap();
    let live = replay(&world.wallet.inner.store.journal, manifest.records);
    let again = replay(&JournalReader::new(&restored_to.join("journal")), manifest.records);
    assert_eq!(live.book.to_bytes(), again.book.to_bytes(), "the book at record {}", manifest.records);
    let old_log = world.wallet.settings().log_key.clone();
    assert!(is_signed_by(&old_log, &manifest.checkpoint));

    let wallet = Wallet::open(&restored_to, options(), world.ports()).unwrap();
    assert_eq!(wallet.records(), manifest.records + 1, "one record tells of the log's new name");
    assert_eq!(wallet.settings().log_key, restored.log_key);
    for acceptance in &before {
        assert!(acceptance.index < manifest.records);
        let found = wallet.payment(&payer.session, acceptance.payment.number.unwrap()).await.unwrap();
        assert_eq!((found.index, &found.record), (acceptance.index, &acceptance.record));
        assert!(is_signed_by(&restored.log_key, &found.checkpoint), "proven under the new name");
    }
    let balances =
        |book: &yinxin_core::Book| book.accounts().map(|(_, found)| found.balance).collect::<Vec<_>>();
    assert_eq!(wallet.inner.writer.book(balances), balances(&live.book));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_log_has_a_name_and_a_key_of_its_own_that_the_old_key_vouches_for() {
    let (world, vault) = (World::new(), Vault::new());
    let (payer, payee) = (world.phone("13800000001", 90_000).await, world.phone("13800000002", 0).await);
    pay(&world, &payer, &payee).await.unwrap();
    let clock: Arc<dyn Clock> = world.clock.clone();
    let manifest = vault.back_up(world.dir.path(), clock.as_ref()).unwrap();
    let old_log = world.wallet.settings().log_key.clone();
    let after = pay(&world, &payer, &payee).await.unwrap();
    let (first, second) = (vault.place.path().join("first"), vault.place.path().join("second"));
    let logs = [vault.restore(&first, &clock).unwrap(), vault.restore(&second, &clock).unwrap()];
    assert_ne!(logs[0].log_key, logs[1].log_key, "two restores from one backup are two logs");
    let wallet = Wallet::open(&first, options(), world.ports()).unwrap();
    let previous = wallet.settings().previous_logs.clone();
    assert_eq!((previous.len(), previous[0].size, &previous[0].key), (1, manifest.records, &old_log));
    let old = VerifierKey::parse(&old_log).unwrap();
    let verify =
        |key: &[u8; 32], text: &[u8], signature: &[u8; 64]| ed25519_verify(key, text, signature).is_ok();
    let text = yinxin_tlog::open(&previous[0].link, &old, verify).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let checkpoint = Checkpoint::open(&manifest.checkpoint, &old, verify).unwrap();
    let root = checkpoint.root.to_string();
    let size = checkpoint.size.to_string();
    assert_eq!(lines, ["yinxin/log-link/v1", old.name(), &size, &root, &logs[0].log_key]);

    // The payment that was made after the backup is gone; the old log's later sizes are never signed again.
    let lost = wallet.payment(&payer.session, after.payment.number.unwrap()).await;
    assert_eq!(code(&lost), Some("payment.unseen"));
    let wish = payer.transfer(&world, payee.session.account, 9);
    let resync = wallet.pay(&payer.session, wish).await;
    assert!(code(&resync).is_some(), "the phone is ahead of the restored book and is told to resync");
    let newest = wallet.checkpoint().unwrap();
    assert!(is_signed_by(&logs[0].log_key, &newest) && !is_signed_by(&old_log, &newest));

    // A restored deployment is backed up and restored like any other.
    drop(vault_again(&first, &world, &clock));
}

/// Backs up a restored directory, which is being served, and restores it once more.
fn vault_again(data: &Path, world: &World, clock: &Arc<dyn Clock>) -> Vault {
    let vault = Vault::new();
    vault.back_up(data, clock.as_ref()).unwrap();
    let to = vault.place.path().join("third");
    vault.restore(&to, clock).unwrap();
    let wallet = Wallet::open(&to, options(), world.ports()).unwrap();
    assert_eq!(wallet.settings().previous_logs.len(), 2);
    vault
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_a_cut_file_and_a_flipped_byte_restore_nothing() {
    let (world, vault) = (World::new(), Vault::new());
    world.phone("13800000001", 1_000).await;
    let clock: Arc<dyn Clock> = world.clock.clone();
    vault.back_up(world.dir.path(), clock.as_ref()).unwrap();
    assert!(
        matches!(vault.back_up(world.dir.path(), clock.as_ref()), Err(BackupError::File { .. })),
        "never over a file"
    );
    let whole = std::fs::read(vault.file()).unwrap();
    let to = vault.place.path().join("restored");
    let refuse = |vault: &Vault, expected: &str| {
        let error = vault.restore(&to, &clock).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!to.exists(), "nothing was written");
    };
    let stranger = Vault { place: tempfile::tempdir().unwrap(), ..Vault::new() };
    std::fs::write(stranger.file(), &whole).unwrap();
    refuse(&stranger, "another key");
    for length in [0, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(vault.file(), &whole[..length]).unwrap();
        refuse(&vault, "");
    }
    for at in [10, 150, 5_000, whole.len() / 2, whole.len() - 5] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(vault.file(), changed).unwrap();
        refuse(&vault, "");
    }
    std::fs::write(vault.file(), &whole).unwrap();
    let full = vault.place.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("something"), "x").unwrap();
    assert!(matches!(vault.restore(&full, &clock), Err(BackupError::NotEmpty(_))));
    assert_eq!(std::fs::read_dir(&full).unwrap().count(), 1);
    let empty = vault.place.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    vault.restore(&empty, &clock).unwrap();
    assert!(Wallet::exists(&empty));
    let left: Vec<_> =
        std::fs::read_dir(world.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("unfinished")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_name_that_no_record_gave_refuses_the_start() {
    let (world, vault) = (World::new(), Vault::new());
    let clock: Arc<dyn Clock> = world.clock.clone();
    vault.back_up(world.dir.path(), clock.as_ref()).unwrap();
    let to = vault.place.path().join("restored");
    vault.restore(&to, &clock).unwrap();
    let path = to.join("log.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let since = format!("\"since\": {}", 1);
    assert!(text.contains(&since), "{text}");
    std::fs::write(&path, text.replace(&since, "\"since\": 0")).unwrap();
    assert!(Wallet::open(&to, options(), world.ports()).is_err());
    std::fs::remove_file(&path).unwrap();
    let open = |accept_clock| Wallet::open(&to, OpenOptions { accept_clock, ..options() }, world.ports());
    assert!(open(false).is_err() && open(true).is_err(), "nor does it become the old log by losing the file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_lists_number_rises_over_restores_also_of_one_backup() {
    let (world, vault) = (World::new(), Vault::new());
    let clock: Arc<dyn Clock> = world.clock.clone();
    vault.back_up(world.dir.path(), clock.as_ref()).unwrap();
    let number = |wallet: &Wallet| {
        [PublicFile::PaymentCrl, PublicFile::MerchantCrl]
            .map(|file| super::lists::number(&wallet.public_file(file).unwrap()))
    };
    world.wallet.seed_demo().await.unwrap();
    let mut numbers = vec![number(&world.wallet)];
    for name in ["first", "second"] {
        world.clock.pass(1_000);
        let to = vault.place.path().join(name);
        vault.restore(&to, &clock).unwrap();
        let wallet = Wallet::open(&to, options(), world.ports()).unwrap();
        assert!(wallet.records() < world.wallet.records());
        numbers.push(number(&wallet));
        if name == "first" {
            wallet.seed_demo().await.unwrap();
            world.clock.pass(1_000);
            numbers.push(number(&wallet));
        }
    }
    assert!(
        numbers.is_sorted_by(|lower, higher| lower[0] < higher[0] && lower[1] < higher[1]),
        "{numbers:?}"
    );
}
