//! Log-in and sessions.

use crate::bench::{Bench, PASSWORD, PHONE, log_in, other_than, same_browser, stranger};
use yinxin_core::Millis;
use yinxin_wallet::{SignedIn, Visitor, WalletError};

fn cookie(signed_in: &SignedIn) -> String {
    signed_in.session_token.expose().to_owned()
}

#[tokio::test]
async fn a_known_device_logs_in_with_phone_or_account_number_and_password() {
    let bench = Bench::new();
    let registered = bench.register().await;
    let number =
        bench.wallet.profile(registered.session.person, registered.session.device).unwrap().account_number;
    for login in [PHONE, "+86 136 0294 7158", number.as_str()] {
        let again =
            bench.wallet.log_in(&same_browser(&registered), log_in(login, PASSWORD, None)).await.unwrap();
        assert_eq!(again.session.person, registered.session.person, "{login}");
        assert!(again.device_token.is_none());
    }
}

#[tokio::test]
async fn an_unknown_device_needs_the_code_and_is_known_afterwards() {
    let bench = Bench::new();
    bench.register().await;
    let before = bench.messages().len();
    let first = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await;
    assert_eq!(first.err(), Some(WalletError::CodeRequired));
    let message = bench.messages().pop().unwrap();
    assert_eq!((message.purpose, message.device), ("log_in", "linux"));
    let code = message.code.unwrap();
    let again = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await;
    assert_eq!(again.err(), Some(WalletError::CodeRequired));
    assert_eq!(bench.messages().len(), before + 1, "the code of a moment ago is still good");

    let wrong = log_in(PHONE, PASSWORD, Some(&other_than(&code)));
    assert_eq!(bench.wallet.log_in(&stranger(), wrong).await.err(), Some(WalletError::CodeWrong));
    let right = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, Some(&code))).await.unwrap();
    let known = bench.wallet.log_in(&same_browser(&right), log_in(PHONE, PASSWORD, None)).await.unwrap();
    assert_eq!(known.session.device, right.session.device);
    let told = bench.told(1).await;
    assert_eq!(told.len(), 1, "the log-in on the new device is told, the one on the known device is not");
    assert_eq!((told[0].to.as_str(), told[0].purpose, told[0].device), ("+8613602947158", "notice", "linux"));
    assert!(told[0].text.contains("你的账号在新设备上登录"), "{}", told[0].text);
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let bench = Bench::new();
    bench.register().await;
    let before = bench.messages().len();
    for login in ["13900001234", "80000000002", "nobody at all", PHONE] {
        let refused = bench.wallet.log_in(&stranger(), log_in(login, "not the password", None)).await;
        assert_eq!(refused.err(), Some(WalletError::Wrong { tries_left: None }), "{login}");
        let refused =
            bench.wallet.log_in(&stranger(), log_in(login, "not the password", Some("123456"))).await;
        assert_eq!(refused.err(), Some(WalletError::Wrong { tries_left: None }), "{login}");
    }
    assert_eq!(bench.messages().len(), before, "no code is sent before the password was right");
    for login in ["13900001234", PHONE] {
        let mut tries = 0;
        while bench.wallet.log_in(&stranger(), log_in(login, "not the password", None)).await.err()
            == Some(WalletError::Wrong { tries_left: None })
        {
            tries += 1;
        }
        assert_eq!(tries, 8, "both wait after as many tries: {login}");
    }
}

#[tokio::test]
async fn a_stranger_who_guesses_does_not_lock_the_owner_out() {
    let bench = Bench::new();
    let owner = bench.register().await;
    for _ in 0..10 {
        let _ = bench.wallet.log_in(&stranger(), log_in(PHONE, "not the password", None)).await;
    }
    let guess = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await;
    assert!(
        matches!(guess.err(), Some(WalletError::TooManyTries { .. })),
        "even the right one, from a stranger"
    );
    assert!(bench.wallet.log_in(&same_browser(&owner), log_in(PHONE, PASSWORD, None)).await.is_ok());
    bench.clock.advance(Millis::HOUR);
    let later = bench.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, None)).await;
    assert_eq!(later.err(), Some(WalletError::CodeRequired));
}

#[tokio::test]
async fn a_cookie_of_another_person_makes_no_device_known() {
    let bench = Bench::new();
    bench.register().await;
    let other = bench.register_as("13900001234", yinxin_core::Digest::from_bytes([9; 32])).await.unwrap();
    let visitor = same_browser(&other);
    let refused = bench.wallet.log_in(&visitor, log_in(PHONE, PASSWORD, None)).await;
    assert_eq!(refused.err(), Some(WalletError::CodeRequired));
}

#[tokio::test]
async fn a_session_ends_by_log_out_by_idleness_and_by_age() {
    let bench = Bench::new();
    let registered = bench.register().await;
    let visitor = same_browser(&registered);
    let ended = WalletError::SessionRequired;

    bench.wallet.log_out(&registered.session).unwrap();
    assert_eq!(bench.wallet.session(&cookie(&registered)), Err(ended.clone()));

    let idle = bench.wallet.log_in(&visitor, log_in(PHONE, PASSWORD, None)).await.unwrap();
    bench.clock.advance(14 * Millis::DAY + 1);
    assert_eq!(bench.wallet.session(&cookie(&idle)), Err(ended.clone()));

    let used = bench.wallet.log_in(&visitor, log_in(PHONE, PASSWORD, None)).await.unwrap();
    for _ in 0..9 {
        bench.clock.advance(10 * Millis::DAY);
        assert!(bench.wallet.session(&cookie(&used)).is_ok());
    }
    bench.clock.advance(1);
    assert_eq!(bench.wallet.session(&cookie(&used)), Err(ended));
}

#[tokio::test]
async fn what_is_no_cookie_is_no_session() {
    let bench = Bench::new();
    bench.register().await;
    let long = "A".repeat(43);
    for cookie in ["", "x", "not base64!", long.as_str()] {
        assert_eq!(bench.wallet.session(cookie), Err(WalletError::SessionRequired), "{cookie}");
    }
    let visitor = Visitor { device_token: Some("garbage".to_owned()), ..stranger() };
    let refused = bench.wallet.log_in(&visitor, log_in(PHONE, PASSWORD, None)).await;
    assert_eq!(refused.err(), Some(WalletError::CodeRequired));
}

#[tokio::test]
async fn a_session_lives_through_a_restart() {
    let bench = Bench::new();
    let registered = bench.register().await;
    let bench = bench.reopened().await;
    assert_eq!(bench.wallet.session(&cookie(&registered)), Ok(registered.session));
}
