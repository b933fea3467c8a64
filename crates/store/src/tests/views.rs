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
    a_number_is_found_in_every_part,
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

/// A small history: twelve records, indexes 0 to 11.
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
        Body::PaymentVoided {
            certificate: CERTIFICATE,
            number: PaymentNumber::from_bytes([4; 16]),
            seq: 4,
            hash: Digest::from_bytes([4; 32]),
        },
        payment(5, 1, None, Outcome::Refused { refusal: Refusal::Forked }),
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

/// The digest of the record before `next`, as a journal would tell it.
fn digest(next: u64) -> [u8; 32] {
    [u8::try_from(next).unwrap(); 32]
}

fn project(store: &Store, records: &[(u64, Facts)]) -> Result<(), StoreError> {
    let next = records.last().map_or(0, |(index, _)| index + 1);
    store.views.project(records, digest(next))
}

fn every_view_shows_what_the_records_say(place: &Place) {
    let store = store(place);
    let views = &store.views;
    assert_eq!((views.mark().unwrap(), views.last().unwrap()), (0, None));
    let history = history();
    project(&store, &history[..6]).unwrap();
    project(&store, &history[6..]).unwrap();
    assert_eq!((views.mark().unwrap(), views.last().unwrap()), (12, Some(digest(12))));
    let numbered = |number| views.numbered(&PaymentNumber::from_bytes([number; 16]), 0).unwrap();
    assert_eq!((numbered(1), numbered(2), numbered(3)), (vec![5], vec![6], vec![7]));
    assert_eq!((numbered(4), numbered(9)), (vec![], vec![]), "what was voided is no payment");
    assert_eq!(views.refused(&PAYER, u64::MAX, 9).unwrap(), [11, 7]);
    assert_eq!(views.refused(&PAYER, 11, 9).unwrap(), [7]);
    assert_eq!(views.refused(&PAYER, u64::MAX, 1).unwrap(), [11]);
    assert!(views.refused(&SHOP, u64::MAX, 9).unwrap().is_empty(), "what was refused is the payer's matter");
    // One number was voided, one outcome was a fork: they even out, and each is told.
    let issued = |apart| Some(IssuedRow { index: 4, at: Millis(1_004), apart });
    assert_eq!(views.issued(&CERTIFICATE).unwrap(), issued(0));
    assert_eq!(views.issued(&CertificateId::from_bytes([7; 10])).unwrap(), None);
    assert_eq!(views.order(&ORDER).unwrap(), Some(OrderEnd::Paid(5)));
    assert_eq!(views.order(&WITHDRAWN).unwrap(), Some(OrderEnd::Cancelled));
    assert_eq!(views.order(&OrderId::from_bytes([6; 10])).unwrap(), None);
    views.clear().unwrap();
    project(&store, &history[..11]).unwrap();
    assert_eq!(views.issued(&CERTIFICATE).unwrap(), issued(-1));
}

fn views_that_are_cleared_are_filled_again_alike(place: &Place) {
    let store = store(place);
    project(&store, &history()).unwrap();
    let all = || {
        let number = store.views.numbered(&PaymentNumber::from_bytes([2; 16]), 0).unwrap();
        let refused = store.views.refused(&PAYER, u64::MAX, 99).unwrap();
        (store.views.mark().unwrap(), number, refused, store.views.order(&ORDER).unwrap())
    };
    let before = all();
    place.execute(Part::Views, "UPDATE numbers SET idx = idx + 5").unwrap();
    assert_ne!(all(), before);
    store.views.clear().unwrap();
    assert_eq!(all(), (0, vec![], vec![], None));
    for record in history() {
        project(&store, &[record]).unwrap();
    }
    assert_eq!(all(), before);
}

fn a_page_that_does_not_fit_leaves_nothing(place: &Place) {
    let store = store(place);
    let history = history();
    assert!(matches!(project(&store, &history[3..]), Err(StoreError::Corrupt { .. })), "three are missing");
    project(&store, &history[..6]).unwrap();
    assert!(project(&store, &history[4..]).is_err(), "two of them are there already");
    let with_a_hole = [history[6].clone(), history[8].clone()];
    assert!(project(&store, &with_a_hole).is_err());
    assert_eq!((store.views.mark().unwrap(), store.views.last().unwrap()), (6, Some(digest(6))));
    assert!(store.views.refused(&PAYER, u64::MAX, 9).unwrap().is_empty());
    project(&store, &history[6..]).unwrap();
}

fn a_row_that_cannot_be_is_refused(place: &Place) {
    let store = store(place);
    project(&store, &history()).unwrap();
    let short = if place.postgres.is_some() { "'\\x0102'" } else { "x'0102'" };
    place.execute(Part::Views, &format!("UPDATE mark SET digest = {short}")).unwrap();
    assert!(matches!(store.views.last(), Err(StoreError::Failed(_))));
}

fn a_number_is_found_in_every_part(place: &Place) {
    let store = store(place);
    let wanted = PaymentNumber::from_bytes([7; 16]);
    for at in [0, 32_767, 32_768, 70_000, 99_000] {
        // What a hundred thousand records leave, without making them.
        place.execute(Part::Views, &format!("UPDATE mark SET records = {at}")).unwrap();
        let records = [(at, facts(1, payment(7, 1, None, Outcome::Posted { level: VerificationLevel::C })))];
        store.views.project(&records, [1; 32]).unwrap();
    }
    assert_eq!(store.views.numbered(&wanted, 0).unwrap(), [0, 32_767, 32_768, 70_000, 99_000]);
    assert_eq!(store.views.numbered(&wanted, 32_768).unwrap(), [32_768, 70_000, 99_000]);
}
