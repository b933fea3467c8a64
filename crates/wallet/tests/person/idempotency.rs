//! Idempotency keys.

use crate::bench::Bench;
use yinxin_wallet::{Begun, ClaimedKey, WalletError};

async fn begin(bench: &Bench, key: &str, body: &[u8]) -> Result<Begun, WalletError> {
    bench.wallet.begin_request("per_1", "POST /certificates", key, body).await
}

async fn claim(bench: &Bench, key: &str, body: &[u8]) -> ClaimedKey {
    match begin(bench, key, body).await.unwrap() {
        Begun::Proceed(claimed) => claimed,
        Begun::Answered(answer) => panic!("{key} was answered: {}", answer.status),
    }
}

#[tokio::test]
async fn the_same_request_gets_the_answer_that_was_given() {
    let bench = Bench::new();
    let claimed = claim(&bench, "k1", b"{}").await;
    bench.wallet.keep_answer(&claimed, 201, b"{\"id\":1}").unwrap();
    match begin(&bench, "k1", b"{}").await.unwrap() {
        Begun::Answered(answer) => assert_eq!((answer.status, answer.body), (201, b"{\"id\":1}".to_vec())),
        Begun::Proceed(_) => panic!("it would be done twice"),
    }
    assert_eq!(begin(&bench, "k1", b"{\"other\":1}").await, Err(WalletError::IdempotencyConflict));
    claim(&bench, "k2", b"{\"other\":1}").await;
}

#[tokio::test]
async fn a_repetition_in_flight_waits_for_the_one_answer() {
    let bench = Bench::new();
    let claimed = claim(&bench, "k", b"{}").await;
    let waiting = begin(&bench, "k", b"{}");
    let finish = async { bench.wallet.keep_answer(&claimed, 200, b"done") };
    let (waited, kept) = tokio::join!(waiting, finish);
    kept.unwrap();
    assert!(matches!(waited, Ok(Begun::Answered(answer)) if answer.body == b"done"));
}

#[tokio::test]
async fn a_key_that_was_let_go_may_be_used_again() {
    let bench = Bench::new();
    let claimed = claim(&bench, "k", b"{}").await;
    bench.wallet.release_key(&claimed).unwrap();
    assert_eq!(claim(&bench, "k", b"{}").await, claimed);
}

#[tokio::test]
async fn a_key_is_short_and_visible() {
    let bench = Bench::new();
    for key in ["", "with space", "tab\t", "钥匙", &"k".repeat(65)] {
        assert_eq!(begin(&bench, key, b"{}").await, Err(WalletError::Malformed), "{key}");
    }
    claim(&bench, &"k".repeat(64), b"{}").await;
}

#[tokio::test]
async fn sweeping_keeps_what_still_counts() {
    let bench = Bench::new();
    let registered = bench.register().await;
    let claimed = claim(&bench, "k", b"{}").await;
    bench.wallet.keep_answer(&claimed, 200, b"").unwrap();
    bench.wallet.sweep_desk().unwrap();
    assert!(matches!(begin(&bench, "k", b"{}").await, Ok(Begun::Answered(_))));
    assert!(bench.wallet.session(registered.session_token.expose()).is_ok());
    bench.clock.advance(2 * yinxin_core::Millis::DAY);
    bench.wallet.sweep_desk().unwrap();
    assert!(matches!(begin(&bench, "k", b"{}").await, Ok(Begun::Proceed(_))));
}
