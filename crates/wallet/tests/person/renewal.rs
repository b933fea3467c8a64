//! Renewal: silent from two thirds of the validity, with password and code up to 90 days after it.

use crate::bench::{Bench, PASSWORD, PIN, Phone, home, password};
use yinxin_core::certificate::{Route, State};
use yinxin_core::text::{CertificatePurpose, sha256};
use yinxin_core::{CertificateId, Digest, Millis, Refusal};
use yinxin_wallet::{
    CertificateRequest, CertificateView, CustodyOffer, Enrolment, EnrolmentState, Issued, SessionContext,
    SignedText, WalletError,
};

const LATE_MS: i64 = 250 * Millis::DAY;

/// The new key of a phone, under the same device secret.
fn successor(old: &Phone) -> Phone {
    old.with_key(9)
}

/// The request that `old` consents to.
fn asked(old: &Phone, certificate: CertificateId, next: &Phone, renewal: &Enrolment) -> CertificateRequest {
    let csr = next.csr();
    let request = sha256(&[&csr]);
    let consent = old.consent(CertificatePurpose::Renew { request }, certificate, renewal.passkey.challenge);
    kept(csr, consent)
}

fn kept(csr: Vec<u8>, consent: SignedText) -> CertificateRequest {
    CertificateRequest { csr, device_name: String::new(), custody: CustodyOffer::Kept { consent } }
}

/// A renewal that is issued and waits for its test challenge.
async fn issued(
    bench: &Bench,
    session: &SessionContext,
    old: &Phone,
    certificate: CertificateId,
) -> (Phone, Enrolment, Issued) {
    let renewal = bench.wallet.begin_renewal(session, certificate, None).await.unwrap();
    let mut next = successor(old);
    let form = asked(old, certificate, &next, &renewal);
    let issued = bench.wallet.request_certificate(session, renewal.id, &form).await.unwrap();
    next.keep(&issued);
    (next, renewal, issued)
}

async fn renewed(
    bench: &Bench,
    session: &SessionContext,
    old: &Phone,
    certificate: CertificateId,
) -> (Phone, CertificateView) {
    let (next, renewal, issued) = issued(bench, session, old, certificate).await;
    assert!(issued.share.is_none(), "the share is released for the PIN only");
    let text = next.activation(&issued, false);
    (next, bench.wallet.activate(session, renewal.id, &text).await.unwrap())
}

#[tokio::test]
async fn from_two_thirds_of_the_validity_a_device_renews_without_asking_anybody() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let early = bench.wallet.begin_renewal(&session, view.id, None).await.err();
    let from = view.book.renewable_from();
    assert_eq!(early, Some(WalletError::Refused(Refusal::RenewalEarly { from })));
    bench.clock.advance(LATE_MS);
    let sent = bench.messages().len();
    let (next, new) = renewed(&bench, &session, &phone, view.id).await;
    assert_eq!(bench.messages().len(), sent, "no code is asked for");
    assert_eq!((new.book.route, new.book.successor_of), (Route::Renewal, Some(view.id)));
    assert_eq!((new.device_name.as_str(), new.protection), (view.device_name.as_str(), None));
    let old = bench.wallet.certificate(&session, view.id).unwrap();
    assert!(matches!(old.book.state, State::Superseded { .. }), "{:?}", old.book.state);
    // The same PIN opens the new key and no longer the old one.
    bench.wallet.prove_pin(&session, new.id, &next.pin_proof(PIN, None)).await.unwrap();
    let gone = bench.wallet.prove_pin(&session, view.id, &phone.pin_proof(PIN, None)).await.err();
    assert!(gone.is_some());
    // Nobody used it for twelve months, the predecessor's time included: it is suspended, and not renewed again.
    bench.clock.advance(LATE_MS);
    bench.wallet.take_snapshot().await.unwrap();
    let unused = bench.wallet.begin_renewal(&session, new.id, None).await.err();
    assert_eq!(unused, Some(WalletError::Refused(Refusal::CertificateSuspended)));
}

#[tokio::test]
async fn a_renewal_needs_the_old_keys_word_for_exactly_this_request() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.clock.advance(LATE_MS);
    let renewal = bench.wallet.begin_renewal(&session, view.id, None).await.unwrap();
    let next = successor(&phone);
    let stranger = Phone::new(5);
    let csr = next.csr();
    let request = sha256(&[&csr]);
    let renew = CertificatePurpose::Renew { request };
    let challenge = renewal.passkey.challenge;
    for (what, text) in [
        (
            "another request",
            phone.consent(
                CertificatePurpose::Renew { request: Digest::from_bytes([1; 32]) },
                view.id,
                challenge,
            ),
        ),
        ("another challenge", phone.consent(renew, view.id, [3; 32])),
        ("another purpose", phone.consent(CertificatePurpose::Reissue { request }, view.id, challenge)),
    ] {
        let answer =
            bench.wallet.request_certificate(&session, renewal.id, &kept(csr.clone(), text)).await.err();
        assert_eq!(answer, Some(WalletError::RequestInvalid), "{what}");
    }
    let forged = kept(csr, stranger.consent(renew, view.id, challenge));
    assert!(bench.wallet.request_certificate(&session, renewal.id, &forged).await.is_err());
    // No new PIN or passkey comes in on this way: it would verify whoever made it.
    let fresh = bench.wallet.request_certificate(&session, renewal.id, &next.request_with_pin()).await.err();
    assert_eq!(fresh, Some(WalletError::RequestInvalid));
    let elsewhere = bench.log_in_elsewhere().await;
    let answer = bench.wallet.begin_renewal(&elsewhere, view.id, None).await.err();
    assert_eq!(answer, Some(WalletError::CertificateForeign));
}

#[tokio::test]
async fn an_expired_certificate_is_renewed_with_password_code_and_its_key_for_ninety_days() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.clock.advance(400 * Millis::DAY);
    bench.wallet.take_snapshot().await.unwrap();
    let bare = bench.wallet.begin_renewal(&session, view.id, None).await.err();
    assert_eq!(bare, Some(WalletError::Reauthenticate));
    let wrong =
        bench.wallet.begin_renewal(&session, view.id, Some(&password("something else 9"))).await.err();
    assert_eq!(wrong, Some(WalletError::Wrong { tries_left: None }));
    let renewal = bench.wallet.begin_renewal(&session, view.id, Some(&password(PASSWORD))).await.unwrap();
    assert_eq!(renewal.state, EnrolmentState::CodeSent);
    assert!(bench.messages().last().unwrap().text.contains("续期"), "the message names its purpose");
    let mut next = successor(&phone);
    let form = asked(&phone, view.id, &next, &renewal);
    let unverified = bench.wallet.request_certificate(&session, renewal.id, &form).await.err();
    assert_eq!(unverified, Some(WalletError::RequestInvalid));
    bench.wallet.confirm_enrolment_code(&session, home(), renewal.id, &bench.last_code()).await.unwrap();
    let issued = bench.wallet.request_certificate(&session, renewal.id, &form).await.unwrap();
    next.keep(&issued);
    let new = bench.wallet.activate(&session, renewal.id, &next.activation(&issued, false)).await.unwrap();
    assert_eq!((new.book.route, new.protection), (Route::Grace, None), "no protection follows");
}

#[tokio::test]
async fn after_the_grace_a_renewal_is_over() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    bench.clock.advance((365 + 91) * Millis::DAY);
    bench.wallet.take_snapshot().await.unwrap();
    let late = bench.wallet.begin_renewal(&session, view.id, Some(&password(PASSWORD))).await.err();
    assert_eq!(late, Some(WalletError::Refused(Refusal::GraceOver)));
}

#[tokio::test]
async fn a_suspension_during_a_renewal_stops_it_and_the_successor_is_given_up() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.clock.advance(LATE_MS);
    let (next, renewal, issued) = issued(&bench, &session, &phone, view.id).await;
    bench.wallet.suspend_certificate(&session, view.id, Digest::from_bytes([8; 32])).await.unwrap();
    let text = next.activation(&issued, false);
    let stopped = bench.wallet.activate(&session, renewal.id, &text).await.err();
    assert_eq!(stopped, Some(WalletError::Refused(Refusal::CertificateSuspended)));
    bench.clock.advance(11 * Millis::MINUTE);
    bench.wallet.finish_intentions().await.unwrap();
    let states: Vec<State> =
        bench.wallet.certificates(&session).unwrap().iter().map(|view| view.book.state).collect();
    assert!(
        states.iter().all(|state| matches!(state, State::Suspended { .. } | State::Abandoned)),
        "{states:?}"
    );
}

#[tokio::test]
async fn a_renewal_goes_on_after_a_restart_and_gives_one_certificate() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.clock.advance(LATE_MS);
    let renewal = bench.wallet.begin_renewal(&session, view.id, None).await.unwrap();
    let mut next = successor(&phone);
    let form = asked(&phone, view.id, &next, &renewal);
    let first = bench.wallet.request_certificate(&session, renewal.id, &form).await.unwrap();
    next.keep(&first);
    let bench = bench.reopened().await;
    let open = bench.wallet.begin_renewal(&session, view.id, None).await.unwrap();
    assert_eq!(open.id, renewal.id);
    let again = bench.wallet.request_certificate(&session, open.id, &form).await.unwrap();
    assert_eq!(again.certificate.id, first.certificate.id);
    bench.wallet.activate(&session, open.id, &next.activation(&again, false)).await.unwrap();
}
