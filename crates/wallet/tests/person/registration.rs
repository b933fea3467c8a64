//! Registration.

use crate::bench::{Bench, PHONE, home, other_than, registration, same_browser, stranger};
use yinxin_core::{Digest, Millis};
use yinxin_wallet::{AccountNumber, DeviceKind, Password, Registration, WalletError, Weakness};

const REQUEST: Digest = Digest::from_bytes([1; 32]);

#[tokio::test]
async fn a_person_registers_with_phone_code_and_password() {
    let bench = Bench::new();
    let signed_in = bench.register().await;
    let session = bench.wallet.session(signed_in.session_token.expose()).unwrap();
    assert_eq!(session, signed_in.session);
    let profile = bench.wallet.profile(session.person, session.device).unwrap();
    assert_eq!((profile.name.as_str(), profile.phone_masked.as_str()), ("林小雨", "136****7158"));
    assert!(AccountNumber::parse(&profile.account_number).is_some());
    assert_eq!(profile.sitting_until, Some(bench.wallet.now().plus(600_000)));
    assert_eq!(bench.wallet.me(&session).unwrap().balance, 0, "the journal has the account");
}

#[tokio::test]
async fn the_text_names_purpose_and_device_in_two_languages_and_holds_no_link() {
    let bench = Bench::new();
    bench.wallet.request_code(PHONE, Some(DeviceKind::Android), home()).await.unwrap();
    let message = bench.messages().remove(0);
    assert_eq!(
        (message.to.as_str(), message.purpose, message.device),
        ("+8613602947158", "register", "android")
    );
    for part in
        ["【印信】", "注册并开通数字证书", "安卓手机", "an Android phone", message.code.as_deref().unwrap()]
    {
        assert!(message.text.contains(part), "{part} in {}", message.text);
    }
    assert!(!message.text.contains("http") && !message.text.contains("localhost"));
}

#[tokio::test]
async fn asking_for_a_code_answers_the_same_for_known_and_unknown_phones() {
    let bench = Bench::new();
    bench.register().await;
    bench.clock.advance(Millis::MINUTE);
    let known = bench.wallet.request_code(PHONE, None, home()).await.unwrap();
    let unknown = bench.wallet.request_code("13900001234", None, home()).await.unwrap();
    assert_eq!(known, unknown);
    assert_eq!(bench.messages().len(), 3);
}

#[tokio::test]
async fn a_second_code_is_sent_after_sixty_seconds_and_voids_the_first() {
    let bench = Bench::new();
    let sent = bench.wallet.request_code(PHONE, None, home()).await.unwrap();
    let first = bench.last_code();
    bench.clock.advance(59_999);
    let early = bench.wallet.request_code(PHONE, None, home()).await;
    assert_eq!(early, Err(WalletError::TooManyTries { retry_at: sent.resend_at }));
    bench.clock.advance(1);
    bench.wallet.request_code(PHONE, None, home()).await.unwrap();
    if bench.last_code() != first {
        let with_first = bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &first)).await;
        assert_eq!(with_first.err(), Some(WalletError::CodeWrong));
    }
    let with_second =
        bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &bench.last_code())).await;
    assert!(with_second.is_ok());
}

#[tokio::test]
async fn a_code_ends_after_180_seconds_and_after_five_tries() {
    let bench = Bench::new();
    bench.wallet.request_code(PHONE, None, home()).await.unwrap();
    bench.clock.advance(180_000);
    let late = bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &bench.last_code())).await;
    assert_eq!(late.err(), Some(WalletError::CodeWrong));

    bench.wallet.request_code(PHONE, None, home()).await.unwrap();
    let wrong = other_than(&bench.last_code());
    for _ in 0..5 {
        let refused = bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &wrong)).await;
        assert_eq!(refused.err(), Some(WalletError::CodeWrong));
    }
    let right = bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &bench.last_code())).await;
    assert!(matches!(right.err(), Some(WalletError::TooManyTries { .. })), "the sixth try is not compared");
}

#[tokio::test]
async fn a_code_serves_one_phone_one_device_and_one_registration() {
    let bench = Bench::new();
    bench.wallet.request_code(PHONE, Some(DeviceKind::Iphone), home()).await.unwrap();
    let code = bench.last_code();
    let elsewhere = Registration { device: DeviceKind::Windows, ..registration(PHONE, &code) };
    let refused = bench.wallet.register(&stranger(), REQUEST, elsewhere).await;
    assert_eq!(refused.err(), Some(WalletError::CodeWrong), "the text named an iPhone");
    let other_phone = bench.wallet.register(&stranger(), REQUEST, registration("13900001234", &code)).await;
    assert_eq!(other_phone.err(), Some(WalletError::CodeWrong));
    bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &code)).await.unwrap();
    let again =
        bench.wallet.register(&stranger(), Digest::from_bytes([2; 32]), registration(PHONE, &code)).await;
    assert_eq!(again.err(), Some(WalletError::CodeWrong), "a used code is wrong");
}

#[tokio::test]
async fn a_phone_has_one_person_and_only_its_holder_learns_that() {
    let bench = Bench::new();
    bench.register().await;
    bench.clock.advance(Millis::MINUTE);
    let second = bench.register_as(PHONE, Digest::from_bytes([2; 32])).await;
    assert_eq!(second.err(), Some(WalletError::PhoneTaken));
    let guess = Registration {
        password: Password::new("some other password".to_owned()),
        ..registration(PHONE, "000000")
    };
    let refused = bench.wallet.register(&stranger(), REQUEST, guess).await;
    assert_eq!(refused.err(), Some(WalletError::IdempotencyConflict));
}

#[tokio::test]
async fn the_same_request_again_is_the_same_person_on_the_same_device() {
    let bench = Bench::new();
    let first = bench.register().await;
    let code = bench.last_code();
    let lost = bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &code)).await.unwrap();
    assert_eq!((lost.session.person, lost.session.device), (first.session.person, first.session.device));
    assert!(lost.device_token.is_some(), "the lost cookie is made anew");
    let kept =
        bench.wallet.register(&same_browser(&lost), REQUEST, registration(PHONE, &code)).await.unwrap();
    assert_eq!(kept.session.device, first.session.device);
    assert!(kept.device_token.is_none(), "the browser has its cookie");
}

#[tokio::test]
async fn a_registration_cut_off_anywhere_is_finished_by_the_same_request() {
    for waits in 0..8 {
        let bench = Bench::new();
        bench.wallet.request_code(PHONE, Some(DeviceKind::Iphone), home()).await.unwrap();
        let code = bench.last_code();
        let visitor = stranger();
        let work = bench.wallet.register(&visitor, REQUEST, registration(PHONE, &code));
        drop(crate::bench::interrupted(waits, work).await);
        let done = bench.wallet.register(&stranger(), REQUEST, registration(PHONE, &code)).await.unwrap();
        assert_eq!(bench.wallet.me(&done.session).unwrap().name, "林小雨", "after {waits} waits");
    }
}

#[tokio::test]
async fn what_cannot_be_a_phone_a_name_or_a_password_is_refused_before_any_code_is_tried() {
    let bench = Bench::new();
    bench.wallet.request_code(PHONE, None, home()).await.unwrap();
    let refused = |form| {
        let wallet = bench.wallet.clone();
        async move { wallet.register(&stranger(), REQUEST, form).await.err() }
    };
    let good = || registration(PHONE, "000000");
    let phone = Registration { phone: "12345".to_owned(), ..good() };
    assert_eq!(refused(phone).await, Some(WalletError::PhoneInvalid));
    let name = Registration { name: "\u{202e}evil".to_owned(), ..good() };
    assert_eq!(refused(name).await, Some(WalletError::NameInvalid));
    for (typed, weakness) in [
        ("short", Weakness::Short),
        ("Password1", Weakness::Common),
        ("x-02947158-x", Weakness::Personal),
        ("林小雨最喜欢喝茶", Weakness::Personal),
    ] {
        let form = Registration { password: Password::new(typed.to_owned()), ..good() };
        assert_eq!(refused(form).await, Some(WalletError::WeakPassword(weakness)), "{typed}");
    }
}

#[tokio::test]
async fn a_phone_is_not_flooded_with_messages() {
    let bench = Bench::new();
    for _ in 0..10 {
        bench.wallet.request_code(PHONE, None, home()).await.unwrap();
        bench.clock.advance(Millis::MINUTE);
    }
    let eleventh = bench.wallet.request_code(PHONE, None, home()).await;
    assert!(matches!(eleventh, Err(WalletError::TooManyTries { .. })));
    assert_eq!(bench.messages().len(), 10);
    bench.wallet.request_code("13900001234", None, home()).await.unwrap();
}
