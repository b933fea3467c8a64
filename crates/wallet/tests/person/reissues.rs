//! Reissue and moving phones: every way in, the owner's no, and what somebody with the secrets cannot do.

use crate::bench::{
    Bench, ORIGIN, PASSWORD, PHONE, PIN, Phone, home, log_in, password, same_browser, signing_hash,
};
use yinxin_core::certificate::{RevocationReason, Route, State, SuspendedBy};
use yinxin_core::text::{CertificatePurpose, Setting, StopPurpose, StopText};
use yinxin_core::{CertificateId, Digest, Millis};
use yinxin_pki::jws::TYP_STOP;
use yinxin_wallet::{
    Approval, CertificateRequest, CertificateView, Enrolment, EnrolmentState, Issued, ReissueQuestion,
    ReissueStated, ReissueWay, ReissueWish, SessionContext, SignedText, VerificationProof, VetoForm,
    WalletError,
};

fn wish(way: ReissueWay) -> ReissueWish {
    ReissueWish { way, stated: ReissueStated::Nothing, password: Some(password(PASSWORD)) }
}

/// An enrolment that password and code have proved.
async fn by_secrets(bench: &Bench, session: &SessionContext, stated: ReissueStated) -> Enrolment {
    let wish = ReissueWish { stated, ..wish(ReissueWay::Secrets) };
    let begun = bench.wallet.begin_reissue(session, &wish).await.unwrap();
    assert_eq!(bench.last_purpose(), "reissue");
    let code = bench.last_code();
    bench.wallet.confirm_enrolment_code(session, home(), begun.id, &code).await.unwrap()
}

async fn finish(
    bench: &Bench,
    session: &SessionContext,
    enrolment: &Enrolment,
    phone: &mut Phone,
) -> CertificateView {
    let request = phone.request_with_pin();
    finish_with(bench, session, enrolment, (phone, &request)).await
}

/// The same with a request that was made before.
async fn finish_with(
    bench: &Bench,
    session: &SessionContext,
    enrolment: &Enrolment,
    (phone, request): (&mut Phone, &CertificateRequest),
) -> CertificateView {
    let issued = bench.wallet.request_certificate(session, enrolment.id, request).await.unwrap();
    phone.keep(&issued);
    bench.wallet.activate(session, enrolment.id, &phone.activation(&issued, false)).await.unwrap()
}

fn only(bench: &Bench, session: &SessionContext) -> ReissueQuestion {
    let mut questions = bench.wallet.reissue_questions(session).unwrap();
    assert_eq!(questions.len(), 1);
    questions.remove(0)
}

fn no(phone: &Phone, question: &ReissueQuestion) -> SignedText {
    let text = StopText {
        audience: ORIGIN.to_owned(),
        purpose: StopPurpose::Veto { reissue: question.reissue },
        certificate: question.certificate,
        challenge: Digest::from_bytes(question.challenge),
    };
    phone.sign(TYP_STOP, &text.to_bytes())
}

async fn say_no(bench: &Bench, session: &SessionContext, phone: &Phone) {
    let question = only(bench, session);
    let text = no(phone, &question);
    let proof = phone.pin_proof(PIN, Some(signing_hash(&text)));
    bench.wallet.prove_pin(session, question.certificate, &proof).await.unwrap();
    let form = VetoForm { text, verification: VerificationProof::Pin };
    bench.wallet.veto_reissue(session, question.reissue, Some(&form)).await.unwrap();
}

fn state(bench: &Bench, session: &SessionContext, id: CertificateId) -> State {
    bench.wallet.certificate(session, id).unwrap().book.state
}

#[tokio::test]
async fn password_and_code_give_a_certificate_that_waits_while_the_old_one_pays_on() {
    let bench = Bench::new();
    let (owner, _, old) = bench.enrolled().await;
    let elsewhere = bench.log_in_elsewhere().await;
    let proved = by_secrets(&bench, &elsewhere, ReissueStated::Nothing).await;
    let view = proved.reissue.as_ref().unwrap();
    assert_eq!((view.route, view.wait_ms), (Some(Route::Lost), Millis::DAY), "the old one was used lately");
    let new = finish(&bench, &elsewhere, &proved, &mut Phone::new(2)).await;
    assert_eq!(new.book.route, Route::Lost);
    assert!(matches!(state(&bench, &owner, old.id), State::Active { .. }));
    assert!(bench.wallet.reissue_questions(&elsewhere).unwrap().is_empty(), "whoever asks is not asked");
    let question = only(&bench, &owner);
    assert!(!question.acknowledged && question.yields);
    bench.wallet.acknowledge_reissue(&owner, question.reissue).await.unwrap();
    bench.wallet.acknowledge_reissue(&owner, question.reissue).await.unwrap();
    assert!(only(&bench, &owner).acknowledged);
}

#[tokio::test]
async fn the_owners_no_revokes_the_new_certificate_signs_its_device_out_and_orders_another_password() {
    for stated in [ReissueStated::Nothing, ReissueStated::Lost] {
        let bench = Bench::new();
        let (owner, phone, old) = bench.enrolled().await;
        let thief = bench.log_in_elsewhere_with_token().await;
        let proved = by_secrets(&bench, &thief.session, stated).await;
        let held = matches!(state(&bench, &owner, old.id), State::Suspended { by: SuspendedBy::Lost, .. });
        assert_eq!(held, stated == ReissueStated::Lost);
        let new = finish(&bench, &thief.session, &proved, &mut Phone::new(2)).await;
        say_no(&bench, &owner, &phone).await;
        assert!(matches!(state(&bench, &owner, new.id), State::Revoked { .. }));
        assert!(matches!(state(&bench, &owner, old.id), State::Active { .. }));
        let gone = bench.wallet.session(thief.session_token.expose());
        assert_eq!(gone.err(), Some(WalletError::SessionRequired));
        assert!(bench.wallet.password_must_change(owner.person).unwrap());
        let again = bench.wallet.begin_reissue(&owner, &wish(ReissueWay::Secrets)).await;
        assert_eq!(again.err(), Some(WalletError::PasswordMustChange));
        assert!(bench.wallet.reissue_questions(&owner).unwrap().is_empty());
        bench.clock.advance(Millis::MINUTE);
        let back = bench.wallet.log_in(&same_browser(&thief), log_in(PHONE, PASSWORD, None)).await;
        assert_eq!(back.err(), Some(WalletError::PasswordMustChange), "no new device rests on it");
    }
}

#[tokio::test]
async fn a_no_without_its_owner_suspends_both() {
    let bench = Bench::new();
    let (owner, _, old) = bench.enrolled().await;
    let elsewhere = bench.log_in_elsewhere().await;
    let proved = by_secrets(&bench, &elsewhere, ReissueStated::Nothing).await;
    let new = finish(&bench, &elsewhere, &proved, &mut Phone::new(2)).await;
    let question = only(&bench, &owner);
    bench.wallet.veto_reissue(&owner, question.reissue, None).await.unwrap();
    for id in [old.id, new.id] {
        assert!(matches!(state(&bench, &owner, id), State::Suspended { by: SuspendedBy::Veto, .. }));
    }
    assert!(!bench.wallet.password_must_change(owner.person).unwrap(), "nobody knows who is right");
}

#[tokio::test]
async fn a_no_is_signed_by_the_old_key_for_this_reissue_and_its_person_is_verified() {
    let bench = Bench::new();
    let (owner, phone, old) = bench.enrolled().await;
    let elsewhere = bench.log_in_elsewhere().await;
    let proved = by_secrets(&bench, &elsewhere, ReissueStated::Nothing).await;
    let mut stolen = Phone::new(2);
    let new = finish(&bench, &elsewhere, &proved, &mut stolen).await;
    let question = only(&bench, &owner);
    let verification = VerificationProof::Pin;
    let other_case = ReissueQuestion { challenge: [9; 32], ..question.clone() };
    for (text, code) in [
        (no(&stolen, &question), "certificate.foreign"),
        (no(&phone, &other_case), "enrolment.request_invalid"),
        (phone.consent(CertificatePurpose::Resume, old.id, question.challenge), "payment.type_mismatch"),
        (no(&phone, &question), "payment.verification_invalid"),
    ] {
        let form = VetoForm { text, verification: verification.clone() };
        let refused = bench.wallet.veto_reissue(&owner, question.reissue, Some(&form)).await;
        assert_eq!(refused.unwrap_err().code(), code);
    }
    let from_the_thief = bench.wallet.veto_reissue(&elsewhere, question.reissue, None).await;
    assert_eq!(from_the_thief.err(), Some(WalletError::CertificateForeign));
    for id in [old.id, new.id] {
        assert!(matches!(state(&bench, &owner, id), State::Active { .. }), "none of these did anything");
    }
}

#[tokio::test]
async fn password_and_code_cannot_end_the_owners_good_phone() {
    let bench = Bench::new();
    let (owner, _, old) = bench.enrolled().await;
    let thief = bench.log_in_elsewhere().await;
    for reason in [RevocationReason::KeyCompromise, RevocationReason::CessationOfOperation] {
        let refused = bench.wallet.revoke_certificate(&thief, old.id, &password(PASSWORD), reason).await;
        assert_eq!(refused.err(), Some(WalletError::SuspendInstead));
    }
    let proved = by_secrets(&bench, &thief, ReissueStated::Nothing).await;
    finish(&bench, &thief, &proved, &mut Phone::new(2)).await;
    let lost = RevocationReason::KeyCompromise;
    let refused = bench.wallet.revoke_certificate(&thief, old.id, &password(PASSWORD), lost).await;
    assert_eq!(refused.err(), Some(WalletError::SuspendInstead), "a reissued one is no device at hand yet");
    assert!(matches!(state(&bench, &owner, old.id), State::Active { .. }));
}

#[tokio::test]
async fn a_code_alone_changes_nothing_and_none_is_sent_before_the_password() {
    let bench = Bench::new();
    let (owner, _, _) = bench.enrolled().await;
    let before = bench.codes_sent();
    for way in [ReissueWay::Secrets, ReissueWay::Vouch, ReissueWay::Passkey] {
        let without = ReissueWish { password: None, ..wish(way) };
        assert_eq!(
            bench.wallet.begin_reissue(&owner, &without).await.err(),
            Some(WalletError::Reauthenticate)
        );
    }
    let wrong = ReissueWish { password: Some(password("not the password")), ..wish(ReissueWay::Secrets) };
    let refused = bench.wallet.begin_reissue(&owner, &wrong).await;
    assert_eq!(refused.err(), Some(WalletError::Wrong { tries_left: None }));
    assert_eq!(bench.codes_sent(), before);
}

#[tokio::test]
async fn whoever_never_had_a_certificate_needs_no_reissue() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let refused = bench.wallet.begin_reissue(&session, &wish(ReissueWay::Secrets)).await;
    assert_eq!(refused.err(), Some(WalletError::CertificateNone));
}

/// The device at hand signs what the new one shows; answers the hash that it shows in turn.
async fn consent(
    bench: &Bench,
    (session, phone): (&SessionContext, &Phone),
    certificate: CertificateId,
    purpose: CertificatePurpose,
    asking: &Enrolment,
) -> Result<Digest, WalletError> {
    let nonce = asking.reissue.as_ref().unwrap().nonce.unwrap();
    let text = phone.consent(purpose, certificate, nonce);
    let hash = signing_hash(&text);
    bench.wallet.prove_pin(session, certificate, &phone.pin_proof(PIN, Some(hash))).await.unwrap();
    bench.wallet.consent_to_reissue(session, asking.id, &text, &VerificationProof::Pin).await.map(|()| hash)
}

fn request_hash(request: &CertificateRequest) -> Digest {
    yinxin_core::text::sha256(&[&request.csr])
}

#[tokio::test]
async fn a_device_at_hand_moves_or_adds_and_each_has_scanned_the_other() {
    for keep in [false, true] {
        let bench = Bench::new();
        let (owner, phone, old) = bench.enrolled().await;
        let new_phone = bench.log_in_elsewhere().await;
        let move_it = ReissueWish { password: None, ..wish(ReissueWay::Device) };
        let asking = bench.wallet.begin_reissue(&new_phone, &move_it).await.unwrap();
        assert_eq!(asking.state, EnrolmentState::CodeSent);
        assert!(bench.wallet.reissue_offer(&new_phone, asking.id).is_err(), "not on the same device");
        assert_eq!(bench.wallet.reissue_offer(&owner, asking.id).unwrap().way, ReissueWay::Device);
        let mut key = Phone::new(2);
        let asked_for = key.request_with_pin();
        let request = request_hash(&asked_for);
        let asked = CertificatePurpose::Move { request, keep };
        let vouching = CertificatePurpose::Reissue { request };
        let refused = consent(&bench, (&owner, &phone), old.id, vouching, &asking).await;
        assert_eq!(refused.err(), Some(WalletError::RequestInvalid), "another consent");
        let early = bench.wallet.confirm_consent(&new_phone, asking.id, Digest::from_bytes([1; 32])).await;
        assert!(early.is_err());
        let shown = consent(&bench, (&owner, &phone), old.id, asked, &asking).await.unwrap();
        let unseen = bench.wallet.confirm_consent(&new_phone, asking.id, Digest::from_bytes([1; 32])).await;
        assert!(unseen.is_err(), "the new one must scan too");
        let proved = bench.wallet.confirm_consent(&new_phone, asking.id, shown).await.unwrap();
        let view = proved.reissue.as_ref().unwrap();
        assert_eq!(
            (proved.state, view.route, view.wait_ms),
            (EnrolmentState::Verified, Some(Route::Move), 0)
        );
        let swapped =
            bench.wallet.request_certificate(&new_phone, asking.id, &Phone::new(3).request_with_pin()).await;
        assert_eq!(swapped.err(), Some(WalletError::RequestInvalid), "only the key that was scanned");
        finish_with(&bench, &new_phone, &proved, (&mut key, &asked_for)).await;
        let was = state(&bench, &owner, old.id);
        assert_eq!(matches!(was, State::Active { .. }), keep, "{was:?}");
        assert_eq!(matches!(was, State::Superseded { .. }), !keep, "{was:?}");
        if keep {
            // A device at hand ends another one's certificate for good, and its sessions with it.
            let lost = RevocationReason::KeyCompromise;
            bench.wallet.revoke_certificate(&new_phone, old.id, &password(PASSWORD), lost).await.unwrap();
            assert!(matches!(state(&bench, &new_phone, old.id), State::Revoked { .. }));
        }
    }
}

#[tokio::test]
async fn a_phone_whose_key_is_gone_comes_back_by_another_live_device() {
    let bench = Bench::new();
    let (owner, phone, old) = bench.enrolled().await;
    let second = bench.log_in_elsewhere().await;
    let begun = bench.wallet.begin_reissue(&second, &wish(ReissueWay::Device)).await.unwrap();
    let mut tablet = Phone::new(2);
    let for_tablet = tablet.request_with_pin();
    let asked = CertificatePurpose::Move { request: request_hash(&for_tablet), keep: true };
    let shown = consent(&bench, (&owner, &phone), old.id, asked, &begun).await.unwrap();
    let proved = bench.wallet.confirm_consent(&second, begun.id, shown).await.unwrap();
    let on_tablet = finish_with(&bench, &second, &proved, (&mut tablet, &for_tablet)).await;

    bench.clock.advance(1_000);
    let cleared = bench.wallet.begin_reissue(&owner, &wish(ReissueWay::Vouch)).await.unwrap();
    let mut fresh = Phone::new(3);
    let for_fresh = fresh.request_with_pin();
    let asked = CertificatePurpose::Reissue { request: request_hash(&for_fresh) };
    consent(&bench, (&second, &tablet), on_tablet.id, asked, &cleared).await.unwrap();
    let proved = bench.wallet.current_enrolment(&owner).unwrap();
    assert_eq!(proved.reissue.as_ref().unwrap().route, Some(Route::Cleared));
    let new = finish_with(&bench, &owner, &proved, (&mut fresh, &for_fresh)).await;
    assert_eq!(new.book.successor_of, Some(old.id), "the one that was on this phone");
    assert!(matches!(state(&bench, &owner, old.id), State::Superseded { .. }));
    assert!(matches!(state(&bench, &owner, on_tablet.id), State::Active { .. }));
}

async fn with_passkey(bench: &Bench) -> (SessionContext, Phone, Issued) {
    let session = bench.register().await.session;
    let mut phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let request = phone.request_with_passkey(&enrolment.passkey.challenge);
    let issued = bench.wallet.request_certificate(&session, enrolment.id, &request).await.unwrap();
    phone.keep(&issued);
    bench.wallet.activate(&session, enrolment.id, &phone.activation(&issued, false)).await.unwrap();
    (session, phone, issued)
}

#[tokio::test]
async fn a_passkey_older_than_a_week_proves_whoever_cleared_the_browser() {
    let bench = Bench::new();
    let (session, phone, issued) = with_passkey(&bench).await;
    let young = bench.wallet.begin_reissue(&session, &wish(ReissueWay::Passkey)).await;
    assert_eq!(young.err(), Some(WalletError::NotFound));
    bench.clock.advance(8 * Millis::DAY);
    let begun = bench.wallet.begin_reissue(&session, &wish(ReissueWay::Passkey)).await.unwrap();
    let view = begun.reissue.as_ref().unwrap();
    assert_eq!(view.credentials.len(), 1);
    let other = phone.assertion(Digest::from_bytes([1; 32]));
    let refused = bench.wallet.prove_reissue_by_passkey(&session, begun.id, &other).await;
    assert_eq!(refused.err(), Some(WalletError::VerificationInvalid));
    let code = bench.wallet.confirm_enrolment_code(&session, home(), begun.id, "000000").await;
    assert_eq!(code.err(), Some(WalletError::RequestInvalid), "no code proves this way");
    let right = phone.assertion(Digest::from_bytes(view.nonce.unwrap()));
    let proved = bench.wallet.prove_reissue_by_passkey(&session, begun.id, &right).await.unwrap();
    assert_eq!(proved.reissue.as_ref().unwrap().route, Some(Route::Cleared));
    finish(&bench, &session, &proved, &mut Phone::new(2)).await;
    let was = state(&bench, &session, issued.certificate.id);
    assert!(matches!(was, State::Superseded { .. }), "{was:?}");
}

#[tokio::test]
async fn the_old_certificate_ends_with_the_protection_also_after_a_restart() {
    let bench = Bench::new();
    let (owner, _, old) = bench.enrolled().await;
    let elsewhere = bench.log_in_elsewhere().await;
    let proved = by_secrets(&bench, &elsewhere, ReissueStated::Lost).await;
    let new = finish(&bench, &elsewhere, &proved, &mut Phone::new(2)).await;
    let bench = bench.reopened().await;
    bench.clock.advance(4 * Millis::DAY + Millis::MINUTE);
    // The writer looks at its timers before the next command.
    bench.wallet.rename_certificate(&elsewhere, new.id, "新手机").unwrap();
    bench.wallet.suspend_certificate(&elsewhere, new.id, Digest::from_bytes([7; 32])).await.unwrap();
    let was = state(&bench, &owner, old.id);
    assert!(matches!(was, State::Revoked { reason: RevocationReason::KeyCompromise, .. }), "{was:?}");
    assert!(bench.wallet.is_session_open(&owner).unwrap(), "the book knows no device");
    bench.wallet.finish_intentions().await.unwrap();
    assert!(!bench.wallet.is_session_open(&owner).unwrap(), "nobody stays signed in on a lost phone");
    let known = bench.wallet.devices(&elsewhere).unwrap();
    assert!(known.iter().all(|device| device.device != owner.device));
    bench.wallet.finish_intentions().await.unwrap();
    assert!(bench.wallet.is_session_open(&elsewhere).unwrap());
}

async fn another_password(
    bench: &Bench,
    (session, phone, certificate): (&SessionContext, &Phone, CertificateId),
) -> Result<(), WalletError> {
    let challenge = bench.wallet.setting_challenge(session, certificate).unwrap();
    let text = phone.setting(Setting::Password, true, certificate, challenge);
    let proof = phone.pin_proof(PIN, Some(signing_hash(&text)));
    bench.wallet.prove_pin(session, certificate, &proof).await.unwrap();
    let approval = Approval::Signed { text, verification: VerificationProof::Pin };
    bench.wallet.change_password(session, &password("quiet-harbour-19"), &approval).await
}

#[tokio::test]
async fn a_certificate_by_password_and_code_approves_nothing_while_it_is_protected() {
    let bench = Bench::new();
    bench.enrolled().await;
    let thief = bench.log_in_elsewhere().await;
    let proved = by_secrets(&bench, &thief, ReissueStated::Nothing).await;
    let mut stolen = Phone::new(2);
    let new = finish(&bench, &thief, &proved, &mut stolen).await;
    bench.clock.advance(3 * Millis::DAY);
    let refused = another_password(&bench, (&thief, &stolen, new.id)).await.unwrap_err();
    assert_eq!(refused.code(), "limit.protection_change");
    bench.clock.advance(Millis::DAY);
    another_password(&bench, (&thief, &stolen, new.id)).await.unwrap();
}

#[tokio::test]
async fn a_reissue_that_began_with_the_old_password_ends_with_it() {
    let bench = Bench::new();
    let (owner, phone, old) = bench.enrolled().await;
    let thief = bench.log_in_elsewhere().await;
    let begun = bench.wallet.begin_reissue(&thief, &wish(ReissueWay::Secrets)).await.unwrap();
    let code = bench.last_code();
    bench.clock.advance(1_000);
    another_password(&bench, (&owner, &phone, old.id)).await.unwrap();
    let refused = bench.wallet.confirm_enrolment_code(&thief, home(), begun.id, &code).await;
    assert_eq!(refused.err(), Some(WalletError::Reauthenticate));
    assert!(bench.wallet.reissue_questions(&owner).unwrap().is_empty(), "no case was opened");
}

#[tokio::test]
async fn the_passkey_of_a_suspended_certificate_proves_nobody() {
    let bench = Bench::new();
    let (session, _, issued) = with_passkey(&bench).await;
    bench.clock.advance(8 * Millis::DAY);
    let id = issued.certificate.id;
    bench.wallet.suspend_certificate(&session, id, Digest::from_bytes([7; 32])).await.unwrap();
    let refused = bench.wallet.begin_reissue(&session, &wish(ReissueWay::Passkey)).await;
    assert_eq!(refused.err(), Some(WalletError::NotFound));
}
