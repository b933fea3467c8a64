//! Certificate management.

use crate::bench::{Bench, PASSWORD, PIN, Phone, home, other_than, password, signing_hash};
use yinxin_core::certificate::{RevocationReason, State, SuspendedBy};
use yinxin_core::text::CertificatePurpose;
use yinxin_core::{CertificateId, Digest, Millis, Refusal};
use yinxin_wallet::{
    CertificateFormat, CertificateView, Resumption, SessionContext, VerificationProof, WalletError,
};

const REQUEST: Digest = Digest::from_bytes([5; 32]);

fn is_suspended(view: &CertificateView) -> bool {
    matches!(view.book.state, State::Suspended { by: SuspendedBy::Person, .. })
}

/// A signed wish to resume, with its PIN proved, and the code.
async fn resumption(bench: &Bench, session: &SessionContext, phone: &Phone, id: CertificateId) -> Resumption {
    let begun = bench.wallet.begin_resumption(session, id, &password(PASSWORD)).await.unwrap();
    let text = phone.consent(CertificatePurpose::Resume, id, begun.challenge);
    let proof = phone.pin_proof(PIN, Some(signing_hash(&text)));
    bench.wallet.prove_pin(session, id, &proof).await.unwrap();
    Resumption { code: bench.last_code(), text, verification: VerificationProof::Pin }
}

#[tokio::test]
async fn details_and_files_say_what_stands_in_the_certificate() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    let listed = bench.wallet.certificates(&session).unwrap();
    assert_eq!(listed.first(), Some(&view));
    assert_eq!(listed.len(), 1);
    let details = bench.wallet.certificate_details(&session, view.id).unwrap();
    assert!(details.subject.contains(&session.account.to_string()), "{}", details.subject);
    let der = bench.wallet.export_certificate(&session, view.id, CertificateFormat::Der).unwrap();
    let pem = bench.wallet.export_certificate(&session, view.id, CertificateFormat::Pem).unwrap();
    assert_eq!(yinxin_pki::Certificate::parse_pem(&pem).unwrap().der(), der);
    assert_eq!(details.pem.as_bytes(), pem);
}

#[tokio::test]
async fn another_persons_certificate_does_not_exist_for_me() {
    let bench = Bench::new();
    let (_, _, view) = bench.enrolled().await;
    let other = bench.register_as("13900001234", Digest::from_bytes([2; 32])).await.unwrap().session;
    let gone = Some(WalletError::NotFound);
    assert_eq!(bench.wallet.certificate(&other, view.id).err(), gone);
    assert_eq!(bench.wallet.certificate_details(&other, view.id).err(), gone);
    assert_eq!(bench.wallet.rename_certificate(&other, view.id, "x").err(), gone);
    assert_eq!(bench.wallet.suspend_certificate(&other, view.id, REQUEST).await.err(), gone);
    let (typed, lost) = (password(PASSWORD), RevocationReason::KeyCompromise);
    assert_eq!(bench.wallet.revoke_certificate(&other, view.id, &typed, lost).await.err(), gone);
    assert_eq!(bench.wallet.tap_challenge(&other, view.id).err(), gone);
}

#[tokio::test]
async fn a_device_is_renamed() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    let renamed = bench.wallet.rename_certificate(&session, view.id, " 书房的平板 ").unwrap();
    assert_eq!(renamed.device_name, "书房的平板");
    assert_eq!(
        bench.wallet.rename_certificate(&session, view.id, "a\nb").err(),
        Some(WalletError::NameInvalid)
    );
}

#[tokio::test]
async fn one_tap_on_any_device_suspends_and_twice_is_once() {
    let bench = Bench::new();
    let (_, _, view) = bench.enrolled().await;
    let elsewhere = bench.log_in_elsewhere().await;
    let suspended = bench.wallet.suspend_certificate(&elsewhere, view.id, REQUEST).await.unwrap();
    let State::Suspended { by: SuspendedBy::Password, .. } = suspended.book.state else {
        panic!("whoever has the secrets must not make its owner wait for a code: {:?}", suspended.book.state)
    };
    let again =
        bench.wallet.suspend_certificate(&elsewhere, view.id, Digest::from_bytes([6; 32])).await.unwrap();
    assert_eq!(again.book, suspended.book);
}

#[tokio::test]
async fn a_suspension_is_lifted_on_its_device_with_password_code_key_and_pin() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let form = resumption(&bench, &session, &phone, view.id).await;
    let resumed = bench.wallet.resume_certificate(&session, home(), view.id, &form).await.unwrap();
    assert!(matches!(resumed.book.state, State::Active { .. }));
    assert!(resumed.book.protected_until > bench.wallet.now(), "a protection period follows");
    let repeated = bench.wallet.resume_certificate(&session, home(), view.id, &form).await.unwrap();
    assert_eq!(repeated.book, resumed.book, "a lost answer is asked for again");
}

#[tokio::test]
async fn a_passkey_verifies_the_person_who_resumes() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let mut phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let request = phone.request_with_passkey(&enrolment.passkey.challenge);
    let issued = bench.wallet.request_certificate(&session, enrolment.id, &request).await.unwrap();
    phone.keep(&issued);
    let view =
        bench.wallet.activate(&session, enrolment.id, &phone.activation(&issued, false)).await.unwrap();
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let begun = bench.wallet.begin_resumption(&session, view.id, &password(PASSWORD)).await.unwrap();
    let text = phone.consent(CertificatePurpose::Resume, view.id, begun.challenge);
    let of_another_text = phone.assertion(Digest::from_bytes([3; 32]));
    let form = Resumption { code: bench.last_code(), text: text.clone(), verification: of_another_text };
    let refused = bench.wallet.resume_certificate(&session, home(), view.id, &form).await;
    assert_eq!(refused.err(), Some(WalletError::VerificationInvalid));
    let form = Resumption { verification: phone.assertion(signing_hash(&text)), ..form };
    let resumed = bench.wallet.resume_certificate(&session, home(), view.id, &form).await.unwrap();
    assert!(matches!(resumed.book.state, State::Active { .. }));
}

#[tokio::test]
async fn no_part_of_a_resumption_may_be_missing() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let not_suspended = bench.wallet.begin_resumption(&session, view.id, &password(PASSWORD)).await;
    assert_eq!(not_suspended.err(), Some(WalletError::Refused(Refusal::CertificateState)));
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let wrong = bench.wallet.begin_resumption(&session, view.id, &password("not the password")).await;
    assert_eq!(wrong.err(), Some(WalletError::Wrong { tries_left: None }));

    let form = resumption(&bench, &session, &phone, view.id).await;
    let resume = |form: Resumption| {
        let (wallet, session) = (bench.wallet.clone(), session.clone());
        async move { wallet.resume_certificate(&session, home(), view.id, &form).await.err() }
    };
    let copy = |code: &str, text: &yinxin_wallet::SignedText| Resumption {
        code: code.to_owned(),
        text: text.clone(),
        verification: VerificationProof::Pin,
    };
    let code_wrong = copy(&other_than(&form.code), &form.text);
    assert_eq!(resume(code_wrong).await, Some(WalletError::CodeWrong));
    let unverified = phone.consent(CertificatePurpose::Resume, view.id, [1; 32]);
    let refused = resume(copy(&form.code, &unverified)).await.map(|error| error.code());
    assert_eq!(refused, Some("payment.verification_invalid"), "the PIN was proved for another text");
    let activate = phone.consent(CertificatePurpose::Activate { tap: true }, view.id, [1; 32]);
    assert_eq!(resume(copy(&form.code, &activate)).await, Some(WalletError::RequestInvalid));
    bench.clock.advance(Millis::MINUTE + 1);
    assert_eq!(
        resume(copy(&form.code, &form.text)).await,
        Some(WalletError::VerificationRequired),
        "61 s old"
    );
    assert!(is_suspended(&bench.wallet.certificate(&session, view.id).unwrap()));
}

#[tokio::test]
async fn a_resumption_begins_only_on_the_device_that_holds_the_key() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let elsewhere = bench.log_in_elsewhere().await;
    let refused = bench.wallet.begin_resumption(&elsewhere, view.id, &password(PASSWORD)).await;
    assert_eq!(refused.err(), Some(WalletError::CertificateForeign));
}

#[tokio::test]
async fn a_challenge_made_up_by_the_device_resumes_nothing() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let begun = bench.wallet.begin_resumption(&session, view.id, &password(PASSWORD)).await.unwrap();
    assert_ne!(begun.challenge, [1; 32]);
    let text = phone.consent(CertificatePurpose::Resume, view.id, [1; 32]);
    let proof = phone.pin_proof(PIN, Some(signing_hash(&text)));
    bench.wallet.prove_pin(&session, view.id, &proof).await.unwrap();
    let form = Resumption { code: bench.last_code(), text, verification: VerificationProof::Pin };
    let refused = bench.wallet.resume_certificate(&session, home(), view.id, &form).await;
    assert_eq!(refused.err(), Some(WalletError::Reauthenticate));
}

#[tokio::test]
async fn a_revocation_needs_the_password_and_is_final() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    let lost = RevocationReason::KeyCompromise;
    let wrong = bench.wallet.revoke_certificate(&session, view.id, &password("not the password"), lost).await;
    assert_eq!(wrong.err(), Some(WalletError::Wrong { tries_left: None }));
    let revoked =
        bench.wallet.revoke_certificate(&session, view.id, &password(PASSWORD), lost).await.unwrap();
    assert!(matches!(revoked.book.state, State::Revoked { reason: RevocationReason::KeyCompromise, .. }));
    assert_eq!(
        bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.err(),
        Some(WalletError::Refused(Refusal::CertificateRevoked))
    );
    let again = bench.wallet.revoke_certificate(&session, view.id, &password(PASSWORD), lost).await.unwrap();
    assert_eq!(again.book, revoked.book);
}
