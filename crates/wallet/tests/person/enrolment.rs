//! Enrolment, from password and code to an active certificate.

use crate::bench::{Bench, PASSWORD, Phone, home, interrupted, other_than, password, signing_hash};
use yinxin_core::certificate::{Custody, State};
use yinxin_core::text::CertificatePurpose;
use yinxin_core::{CertificateId, EnrolmentId, Millis};
use yinxin_wallet::{CertificateRequest, CustodyOffer, EnrolmentState, SignedText, WalletError};

#[tokio::test]
async fn in_registrations_sitting_neither_password_nor_code_is_asked_again() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let before = bench.messages().len();
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    assert_eq!(enrolment.state, EnrolmentState::Verified);
    assert_eq!(bench.messages().len(), before);
    let again = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    assert_eq!(again.id, enrolment.id, "one enrolment at a time");
    assert_eq!(bench.wallet.current_enrolment(&session).unwrap().id, enrolment.id);
}

#[tokio::test]
async fn the_sitting_is_bound_to_its_device_and_ends() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let elsewhere = bench.log_in_elsewhere().await;
    let refused = bench.wallet.begin_enrolment(&elsewhere, None).await;
    assert_eq!(refused.err(), Some(WalletError::Reauthenticate));
    bench.clock.advance(10 * Millis::MINUTE);
    let refused = bench.wallet.begin_enrolment(&session, None).await;
    assert_eq!(refused.err(), Some(WalletError::Reauthenticate));
}

#[tokio::test]
async fn outside_the_sitting_password_then_code_lead_to_a_certificate() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    bench.clock.advance(20 * Millis::MINUTE);
    let before = bench.messages().len();
    let wrong = bench.wallet.begin_enrolment(&session, Some(&password("not the password"))).await;
    assert_eq!(wrong.err(), Some(WalletError::Wrong { tries_left: None }));
    assert_eq!(bench.messages().len(), before, "no code before the password was right");

    let enrolment = bench.wallet.begin_enrolment(&session, Some(&password(PASSWORD))).await.unwrap();
    assert_eq!(enrolment.state, EnrolmentState::CodeSent);
    assert_eq!(bench.messages().last().unwrap().purpose, "enrol");
    let phone = Phone::new(1);
    let early = bench.wallet.request_certificate(&session, enrolment.id, &phone.request_with_pin()).await;
    assert_eq!(early.err(), Some(WalletError::RequestInvalid), "one factor is no certificate");

    let code = bench.last_code();
    let confirm =
        async |code: &str| bench.wallet.confirm_enrolment_code(&session, home(), enrolment.id, code).await;
    assert_eq!(confirm(&other_than(&code)).await.err(), Some(WalletError::CodeWrong));
    assert_eq!(confirm(&code).await.unwrap().state, EnrolmentState::Verified);
    assert_eq!(confirm("000000").await.unwrap().state, EnrolmentState::Verified, "it was right before");
    let issued =
        bench.wallet.request_certificate(&session, enrolment.id, &phone.request_with_pin()).await.unwrap();
    assert!(matches!(issued.certificate.book.state, State::Issued { .. }));
}

#[tokio::test]
async fn five_failures_in_a_day_and_enrolment_waits() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    bench.clock.advance(20 * Millis::MINUTE);
    for _ in 0..5 {
        let wrong = bench.wallet.begin_enrolment(&session, Some(&password("not the password"))).await;
        assert_eq!(wrong.err(), Some(WalletError::Wrong { tries_left: None }));
    }
    let right = bench.wallet.begin_enrolment(&session, Some(&password(PASSWORD))).await;
    let expected = bench.wallet.now().plus(Millis::DAY);
    assert_eq!(right.err(), Some(WalletError::TooManyTries { retry_at: expected }));
}

#[tokio::test]
async fn a_certificate_with_a_pin_is_issued_and_activated() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    assert!(matches!(view.book.state, State::Active { .. }));
    assert_eq!(view.book.custody, Custody::Pin);
    assert_eq!(view.book.not_after.since(view.book.not_before), 365 * Millis::DAY);
    assert!(view.book.protected_until > bench.wallet.now());
    let me = bench.wallet.me(&session).unwrap();
    assert!(me.has_active_certificate && me.had_certificate && !me.tap);
    assert_eq!(me.sitting_until, None, "the sitting ends with the certificate");
    assert_eq!(bench.wallet.current_enrolment(&session).unwrap().state, EnrolmentState::Active);
    assert!(bench.wallet.current_enrolment(&session).unwrap().issued.unwrap().share.is_none());
}

#[tokio::test]
async fn the_chain_is_leaf_issuer_root_and_the_subject_is_a_pseudonym() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let issued =
        bench.wallet.request_certificate(&session, enrolment.id, &phone.request_with_pin()).await.unwrap();
    let chain: Vec<_> = issued.chain.iter().map(|der| yinxin_pki::Certificate::parse(der).unwrap()).collect();
    assert_eq!(chain.len(), 3);
    assert_eq!(chain[0].subject_id(), Some(session.account.to_string()));
    assert_eq!(chain[0].purpose(), Some(yinxin_pki::Purpose::Payment));
    assert!(chain[1].is_authority() && chain[2].is_authority());
    let named = issued.chain[0].windows("林小雨".len()).any(|part| part == "林小雨".as_bytes());
    assert!(!named, "no name in a certificate");
}

#[tokio::test]
async fn a_certificate_with_a_passkey_is_issued_and_one_tap_is_agreed_with_it() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let mut phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    assert_eq!(enrolment.passkey.rp_id, "localhost");
    let request = phone.request_with_passkey(&enrolment.passkey.challenge);
    let issued = bench.wallet.request_certificate(&session, enrolment.id, &request).await.unwrap();
    assert!(issued.share.is_none());
    phone.keep(&issued);
    let view = bench.wallet.activate(&session, enrolment.id, &phone.activation(&issued, true)).await.unwrap();
    assert_eq!(view.book.custody, Custody::Passkey);
    assert!(bench.wallet.me(&session).unwrap().tap);
}

#[tokio::test]
async fn a_passkey_that_does_not_verify_gives_no_certificate() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let other_challenge = phone.request_with_passkey(&[9; 32]);
    let without_prf = match phone.request_with_passkey(&enrolment.passkey.challenge) {
        CertificateRequest {
            csr,
            device_name,
            custody:
                CustodyOffer::Passkey { credential_id, public_key, authenticator_data, client_data_json, .. },
        } => CertificateRequest {
            csr,
            device_name,
            custody: CustodyOffer::Passkey {
                credential_id,
                public_key,
                authenticator_data,
                client_data_json,
                prf: false,
            },
        },
        CertificateRequest { custody: CustodyOffer::Pin { .. } | CustodyOffer::Kept { .. }, .. } => {
            unreachable!("asked for a passkey")
        }
    };
    let mut broken = phone.request_with_pin();
    let last = broken.csr.len() - 1;
    broken.csr[last] ^= 1;
    for request in [other_challenge, without_prf, broken] {
        let refused = bench.wallet.request_certificate(&session, enrolment.id, &request).await;
        assert_eq!(refused.err(), Some(WalletError::RequestInvalid));
    }
    assert_eq!(bench.wallet.certificates(&session).unwrap(), []);
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_certificate() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let request = phone.request_with_pin();
    let first = bench.wallet.request_certificate(&session, enrolment.id, &request).await.unwrap();
    let second = bench.wallet.request_certificate(&session, enrolment.id, &request).await.unwrap();
    assert_eq!(first.chain, second.chain);
    assert_eq!(first.share.map(|share| *share.expose()), second.share.map(|share| *share.expose()));
    let resumed = bench.wallet.current_enrolment(&session).unwrap();
    assert_eq!(resumed.state, EnrolmentState::Issued);
    assert_eq!(resumed.issued.unwrap().chain, first.chain);
}

#[tokio::test]
async fn sixteen_requests_at_once_get_one_certificate() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap().id;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (wallet, session) = (bench.wallet.clone(), session.clone());
        tasks.spawn(async move {
            // Two requests of one key differ in their signature, so each task sends the same bytes.
            let csr = CSR.with(Vec::clone);
            let request = CertificateRequest { csr, ..Phone::new(1).request_with_pin() };
            wallet.request_certificate(&session, enrolment, &request).await.unwrap().certificate.id
        });
    }
    let mut ids = tasks.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(bench.wallet.certificates(&session).unwrap().len(), 1);
}

thread_local! {
    static CSR: Vec<u8> = Phone::new(1).csr();
}

#[tokio::test]
async fn a_device_that_lost_its_new_key_asks_again_and_the_first_serial_is_abandoned() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let challenge = enrolment.passkey.challenge;
    let first = Phone::new(1).request_with_passkey(&challenge);
    let first = bench.wallet.request_certificate(&session, enrolment.id, &first).await.unwrap();
    let mut phone = Phone::new(1);
    let second = phone.request_with_passkey(&challenge);
    let second = bench.wallet.request_certificate(&session, enrolment.id, &second).await.unwrap();
    assert_ne!(first.certificate.book.serial, second.certificate.book.serial);
    let gone = bench.wallet.certificate(&session, first.certificate.id);
    assert_eq!(gone, Err(WalletError::NotFound));
    phone.keep(&second);
    bench.wallet.activate(&session, enrolment.id, &phone.activation(&second, false)).await.unwrap();
    assert_eq!(bench.wallet.certificates(&session).unwrap().len(), 1);
}

#[tokio::test]
async fn an_issuance_cut_off_anywhere_ends_in_one_certificate() {
    for waits in 0..6 {
        let bench = Bench::new();
        let session = bench.register().await.session;
        let mut phone = Phone::new(1);
        let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap().id;
        let request = phone.request_with_pin();
        drop(interrupted(waits, bench.wallet.request_certificate(&session, enrolment, &request)).await);
        let bench = bench.reopened().await;
        if waits % 2 == 0 {
            bench.wallet.finish_intentions().await.unwrap();
        }
        let issued = bench.wallet.request_certificate(&session, enrolment, &request).await.unwrap();
        phone.keep(&issued);
        let view =
            bench.wallet.activate(&session, enrolment, &phone.activation(&issued, false)).await.unwrap();
        assert!(matches!(view.book.state, State::Active { .. }));
        assert_eq!(bench.wallet.certificates(&session).unwrap().len(), 1, "after {waits} waits");
        bench.wallet.finish_intentions().await.unwrap();
        assert_eq!(bench.wallet.certificates(&session).unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_activates_is_abandoned_after_ten_minutes() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let mut phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let issued =
        bench.wallet.request_certificate(&session, enrolment.id, &phone.request_with_pin()).await.unwrap();
    phone.keep(&issued);
    bench.clock.advance(10 * Millis::MINUTE);
    let late = bench.wallet.activate(&session, enrolment.id, &phone.activation(&issued, false)).await;
    assert_eq!(late.err(), Some(WalletError::EnrolmentExpired));
    bench.wallet.finish_intentions().await.unwrap();
    assert_eq!(bench.wallet.certificates(&session).unwrap(), []);
    assert_eq!(bench.wallet.current_enrolment(&session).err(), Some(WalletError::EnrolmentNotFound));
    let again = bench.wallet.begin_enrolment(&session, Some(&password(PASSWORD))).await.unwrap();
    assert_ne!(again.id, enrolment.id, "the way is open again");
}

#[tokio::test]
async fn an_activation_needs_the_right_key_text_and_challenge() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let mut phone = Phone::new(1);
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap();
    let issued =
        bench.wallet.request_certificate(&session, enrolment.id, &phone.request_with_pin()).await.unwrap();
    let id = issued.certificate.id;
    let activate = |text: SignedText| {
        let (wallet, session) = (bench.wallet.clone(), session.clone());
        async move { wallet.activate(&session, enrolment.id, &text).await.err().map(|error| error.code()) }
    };
    assert_eq!(
        activate(phone.activation(&issued, false)).await,
        Some("certificate.foreign"),
        "another thumbprint"
    );
    phone.keep(&issued);
    let mut thief = Phone::new(2);
    thief.keep(&issued);
    assert_eq!(activate(thief.activation(&issued, false)).await, Some("payment.signature_invalid"));
    let purpose = CertificatePurpose::Activate { tap: false };
    assert_eq!(activate(phone.consent(purpose, id, [0; 32])).await, Some("enrolment.request_invalid"));
    let resume = phone.consent(CertificatePurpose::Resume, id, issued.challenge);
    assert_eq!(activate(resume).await, Some("enrolment.request_invalid"));
    let other = phone.consent(purpose, CertificateId::from_bytes([0; 10]), issued.challenge);
    assert_eq!(activate(other).await, Some("certificate.foreign"));
    let setting = phone.tap(true, id, issued.challenge);
    assert_eq!(activate(setting).await, Some("payment.type_mismatch"));
    let good = phone.activation(&issued, false);
    assert_eq!(
        activate(SignedText { signature: good.protected.clone(), ..good.clone() }).await,
        Some("payment.malformed")
    );
    assert_eq!(activate(good.clone()).await, None);
    assert_eq!(activate(good).await, None, "the same again gets the same answer");
}

#[tokio::test]
async fn an_enrolment_belongs_to_one_person_and_device() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let enrolment = bench.wallet.begin_enrolment(&session, None).await.unwrap().id;
    let elsewhere = bench.log_in_elsewhere().await;
    let request = Phone::new(1).request_with_pin();
    let refused = bench.wallet.request_certificate(&elsewhere, enrolment, &request).await;
    assert_eq!(refused.err(), Some(WalletError::EnrolmentNotFound));
    let unknown = EnrolmentId::from_bytes([0; 10]);
    let refused = bench.wallet.confirm_enrolment_code(&session, home(), unknown, "000000").await;
    assert_eq!(refused.err(), Some(WalletError::EnrolmentNotFound));
    let begun = bench.wallet.begin_enrolment(&elsewhere, Some(&password(PASSWORD))).await.unwrap();
    assert_ne!(begun.id, enrolment, "the newer device closes the older enrolment");
    let refused = bench.wallet.request_certificate(&session, enrolment, &request).await;
    assert_eq!(refused.err(), Some(WalletError::EnrolmentExpired));
}

#[tokio::test]
async fn whoever_had_a_certificate_needs_a_reissue() {
    let bench = Bench::new();
    let (session, _, _) = bench.enrolled().await;
    let again = bench.wallet.begin_enrolment(&session, Some(&password(PASSWORD))).await;
    assert_eq!(again.err(), Some(WalletError::ReissueRequired));
}

#[test]
fn the_hash_of_a_text_is_that_of_its_signing_input() {
    let text = Phone::new(1).sign(yinxin_pki::jws::TYP_SETTING, b"{}");
    let jws = yinxin_pki::Jws::from_parts(
        &text.protected,
        &text.payload,
        &text.signature,
        yinxin_pki::jws::TYP_SETTING,
    );
    assert_eq!(*signing_hash(&text).as_bytes(), jws.unwrap().signing_input_hash());
}
