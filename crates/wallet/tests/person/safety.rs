//! How people log in, where they are signed in, and how everything is suspended with the password alone.

use crate::bench::{
    Bench, PASSWORD, PHONE, PIN, Phone, home, log_in, other_than, password, same_browser, signing_hash,
    stranger,
};
use yinxin_core::certificate::{Route, State, SuspendedBy};
use yinxin_core::text::Setting;
use yinxin_core::{CertificateId, Digest, Millis};
use yinxin_pki::totp;
use yinxin_wallet::{
    Approval, Composition, LogIn, PasswordAdvice, PasswordRules, PhoneChange, ReissueStated, ReissueWay,
    ReissueWish, Rotation, SessionContext, StrongFactors, VerificationProof, WalletError,
};

const REQUEST: Digest = Digest::from_bytes([5; 32]);

fn by_password() -> Approval {
    Approval::Password(password(PASSWORD))
}

/// An approval that the phone signs, its PIN proved.
async fn signed(
    bench: &Bench,
    (session, phone, certificate): (&SessionContext, &Phone, CertificateId),
    (setting, value): (Setting, bool),
) -> Approval {
    let challenge = bench.wallet.setting_challenge(session, certificate).unwrap();
    let text = phone.setting(setting, value, certificate, challenge);
    let proof = phone.pin_proof(PIN, Some(signing_hash(&text)));
    bench.wallet.prove_pin(session, certificate, &proof).await.unwrap();
    Approval::Signed { text, verification: VerificationProof::Pin }
}

fn secret_of(typed: &str) -> [u8; totp::SECRET_BYTES] {
    data_encoding::BASE32_NOPAD.decode(typed.as_bytes()).unwrap().try_into().unwrap()
}

fn code_at(secret: &[u8; totp::SECRET_BYTES], now: Millis) -> String {
    totp::code(secret, now.0.div_euclid(30_000))
}

fn with_code(code: &str) -> LogIn {
    log_in(PHONE, PASSWORD, Some(code))
}

#[tokio::test]
async fn an_authenticator_app_takes_the_place_of_text_messages_and_no_code_is_right_twice() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let wrong = Approval::Password(password("not-the-password-7"));
    assert!(matches!(bench.wallet.offer_totp(&session, &wrong).await.err(), Some(WalletError::Wrong { .. })));
    let offer = bench.wallet.offer_totp(&session, &by_password()).await.unwrap();
    assert!(offer.uri.starts_with("otpauth://totp/%E5%8D%B0%E4%BF%A1:8"), "{}", *offer.uri);
    let secret = secret_of(&offer.secret);
    let first = code_at(&secret, bench.wallet.now());
    let miss = code_at(&secret, bench.wallet.now().plus(600_000));
    assert_eq!(bench.wallet.confirm_totp(&session, &miss), Err(WalletError::CodeWrong));
    let sent = bench.messages().len();
    bench.wallet.confirm_totp(&session, &first).unwrap();
    assert!(bench.wallet.login_factors(&session).unwrap().totp_since.is_some());

    let asked = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await.err();
    assert_eq!(asked, Some(WalletError::FactorRequired { factors: StrongFactors::Totp }));
    assert_eq!(bench.messages().len(), sent, "no text message is an alternative");
    let replayed = bench.wallet.log_in(&stranger(), with_code(&first)).await.err();
    assert_eq!(replayed, Some(WalletError::CodeWrong), "the code that confirmed it was used");
    bench.clock.advance(30_000);
    let next = code_at(&secret, bench.wallet.now());
    bench.wallet.log_in(&stranger(), with_code(&next)).await.unwrap();
    assert_eq!(bench.wallet.log_in(&stranger(), with_code(&next)).await.err(), Some(WalletError::CodeWrong));

    bench.wallet.remove_totp(&session, &by_password()).await.unwrap();
    let gone = bench.wallet.remove_totp(&session, &by_password()).await;
    assert_eq!(gone, Err(WalletError::NotFound));
    let texts: Vec<String> = bench.told(3).await.into_iter().map(|message| message.text).collect();
    for part in ["已启用身份验证器", "新设备上登录", "身份验证器已停用"] {
        assert!(texts.iter().any(|text| text.contains(part)), "{part} in {texts:?}");
    }
}

#[tokio::test]
async fn guesses_of_an_app_are_counted() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let offer = bench.wallet.offer_totp(&session, &by_password()).await.unwrap();
    let secret = secret_of(&offer.secret);
    bench.wallet.confirm_totp(&session, &code_at(&secret, bench.wallet.now())).unwrap();
    bench.clock.advance(60_000);
    let miss = code_at(&secret, bench.wallet.now().plus(600_000));
    for _ in 0..10 {
        let refused = bench.wallet.log_in(&stranger(), with_code(&miss)).await.err();
        assert_eq!(refused, Some(WalletError::CodeWrong));
    }
    let right = code_at(&secret, bench.wallet.now());
    let full = bench.wallet.log_in(&stranger(), with_code(&right)).await.err();
    assert!(matches!(full, Some(WalletError::TooManyTries { .. })), "{full:?}");
}

#[tokio::test]
async fn a_recovery_code_logs_in_once_and_new_ones_void_the_old() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let codes = bench.wallet.make_recovery_codes(&session, &by_password()).await.unwrap();
    assert_eq!(codes.len(), 10);
    let typed = codes[0].replace('-', " ").to_uppercase();
    bench.wallet.log_in(&stranger(), with_code(&typed)).await.unwrap();
    let again = bench.wallet.log_in(&stranger(), with_code(&codes[0])).await.err();
    assert_eq!(again, Some(WalletError::CodeWrong));
    assert_eq!(bench.wallet.login_factors(&session).unwrap().recovery_codes_left, 9);
    bench.wallet.make_recovery_codes(&session, &by_password()).await.unwrap();
    let old = bench.wallet.log_in(&stranger(), with_code(&codes[1])).await.err();
    assert_eq!(old, Some(WalletError::CodeWrong));
}

#[tokio::test]
async fn a_passkey_logs_in_and_its_answer_serves_once() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let phone = Phone::new(9);
    let offer = bench.wallet.offer_passkey(&session, &by_password()).await.unwrap();
    let of_another = bench.wallet.add_passkey(&session, &phone.passkey_made(&[1; 32]));
    assert_eq!(of_another, Err(WalletError::Reauthenticate), "a challenge that nobody gave");
    let form = phone.passkey_made(&offer.challenge);
    bench.wallet.add_passkey(&session, &form).unwrap();
    assert_eq!(bench.wallet.add_passkey(&session, &form), Err(WalletError::Reauthenticate));

    let asked = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await.err();
    assert_eq!(asked, Some(WalletError::FactorRequired { factors: StrongFactors::Passkey }));
    let question = bench.wallet.ask_for_passkey(&stranger(), PHONE, &password(PASSWORD)).await.unwrap();
    assert_eq!(question.credentials, [vec![7; 16]]);
    let answer =
        || LogIn { passkey: Some(phone.passkey_answer(question.challenge)), ..log_in(PHONE, PASSWORD, None) };
    bench.wallet.log_in(&stranger(), answer()).await.unwrap();
    assert_eq!(bench.wallet.log_in(&stranger(), answer()).await.err(), Some(WalletError::Reauthenticate));
    let another = LogIn { passkey: Some(Phone::new(8).passkey_answer(question.challenge)), ..answer() };
    assert_eq!(bench.wallet.log_in(&stranger(), another).await.err(), Some(WalletError::VerificationInvalid));
    bench.wallet.remove_passkey(&session, &[7; 16], &by_password()).await.unwrap();
    let nobody = bench.wallet.ask_for_passkey(&stranger(), PHONE, &password(PASSWORD)).await.err();
    assert_eq!(nobody, Some(WalletError::NotFound));
}

#[tokio::test]
async fn a_device_is_signed_out_from_afar_at_once_and_needs_a_second_factor_again() {
    let bench = Bench::new();
    let registered = bench.register().await;
    let session = &registered.session;
    let form = log_in(PHONE, PASSWORD, None);
    assert_eq!(bench.wallet.log_in(&stranger(), form).await.err(), Some(WalletError::CodeRequired));
    let there = bench.wallet.log_in(&stranger(), with_code(&bench.last_code())).await.unwrap();
    let devices = bench.wallet.devices(session).unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices.iter().find(|device| device.is_this).unwrap().device, session.device);
    let token = there.session_token.expose();
    assert!(bench.wallet.session(token).is_ok());
    assert_eq!(
        bench.wallet.sign_out_device(session, session.device, REQUEST).await,
        Err(WalletError::NotFound)
    );
    bench.wallet.sign_out_device(session, there.session.device, REQUEST).await.unwrap();
    assert_eq!(bench.wallet.session(token).err(), Some(WalletError::SessionRequired));
    assert!(bench.wallet.is_session_open(session).unwrap());
    assert_eq!(bench.wallet.devices(session).unwrap().len(), 1);
    bench.clock.advance(Millis::MINUTE);
    let back = bench.wallet.log_in(&same_browser(&there), log_in(PHONE, PASSWORD, None)).await.err();
    assert_eq!(back, Some(WalletError::CodeRequired));
}

#[tokio::test]
async fn account_and_password_suspend_everything_from_anywhere() {
    let bench = Bench::new();
    let (session, _, view) = bench.enrolled().await;
    let (wallet, typed) = (&bench.wallet, password(PASSWORD));
    let miss = wallet.suspend_everything(&stranger(), PHONE, &password("not-the-password-7"), REQUEST).await;
    let nobody = wallet.suspend_everything(&stranger(), "13900009999", &typed, REQUEST).await;
    assert_eq!((miss.clone(), nobody), (Err(WalletError::Wrong { tries_left: None }), miss));
    let before = bench.messages().len();
    assert_eq!(wallet.suspend_everything(&stranger(), PHONE, &typed, REQUEST).await, Ok(1));
    let state = wallet.certificate(&session, view.id).unwrap().book.state;
    assert!(matches!(state, State::Suspended { by: SuspendedBy::Password, .. }), "{state:?}");
    assert_eq!(wallet.suspend_everything(&stranger(), PHONE, &typed, REQUEST).await, Ok(0));
    assert_eq!(bench.messages().len(), before, "no code is asked for");
    let told = bench.told(2).await;
    assert!(told.iter().any(|message| message.text.contains("已挂失")), "{:?}", told[1].text);
    for _ in 0..10 {
        let wrong = password("not-the-password-7");
        let refused = wallet.suspend_everything(&stranger(), "13900008888", &wrong, REQUEST).await;
        assert_eq!(refused, Err(WalletError::Wrong { tries_left: None }));
    }
    let full = wallet.suspend_everything(&stranger(), "13900008888", &typed, REQUEST).await;
    assert!(matches!(full, Err(WalletError::TooManyTries { .. })), "counted as a log-in is: {full:?}");
}

#[tokio::test]
async fn a_living_certificate_signs_a_new_password_and_the_old_one_does_not() {
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    let new = password("quiet-harbour-19");
    let refused = bench.wallet.change_password(&session, &new, &by_password()).await;
    assert_eq!(refused, Err(WalletError::SignatureRequired));
    let who = (&session, &phone, view.id);
    let of_another = signed(&bench, who, (Setting::Totp, true)).await;
    assert_eq!(
        bench.wallet.change_password(&session, &new, &of_another).await,
        Err(WalletError::RequestInvalid)
    );
    let weak = signed(&bench, who, (Setting::Password, true)).await;
    let short = bench.wallet.change_password(&session, &password("short"), &weak).await;
    assert!(matches!(short, Err(WalletError::WeakPassword(_))));
    bench.wallet.change_password(&session, &new, &weak).await.unwrap();
    let again = bench.wallet.change_password(&session, &new, &weak).await;
    assert_eq!(again, Err(WalletError::Reauthenticate), "a signed text serves once");
    let old = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await.err();
    assert_eq!(old, Some(WalletError::Wrong { tries_left: None }));
    let form = log_in(PHONE, "quiet-harbour-19", None);
    assert_eq!(bench.wallet.log_in(&stranger(), form).await.err(), Some(WalletError::CodeRequired));

    bench.wallet.suspend_certificate(&session, view.id, REQUEST).await.unwrap();
    let by_new = Approval::Password(password("quiet-harbour-19"));
    let thief = bench.wallet.change_password(&session, &password(PASSWORD), &by_new).await;
    assert_eq!(
        thief,
        Err(WalletError::SignatureRequired),
        "suspending does not open the door to the password"
    );
}

#[tokio::test]
async fn a_password_ages_only_where_the_operator_says_so() {
    let bench = Bench::new();
    let session = bench.register().await.session;
    let advice = || bench.wallet.password_advice(session.person).unwrap().1;
    let rules = |rotation| {
        bench.wallet.set_password_rules(PasswordRules { rotation, composition: Composition::Off });
    };
    bench.clock.advance(181 * Millis::DAY);
    assert_eq!(advice(), PasswordAdvice::None);
    rules(Rotation::Remind);
    assert_eq!(advice(), PasswordAdvice::Remind);
    bench.wallet.dismiss_password_reminder(&session).unwrap();
    assert_eq!(advice(), PasswordAdvice::None);
    bench.clock.advance(181 * Millis::DAY);
    assert_eq!(advice(), PasswordAdvice::Remind, "it comes again");
    rules(Rotation::Force);
    assert_eq!(advice(), PasswordAdvice::Change);
    bench
        .wallet
        .set_password_rules(PasswordRules { rotation: Rotation::Off, composition: Composition::Mixed });
    let plain = bench.wallet.change_password(&session, &password("quietharbourmoon"), &by_password()).await;
    assert_eq!(plain.unwrap_err().params(), [("reason", yinxin_wallet::Param::Word("composition"))]);
    bench.wallet.change_password(&session, &password("Quiet-harbour-19"), &by_password()).await.unwrap();
}

#[tokio::test]
async fn a_phone_number_changes_by_the_certificate_and_both_numbers_are_told() {
    const NEW: &str = "13700007777";
    let bench = Bench::new();
    let (session, phone, view) = bench.enrolled().await;
    bench.wallet.begin_phone_change(&session, NEW, home()).await.unwrap();
    let message = bench.messages().pop().unwrap();
    assert_eq!((message.to.as_str(), message.purpose), ("+8613700007777", "phone"));
    let code = message.code.unwrap();
    let form = |approval, code: &str| PhoneChange { phone: NEW.to_owned(), code: code.to_owned(), approval };
    let refused = bench.wallet.change_phone(&session, home(), &form(by_password(), &code)).await;
    assert_eq!(refused, Err(WalletError::SignatureRequired));
    let who = (&session, &phone, view.id);
    let wrong = form(signed(&bench, who, (Setting::Phone, true)).await, &other_than(&code));
    assert_eq!(bench.wallet.change_phone(&session, home(), &wrong).await, Err(WalletError::CodeWrong));
    let right = form(signed(&bench, who, (Setting::Phone, true)).await, &code);
    bench.wallet.change_phone(&session, home(), &right).await.unwrap();
    assert_eq!(bench.wallet.me(&session).unwrap().phone_masked, "137****7777");
    assert!(bench.wallet.contact_facts(session.person).unwrap().phone_changed_at.is_some());
    let old = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await.err();
    assert_eq!(old, Some(WalletError::Wrong { tries_left: None }));
    let told = bench.told(3).await;
    let mut of_change: Vec<&str> = told
        .iter()
        .filter(|message| message.text.contains("手机号已更换"))
        .map(|message| message.to.as_str())
        .collect();
    of_change.sort_unstable();
    assert_eq!(of_change, ["+8613602947158", "+8613700007777"]);
    bench.clock.advance(6 * Millis::DAY);
    let password = Some(password(PASSWORD));
    let wish = ReissueWish { way: ReissueWay::Secrets, stated: ReissueStated::Nothing, password };
    let begun = bench.wallet.begin_reissue(&session, &wish).await.unwrap();
    let code = bench.last_code();
    let proved = bench.wallet.confirm_enrolment_code(&session, home(), begun.id, &code).await.unwrap();
    assert_eq!(proved.reissue.unwrap().route, Some(Route::LostAtRisk), "a number that was changed lately");
}

#[tokio::test]
async fn a_strangers_session_signs_the_good_phone_out_and_does_not_make_it_unknown() {
    let bench = Bench::new();
    let (session, _, _) = bench.enrolled().await;
    let stranger = bench.log_in_elsewhere().await;
    bench.wallet.sign_out_others(&stranger, REQUEST).await.unwrap();
    assert!(!bench.wallet.is_session_open(&session).unwrap());
    let known = bench.wallet.devices(&stranger).unwrap();
    assert!(known.iter().any(|device| device.device == session.device), "its owner logs in without a code");
    bench.wallet.sign_out_others(&session, REQUEST).await.unwrap();
    assert_eq!(
        bench.wallet.devices(&session).unwrap().len(),
        1,
        "the good phone makes the other one unknown"
    );
}
