//! Statements, balances and uses: walks through the journal that the views only help to begin.

use super::world::{Engine, Part, Phone, World, code, on_both_engines, options};
use crate::WalletError;
use yinxin_core::PaymentNumber;
use yinxin_core::text::{PayText, TYP_PAY};

on_both_engines!(
    pages_of_any_length_make_the_same_statement,
    an_old_payment_is_answered_with_the_balance_that_followed_it,
    uses_are_every_recorded_outcome_and_no_void,
    a_number_that_two_people_chose_finds_each_ones_own_payment,
    views_of_another_journal_are_made_anew,
);

/// Pays, or is refused where it is too much.
async fn pay(world: &World, from: &Phone, to: &Phone, amount: u64) -> PaymentNumber {
    let wish = from.transfer(world, to.session.account, amount);
    let number = PayText::parse(wish.authorisation.read(TYP_PAY).unwrap().payload()).unwrap().number;
    let paid = world.wallet.pay(&from.session, wish).await;
    assert_eq!(code(&paid), (amount > 1_000).then_some("payment.insufficient_funds"));
    number
}

async fn pages(world: &World, of: &Phone, limit: u32) -> Vec<u64> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let (lines, next) = world.wallet.payments(&of.session, before, Some(limit)).await.unwrap();
        assert!(lines.len() <= usize::try_from(limit).unwrap() && (next.is_none() || !lines.is_empty()));
        all.extend(lines.iter().map(|line| line.index));
        before = next;
        if before.is_none() {
            return all;
        }
    }
}

async fn pages_of_any_length_make_the_same_statement(engine: Engine) {
    let world = World::on(engine);
    let (one, two) = (world.phone("13800000001", 5_000).await, world.phone("13800000002", 5_000).await);
    for round in 0..4 {
        pay(&world, &one, &two, 100 + round).await;
        pay(&world, &one, &two, 8_000).await;
        pay(&world, &two, &one, 50 + round).await;
        pay(&world, &one, &two, 8_001).await;
        pay(&world, &one, &two, 8_002).await;
    }
    let whole = pages(&world, &one, 50).await;
    assert_eq!(whole.len(), 1 + 4 * 5, "what was refused is there too");
    assert!(whole.is_sorted_by(|newer, older| newer > older));
    for limit in [1, 2, 3, 4, 7, 20, 21] {
        assert_eq!(pages(&world, &one, limit).await, whole, "{limit} at a time");
    }
    assert_eq!(pages(&world, &two, 3).await.len(), 1 + 4 * 2, "what was refused is the payer's matter");
    // From every place where a page of mine may have ended, and from no other.
    let mut foreign = 0;
    for before in 0..=world.wallet.records() {
        let answered = world.wallet.payments(&one.session, Some(before), Some(50)).await;
        match answered {
            Ok((lines, _)) => {
                let found: Vec<u64> = lines.iter().map(|line| line.index).collect();
                let expected: Vec<u64> = whole.iter().copied().filter(|index| *index < before).collect();
                assert_eq!(found, expected, "before {before}");
            }
            Err(error) => {
                assert!(
                    matches!(error, WalletError::Malformed) && !whole.contains(&before),
                    "{before}: {error}"
                );
                foreign += 1;
            }
        }
    }
    assert!(foreign > 0, "others' records are no place of mine");
    let held: Vec<i64> = world.holders().into_iter().map(|(_, balance)| balance).collect();
    assert_eq!(world.statements(), held);
}

async fn an_old_payment_is_answered_with_the_balance_that_followed_it(engine: Engine) {
    let world = World::on(engine);
    let (one, two) = (world.phone("13800000001", 10_000).await, world.phone("13800000002", 10_000).await);
    let first = pay(&world, &one, &two, 1_000).await;
    let refused = pay(&world, &one, &two, 12_000).await;
    for _ in 0..5 {
        pay(&world, &two, &one, 7).await;
        pay(&world, &one, &two, 11).await;
    }
    world.fund(&one, 500).await;
    let balance = |number| {
        let (wallet, session) = (world.wallet.clone(), one.session.clone());
        async move { wallet.payment(&session, number).await.unwrap().balance }
    };
    assert_eq!(balance(first).await, Some(9_000));
    assert_eq!(balance(refused).await, None, "nothing moved");
    let of_payee = world.wallet.payment(&two.session, first).await.unwrap();
    assert_eq!(of_payee.balance, None, "the payer's balance is not the payee's business");
    assert_eq!(world.wallet.payment(&two.session, refused).await.err(), Some(WalletError::PaymentUnseen));
}

async fn uses_are_every_recorded_outcome_and_no_void(engine: Engine) {
    let world = World::on(engine);
    let (one, two) = (world.phone("13800000001", 10_000).await, world.phone("13800000002", 0).await);
    let uses = || {
        let uses = world.wallet.uses(&one.certificate).unwrap();
        (uses.count, uses.last_at)
    };
    assert_eq!(uses(), (0, None));
    for amount in [1, 2, 12_000, 3] {
        pay(&world, &one, &two, amount).await;
    }
    let last = world.wallet.inner.writer.book(yinxin_core::Book::at);
    world.clock.pass(5_000);
    let number = PaymentNumber::from_bytes([9; 16]);
    world.wallet.void_payment(&one.session, one.certificate, number).await.unwrap();
    world.wallet.settle_all().await.unwrap();
    assert_eq!(uses(), (4, Some(last)), "a void is no use");
    pay(&world, &one, &two, 4).await;
    assert_eq!(uses().0, 5);
}

async fn a_number_that_two_people_chose_finds_each_ones_own_payment(engine: Engine) {
    let world = World::on(engine);
    let (one, two) = (world.phone("13800000001", 10_000).await, world.phone("13800000002", 10_000).await);
    let third = world.phone("13800000003", 0).await;
    let mut indexes = Vec::new();
    // The same first half: what the views sort by.
    for (payer, end) in [(&one, 1), (&two, 1), (&one, 2)] {
        let (mut text, opening) = payer.text(&world, third.session.account, 10);
        let mut number = [5; 16];
        number[15] = end;
        text.number = PaymentNumber::from_bytes(number);
        let paid = world.wallet.pay(&payer.session, payer.seal(&world, &text, opening)).await.unwrap();
        assert!(paid.refusal.is_none());
        indexes.push((payer, text.number, paid.index));
    }
    for (payer, number, index) in indexes {
        assert_eq!(world.wallet.payment(&payer.session, number).await.unwrap().index, index);
    }
    let other = PaymentNumber::from_bytes([5; 16]);
    assert_eq!(world.wallet.payment(&one.session, other).await.err(), Some(WalletError::PaymentUnseen));
}

async fn views_of_another_journal_are_made_anew(engine: Engine) {
    let world = World::on(engine);
    let (one, two) = (world.phone("13800000001", 10_000).await, world.phone("13800000002", 0).await);
    let number = pay(&world, &one, &two, 1_000).await;
    let index = world.wallet.payment(&one.session, number).await.unwrap().index;
    let before = world.balances();
    world.tamper(Part::Views, "UPDATE numbers SET idx = idx - 1; UPDATE mark SET digest = NULL");
    // A row that names another record shows nothing that the record does not say.
    assert_eq!(world.wallet.payment(&one.session, number).await.err(), Some(WalletError::PaymentUnseen));
    let closed = world.close().await;
    let again = closed.open(options()).unwrap();
    assert_eq!(again.payment(&one.session, number).await.unwrap().index, index);
    let world = closed.with(again);
    assert_eq!(world.balances(), before);
}
