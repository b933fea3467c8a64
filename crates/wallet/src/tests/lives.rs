//! Suspensions that only a record or another part of the wallet makes, and what a start makes of an earlier release's
//! snapshot.

use super::world::{ADDRESS, ORIGIN, Phone, World, options};
use crate::start::DataDir;
use crate::{Password, PinProof, Resumption, ResumptionBegun, VerificationProof, WalletError};
use yinxin_core::certificate::{RevocationReason, State, SuspendedBy};
use yinxin_core::text::{CertificatePurpose, CertificateText, TYP_CERTIFICATE, sha256};
use yinxin_core::{Action, Digest, Millis, Refusal};
use zeroize::Zeroizing;

/// The password of the world's people.
const PASSWORD: &str = "correct horse 77";

async fn begun(world: &World, phone: &Phone) -> Result<ResumptionBegun, WalletError> {
    let password = Password::new(PASSWORD.to_owned());
    world.wallet.begin_resumption(&phone.session, phone.certificate, &password).await
}

async fn resume(
    world: &World,
    phone: &Phone,
    begun: &ResumptionBegun,
    code: &str,
) -> Result<State, WalletError> {
    let text = CertificateText {
        audience: ORIGIN.to_owned(),
        purpose: CertificatePurpose::Resume,
        certificate: phone.certificate,
        challenge: Digest::from_bytes(begun.challenge),
    };
    let text = phone.sign(TYP_CERTIFICATE, world.wallet.now(), &text.to_bytes());
    let proof = PinProof {
        device_key: Zeroizing::new(phone.device_key),
        pin_mac: Zeroizing::new(phone.pin_mac),
        text_hash: Some(sha256(&[text.protected.as_bytes(), b".", text.payload.as_bytes()])),
    };
    world.wallet.prove_pin(&phone.session, phone.certificate, &proof).await?;
    let form = Resumption { code: code.to_owned(), text, verification: VerificationProof::Pin };
    let resumed = world.wallet.resume_certificate(&phone.session, ADDRESS, phone.certificate, &form).await?;
    Ok(resumed.book.state)
}

async fn suspended(world: &World, phone: &Phone, by: SuspendedBy) {
    let action = Action::Suspend { certificate: phone.certificate, by };
    world.wallet.submit_own(action).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_is_lifted_by_whom_its_reason_names() {
    let world = World::new();
    let phone = world.phone("13800000001", 50_000).await;
    // Past the first certificate's protection.
    world.clock.pass(2 * Millis::DAY);
    let protected_after = |world: &World| {
        let until = world
            .wallet
            .inner
            .writer
            .book(|book| book.certificate(&phone.certificate).unwrap().protected_until);
        until > world.wallet.now()
    };
    suspended(&world, &phone, SuspendedBy::Password).await;
    let without = begun(&world, &phone).await.unwrap();
    assert!(without.code.is_none(), "no SMS where the password alone suspended");
    assert!(matches!(resume(&world, &phone, &without, "").await, Ok(State::Active { .. })));
    assert!(!protected_after(&world));
    suspended(&world, &phone, SuspendedBy::Unused).await;
    let with = begun(&world, &phone).await.unwrap();
    assert!(with.code.is_some());
    assert!(resume(&world, &phone, &with, "").await.is_err(), "the code is asked for");
    let code = world.last_code();
    assert!(matches!(resume(&world, &phone, &with, &code).await, Ok(State::Active { .. })));
    assert!(!protected_after(&world), "nobody suspects anything");
    for by in [SuspendedBy::Operator, SuspendedBy::Veto] {
        suspended(&world, &phone, by).await;
        let refused = begun(&world, &phone).await.err();
        assert_eq!(refused, Some(WalletError::Refused(Refusal::CertificateSuspended)), "{by:?}");
        let action = Action::Restore { certificate: phone.certificate };
        world.wallet.submit_own(action).await.unwrap();
        assert!(protected_after(&world));
        world.clock.pass(2 * Millis::DAY);
    }
    suspended(&world, &phone, SuspendedBy::Reported).await;
    let with = begun(&world, &phone).await.unwrap();
    let code = world.last_code();
    assert!(matches!(resume(&world, &phone, &with, &code).await, Ok(State::Active { .. })));
    assert!(protected_after(&world), "24 h of protection after suspicion");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_a_revoked_certificates_device_end_with_its_record() {
    let world = World::new();
    let phone = world.phone("13800000001", 0).await;
    let session = &phone.session;
    assert!(world.wallet.is_session_open(session).unwrap());
    // The record alone: no row of the desk is touched.
    let (certificate, device) = (phone.certificate, session.device);
    let reason = RevocationReason::KeyCompromise;
    world.wallet.submit_own(Action::RevokeOnDevice { certificate, reason, device }).await.unwrap();
    assert!(!world.wallet.is_session_open(session).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_an_earlier_release_is_passed_over_and_the_journal_is_read() {
    let world = World::new();
    let payer = world.phone("13800000001", 50_000).await;
    let dir = DataDir::create(world.dir.path()).unwrap();
    // The file that an earlier release left, named by a record as every snapshot is.
    let records = world.wallet.records();
    let old = b"YXS1 and a book in another form".to_vec();
    std::fs::create_dir_all(dir.snapshots()).unwrap();
    std::fs::write(dir.snapshots().join(format!("{records:016}.snapshot")), &old).unwrap();
    let hash = sha256(&[&old]);
    world.wallet.submit_own(Action::NameSnapshot { records, hash }).await.unwrap();
    let balance = world.balance(payer.session.account);
    let closed = world.close().await;
    let wallet = closed.open(options()).unwrap();
    let world = closed.with(wallet);
    assert_eq!(world.balance(payer.session.account), balance);
}
