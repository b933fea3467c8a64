//! The views' conformance.

use super::engine::{Part, Place, on_both};
use super::journal::writer;
use crate::views::*;
use crate::{Store, StoreError};
use yinxin_core::policy::{Policy, Template};
use yinxin_core::{
    AccountId, Body, CertificateId, Currency, Day, Digest, Facts, MerchantId, Millis, Minor, OrderId,
    Outcome, PaymentFacts, PaymentKind, PaymentNumber, PersonId, Refusal, Stamp, Thumbprint,
    VerificationLevel,
};

on_both!(
    every_view_shows_what_the_records_say,
    views_that_are_cleared_are_filled_again_alike,
    a_page_that_does_not_fit_leaves_nothing,
    a_row_that_cannot_be_is_refused,
);

const PAYER: AccountId = AccountId::from_bytes([1; 10]);
const SHOP: AccountId = AccountId::from_bytes([2; 10]);
const ISSUANCE: AccountId = AccountId::from_bytes([8; 10]);
const FEES: AccountId = AccountId::from_bytes([9; 10]);
const CERTIFICATE: CertificateId = CertificateId::from_bytes([3; 10]);
const ORDER: OrderId = OrderId::from_bytes([4; 10]);
const WITHDRAWN: OrderId = OrderId::from_bytes([5; 10]);

fn facts(at: i64, body: Body) -> Facts {
    Facts { at: Millis(at), day: Day::default(), policy: 1, command: None, previous: Vec::new(), body }
}

fn payment(number: u8, amount: u64, order: Option<OrderId>, outcome: Outcome) -> Body {
    let kind = if order.is_some() { PaymentKind::Pay } else { PaymentKind::Transfer };
    let payment = PaymentFacts {
        number: PaymentNumber::from_bytes([number; 16]),
        certificate: CERTIFICATE,
        seq: u64::from(number),
        hash: Digest::from_bytes([number; 32]),
        kind,
        payer: PAYER,
        payee: SHOP,
        amount: Minor::new(amount).unwrap(),
        fee: Minor::new(3).unwrap(),
        order,
        order_expires: None,
        outcome,
    };
    Body::Payment { payment }
}

/// A small history: ten records, indexes 0 to 9.
fn history() -> Vec<(u64, Facts)> {
    let posted = |level| Outcome::Posted { level };
    let bodies = [
        Body::Genesis {
            stamp: Stamp::Demo,
            origin: "http://localhost".to_owned(),
            issuance: ISSUANCE,
            fees: FEES,
            policy: Policy::from_template(Template::ClosedLoop, Currency::CNY, "Asia/Shanghai").unwrap(),
        },
        Body::PersonOpened { person: PersonId::from_bytes([1; 10]), account: PAYER },
        Body::MerchantOpened { merchant: MerchantId::from_bytes([1; 6]), account: SHOP },
        Body::MoneyIssued { account: PAYER, amount: Minor::new(1_000).unwrap() },
        Body::CertificateIssued { certificate: CERTIFICATE, thumbprint: Thumbprint::from_bytes([1; 32]) },
        payment(1, 100, Some(ORDER), posted(VerificationLevel::A)),
        payment(2, 50, None, posted(VerificationLevel::C)),
        payment(3, 9_999, None, Outcome::Refused { refusal: Refusal::InsufficientFunds }),
        Body::OrderCancelled { order: WITHDRAWN, expires: Millis(99) },
        Body::ClockAccepted,
    ];
    (0_u64..)
        .zip(bodies)
        .map(|(index, body)| (index, facts(1_000 + i64::try_from(index).unwrap(), body)))
        .collect()
}

/// Views under the lease.
fn store(place: &Place) -> Store {
    let store = place.store();
    drop(writer(&store));
    store
}

fn every_view_shows_what_the_records_say(place: &Place) {
    let store = store(place);
    let views = &store.views;
    assert_eq!(views.mark().unwrap(), 0);
    let history = history();
    // In two pages: balances are carried from one to the next.
    views.project(&history[..6]).unwrap();
    views.project(&history[6..]).unwrap();
    assert_eq!(views.mark().unwrap(), 10);
    assert_eq!(views.balances().unwrap(), vec![(PAYER, 844), (SHOP, 150), (ISSUANCE, -1_000), (FEES, 6)]);
    let lines = |account: &AccountId, before| -> Vec<u64> {
        views.lines(account, before, 10).unwrap().iter().map(|row| row.index).collect()
    };
    assert_eq!(lines(&PAYER, u64::MAX), [7, 6, 5, 3]);
    assert_eq!(lines(&PAYER, 6), [5, 3]);
    assert_eq!(lines(&SHOP, u64::MAX), [6, 5], "what was refused is the payer's matter");
    assert_eq!(views.lines(&PAYER, u64::MAX, 1).unwrap().len(), 1);
    let paid = views.payment(&SHOP, &PaymentNumber::from_bytes([1; 16])).unwrap().unwrap();
    assert_eq!((paid.kind, paid.amount.get(), paid.fee.get()), (LineKind::Pay, 100, 3));
    assert_eq!((paid.order, paid.certificate, paid.code.as_deref()), (Some(ORDER), Some(CERTIFICATE), None));
    assert_eq!(
        (paid.level, paid.at, paid.payer_balance),
        (Some(VerificationLevel::A), Millis(1_005), Some(897))
    );
    assert_eq!(views.payment_at(5).unwrap(), Some(paid));
    assert_eq!(views.payment(&SHOP, &PaymentNumber::from_bytes([3; 16])).unwrap(), None, "refused");
    let refused = views.payment(&PAYER, &PaymentNumber::from_bytes([3; 16])).unwrap().unwrap();
    assert_eq!(
        (refused.code.as_deref(), refused.payer_balance),
        (Some(Refusal::InsufficientFunds.code()), None)
    );
    let issued = views.payment_at(3).unwrap().unwrap();
    assert_eq!((issued.kind, issued.number, issued.payer), (LineKind::TopUp, None, ISSUANCE));
    assert_eq!(views.payment_at(4).unwrap(), None);
    assert_eq!(views.uses(&CERTIFICATE).unwrap(), Uses { count: 3, last_at: Some(Millis(1_007)) });
    assert_eq!(views.uses(&CertificateId::from_bytes([7; 10])).unwrap(), Uses::default());
    assert_eq!(views.issued(&CERTIFICATE).unwrap(), Some((4, Millis(1_004))));
    assert_eq!(views.order(&ORDER).unwrap(), Some(OrderEnd::Paid(5)));
    assert_eq!(views.order(&WITHDRAWN).unwrap(), Some(OrderEnd::Cancelled));
    assert_eq!(views.order(&OrderId::from_bytes([6; 10])).unwrap(), None);
}

fn views_that_are_cleared_are_filled_again_alike(place: &Place) {
    let store = store(place);
    store.views.project(&history()).unwrap();
    let before = (store.views.balances().unwrap(), store.views.lines(&PAYER, u64::MAX, 99).unwrap());
    place.execute(Part::Views, "UPDATE accounts SET balance = balance + 5").unwrap();
    store.views.clear().unwrap();
    assert_eq!((store.views.mark().unwrap(), store.views.balances().unwrap()), (0, vec![]));
    for record in history() {
        store.views.project(&[record]).unwrap();
    }
    assert_eq!((store.views.balances().unwrap(), store.views.lines(&PAYER, u64::MAX, 99).unwrap()), before);
}

fn a_page_that_does_not_fit_leaves_nothing(place: &Place) {
    let store = store(place);
    let history = history();
    assert!(
        matches!(store.views.project(&history[3..]), Err(StoreError::Corrupt { .. })),
        "nothing is open yet"
    );
    store.views.project(&history[..6]).unwrap();
    let before = store.views.balances().unwrap();
    assert!(store.views.project(&history[4..]).is_err(), "two of them are there already");
    assert_eq!((store.views.mark().unwrap(), store.views.balances().unwrap()), (6, before));
    store.views.project(&history[6..]).unwrap();
}

fn a_row_that_cannot_be_is_refused(place: &Place) {
    let store = store(place);
    store.views.project(&history()).unwrap();
    let short = if place.postgres.is_some() { "'\\x0102'" } else { "x'0102'" };
    place.execute(Part::Views, &format!("UPDATE payments SET payee = {short} WHERE idx = 5")).unwrap();
    assert!(matches!(store.views.payment_at(5), Err(StoreError::Failed(_))));
}
