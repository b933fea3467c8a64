//! A person in front of a server that lies: the real cryptography on both sides, every lie seen on the device.

#![expect(clippy::unwrap_used, reason = "what fails in a test's scaffolding fails the test")]

mod world;

use std::sync::Arc;
use std::time::Duration;
use world::{FRIEND, Lie, MERCHANT_KEY, NOW, ORDER, World};
use yinxin_client::MerchantApi;
use yinxin_client::answers::OrderState;
use yinxin_client::clock::Clocks;
use yinxin_client::merchant::NewOrder;
use yinxin_client::{
    ClientError, Connection, Continuity, OutBox, Person, Pin, Receipt, ReceiptError, Transfer, WatchError,
};
use yinxin_core::Minor;
use yinxin_core::text::OrderItem;
use yinxin_tlog::{Checkpoint, Hash};

const CLOCKS: Clocks = Clocks { now: || NOW, elapsed: || Duration::ZERO };

async fn person(world: &Arc<World>, kept: Option<Checkpoint>) -> Person {
    let api = Connection::new(None).unwrap().api(&world.origin).unwrap();
    let person = Person::arrive(api, CLOCKS).await.unwrap();
    person.with_key(world.device_key(), OutBox::in_memory(), kept).unwrap()
}

async fn transfer(person: &mut Person, minor: u64) -> Result<Receipt, ClientError> {
    let payee = person.find_payee(&FRIEND.to_string()).await?;
    let transfer = Transfer { payee: &payee, amount: Minor::new(minor).unwrap(), memo: Some("谢谢") };
    person.transfer(&transfer, None).await
}

async fn transfer_with(lie: Lie) -> Result<Receipt, ClientError> {
    let world = World::start(lie).await;
    transfer(&mut person(&world, None).await, 100).await
}

fn differs(result: Result<Receipt, ClientError>, what: &str) {
    let error = result.err().unwrap();
    assert!(matches!(error, ClientError::Receipt(ReceiptError::Differs(found)) if found == what), "{error}");
}

#[tokio::test]
async fn payments_are_proven_and_the_log_goes_on() {
    let world = World::start(Lie::None).await;
    let mut person = person(&world, None).await;
    let first = transfer(&mut person, 100).await.unwrap();
    assert!(first.is_posted());
    assert_eq!(first.continuity, Continuity::First);
    let order = person.order(ORDER).await.unwrap();
    let second = person.pay(&order, None, None).await.unwrap();
    assert_eq!(second.continuity, Continuity::Proven);
    assert_eq!(second.facts.order, Some(ORDER));
    assert_eq!(person.outbox().head().unwrap().seq, second.facts.seq);
    for receipt in [&first, &second] {
        receipt.verify(&world.payer_certificate(), person.log()).unwrap();
    }
    assert_eq!(second.verify(&world.root, person.log()), Err(ReceiptError::Signature));
    let signed = String::from_utf8(first.authorisation.payload_bytes()).unwrap();
    assert!(!signed.contains("谢谢") && !signed.contains("林"), "a memo and a person's name are commitments");
    assert!(world.books().received[0].contains("谢谢"), "whose openings travel beside the text");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_bytes() {
    let world = World::start(Lie::LosesFirstAnswer).await;
    let mut person = person(&world, None).await;
    assert!(transfer(&mut person, 100).await.unwrap().is_posted());
    let books = world.books();
    assert_eq!(books.received.len(), 2);
    assert_eq!(books.received[0], books.received[1]);
}

#[tokio::test]
async fn what_the_server_never_saw_is_closed_before_anything_new_is_signed() {
    let world = World::start(Lie::NeverAnswers).await;
    let mut person = person(&world, None).await;
    assert!(transfer(&mut person, 100).await.unwrap_err().is_uncertain());
    let number = person.outbox().outstanding().unwrap().number;
    let sent = world.books().received.len();
    assert!(world.books().received.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(person.retry(None).await.is_err());
    {
        let books = world.books();
        assert!(books.received[sent..].iter().all(|body| *body == books.received[0]));
    }
    world.books().lie = Lie::None;
    assert!(transfer(&mut person, 200).await.unwrap().is_posted());
    assert_eq!(world.books().voided, [number.to_string()]);
    assert!(person.outbox().outstanding().is_none());
}

#[tokio::test]
async fn a_retry_posts_what_was_signed_once_the_server_is_back() {
    let world = World::start(Lie::NeverAnswers).await;
    let mut person = person(&world, None).await;
    assert!(transfer(&mut person, 100).await.is_err());
    world.books().lie = Lie::None;
    assert!(person.retry(None).await.unwrap().unwrap().is_posted());
    assert!(person.retry(None).await.unwrap().is_none());
    assert!(world.books().voided.is_empty());
}

#[tokio::test]
async fn a_refusal_without_a_record_closes_its_number() {
    let world = World::start(Lie::RefusesUnrecorded).await;
    let mut person = person(&world, None).await;
    assert_eq!(transfer(&mut person, 100).await.unwrap_err().code(), Some("payment.fee_mismatch"));
    assert!(person.outbox().outstanding().is_none());
    assert_eq!(world.books().voided.len(), 1);
}

#[tokio::test]
async fn a_recorded_refusal_is_proven_like_a_payment() {
    let receipt = transfer_with(Lie::RefusesRecorded).await.unwrap();
    assert_eq!(receipt.refusal(), Some("payment.payee_unknown"));
}

#[tokio::test]
async fn a_record_that_is_not_what_was_signed_is_not_believed() {
    differs(transfer_with(Lie::OtherAmount).await, "amount");
    differs(transfer_with(Lie::OtherPayee).await, "payee");
    differs(transfer_with(Lie::OtherText).await, "text");
}

#[tokio::test]
async fn a_record_that_is_not_in_the_log_is_not_believed() {
    for lie in [Lie::NotInLog, Lie::OtherIndex] {
        let error = transfer_with(lie).await.unwrap_err();
        assert!(matches!(error, ClientError::Receipt(ReceiptError::NotIncluded(_))), "{lie:?}: {error}");
    }
    let error = transfer_with(Lie::OtherLogKey).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Receipt(ReceiptError::Checkpoint(WatchError::Checkpoint(_)))),
        "{error}"
    );
}

#[tokio::test]
async fn a_log_with_another_history_is_found_out() {
    let honest = World::start(Lie::None).await;
    let mut first = person(&honest, None).await;
    transfer(&mut first, 100).await.unwrap();
    let kept = first.log().newest().cloned().unwrap();

    let world = World::start(Lie::OtherHistory).await;
    let mut second = person(&world, Some(kept.clone())).await;
    let error = transfer(&mut second, 100).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Receipt(ReceiptError::Checkpoint(WatchError::TwoRoots { size: 2 }))),
        "{error}"
    );

    let before = Checkpoint { size: 1, root: Hash([0; 32]), ..kept };
    let mut third = person(&world, Some(before)).await;
    world.books().lie = Lie::None;
    let error = transfer(&mut third, 100).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::Receipt(ReceiptError::Checkpoint(WatchError::Inconsistent { old: 1, .. }))
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_quote_for_something_else_is_not_signed() {
    let world = World::start(Lie::QuotesOtherPayee).await;
    let error = transfer(&mut person(&world, None).await, 100).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused("a quote for another payee")), "{error}");

    let world = World::start(Lie::None).await;
    let mut person = person(&world, None).await;
    transfer(&mut person, 100).await.unwrap();
    world.books().lie = Lie::QuotesOtherChain;
    assert!(matches!(transfer(&mut person, 100).await, Err(ClientError::ChainDiffers)));
    assert_eq!(world.books().received.len(), 1);
}

#[tokio::test]
async fn a_large_payment_waits_for_the_pin() {
    let world = World::start(Lie::None).await;
    let mut person = person(&world, None).await;
    assert!(matches!(transfer(&mut person, 20_001).await, Err(ClientError::PinNeeded)));
    assert!(person.outbox().outstanding().is_none());
    let payee = person.find_payee(&FRIEND.to_string()).await.unwrap();
    let large = Transfer { payee: &payee, amount: Minor::new(20_001).unwrap(), memo: None };
    person.transfer(&large, Some(&Pin::choose("507318").unwrap())).await.unwrap();
    assert!(world.books().received[0].contains(r#""verification":{"kind":"pin"}"#));
}

#[tokio::test]
async fn an_order_that_its_merchant_did_not_sign_so_is_refused() {
    for lie in [Lie::ShowsOtherAmount, Lie::OrderByStranger, Lie::OrderByPerson] {
        let world = World::start(lie).await;
        let error = person(&world, None).await.order(ORDER).await.unwrap_err();
        assert!(matches!(error, ClientError::Refused(_)), "{lie:?}: {error}");
    }
}

#[tokio::test]
async fn a_device_key_is_for_one_deployment_only() {
    let (here, there) = (World::start(Lie::None).await, World::start(Lie::None).await);
    let api = Connection::new(None).unwrap().api(&here.origin).unwrap();
    let person = Person::arrive(api, CLOCKS).await.unwrap();
    let error = person.with_key(there.device_key(), OutBox::in_memory(), None).err().unwrap();
    assert!(matches!(error, ClientError::OtherDeployment("origin")));
    // The same server under another name could be a relay: what is signed there would be good here.
    let relay = here.origin.replace("localhost", "127.0.0.1");
    let error =
        Person::arrive(Connection::new(None).unwrap().api(&relay).unwrap(), CLOCKS).await.err().unwrap();
    assert!(matches!(error, ClientError::OtherDeployment("origin")));
}

#[tokio::test]
async fn a_merchant_signs_orders_and_hears_when_they_are_paid() {
    let world = World::start(Lie::None).await;
    let api = || Connection::new(None).unwrap().api(&world.origin).unwrap();
    let (certificate, signer) = world.merchant();
    let wrong_key = MerchantApi::arrive(api(), "guess".into(), world.merchant().1, certificate, CLOCKS).await;
    assert_eq!(wrong_key.err().unwrap().code(), Some("merchant.unauthorised"));
    let stranger =
        MerchantApi::arrive(api(), MERCHANT_KEY.into(), world.merchant().1, &world.root, CLOCKS).await;
    assert!(matches!(stranger.err().unwrap(), ClientError::Refused("a certificate for another key")));

    let merchant =
        MerchantApi::arrive(api(), MERCHANT_KEY.into(), signer, certificate, CLOCKS).await.unwrap();
    let item = |minor| OrderItem { name: "茶".into(), quantity: 1, amount: Minor::new(minor).unwrap() };
    let order = NewOrder {
        items: vec![item(700), item(500)],
        return_url: "http://localhost:8089/".into(),
        valid_s: 300,
        verification_required: false,
    };
    let view = merchant.create_order(&order).await.unwrap();
    assert_eq!((view.amount.minor.get(), view.checkout_url.is_some()), (1_200, true));
    let mut events = merchant.events(view.id).await.unwrap();
    assert_eq!(events.closed().await.unwrap(), Some(OrderState::Paid));
    assert_eq!(events.next().await.unwrap(), None);
    assert_eq!(merchant.cancel(view.id).await.unwrap().state, OrderState::Cancelled);
}

#[tokio::test]
async fn the_newest_checkpoint_outlives_the_program() {
    let world = World::start(Lie::None).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.outbox");
    for expected in [Continuity::First, Continuity::Proven, Continuity::Proven] {
        let api = Connection::new(None).unwrap().api(&world.origin).unwrap();
        let person = Person::arrive(api, CLOCKS).await.unwrap();
        let outbox = OutBox::open(path.clone()).unwrap();
        let mut person = person.with_key(world.device_key(), outbox, None).unwrap();
        // Another device key signs each time: the chain that was kept is the server's own, so it goes on.
        assert_eq!(transfer(&mut person, 100).await.unwrap().continuity, expected);
    }
}
