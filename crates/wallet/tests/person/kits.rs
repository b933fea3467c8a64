//! The recovery kit: made with level A, tried, replaced, ended; what it can and what it cannot do by itself.

use crate::bench::{Bench, ORIGIN, PASSWORD, PIN, Phone, home, password, signing_hash};
use yinxin_core::certificate::{Route, State};
use yinxin_core::kit::PROOF_AFTER_MS;
use yinxin_core::text::{KitText, RecoveryPurpose, RecoveryText};
use yinxin_core::{CertificateId, Digest, Millis, Refusal};
use yinxin_pki::{CertificationRequest, FileSigner, Jws, jws};
use yinxin_wallet::{
    CertificateRequest, Enrolment, KitForm, KitIssued, KitReminder, KitTask, ReissueStated, ReissueWay,
    ReissueWish, SessionContext, SignedText, VerificationProof, WalletError,
};

const REQUEST: Digest = Digest::from_bytes([5; 32]);

/// A recovery key in a file of its own.
struct Kit {
    signer: FileSigner,
    id: CertificateId,
    thumbprint: [u8; 32],
    chain: Vec<Vec<u8>>,
}

impl Kit {
    fn text(&self, purpose: RecoveryPurpose, challenge: [u8; 32]) -> SignedText {
        let text = RecoveryText {
            audience: ORIGIN.to_owned(),
            purpose,
            kit: self.id,
            challenge: Digest::from_bytes(challenge),
        };
        self.sign(yinxin_core::text::TYP_RECOVERY, &text.to_bytes())
    }

    fn sign(&self, typ: &str, payload: &[u8]) -> SignedText {
        let jws = Jws::sign(&self.signer, typ, 1_764_000_000, &self.thumbprint, payload).unwrap();
        SignedText {
            protected: jws.protected_part().to_owned(),
            payload: jws.payload_part().to_owned(),
            signature: jws.signature_part(),
        }
    }
}

/// A signed wish for a kit, with its PIN proved.
async fn form(
    bench: &Bench,
    session: &SessionContext,
    phone: &Phone,
    id: CertificateId,
    seed: u8,
) -> (KitForm, FileSigner) {
    let signer = FileSigner::generate(&[seed; 32]).unwrap();
    let csr = CertificationRequest::create(&signer).unwrap();
    let challenge = bench.wallet.kit_challenge(session, id).unwrap();
    let text = KitText {
        audience: ORIGIN.to_owned(),
        request: Digest::from_bytes(CertificationRequest::parse(&csr).unwrap().digest()),
        certificate: id,
        challenge: Digest::from_bytes(challenge),
    };
    let text = phone.sign(jws::TYP_SETTING, &text.to_bytes());
    let proof = phone.pin_proof(PIN, Some(signing_hash(&text)));
    bench.wallet.prove_pin(session, id, &proof).await.unwrap();
    (KitForm { text, verification: VerificationProof::Pin, csr }, signer)
}

fn kept(issued: &KitIssued, signer: FileSigner) -> Kit {
    let thumbprint = yinxin_pki::symmetric::sha256(&issued.chain[0]);
    Kit { signer, id: issued.id, thumbprint, chain: issued.chain.clone() }
}

/// Makes a kit and puts it into use.
async fn made(bench: &Bench, session: &SessionContext, phone: &Phone, id: CertificateId, seed: u8) -> Kit {
    let (form, signer) = form(bench, session, phone, id, seed).await;
    let issued = bench.wallet.make_kit(session, &form).await.unwrap();
    let kit = kept(&issued, signer);
    bench.wallet.drill_kit(session, &kit.text(RecoveryPurpose::Drill, issued.challenge)).await.unwrap();
    kit
}

async fn drill(bench: &Bench, session: &SessionContext, kit: &Kit) -> Result<(), WalletError> {
    let challenge = bench.wallet.kit_use_challenge(home(), kit.id, KitTask::Drill)?;
    bench.wallet.drill_kit(session, &kit.text(RecoveryPurpose::Drill, challenge)).await.map(|_| ())
}

#[tokio::test]
async fn a_kit_is_made_then_tried_and_says_when() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    assert_eq!(bench.wallet.kit(&session).unwrap(), None);
    let kit = made(&bench, &session, &phone, view.id, 40).await;
    let fresh = bench.wallet.kit(&session).unwrap().unwrap();
    assert!(matches!(fresh.state, State::Active { .. }));
    assert_eq!((fresh.id, fresh.drilled_at, fresh.reminder), (kit.id, None, None));
    assert_eq!(fresh.proof_from.since(bench.wallet.now()), PROOF_AFTER_MS);
    bench.clock.advance(180 * Millis::DAY);
    let old = bench.wallet.kit(&session).unwrap().unwrap();
    assert_eq!(old.reminder, Some(KitReminder::NotTried));
    drill(&bench, &session, &kit).await.unwrap();
    let tried = bench.wallet.kit(&session).unwrap().unwrap();
    assert_eq!((tried.drilled_at, tried.reminder), (Some(bench.wallet.now()), None));
}

#[tokio::test]
async fn a_recovery_certificate_is_what_the_profile_says_and_no_device() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let kit = made(&bench, &session, &phone, view.id, 40).await;
    let certificate = yinxin_pki::Certificate::parse(&kit.chain[0]).unwrap();
    assert_eq!(certificate.purpose(), Some(yinxin_pki::Purpose::Recovery));
    let details = certificate.details();
    assert!(details.extended_key_usage.contains("Yinxin recovery"), "{}", details.extended_key_usage);
    assert!(details.subject.contains(&session.account.to_string()), "{}", details.subject);
    assert_eq!(bench.wallet.certificates(&session).unwrap().len(), 1, "it is in no list of devices");
}

#[tokio::test]
async fn the_same_request_gets_the_same_kit_and_a_crash_in_between_is_finished() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let (form, signer) = form(&bench, &session, &phone, view.id, 40).await;
    let first = bench.wallet.make_kit(&session, &form).await.unwrap();
    let again = bench.wallet.make_kit(&session, &form).await.unwrap();
    assert_eq!((first.id, &first.chain), (again.id, &again.chain));
    let bench = bench.reopened().await;
    bench.wallet.finish_intentions().await.unwrap();
    let kit = kept(&again, signer);
    let text = kit.text(RecoveryPurpose::Drill, again.challenge);
    bench.wallet.drill_kit(&session, &text).await.unwrap();
    assert_eq!(bench.wallet.kit(&session).unwrap().map(|kit| kit.id), Some(first.id));
}

#[tokio::test]
async fn interrupted_anywhere_one_kit_is_left_and_every_signed_one_is_on_record() {
    for waits in 0..14 {
        let bench = Bench::new();
        let (session, phone, view) = bench.enrolled().await;
        let (form, signer) = form(&bench, &session, &phone, view.id, 40).await;
        let cut = crate::bench::interrupted(waits, bench.wallet.make_kit(&session, &form)).await;
        let bench = bench.reopened().await;
        bench.wallet.finish_intentions().await.unwrap();
        let issued = match bench.wallet.make_kit(&session, &form).await {
            Ok(issued) => issued,
            // The challenge was used and nothing was signed: the person presses again.
            Err(WalletError::Reauthenticate) => {
                let (form, _) = self::form(&bench, &session, &phone, view.id, 40).await;
                bench.wallet.make_kit(&session, &form).await.unwrap()
            }
            Err(error) => panic!("after {waits}: {error}"),
        };
        let kit = kept(&issued, signer);
        bench.wallet.drill_kit(&session, &kit.text(RecoveryPurpose::Drill, issued.challenge)).await.unwrap();
        bench.wallet.finish_intentions().await.unwrap();
        let shown = bench.wallet.kit(&session).unwrap().unwrap();
        assert_eq!(shown.id, issued.id, "after {waits}");
        if cut.is_some_and(|done| done.is_ok()) {
            return;
        }
    }
    panic!("it never came to its end");
}

#[tokio::test]
async fn a_new_kit_ends_the_old_one_only_when_it_is_in_use() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let old = made(&bench, &session, &phone, view.id, 40).await;
    let (form, signer) = form(&bench, &session, &phone, view.id, 41).await;
    let issued = bench.wallet.make_kit(&session, &form).await.unwrap();
    drill(&bench, &session, &old).await.expect("the old one serves until the new one was kept");
    let new = kept(&issued, signer);
    bench.wallet.drill_kit(&session, &new.text(RecoveryPurpose::Drill, issued.challenge)).await.unwrap();
    assert_eq!(drill(&bench, &session, &old).await, Err(WalletError::KitInvalid));
    drill(&bench, &session, &new).await.unwrap();
    assert_eq!(bench.wallet.kit(&session).unwrap().unwrap().id, new.id);
}

#[tokio::test]
async fn a_kit_that_was_not_kept_within_the_hour_never_comes_into_use() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let (form, signer) = form(&bench, &session, &phone, view.id, 40).await;
    let issued = bench.wallet.make_kit(&session, &form).await.unwrap();
    let kit = kept(&issued, signer);
    bench.clock.advance(Millis::HOUR + 1);
    bench.wallet.finish_intentions().await.unwrap();
    assert_eq!(drill(&bench, &session, &kit).await, Err(WalletError::KitInvalid));
    assert_eq!(bench.wallet.kit(&session).unwrap(), None);
}

#[tokio::test]
async fn one_tap_ends_a_kit_for_good() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let kit = made(&bench, &session, &phone, view.id, 40).await;
    bench.clock.advance(PROOF_AFTER_MS);
    let stranger = bench.log_in_elsewhere().await;
    let refused = bench.wallet.invalidate_kit(&stranger, REQUEST).await;
    assert_eq!(refused.err(), Some(WalletError::SignatureRequired), "a session alone does not");
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let ended = bench.wallet.invalidate_kit(&session, REQUEST).await.unwrap().unwrap();
    assert!(matches!(ended.state, State::Revoked { .. }));
    assert_eq!(drill(&bench, &session, &kit).await, Err(WalletError::KitInvalid));
    let challenge = bench.wallet.kit_use_challenge(home(), kit.id, KitTask::Suspend);
    assert_eq!(challenge, Err(WalletError::KitInvalid));
}

#[tokio::test]
async fn making_a_kit_takes_the_person_the_certificate_and_this_request() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    // Another key than the one that was signed for.
    let (mut swapped, _) = form(&bench, &session, &phone, view.id, 40).await;
    swapped.csr = CertificationRequest::create(&FileSigner::generate(&[99; 32]).unwrap()).unwrap();
    assert_eq!(bench.wallet.make_kit(&session, &swapped).await.err(), Some(WalletError::RequestInvalid));
    // No verification of this text.
    let (mut unproved, _) = form(&bench, &session, &phone, view.id, 41).await;
    let text = KitText {
        audience: ORIGIN.to_owned(),
        request: Digest::from_bytes(CertificationRequest::parse(&unproved.csr).unwrap().digest()),
        certificate: view.id,
        challenge: Digest::from_bytes(bench.wallet.kit_challenge(&session, view.id).unwrap()),
    };
    unproved.text = phone.sign(jws::TYP_SETTING, &text.to_bytes());
    assert_eq!(
        bench.wallet.make_kit(&session, &unproved).await.err(),
        Some(WalletError::VerificationInvalid)
    );
    // A suspended certificate makes none.
    let (form, _) = form(&bench, &session, &phone, view.id, 42).await;
    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let refused = bench.wallet.make_kit(&session, &form).await.err();
    assert_eq!(refused, Some(WalletError::Refused(Refusal::CertificateSuspended)));
}

#[tokio::test]
async fn the_kit_suspends_every_payment_certificate_without_a_session() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let kit = made(&bench, &session, &phone, view.id, 40).await;
    let challenge = bench.wallet.kit_use_challenge(home(), kit.id, KitTask::Suspend).unwrap();
    let text = kit.text(RecoveryPurpose::Suspend, challenge);
    assert_eq!(bench.wallet.suspend_with_kit(&text).await.unwrap().suspended, 1);
    let state = bench.wallet.certificate(&session, view.id).unwrap().book.state;
    assert!(matches!(state, State::Suspended { .. }), "{state:?}");
    assert_eq!(bench.wallet.suspend_with_kit(&text).await.err(), Some(WalletError::Reauthenticate), "once");
    drill(&bench, &session, &kit).await.expect("the kit itself stays");
}

#[tokio::test]
async fn a_text_of_one_purpose_serves_no_other_and_no_other_person() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let kit = made(&bench, &session, &phone, view.id, 40).await;
    let challenge = bench.wallet.kit_use_challenge(home(), kit.id, KitTask::Drill).unwrap();
    let as_suspension = kit.text(RecoveryPurpose::Suspend, challenge);
    assert_eq!(bench.wallet.suspend_with_kit(&as_suspension).await.err(), Some(WalletError::Reauthenticate));
    assert_eq!(
        bench.wallet.drill_kit(&session, &as_suspension).await.err(),
        Some(WalletError::RequestInvalid)
    );
    let other = bench.register_as("13900001234", Digest::from_bytes([2; 32])).await.unwrap().session;
    assert_eq!(drill(&bench, &other, &kit).await, Err(WalletError::CertificateForeign));
}

#[tokio::test]
async fn a_kit_alone_neither_pays_nor_makes_another_kit_nor_a_certificate() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let kit = made(&bench, &session, &phone, view.id, 40).await;
    bench.clock.advance(PROOF_AFTER_MS);
    // A text about its own certificate, signed by the recovery key, as a payment certificate would sign it.
    let csr = CertificationRequest::create(&kit.signer).unwrap();
    let text = KitText {
        audience: ORIGIN.to_owned(),
        request: Digest::from_bytes(CertificationRequest::parse(&csr).unwrap().digest()),
        certificate: kit.id,
        challenge: Digest::from_bytes([1; 32]),
    };
    let text = kit.sign(jws::TYP_SETTING, &text.to_bytes());
    let form = KitForm { text, verification: VerificationProof::Pin, csr };
    assert_eq!(bench.wallet.make_kit(&session, &form).await.err(), Some(WalletError::CertificateUnknown));
    assert_eq!(bench.wallet.kit_challenge(&session, kit.id).err(), Some(WalletError::NotFound));
    let (typed, suspend) = (crate::bench::password("guessed guessed"), REQUEST);
    assert_eq!(
        bench.wallet.begin_resumption(&session, kit.id, &typed).await.err(),
        Some(WalletError::NotFound)
    );
    assert_eq!(
        bench.wallet.suspend_certificate(&session, kit.id, suspend).await.err(),
        Some(WalletError::NotFound)
    );
}

fn by_kit() -> ReissueWish {
    ReissueWish { way: ReissueWay::Kit, stated: ReissueStated::Lost, password: Some(password(PASSWORD)) }
}

/// What the recovery key signs for a device's request.
fn speaks(kit: &Kit, form: &CertificateRequest, nonce: [u8; 32]) -> SignedText {
    let request = Digest::from_bytes(CertificationRequest::parse(&form.csr).unwrap().digest());
    kit.text(RecoveryPurpose::Reissue { request }, nonce)
}

/// Password and code, as somebody on a new device has them.
async fn proved_by_secrets(bench: &Bench, session: &SessionContext) -> Enrolment {
    let begun = bench.wallet.begin_reissue(session, &by_kit()).await.unwrap();
    let code = bench.last_code();
    bench.wallet.confirm_enrolment_code(session, home(), begun.id, &code).await.unwrap()
}

#[tokio::test]
async fn kit_password_and_code_give_a_new_device_a_certificate_at_once() {
    let bench = Bench::new();
    let (session, phone, old) = bench.enrolled().await;
    let kit = made(&bench, &session, &phone, old.id, 40).await;
    bench.clock.advance(PROOF_AFTER_MS);
    let new_device = bench.log_in_elsewhere().await;
    let proved = proved_by_secrets(&bench, &new_device).await;
    let nonce = proved.reissue.as_ref().unwrap().nonce.unwrap();
    let mut new_phone = Phone::new(9);
    let form = new_phone.request_with_pin();
    let text = speaks(&kit, &form, nonce);
    let ready = bench.wallet.prove_reissue_by_kit(&new_device, proved.id, &text).await.unwrap();
    let view = ready.reissue.unwrap();
    assert_eq!((view.route, view.wait_ms, view.nonce), (Some(Route::Kit), 0, None));
    bench.wallet.prove_reissue_by_kit(&new_device, proved.id, &text).await.expect("the same again");
    // The kit spoke for this request and for no other.
    let other = Phone::new(10).request_with_pin();
    let refused = bench.wallet.request_certificate(&new_device, proved.id, &other).await.err();
    assert_eq!(refused, Some(WalletError::RequestInvalid));
    let issued = bench.wallet.request_certificate(&new_device, proved.id, &form).await.unwrap();
    new_phone.keep(&issued);
    let text = new_phone.activation(&issued, false);
    let active = bench.wallet.activate(&new_device, proved.id, &text).await.unwrap();
    assert!(matches!(active.book.state, State::Active { .. }));
    assert_eq!(active.book.route, Route::Kit);
    let replaced = bench.wallet.certificate(&session, old.id).unwrap().book.state;
    assert!(matches!(replaced, State::Superseded { .. }), "{replaced:?}");
    let kept = bench.wallet.kit(&new_device).unwrap().unwrap();
    assert_eq!(kept.reminder, Some(KitReminder::Reissued), "it was used: is it still its owner's alone?");
}

#[tokio::test]
async fn a_kit_without_password_or_code_or_a_day_of_age_reissues_nothing() {
    let bench = Bench::new();
    let (session, phone, old) = bench.enrolled().await;
    let new_device = bench.log_in_elsewhere().await;
    assert_eq!(
        bench.wallet.begin_reissue(&new_device, &by_kit()).await.err(),
        Some(WalletError::KitInvalid),
        "there is none"
    );
    let kit = made(&bench, &session, &phone, old.id, 40).await;
    let form = Phone::new(9).request_with_pin();
    let keyless = ReissueWish { password: None, ..by_kit() };
    let refused = bench.wallet.begin_reissue(&new_device, &keyless).await.err();
    assert_eq!(refused, Some(WalletError::Reauthenticate), "no password");
    bench.clock.advance(61 * Millis::SECOND);
    let begun = bench.wallet.begin_reissue(&new_device, &by_kit()).await.unwrap();
    let text = speaks(&kit, &form, [0; 32]);
    let early = bench.wallet.prove_reissue_by_kit(&new_device, begun.id, &text).await.err();
    assert_eq!(early, Some(WalletError::RequestInvalid), "no code");
    let code = bench.last_code();
    let proved = bench.wallet.confirm_enrolment_code(&new_device, home(), begun.id, &code).await.unwrap();
    let refused = bench.wallet.request_certificate(&new_device, proved.id, &form).await.err();
    assert_eq!(refused, Some(WalletError::RequestInvalid), "password and code without the kit");
    let nonce = proved.reissue.as_ref().unwrap().nonce.unwrap();
    let young = speaks(&kit, &form, nonce);
    let refused = bench.wallet.prove_reissue_by_kit(&new_device, proved.id, &young).await.err();
    assert!(matches!(refused, Some(WalletError::Refused(Refusal::KitYoung { .. }))), "{refused:?}");
    let stray = speaks(&kit, &form, [7; 32]);
    let refused = bench.wallet.prove_reissue_by_kit(&new_device, proved.id, &stray).await.err();
    assert_eq!(refused, Some(WalletError::RequestInvalid), "another nonce");
}
