//! Payments from the signed text to the proof, and everything that must be refused.

use super::world::{Engine, ORIGIN, Phone, World, code, on_both_engines, order_text as order};
use crate::{NewPayment, SignedText, WalletError};
use std::collections::BTreeSet;
use yinxin_core::codec::Codec;
use yinxin_core::text::{
    CertificatePurpose, CertificateText, OrderText, PayText, PayeeName, TYP_CERTIFICATE, TYP_ORDER, TYP_PAY,
};
use yinxin_core::{Currency, Digest, Facts, Millis, Minor, PaymentKind, PaymentNumber, Refusal};
use yinxin_pki::{FileSigner, Jws, ed25519_verify};
use yinxin_tlog::{Checkpoint, Hash, VerifierKey, leaf_entry, leaf_hash, verify_inclusion};

on_both_engines!(
    a_payment_is_answered_with_its_record_and_a_proof_that_holds,
    one_authorisation_from_64_clients_at_once_has_one_effect_and_equal_answers,
    the_other_form_of_a_signature_verifies_and_is_the_same_payment,
    a_strangers_thousand_bad_signatures_do_not_stop_the_owner,
    every_change_of_the_signed_text_is_refused_with_its_code_and_moves_nothing,
    a_signature_of_another_purpose_or_algorithm_is_refused,
    an_order_is_paid_once_and_only_as_the_merchant_signed_it,
    above_the_tap_limit_only_a_proof_for_this_very_text_counts,
    ten_wrong_pins_suspend_and_a_right_one_forgives,
    a_lost_authorisation_is_voided_and_something_else_is_paid,
);

fn check_proof(world: &World, acceptance: &crate::Acceptance) {
    let key = VerifierKey::parse(&world.wallet.settings().log_key).unwrap();
    let verify = |key: &[u8; 32], message: &[u8], signature: &[u8; 64]| {
        ed25519_verify(key, message, signature).is_ok()
    };
    let checkpoint = Checkpoint::open(&acceptance.checkpoint, &key, verify).unwrap();
    let leaf = leaf_hash(&leaf_entry(&acceptance.opening, &acceptance.record, &acceptance.evidence_digest));
    let proof: Vec<Hash> = acceptance.proof.iter().map(|hash| Hash(*hash)).collect();
    verify_inclusion(&leaf, acceptance.index, checkpoint.size, &proof, &checkpoint.root).unwrap();
    Facts::from_bytes_exact(&acceptance.record).unwrap();
}

async fn a_payment_is_answered_with_its_record_and_a_proof_that_holds(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let wish = payer.transfer(&world, payee.session.account, 12_300);
    let acceptance = world.wallet.pay(&payer.session, wish.clone()).await.unwrap();
    assert_eq!((acceptance.refusal.clone(), acceptance.balance), (None, Some(37_700)));
    check_proof(&world, &acceptance);
    assert_eq!(world.balance(payee.session.account), 12_300);
    let again = world.wallet.pay(&payer.session, wish).await.unwrap();
    assert_eq!(
        (again.index, &again.record, &again.proof),
        (acceptance.index, &acceptance.record, &acceptance.proof)
    );
    assert_eq!(
        (again.balance, &again.checkpoint, again.salt),
        (Some(37_700), &acceptance.checkpoint, acceptance.salt)
    );
    let (lines, _) = world.wallet.payments(&payee.session, None, None).await.unwrap();
    assert_eq!(lines[0].counterparty.as_ref().unwrap().display_name, "林*满");
}

async fn one_authorisation_from_64_clients_at_once_has_one_effect_and_equal_answers(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let wish = payer.transfer(&world, payee.session.account, 12_300);
    let asked: Vec<_> = (0..64)
        .map(|_| {
            let (wallet, session, wish) = (world.wallet.clone(), payer.session.clone(), wish.clone());
            tokio::spawn(async move { wallet.pay(&session, wish).await.unwrap() })
        })
        .collect();
    let mut answers = BTreeSet::new();
    for one in asked {
        let one = one.await.unwrap();
        answers.insert((one.index, one.record, one.opening, one.proof, one.checkpoint, one.balance));
    }
    assert_eq!(answers.len(), 1);
    assert_eq!(world.balance(payee.session.account), 12_300);
}

/// (r, order − s): ECDSA takes both for the same message, so whoever sees one can make the other.
fn other_form(signature: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut raw = data_encoding::BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let mut borrow = 0;
    for (byte, order) in raw[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    data_encoding::BASE64URL_NOPAD.encode(&raw)
}

async fn the_other_form_of_a_signature_verifies_and_is_the_same_payment(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    // Half of all signatures have the larger s, so sixteen payments come in both orders.
    for paid in 1..=16 {
        let wish = payer.transfer(&world, payee.session.account, 100);
        let mut other = wish.clone();
        other.authorisation.signature = other_form(&wish.authorisation.signature);
        assert_ne!(other.authorisation.signature, wish.authorisation.signature);
        let first = world.wallet.pay(&payer.session, other).await.unwrap();
        let again = world.wallet.pay(&payer.session, wish).await.unwrap();
        assert_eq!(first.refusal, None);
        assert_eq!((again.index, again.record, again.proof), (first.index, first.record, first.proof));
        assert_eq!(again.evidence_digest, first.evidence_digest, "one form is stored");
        assert_eq!(world.balance(payee.session.account), paid * 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_for_one_against_three_devices_at_once_posts_exactly_one() {
    for round in 0..10 {
        let world = World::new();
        let payer = world.phone("13800000001", 15_000).await;
        let payee = world.phone("13800000002", 0).await;
        let devices = [world.another_device(&payer).await, world.another_device(&payer).await, payer];
        let asked: Vec<_> = devices
            .iter()
            .map(|device| {
                let wish = device.transfer(&world, payee.session.account, 10_000);
                let (wallet, session) = (world.wallet.clone(), device.session.clone());
                tokio::spawn(async move { code(&wallet.pay(&session, wish).await) })
            })
            .collect();
        let mut codes = Vec::new();
        for one in asked {
            codes.push(one.await.unwrap());
        }
        codes.sort_unstable();
        let none = Some("payment.insufficient_funds");
        assert_eq!(codes, [None, none, none], "round {round}");
        assert_eq!(world.balance(payee.session.account), 10_000);
    }
}

async fn a_strangers_thousand_bad_signatures_do_not_stop_the_owner(engine: Engine) {
    let world = World::on(engine);
    let (owner, stranger) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let forger = FileSigner::generate(&[9; 32]).unwrap();
    let before = world.wallet.records();
    for round in 0..1_000 {
        let (text, opening) = owner.text(&world, stranger.session.account, 100 + round);
        let jws =
            Jws::sign(&forger, TYP_PAY, world.wallet.now().seconds(), &owner.thumbprint, &text.to_bytes())
                .unwrap();
        let forged = NewPayment {
            authorisation: SignedText {
                protected: jws.protected_part().to_owned(),
                payload: jws.payload_part().to_owned(),
                signature: jws.signature_part(),
            },
            payee_name: Some(opening),
            memo: None,
            verification: None,
        };
        // With the owner's session and with their own.
        let session = if round % 2 == 0 { &owner.session } else { &stranger.session };
        let refused = world.wallet.pay(session, forged).await;
        assert!(matches!(code(&refused), Some("payment.signature_invalid" | "certificate.foreign")));
    }
    assert_eq!(world.wallet.records(), before, "nothing was recorded");
    let wish = owner.transfer(&world, stranger.session.account, 5_000);
    assert_eq!(code(&world.wallet.pay(&owner.session, wish).await), None);
}

async fn every_change_of_the_signed_text_is_refused_with_its_code_and_moves_nothing(engine: Engine) {
    type Change = fn(&mut PayText);
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let changes: [(&str, Change); 8] = [
        ("payment.audience_mismatch", |text| text.audience = "https://elsewhere.example".to_owned()),
        ("payment.amount_mismatch", |text| text.amount = Minor::ZERO),
        ("payment.fee_mismatch", |text| text.fee = Minor::new(1).unwrap()),
        ("payment.currency_mismatch", |text| text.currency = Currency::EUR),
        ("payment.payee_unknown", |text| text.payee = yinxin_core::AccountId::from_bytes([1; 10])),
        ("payment.sequence_ahead", |text| text.seq += 1),
        ("payment.sequence_behind", |text| text.seq -= 2),
        ("payment.expired", |text| text.expires = text.expires.plus(-200_000)),
    ];
    for (expected, change) in changes {
        let before = world.balances();
        let (mut text, opening) = payer.text(&world, payee.session.account, 1_000);
        change(&mut text);
        let outcome = world.wallet.pay(&payer.session, payer.seal(&world, &text, opening)).await;
        assert_eq!(code(&outcome), Some(expected));
        assert_eq!(world.balances(), before, "{expected}");
    }
}

async fn a_signature_of_another_purpose_or_algorithm_is_refused(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let (text, opening) = payer.text(&world, payee.session.account, 1_000);
    let consent = CertificateText {
        audience: ORIGIN.to_owned(),
        purpose: CertificatePurpose::Resume,
        certificate: payer.certificate,
        challenge: Digest::from_bytes([1; 32]),
    };
    let good = payer.seal(&world, &text, opening);
    let with = |authorisation: SignedText| NewPayment { authorisation, ..good.clone() };
    let header = |json: &str| data_encoding::BASE64URL_NOPAD.encode(json.as_bytes());
    let thumbprint = data_encoding::BASE64URL_NOPAD.encode(&payer.thumbprint);
    let iat = world.wallet.now().seconds();
    let forged_header = |alg: &str, more: &str| SignedText {
        protected: header(&format!(
            r#"{{"alg":"{alg}","typ":"yx-pay+jws","iat":{iat},"x5t#S256":"{thumbprint}"{more}}}"#
        )),
        ..good.authorisation.clone()
    };
    let mut flipped = good.authorisation.clone();
    flipped.payload = payer
        .sign(TYP_PAY, world.wallet.now(), &PayText { amount: Minor::new(2).unwrap(), ..text }.to_bytes())
        .payload;
    for (expected, wish) in [
        ("payment.type_mismatch", with(payer.sign(TYP_CERTIFICATE, world.wallet.now(), &consent.to_bytes()))),
        ("payment.type_mismatch", with(payer.sign(TYP_ORDER, world.wallet.now(), &consent.to_bytes()))),
        ("payment.malformed", with(payer.sign(TYP_PAY, world.wallet.now(), &consent.to_bytes()))),
        ("payment.algorithm_refused", with(forged_header("none", ""))),
        ("payment.algorithm_refused", with(forged_header("HS256", ""))),
        ("payment.malformed", with(forged_header("ES256", r#","crit":["exp"]"#))),
        ("payment.malformed", with(forged_header("ES256", r#","jwk":{}"#))),
        ("payment.signature_invalid", with(flipped)),
    ] {
        let outcome = world.wallet.pay(&payer.session, wish).await;
        assert_eq!(code(&outcome), Some(expected));
    }
    assert_eq!(world.balance(payee.session.account), 0);
    assert_eq!(code(&world.wallet.pay(&payer.session, good).await), None);
}

fn pay_order(world: &World, payer: &Phone, order: &OrderText, hash: Digest) -> PayText {
    let (text, _) = payer.text(world, order.account, order.amount.get());
    PayText {
        kind: PaymentKind::Pay,
        payee_name: PayeeName::Merchant(order.name.clone()),
        order: Some(hash),
        ..text
    }
}

async fn an_order_is_paid_once_and_only_as_the_merchant_signed_it(engine: Engine) {
    let world = World::on(engine);
    let shop = world.wallet.seed_demo().await.unwrap();
    let payer = world.phone("13800000001", 50_000).await;
    let merchant = world.wallet.merchant(std::str::from_utf8(shop.api_key.expose()).unwrap()).unwrap();
    let (text, jws) = order(&world, &shop, 12_000);
    let created = world.wallet.create_order(&merchant, &jws).unwrap();
    let plain = |text: &PayText| NewPayment {
        authorisation: payer.sign(TYP_PAY, world.wallet.now(), &text.to_bytes()),
        payee_name: None,
        memo: None,
        verification: None,
    };
    let wrong = [
        (
            "payment.amount_mismatch",
            PayText { amount: Minor::new(1).unwrap(), ..pay_order(&world, &payer, &text, created.hash) },
        ),
        ("order.unknown", pay_order(&world, &payer, &text, Digest::from_bytes([7; 32]))),
        (
            "payment.payee_mismatch",
            PayText {
                payee_name: PayeeName::Merchant("山间茶铺".to_owned()),
                ..pay_order(&world, &payer, &text, created.hash)
            },
        ),
    ];
    for (expected, wish) in wrong {
        let (seq, prev) = {
            let fresh = pay_order(&world, &payer, &text, created.hash);
            (fresh.seq, fresh.prev)
        };
        let wish = PayText { seq, prev, ..wish };
        assert_eq!(code(&world.wallet.pay(&payer.session, plain(&wish)).await), Some(expected));
    }
    let wish = plain(&pay_order(&world, &payer, &text, created.hash));
    let paid = world.wallet.pay(&payer.session, wish).await.unwrap();
    assert_eq!(paid.refusal, None);
    check_proof(&world, &paid);
    let second = plain(&pay_order(&world, &payer, &text, created.hash));
    assert_eq!(code(&world.wallet.pay(&payer.session, second).await), Some("order.paid"));
    assert_eq!(world.wallet.merchant_balance(&merchant), 12_000);
    let (withdrawn, jws) = order(&world, &shop, 5_000);
    let hash = world.wallet.create_order(&merchant, &jws).unwrap().hash;
    world.wallet.cancel_order(&merchant, withdrawn.id).await.unwrap();
    let third = plain(&pay_order(&world, &payer, &withdrawn, hash));
    assert_eq!(code(&world.wallet.pay(&payer.session, third).await), Some("order.cancelled"));
}

async fn above_the_tap_limit_only_a_proof_for_this_very_text_counts(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 90_000).await, world.phone("13800000002", 0).await);
    let to = payee.session.account;
    let bare = payer.transfer(&world, to, 30_000);
    assert_eq!(code(&world.wallet.pay(&payer.session, bare).await), Some("payment.verification_required"));
    let other = payer.verify(&world, payer.transfer(&world, to, 30_000)).await;
    let wish = NewPayment { verification: other.verification, ..payer.transfer(&world, to, 30_000) };
    assert_eq!(code(&world.wallet.pay(&payer.session, wish).await), Some("payment.verification_invalid"));
    let stale = payer.verify(&world, payer.transfer(&world, to, 30_000)).await;
    world.clock.pass(61_000);
    assert_eq!(code(&world.wallet.pay(&payer.session, stale).await), Some("payment.verification_required"));
    let wish = payer.verify(&world, payer.transfer(&world, to, 30_000)).await;
    assert_eq!(code(&world.wallet.pay(&payer.session, wish).await), None);
}

async fn ten_wrong_pins_suspend_and_a_right_one_forgives(engine: Engine) {
    let world = World::on(engine);
    let payer = world.phone("13800000001", 0).await;
    for left in [4, 3, 2, 1] {
        assert_eq!(payer.wrong_pin(&world).await, WalletError::Wrong { tries_left: Some(left) });
    }
    assert!(matches!(payer.wrong_pin(&world).await, WalletError::TooManyTries { .. }));
    world.clock.pass(15 * Millis::MINUTE + 1);
    for _ in 0..2 {
        payer.wrong_pin(&world).await;
    }
    assert!(matches!(payer.wrong_pin(&world).await, WalletError::TooManyTries { .. }));
    world.clock.pass(3 * Millis::HOUR + 1);
    payer.wrong_pin(&world).await;
    assert_eq!(payer.wrong_pin(&world).await, WalletError::Refused(Refusal::CertificateSuspended));
}

async fn a_lost_authorisation_is_voided_and_something_else_is_paid(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let to = payee.session.account;
    let (text, opening) = payer.text(&world, to, 1_000);
    let lost = payer.seal(&world, &text, opening);
    assert!(matches!(
        world.wallet.payment(&payer.session, text.number).await,
        Err(WalletError::PaymentUnseen)
    ));
    let voided = world.wallet.void_payment(&payer.session, payer.certificate, text.number).await.unwrap();
    assert!(matches!(voided, crate::Voided::Closed));
    let next = payer.transfer(&world, to, 2_000);
    assert_eq!(code(&world.wallet.pay(&payer.session, next).await), None);
    assert_eq!(code(&world.wallet.pay(&payer.session, lost).await), Some("payment.sequence_behind"));
    let paid = payer.transfer(&world, to, 3_000);
    let number = PayText::parse(paid.authorisation.read(TYP_PAY).unwrap().payload()).unwrap().number;
    assert_eq!(code(&world.wallet.pay(&payer.session, paid).await), None);
    let recorded = world.wallet.void_payment(&payer.session, payer.certificate, number).await.unwrap();
    assert!(matches!(recorded, crate::Voided::Recorded(_)));
    let unknown = PaymentNumber::from_bytes([1; 16]);
    let stranger = world.wallet.void_payment(&payee.session, payer.certificate, unknown).await;
    assert!(matches!(stranger, Err(WalletError::CertificateUnknown)));
}
