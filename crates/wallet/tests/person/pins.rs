//! Device PINs.

use crate::bench::{Bench, PIN, Phone};
use yinxin_core::certificate::{State, SuspendedBy};
use yinxin_core::{CertificateId, Millis, Refusal};
use yinxin_wallet::{SessionContext, WalletError};

const WRONG: &str = "000000";

async fn attempt(
    bench: &Bench,
    session: &SessionContext,
    id: CertificateId,
    pin: &str,
) -> Option<WalletError> {
    bench.wallet.prove_pin(session, id, &Phone::new(1).pin_proof(pin, None)).await.err()
}

fn left(tries: u16) -> WalletError {
    WalletError::Wrong { tries_left: Some(tries) }
}

#[tokio::test]
async fn the_right_pin_releases_the_share_and_forgets_the_wrong_ones() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let first = bench.wallet.prove_pin(&session, view.id, &phone.pin_proof(PIN, None)).await.unwrap();
    assert_eq!(attempt(&bench, &session, view.id, WRONG).await, Some(left(4)));
    let second = bench.wallet.prove_pin(&session, view.id, &phone.pin_proof(PIN, None)).await.unwrap();
    assert_eq!(first.expose(), second.expose());
    assert_eq!(attempt(&bench, &session, view.id, WRONG).await, Some(left(4)), "counted anew");
}

#[tokio::test]
async fn wrong_pins_wait_fifteen_minutes_then_three_hours_then_suspend() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    for tries in [4, 3, 2, 1] {
        assert_eq!(attempt(&bench, &session, view.id, WRONG).await, Some(left(tries)));
    }
    let until = bench.wallet.now().plus(15 * Millis::MINUTE);
    let locked = Some(WalletError::TooManyTries { retry_at: until });
    assert_eq!(attempt(&bench, &session, view.id, WRONG).await, locked);
    assert_eq!(attempt(&bench, &session, view.id, PIN).await, locked, "even the right one waits");
    bench.clock.advance(15 * Millis::MINUTE);
    for tries in [2, 1] {
        assert_eq!(attempt(&bench, &session, view.id, WRONG).await, Some(left(tries)));
    }
    let until = bench.wallet.now().plus(3 * Millis::HOUR);
    assert_eq!(
        attempt(&bench, &session, view.id, WRONG).await,
        Some(WalletError::TooManyTries { retry_at: until })
    );
    bench.clock.advance(3 * Millis::HOUR);
    assert_eq!(attempt(&bench, &session, view.id, WRONG).await, Some(left(1)));
    let tenth = attempt(&bench, &session, view.id, WRONG).await;
    assert_eq!(tenth, Some(WalletError::Refused(Refusal::CertificateSuspended)));
    let state = bench.wallet.certificate(&session, view.id).unwrap().book.state;
    assert!(matches!(state, State::Suspended { by: SuspendedBy::Pin, .. }), "{state:?}");
}

#[tokio::test]
async fn a_locked_pin_stays_locked_through_a_restart() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    for _ in 0..5 {
        attempt(&bench, &session, view.id, WRONG).await;
    }
    let bench = bench.reopened().await;
    assert!(matches!(attempt(&bench, &session, view.id, PIN).await, Some(WalletError::TooManyTries { .. })));
}

#[tokio::test]
async fn without_the_devices_proof_nothing_is_counted() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    for _ in 0..20 {
        let stranger = bench.wallet.prove_pin(&session, view.id, &Phone::new(9).pin_proof(PIN, None)).await;
        assert_eq!(stranger.err(), Some(WalletError::CertificateForeign));
    }
    let elsewhere = bench.log_in_elsewhere().await;
    assert_eq!(attempt(&bench, &elsewhere, view.id, PIN).await, Some(WalletError::CertificateForeign));
    assert_eq!(attempt(&bench, &session, view.id, PIN).await, None);
}

#[tokio::test]
async fn tries_at_once_are_counted_one_by_one() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (wallet, session) = (bench.wallet.clone(), session.clone());
        tasks.spawn(async move {
            wallet.prove_pin(&session, view.id, &Phone::new(1).pin_proof(WRONG, None)).await.err()
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(Option::is_some), "no share is released");
    let failures = bench.wallet.certificate(&session, view.id).unwrap().book.pin.failures;
    assert_eq!(failures, 5, "the sixth was not compared");
}
