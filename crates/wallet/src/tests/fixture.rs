//! The journals of releases: whatever this program becomes, it opens every one of them.
//!
//! A fixture is the inside of a backup (a tar of a demonstration's data directory, its throw-away keys included) and what was
//! true of it. The one of a new release is made once, and never again:
//!
//! ```text
//! YINXIN_FIXTURE=journal-0.2 cargo test -p yinxin-wallet --lib a_new_fixture_is_made_where_one_is_asked_for
//! ```

use super::world::{TestClock, World, code, options, order_id, ports_at};
use crate::backup::{BackupManifest, Contents, unpack};
use crate::port::{Clock, Entropy, SystemEntropy, random};
use crate::{Home, Wallet, backup, new_backup_key, restore};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yinxin_core::certificate::{RevocationReason, SuspendedBy};
use yinxin_core::codec::Codec;
use yinxin_core::command::PaymentEvidence;
use yinxin_core::text::TYP_PAY;
use yinxin_core::{AccountId, Action, Facts, MerchantId, Millis, Minor, PaymentNumber};
use yinxin_store::JournalReader;

/// A fixture stays small: it is in every copy of the source.
const BYTES_MAX: usize = 300 * 1024;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What is compared: everything that must never change about a journal that was written.
fn truth(wallet: &Wallet, data: &Path) -> Value {
    let reader = JournalReader::new(&data.join("journal"));
    let mut kinds = BTreeSet::new();
    for index in 0..wallet.records() {
        let facts = Facts::from_bytes_exact(&reader.record(index).unwrap().unwrap().facts).unwrap();
        kinds.insert(format!("{:?}", facts.body).split([' ', '{']).next().unwrap().to_owned());
        if facts.payment().is_some() {
            let evidence = PaymentEvidence::from_bytes_exact(&reader.evidence(index).unwrap().unwrap().bytes);
            assert!(
                yinxin_pki::Jws::parse_compact(&evidence.unwrap().authorisation, TYP_PAY).is_ok(),
                "record {index}"
            );
        }
    }
    let (balances, at) = wallet.inner.writer.book(|book| {
        let balances: Vec<Value> =
            book.accounts().map(|(id, account)| json!([id.to_string(), account.balance])).collect();
        (balances, book.at().0)
    });
    json!({
        "records": wallet.records(),
        "at_ms": at,
        "checkpoint": wallet.checkpoint().unwrap(),
        "log_key": wallet.settings().log_key,
        "previous_logs": wallet.settings().previous_logs.len(),
        "kinds": kinds,
        "balances": balances,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_of_every_release_opens_with_its_head_and_its_balances() {
    let mut opened = 0;
    for entry in std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|extension| extension != "gz") {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let bytes = std::fs::read(&entry).unwrap();
        assert!(bytes.len() < BYTES_MAX, "{}", entry.display());
        unpack(flate2::read::GzDecoder::new(bytes.as_slice()), place.path(), 0, &mut |_, _, _| ()).unwrap();
        let told = std::fs::read(entry.with_extension("").with_extension("json")).unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        let clock = TestClock::at(told["at_ms"].as_i64().unwrap());
        let wallet = Wallet::open(place.path(), options(), ports_at(clock)).unwrap();
        assert_eq!(truth(&wallet, place.path()), told, "{}", entry.display());
        wallet.submit_own(Action::AcceptClock).await.unwrap();
        opened += 1;
    }
    assert!(opened > 0, "there is a fixture");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_fixture_is_made_where_one_is_asked_for() {
    let Ok(name) = std::env::var("YINXIN_FIXTURE") else { return };
    let target = folder().join(format!("{name}.tar.gz"));
    assert!(!target.exists(), "{} is there: what was released is never written again", target.display());
    let world = World::new();
    everything_that_can_be_recorded(&world).await;
    let clock: Arc<dyn Clock> = world.clock.clone();
    let place = tempfile::tempdir().unwrap();
    let restored = continued(world.dir.path(), place.path(), &clock);
    let wallet = Wallet::open(&restored, options(), world.ports()).unwrap();
    let truth = truth(&wallet, &restored);
    drop(wallet);
    let manifest = BackupManifest {
        version: 1,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at_ms: clock.now().0,
        origin: super::world::ORIGIN.to_owned(),
        stamp: "demo".to_owned(),
        records: truth["records"].as_u64().unwrap(),
        checkpoint: truth["checkpoint"].as_str().unwrap().to_owned(),
    };
    let (desk, journal) = (place.path().join("desk.db"), place.path().join("journal"));
    yinxin_store::copy_database(&restored.join("desk.db"), &desk, |_, _| ()).unwrap();
    yinxin_store::copy_journal(&restored.join("journal"), &journal, |_, _| ()).unwrap();
    let contents = Contents { manifest: &manifest, data: &restored, desk: &desk, journal: &journal };
    let out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let bytes = contents.write(out, &mut |_, _, _| ()).unwrap().finish().unwrap();
    std::fs::create_dir_all(folder()).unwrap();
    std::fs::write(target.with_extension("").with_extension("json"), format!("{truth:#}\n")).unwrap();
    std::fs::write(&target, bytes).unwrap();
}

/// The directory after a backup and a restore: its log has had two names.
fn continued(data: &Path, place: &Path, clock: &Arc<dyn Clock>) -> PathBuf {
    let (secret, recipient) = new_backup_key(&SystemEntropy).unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (file, to) = (place.join("backup"), place.join("restored"));
    backup(&data.into(), &file, &[recipient], (clock.as_ref(), &SystemEntropy), &mut |_, _, _| ()).unwrap();
    let identity = std::str::from_utf8(secret.expose()).unwrap();
    restore(&file, identity, &Home::from(&to), (clock, &entropy), &mut |_, _, _| ()).unwrap();
    to
}

async fn everything_that_can_be_recorded(world: &World) {
    let (payer, payee) = (world.phone("13800000001", 90_000).await, world.phone("13800000002", 0).await);
    for amount in [100, 200, 300] {
        let wish = payer.transfer(world, payee.session.account, amount);
        assert_eq!(code(&world.wallet.pay(&payer.session, wish).await), None);
    }
    let verified = payer.verify(world, payer.transfer(world, payee.session.account, 30_000)).await;
    assert_eq!(code(&world.wallet.pay(&payer.session, verified).await), None);
    let too_much = payee.verify(world, payee.transfer(world, payer.session.account, 400_000)).await;
    assert!(code(&world.wallet.pay(&payee.session, too_much).await).is_some());
    let number = PaymentNumber::from_bytes(random(&SystemEntropy));
    world.wallet.void_payment(&payer.session, payer.certificate, number).await.unwrap();
    world.wallet.take_snapshot().await.unwrap();
    let policy = world.wallet.policy().unwrap();
    let (spare, lost) = (world.another_device(&payer).await, world.another_device(&payee).await);
    let person = payee.session.person;
    for action in [
        Action::SetPolicy { policy },
        Action::AcceptClock,
        Action::EndSessions { person },
        Action::SetTap { person, enabled: false },
        Action::OpenMerchant {
            merchant: MerchantId::from_bytes(random(&SystemEntropy)),
            account: AccountId::from_bytes(random(&SystemEntropy)),
        },
        Action::IssueMoney { account: payee.session.account, amount: Minor::new(5).unwrap() },
        Action::Suspend { certificate: spare.certificate, by: SuspendedBy::Person },
        Action::Resume { certificate: spare.certificate },
        Action::Revoke { certificate: lost.certificate, reason: RevocationReason::KeyCompromise },
        Action::CancelOrder { order: order_id(), expires: world.wallet.now().plus(Millis::MINUTE) },
    ] {
        world.wallet.submit_own(action).await.unwrap();
    }
    // Certificates end by themselves: the next batch says so.
    world.clock.pass(400 * Millis::DAY);
    world.wallet.submit_own(Action::AcceptClock).await.unwrap();
    world.wallet.settle_all().await.unwrap();
}
