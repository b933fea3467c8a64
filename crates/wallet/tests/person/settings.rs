//! Payment by one tap, on and off.

use crate::bench::{Bench, PIN, signing_hash};
use yinxin_core::{Digest, Millis};
use yinxin_wallet::{VerificationProof, WalletError};

const PROVED: Option<&VerificationProof> = Some(&VerificationProof::Pin);

#[tokio::test]
async fn one_tap_is_switched_on_with_user_verification_and_off_without() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let challenge = bench.wallet.tap_challenge(&session, view.id).unwrap();
    let on = phone.tap(true, view.id, challenge);
    let refused = bench.wallet.set_tap(&session, &on, None).await;
    assert_eq!(refused, Err(WalletError::VerificationRequired));
    let proof = phone.pin_proof(PIN, Some(signing_hash(&on)));
    bench.wallet.prove_pin(&session, view.id, &proof).await.unwrap();
    bench.wallet.set_tap(&session, &on, PROVED).await.unwrap();
    assert!(bench.wallet.me(&session).unwrap().tap);

    let challenge = bench.wallet.tap_challenge(&session, view.id).unwrap();
    bench.wallet.set_tap(&session, &phone.tap(false, view.id, challenge), None).await.unwrap();
    assert!(!bench.wallet.me(&session).unwrap().tap);
    let replayed = bench.wallet.set_tap(&session, &on, PROVED).await;
    assert_eq!(replayed, Err(WalletError::Reauthenticate), "a signed text serves once");
    assert!(!bench.wallet.me(&session).unwrap().tap);
}

#[tokio::test]
async fn a_suspended_certificate_switches_off_only() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.wallet.suspend_certificate(&session, view.id, Digest::from_bytes([5; 32])).await.unwrap();
    let challenge = bench.wallet.tap_challenge(&session, view.id).unwrap();
    let on = bench.wallet.set_tap(&session, &phone.tap(true, view.id, challenge), PROVED).await;
    assert_eq!(on.unwrap_err().code(), "certificate.suspended");
    bench.wallet.set_tap(&session, &phone.tap(false, view.id, challenge), None).await.unwrap();
}

#[tokio::test]
async fn a_setting_of_another_person_or_an_old_challenge_changes_nothing() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let challenge = bench.wallet.tap_challenge(&session, view.id).unwrap();
    let off = phone.tap(false, view.id, challenge);
    let other = bench.register_as("13900001234", Digest::from_bytes([2; 32])).await.unwrap().session;
    assert_eq!(bench.wallet.set_tap(&other, &off, None).await, Err(WalletError::CertificateForeign));
    bench.clock.advance(10 * Millis::MINUTE);
    assert_eq!(bench.wallet.set_tap(&session, &off, None).await, Err(WalletError::Reauthenticate));
}
