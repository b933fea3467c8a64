//! The desk's conformance.

use super::engine::{Part, Place, on_both};
use crate::desk::*;
use std::sync::Arc;
use yinxin_core::{
    AccountId, CertificateId, DeviceId, Digest, EnrolmentId, MerchantId, Millis, Minor, OrderId, PersonId,
    Serial, Thumbprint,
};

on_both!(
    what_was_written_is_there_after_reopening,
    a_desk_of_a_newer_version_is_not_opened,
    an_error_rolls_the_whole_write_back,
    a_person_is_found_by_phone_account_number_account_and_request,
    a_corrupt_row_is_named,
    many_readers_share_few_connections_while_one_writes,
    a_person_keeps_only_so_many_sessions,
    the_newest_code_counts_and_is_used_once,
    guesses_are_counted_in_windows_and_forgiven,
    a_person_has_one_open_enrolment,
    a_serial_is_signed_at_most_once,
    what_was_abandoned_is_never_signed,
    a_kit_is_signed_at_most_once_and_remembers_its_last_drill,
    a_reissue_keeps_its_first_consent,
    a_password_is_to_be_changed_until_it_is,
    custody_is_kept_either_way_and_a_passkey_keeps_one_key,
    a_verification_is_of_one_text_and_a_newer_one_renews_it,
    a_challenge_serves_its_purpose_and_certificate_once,
    an_order_and_its_withdrawal_are_kept,
    a_key_answers_its_request_and_refuses_another,
    sweeping_takes_what_is_over_and_nothing_else,
    every_way_to_a_row_gives_that_row,
    what_is_over_is_listed_oldest_first,
    a_session_ends_with_its_cookie,
    the_key_of_an_abandoned_certificate_is_forgotten,
    a_failure_that_the_closure_swallows_still_fails_the_write,
    every_uniqueness_is_named_by_its_first_column,
    counts_from_many_nodes_at_once_are_all_counted,
    one_key_claimed_from_many_nodes_starts_once,
);

pub(super) const NOW: Millis = Millis(1_764_000_000_000);

fn person(seed: u8) -> PersonRow {
    PersonRow {
        person: PersonId::from_bytes([seed; 10]),
        account: AccountId::from_bytes([seed; 10]),
        account_number: format!("8{seed:010}"),
        phone: format!("+8613800000{seed:03}"),
        name: "林小雨".to_owned(),
        password: "$argon2id$".to_owned(),
        password_changed_at: NOW,
        registration: Digest::from_bytes([seed; 32]),
        sitting_until: NOW.plus(600_000),
        sitting_device: DeviceId::from_bytes([seed; 10]),
        created_at: NOW,
        opened_at: None,
    }
}

fn device(seed: u8) -> DeviceRow {
    DeviceRow {
        device: DeviceId::from_bytes([seed; 10]),
        token_hash: Digest::from_bytes([seed; 32]),
        kind: DeviceKind::Iphone,
        created_at: NOW,
    }
}

fn enrolment(seed: u8) -> EnrolmentRow {
    EnrolmentRow {
        enrolment: EnrolmentId::from_bytes([seed; 10]),
        person: PersonId::from_bytes([1; 10]),
        device: DeviceId::from_bytes([1; 10]),
        state: EnrolmentState::CodeSent,
        password_at: NOW,
        code_at: None,
        webauthn: [seed; 32],
        created_at: NOW.plus(i64::from(seed)),
        expires_at: NOW.plus(600_000),
    }
}

fn issuance(seed: u8) -> IssuanceRow {
    IssuanceRow {
        certificate: CertificateId::from_bytes([seed; 10]),
        enrolment: EnrolmentId::from_bytes([1; 10]),
        person: PersonId::from_bytes([1; 10]),
        device: DeviceId::from_bytes([1; 10]),
        device_name: "我的手机".to_owned(),
        request_hash: Digest::from_bytes([9; 32]),
        key: vec![1, 2, 3],
        serial: Serial::from_bytes([seed; 16]),
        to_be_signed: vec![seed; 8],
        der: None,
        thumbprint: None,
        state: IssuanceState::Prepared,
        challenge: [seed; 32],
        head: Digest::from_bytes([seed; 32]),
        sequence: 1 << 40,
        created_at: NOW.plus(i64::from(seed)),
    }
}

/// One person on one device with one enrolment.
pub(super) fn furnished(place: &Place) -> Arc<Desk> {
    let desk = place.store().desk;
    desk.write(|tx| {
        tx.insert_person(&person(1))?;
        tx.insert_device(&device(1))?;
        tx.insert_enrolment(&enrolment(1))
    })
    .unwrap();
    desk
}

fn what_was_written_is_there_after_reopening(place: &Place) {
    place.store().desk.write(|tx| tx.insert_person(&person(1))).unwrap();
    let found = place.store().desk.read(|tx| tx.person(PersonId::from_bytes([1; 10]))).unwrap();
    assert_eq!(found, Some(person(1)));
}

fn a_desk_of_a_newer_version_is_not_opened(place: &Place) {
    drop(place.store());
    let newer = match place.postgres {
        None => "PRAGMA user_version = 99",
        Some(_) => "UPDATE schema_version SET version = 99",
    };
    place.execute(Part::Desk, newer).unwrap();
    assert_eq!(crate::Store::open(&place.database).err(), Some(DeskError::Newer { found: 99, known: 5 }));
}

fn an_error_rolls_the_whole_write_back(place: &Place) {
    let desk = place.store().desk;
    let failed = desk.write(|tx| {
        tx.insert_person(&person(1))?;
        tx.insert_person(&PersonRow { phone: person(1).phone, ..person(2) })
    });
    assert!(failed.unwrap_err().is_taken("people.phone"));
    assert_eq!(desk.read(|tx| tx.person(PersonId::from_bytes([1; 10]))).unwrap(), None);
}

fn a_person_is_found_by_phone_account_number_account_and_request(place: &Place) {
    let desk = place.store().desk;
    desk.write(|tx| tx.insert_person(&person(7))).unwrap();
    let wanted = Some(person(7));
    desk.read(|tx| {
        assert_eq!(tx.person_by_phone("+8613800000007")?, wanted);
        assert_eq!(tx.person_by_account_number("80000000007")?, wanted);
        assert_eq!(tx.person_by_account(AccountId::from_bytes([7; 10]))?, wanted);
        assert_eq!(tx.person_by_registration(Digest::from_bytes([7; 32]))?, wanted);
        assert_eq!(tx.people_unopened(10)?, vec![person(7)]);
        Ok(())
    })
    .unwrap();
    desk.write(|tx| tx.mark_person_opened(PersonId::from_bytes([7; 10]), NOW)).unwrap();
    assert_eq!(desk.read(|tx| tx.people_unopened(10)).unwrap(), vec![]);
}

fn a_corrupt_row_is_named(place: &Place) {
    let desk = place.store().desk;
    desk.write(|tx| tx.insert_device(&device(3))).unwrap();
    place.execute(Part::Desk, "UPDATE devices SET kind = 'toaster'").unwrap();
    let failed = desk.read(|tx| tx.device(DeviceId::from_bytes([3; 10]))).unwrap_err();
    let row = "03".repeat(10);
    assert_eq!(failed, DeskError::Corrupt { table: "devices", column: "kind", row, reason: "a known word" });
}

fn many_readers_share_few_connections_while_one_writes(place: &Place) {
    let desk = furnished(place);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert!(desk.read(|tx| tx.person(PersonId::from_bytes([1; 10]))).unwrap().is_some());
                }
            });
        }
        for _ in 0..20 {
            desk.write(|tx| tx.count_guess("address", 1_000, NOW)).unwrap();
        }
    });
    assert_eq!(desk.read(|tx| tx.guesses("address", NOW)).unwrap().unwrap().count, 20);
}

fn a_person_keeps_only_so_many_sessions(place: &Place) {
    let desk = furnished(place);
    let session = |seed: u8| SessionRow {
        token_hash: Digest::from_bytes([seed; 32]),
        person: PersonId::from_bytes([1; 10]),
        device: DeviceId::from_bytes([1; 10]),
        person_epoch: 0,
        created_at: NOW.plus(i64::from(seed)),
        seen_at: NOW,
    };
    for seed in 1..=5 {
        desk.write(|tx| tx.insert_session(&session(seed), 3)).unwrap();
    }
    let left: Vec<u8> = (1..=5)
        .filter(|seed| desk.read(|tx| tx.session(Digest::from_bytes([*seed; 32]))).unwrap().is_some())
        .collect();
    assert_eq!(left, [3, 4, 5]);
    desk.write(|tx| tx.touch_session(Digest::from_bytes([4; 32]), NOW.plus(60_000))).unwrap();
    let seen = desk.read(|tx| tx.session(Digest::from_bytes([4; 32]))).unwrap().unwrap().seen_at;
    assert_eq!(seen, NOW.plus(60_000));
    let ended = desk
        .write(|tx| tx.delete_sessions_on(PersonId::from_bytes([1; 10]), DeviceId::from_bytes([1; 10])))
        .unwrap();
    assert_eq!(ended, 3);
}

fn the_newest_code_counts_and_is_used_once(place: &Place) {
    let desk = place.store().desk;
    let code = |mac: u8, at: i64| CodeRow {
        code: 0,
        phone: "+8613800000001".to_owned(),
        purpose: CodePurpose::Register,
        subject: b"iphone".to_vec(),
        mac: Digest::from_bytes([mac; 32]),
        sent_at: NOW.plus(at),
        expires_at: NOW.plus(at + 180_000),
        tries: 0,
        consumed_at: None,
    };
    desk.write(|tx| {
        tx.insert_code(&code(1, 0))?;
        tx.insert_code(&code(2, 60_000))
    })
    .unwrap();
    let newest = |purpose| desk.read(|tx| tx.newest_code("+8613800000001", purpose)).unwrap();
    let found = newest(CodePurpose::Register).unwrap();
    assert_eq!(found.mac, Digest::from_bytes([2; 32]));
    assert_eq!(newest(CodePurpose::LogIn), None);
    desk.write(|tx| tx.count_code_try(found.code)).unwrap();
    assert!(desk.write(|tx| tx.consume_code(found.code, NOW)).unwrap());
    assert!(!desk.write(|tx| tx.consume_code(found.code, NOW)).unwrap());
    let used = newest(CodePurpose::Register).unwrap();
    assert_eq!((used.tries, used.consumed_at), (1, Some(NOW)));
}

fn guesses_are_counted_in_windows_and_forgiven(place: &Place) {
    let desk = place.store().desk;
    let count = |at: i64| desk.write(|tx| tx.count_guess("phone", 1_000, NOW.plus(at))).unwrap().count;
    assert_eq!([count(0), count(1), count(999)], [1, 2, 3]);
    assert_eq!(count(1_000), 1, "the window has closed");
    desk.write(|tx| tx.forgive_guess("phone")).unwrap();
    assert_eq!(desk.read(|tx| tx.guesses("phone", NOW.plus(1_001))).unwrap().unwrap().count, 0);
    desk.write(|tx| tx.reset_guesses("phone")).unwrap();
    assert_eq!(desk.read(|tx| tx.guesses("phone", NOW.plus(1_001))).unwrap(), None);
}

fn a_person_has_one_open_enrolment(place: &Place) {
    let desk = furnished(place);
    let second = desk.write(|tx| tx.insert_enrolment(&enrolment(2)));
    assert!(second.unwrap_err().is_taken("enrolments.person"));
    desk.write(|tx| tx.verify_enrolment(EnrolmentId::from_bytes([1; 10]), NOW)).unwrap();
    let open = desk.read(|tx| tx.open_enrolment(PersonId::from_bytes([1; 10]))).unwrap().unwrap();
    assert_eq!((open.state, open.code_at), (EnrolmentState::Verified, Some(NOW)));
    desk.write(|tx| {
        assert_eq!(tx.close_open_enrolment(PersonId::from_bytes([1; 10]))?, 1);
        tx.insert_enrolment(&enrolment(2))
    })
    .unwrap();
    let newest = desk.read(|tx| tx.newest_enrolment(PersonId::from_bytes([1; 10]))).unwrap().unwrap();
    assert_eq!(newest, enrolment(2));
}

fn a_serial_is_signed_at_most_once(place: &Place) {
    let desk = furnished(place);
    let certificate = CertificateId::from_bytes([1; 10]);
    desk.write(|tx| tx.insert_issuance(&issuance(1))).unwrap();
    assert_eq!(desk.read(|tx| tx.issuances_unfinished(9)).unwrap(), vec![issuance(1)]);
    let sign = |byte: u8| {
        desk.write(|tx| tx.keep_signed(certificate, &[byte], Thumbprint::from_bytes([byte; 32]))).unwrap()
    };
    assert!(sign(1));
    assert!(!sign(2), "what was kept first stays");
    desk.write(|tx| tx.mark_recorded(certificate)).unwrap();
    let kept = desk.read(|tx| tx.issuance(certificate)).unwrap().unwrap();
    assert_eq!((kept.der, kept.state), (Some(vec![1]), IssuanceState::Recorded));
    assert_eq!(desk.read(|tx| tx.issuances_of_person(PersonId::from_bytes([1; 10]), 9)).unwrap().len(), 1);

    let second = desk.write(|tx| tx.insert_issuance(&issuance(2)));
    assert!(second.unwrap_err().is_taken("issuances.enrolment"), "one live serial for an enrolment");
}

fn what_was_abandoned_is_never_signed(place: &Place) {
    let desk = furnished(place);
    let (first, second) = (CertificateId::from_bytes([1; 10]), CertificateId::from_bytes([2; 10]));
    desk.write(|tx| {
        tx.insert_issuance(&issuance(1))?;
        tx.give_issuance_up(first)?;
        tx.insert_issuance(&issuance(2))
    })
    .unwrap();
    assert!(!desk.write(|tx| tx.keep_signed(first, &[3], Thumbprint::from_bytes([3; 32]))).unwrap());
    let current = desk.read(|tx| tx.issuance_of(EnrolmentId::from_bytes([1; 10]))).unwrap().unwrap();
    assert_eq!(current.certificate, second);
    let unfinished = || desk.read(|tx| tx.issuances_unfinished(9)).unwrap().len();
    assert_eq!(unfinished(), 2);
    desk.write(|tx| tx.mark_abandoned(first)).unwrap();
    assert_eq!(unfinished(), 1);
    desk.write(|tx| tx.mark_abandoned(second)).unwrap();
    assert_eq!(unfinished(), 1, "only what was given up is closed");
}

fn kit(seed: u8) -> KitRow {
    KitRow {
        certificate: CertificateId::from_bytes([seed; 10]),
        person: PersonId::from_bytes([1; 10]),
        request_hash: Digest::from_bytes([seed; 32]),
        key: vec![1, 2, 3],
        serial: Serial::from_bytes([seed; 16]),
        to_be_signed: vec![seed; 8],
        der: None,
        thumbprint: None,
        state: IssuanceState::Prepared,
        created_at: NOW.plus(i64::from(seed)),
        drilled_at: None,
    }
}

fn a_kit_is_signed_at_most_once_and_remembers_its_last_drill(place: &Place) {
    let desk = furnished(place);
    let (first, second) = (kit(1).certificate, kit(2).certificate);
    desk.write(|tx| tx.insert_kit(&kit(1)).and_then(|()| tx.insert_kit(&kit(2)))).unwrap();
    let same_request =
        KitRow { certificate: kit(3).certificate, serial: Serial::from_bytes([3; 16]), ..kit(1) };
    let taken = desk.write(|tx| tx.insert_kit(&same_request)).unwrap_err();
    assert!(taken.is_taken("kits.request_hash"), "{taken}");
    let unfinished = || desk.read(|tx| tx.kits_unfinished(9)).unwrap().len();
    assert_eq!(unfinished(), 2);
    let thumbprint = Thumbprint::from_bytes([7; 32]);
    assert!(desk.write(|tx| tx.keep_signed_kit(first, &[9], thumbprint)).unwrap());
    assert!(!desk.write(|tx| tx.keep_signed_kit(first, &[8], thumbprint)).unwrap(), "only once");
    desk.write(|tx| tx.mark_kit_recorded(first).and_then(|()| tx.note_drill(first, NOW))).unwrap();
    desk.write(|tx| tx.give_kit_up(second)).unwrap();
    assert!(!desk.write(|tx| tx.keep_signed_kit(second, &[9], Thumbprint::from_bytes([8; 32]))).unwrap());
    assert_eq!(unfinished(), 1);
    desk.write(|tx| tx.mark_kit_abandoned(second)).unwrap();
    assert_eq!(unfinished(), 0);
    let kept = KitRow {
        der: Some(vec![9]),
        thumbprint: Some(thumbprint),
        state: IssuanceState::Recorded,
        drilled_at: Some(NOW),
        ..kit(1)
    };
    desk.read(|tx| {
        assert_eq!(tx.kit(first)?, Some(kept.clone()));
        assert_eq!(tx.kit_of_request(kit(1).request_hash)?, Some(kept.clone()));
        assert_eq!(tx.kit_of_request(kit(2).request_hash)?, None, "given up");
        assert_eq!(tx.kits_of_person(kit(1).person, 9)?, vec![kept.clone()]);
        Ok(())
    })
    .unwrap();
}

fn a_reissue_keeps_its_first_consent(place: &Place) {
    let desk = furnished(place);
    let id = EnrolmentId::from_bytes([1; 10]);
    let begun = ReissueRow {
        enrolment: id,
        person: PersonId::from_bytes([1; 10]),
        way: ReissueWay::Device,
        stated: ReissueStated::Nothing,
        replaces: None,
        nonce: [6; 32],
        request_hash: None,
        consent_hash: None,
        consent: None,
        created_at: NOW,
    };
    desk.write(|tx| tx.insert_reissue(&begun)).unwrap();
    assert_eq!(desk.read(|tx| tx.reissue(id)).unwrap(), Some(begun.clone()));
    let consent = |seed: u8| ReissueConsent {
        request_hash: Digest::from_bytes([seed; 32]),
        consent_hash: Digest::from_bytes([seed + 1; 32]),
        consent: format!("signed {seed}"),
        replaces: Some(CertificateId::from_bytes([seed; 10])),
    };
    for _ in 0..2 {
        assert!(desk.write(|tx| tx.consent_to_reissue(id, &consent(7))).unwrap(), "an answer may be lost");
    }
    assert!(!desk.write(|tx| tx.consent_to_reissue(id, &consent(9))).unwrap());
    let consented = ReissueRow {
        replaces: Some(CertificateId::from_bytes([7; 10])),
        request_hash: Some(Digest::from_bytes([7; 32])),
        consent_hash: Some(Digest::from_bytes([8; 32])),
        consent: Some("signed 7".to_owned()),
        ..begun
    };
    assert_eq!(desk.read(|tx| tx.reissue(id)).unwrap(), Some(consented.clone()));
    desk.write(|tx| tx.replace_by_reissue(id, None)).unwrap();
    let kept = desk.read(|tx| tx.reissue(id)).unwrap();
    assert_eq!(kept, Some(ReissueRow { replaces: None, ..consented }));
}

fn a_password_is_to_be_changed_until_it_is(place: &Place) {
    let desk = furnished(place);
    let who = PersonId::from_bytes([1; 10]);
    let ordered = || desk.read(|tx| tx.password_order(who)).unwrap();
    assert_eq!(ordered(), None);
    desk.write(|tx| tx.order_password_change(who, NOW)).unwrap();
    desk.write(|tx| tx.order_password_change(who, NOW.plus(5))).unwrap();
    assert_eq!(ordered(), Some(NOW), "since the first time");
    desk.write(|tx| tx.lift_password_order(who)).unwrap();
    assert_eq!(ordered(), None);
}

fn custody_is_kept_either_way_and_a_passkey_keeps_one_key(place: &Place) {
    let desk = furnished(place);
    let passkey = Custody::Passkey { credential: vec![4; 16], key: vec![5; 91], signature_count: 3 };
    let pin = Custody::Pin {
        device_key: Digest::from_bytes([6; 32]),
        pin_mac: Digest::from_bytes([7; 32]),
        share: [8; 32],
    };
    let (first, second) = (CertificateId::from_bytes([1; 10]), CertificateId::from_bytes([2; 10]));
    desk.write(|tx| {
        tx.insert_issuance(&issuance(1))?;
        tx.insert_custody(first, &passkey)?;
        tx.give_issuance_up(first)?;
        tx.insert_issuance(&issuance(2))
    })
    .unwrap();
    let again = desk.write(|tx| tx.insert_custody(second, &passkey));
    assert!(again.unwrap_err().is_taken("custody.credential"));
    desk.write(|tx| tx.insert_custody(second, &pin)).unwrap();
    desk.write(|tx| tx.raise_signature_count(first, 2)).unwrap();
    desk.read(|tx| {
        assert!(tx.custody(first)? == Some(passkey.clone()), "a counter never falls");
        assert!(tx.custody(second)? == Some(pin.clone()));
        assert!(tx.custody(CertificateId::from_bytes([3; 10]))?.is_none());
        Ok(())
    })
    .unwrap();
    let third = CertificateId::from_bytes([3; 10]);
    desk.write(|tx| {
        tx.give_issuance_up(second)?;
        tx.insert_issuance(&issuance(3))
    })
    .unwrap();
    // A renewal that was cut off passes it on again.
    for _ in 0..2 {
        desk.write(|tx| tx.pass_custody_on(second, third)).unwrap();
        assert!(desk.read(|tx| tx.custody(third)).unwrap() == Some(pin.clone()));
        assert!(desk.read(|tx| tx.custody(second)).unwrap().is_none());
    }
}

fn a_verification_is_of_one_text_and_a_newer_one_renews_it(place: &Place) {
    let desk = place.store().desk;
    let (certificate, text) = (CertificateId::from_bytes([1; 10]), Digest::from_bytes([2; 32]));
    let (method, verified_at) = (VerificationMethod::Pin, NOW);
    let row = VerificationRow { certificate, text_hash: text, method, verified_at };
    desk.write(|tx| tx.insert_verification(&row)).unwrap();
    assert_eq!(desk.read(|tx| tx.verification(certificate, text)).unwrap(), Some(row));
    assert_eq!(desk.read(|tx| tx.verification(certificate, Digest::from_bytes([3; 32]))).unwrap(), None);
    let newer = VerificationRow { verified_at: NOW.plus(5), ..row };
    desk.write(|tx| tx.insert_verification(&newer)).unwrap();
    assert_eq!(desk.read(|tx| tx.verification(certificate, text)).unwrap(), Some(newer));
}

fn a_challenge_serves_its_purpose_and_certificate_once(place: &Place) {
    let desk = place.store().desk;
    let certificate = CertificateId::from_bytes([1; 10]);
    let row = ChallengeRow {
        challenge: [5; 32],
        purpose: ChallengePurpose::Tap,
        certificate,
        expires_at: NOW.plus(100),
        consumed_at: None,
    };
    desk.write(|tx| tx.insert_challenge(&row)).unwrap();
    let consume = |purpose, certificate, at: i64| {
        desk.write(|tx| tx.consume_challenge(&[5; 32], purpose, certificate, NOW.plus(at))).unwrap()
    };
    assert!(!consume(ChallengePurpose::Resume, certificate, 0));
    assert!(!consume(ChallengePurpose::Tap, CertificateId::from_bytes([2; 10]), 0));
    assert!(!consume(ChallengePurpose::Tap, certificate, 100));
    assert!(consume(ChallengePurpose::Tap, certificate, 99));
    assert!(!consume(ChallengePurpose::Tap, certificate, 99));
}

fn an_order_and_its_withdrawal_are_kept(place: &Place) {
    let desk = place.store().desk;
    let merchant = MerchantRow {
        merchant: MerchantId::from_bytes([1; 6]),
        account: AccountId::from_bytes([9; 10]),
        name: "山茶书店".to_owned(),
        verified_at: Some(NOW),
        api_key_hash: Digest::from_bytes([1; 32]),
        certificate: vec![0x30],
        thumbprint: Thumbprint::from_bytes([2; 32]),
        created_at: NOW,
    };
    let order = OrderRow {
        order: OrderId::from_bytes([1; 10]),
        merchant: merchant.merchant,
        jws: "a.b.c".to_owned(),
        hash: Digest::from_bytes([3; 32]),
        amount: Minor::new(1_200).unwrap(),
        expires_at: NOW.plus(300_000),
        return_url: "http://localhost:8089/orders/1".to_owned(),
        created_at: NOW,
        cancelling_at: None,
        cancelled_at: None,
    };
    desk.write(|tx| {
        tx.insert_merchant(&merchant)?;
        tx.insert_order(&order)?;
        tx.intend_cancellation(order.order, NOW)
    })
    .unwrap();
    desk.read(|tx| {
        assert_eq!(tx.merchant_by_api_key(Digest::from_bytes([1; 32]))?, Some(merchant.clone()));
        assert_eq!(tx.merchant_by_account(merchant.account)?, Some(merchant.clone()));
        assert_eq!(tx.merchants(9)?, vec![merchant.clone()]);
        assert_eq!(tx.merchant_by_thumbprint(merchant.thumbprint)?, tx.merchant(merchant.merchant)?);
        assert_eq!(tx.order_by_hash(order.hash)?, tx.order(order.order)?);
        assert_eq!(tx.orders_cancelling(9)?.len(), 1);
        Ok(())
    })
    .unwrap();
    desk.write(|tx| tx.drop_cancellation(order.order)).unwrap();
    assert_eq!(desk.read(|tx| tx.orders_of_merchant(merchant.merchant, 9)).unwrap(), vec![order.clone()]);
    desk.write(|tx| tx.mark_order_cancelled(order.order, NOW)).unwrap();
    assert_eq!(desk.read(|tx| tx.order(order.order)).unwrap().unwrap().cancelled_at, Some(NOW));
}

fn a_key_answers_its_request_and_refuses_another(place: &Place) {
    let desk = place.store().desk;
    let key = ("per_1", "POST /x", "k");
    let claim = |body: u8, at: i64| {
        desk.write(|tx| tx.claim_key(key, Digest::from_bytes([body; 32]), 60_000, NOW.plus(at))).unwrap()
    };
    let look = |body: u8| {
        desk.read(|tx| tx.look_at_key(key, Digest::from_bytes([body; 32]), 60_000, NOW.plus(1))).unwrap()
    };
    assert_eq!(look(1), None);
    assert_eq!(claim(1, 0), Claim::Started);
    assert_eq!((look(1), look(2)), (Some(Claim::InFlight), Some(Claim::Conflict)));
    assert_eq!(claim(1, 1), Claim::InFlight);
    assert_eq!(claim(2, 1), Claim::Conflict);
    assert_eq!(claim(1, 60_000), Claim::Started, "its holder vanished");
    desk.write(|tx| tx.release_key(key)).unwrap();
    assert_eq!(claim(1, 2), Claim::Started);
    let answer = KeptAnswer { status: 201, body: b"{}".to_vec() };
    desk.write(|tx| tx.keep_answer(key, &answer)).unwrap();
    assert_eq!(claim(1, 3), Claim::Answered(answer));
    desk.write(|tx| tx.release_key(key)).unwrap();
    assert_eq!(claim(2, 4), Claim::Conflict, "an answered key is not let go");
}

fn sweeping_takes_what_is_over_and_nothing_else(place: &Place) {
    let desk = place.store().desk;
    desk.write(|tx| {
        tx.count_guess("old", 1_000, NOW)?;
        tx.count_guess("new", 900_000, NOW)?;
        tx.claim_key(("a", "b", "c"), Digest::from_bytes([1; 32]), 1, NOW)?;
        tx.insert_challenge(&ChallengeRow {
            challenge: [1; 32],
            purpose: ChallengePurpose::Tap,
            certificate: CertificateId::from_bytes([1; 10]),
            expires_at: NOW.plus(10),
            consumed_at: None,
        })
    })
    .unwrap();
    let later = NOW.plus(60_000);
    let until = SweepUntil { expired: later, guesses: later, sessions: later, keys: later, notices: later };
    assert_eq!(desk.write(|tx| tx.sweep(until)).unwrap(), Swept(3));
    assert!(desk.read(|tx| tx.guesses("new", later)).unwrap().is_some());
    assert_eq!(desk.write(|tx| tx.sweep(until)).unwrap(), Swept(0));
}

fn every_way_to_a_row_gives_that_row(place: &Place) {
    let desk = furnished(place);
    let (enrolment_id, certificate) = (EnrolmentId::from_bytes([1; 10]), CertificateId::from_bytes([1; 10]));
    let (who, on) = (PersonId::from_bytes([1; 10]), DeviceId::from_bytes([1; 10]));
    let thumbprint = Thumbprint::from_bytes([5; 32]);
    desk.write(|tx| {
        tx.know_device(who, on, NOW)?;
        tx.know_device(who, on, NOW.plus(5))?;
        tx.insert_issuance(&issuance(1))?;
        assert!(tx.keep_signed(certificate, b"der", thumbprint)?);
        tx.rename_device(certificate, "新手机")?;
        tx.set_device_token(on, Digest::from_bytes([8; 32]))?;
        tx.set_password(who, "$argon2id$new", NOW.plus(9))?;
        tx.end_sitting(who)
    })
    .unwrap();
    desk.read(|tx| {
        assert_eq!(tx.known_since(who, on)?, Some(NOW), "the first time counts");
        assert_eq!(tx.device_by_token(Digest::from_bytes([8; 32]))?, tx.device(on)?);
        assert_eq!(tx.device_by_token(Digest::from_bytes([1; 32]))?, None, "the old cookie is forgotten");
        assert_eq!(tx.enrolment(enrolment_id)?, Some(enrolment(1)));
        let by_serial = tx.issuance_by_serial(Serial::from_bytes([1; 16]))?.unwrap();
        assert_eq!((by_serial.device_name.as_str(), by_serial.sequence), ("新手机", 1 << 40));
        assert_eq!(tx.issuance_by_thumbprint(thumbprint)?.unwrap(), by_serial);
        let changed = tx.person(who)?.unwrap();
        assert_eq!((changed.password_changed_at, changed.sitting_until), (NOW.plus(9), Millis(0)));
        Ok(())
    })
    .unwrap();
    desk.write(|tx| {
        tx.forget_device(who, on)?;
        tx.move_enrolment(enrolment_id, EnrolmentState::Active, NOW.plus(1))
    })
    .unwrap();
    assert_eq!(desk.read(|tx| tx.known_since(who, on)).unwrap(), None);
    assert_eq!(desk.read(|tx| tx.open_enrolment(who)).unwrap(), None);
}

fn what_is_over_is_listed_oldest_first(place: &Place) {
    let desk = furnished(place);
    let over = |at: i64| desk.read(|tx| tx.enrolments_over(NOW.plus(at), 9)).unwrap().len();
    assert_eq!((over(599_999), over(600_000)), (0, 1));
    let phone = "+8613800000001";
    let sent = |purpose| desk.read(|tx| tx.code_last_sent(phone, purpose)).unwrap();
    assert_eq!(sent(CodePurpose::Enrol), None);
    let row = ChallengeRow {
        challenge: [5; 32],
        purpose: ChallengePurpose::Tap,
        certificate: CertificateId::from_bytes([1; 10]),
        expires_at: NOW,
        consumed_at: None,
    };
    desk.write(|tx| tx.insert_challenge(&row)).unwrap();
    assert_eq!(desk.read(|tx| tx.challenge(&[5; 32])).unwrap(), Some(row));
}

fn a_session_ends_with_its_cookie(place: &Place) {
    let desk = furnished(place);
    let token_hash = Digest::from_bytes([9; 32]);
    let (person, device) = (PersonId::from_bytes([1; 10]), DeviceId::from_bytes([1; 10]));
    let session = SessionRow { token_hash, person, device, person_epoch: 2, created_at: NOW, seen_at: NOW };
    desk.write(|tx| tx.insert_session(&session, 9)).unwrap();
    desk.write(|tx| tx.touch_session(token_hash, NOW.plus(-5))).unwrap();
    assert_eq!(desk.read(|tx| tx.session(token_hash)).unwrap(), Some(session), "time runs forward only");
    desk.write(|tx| tx.delete_session(token_hash)).unwrap();
    assert_eq!(desk.read(|tx| tx.session(token_hash)).unwrap(), None);
}

fn the_key_of_an_abandoned_certificate_is_forgotten(place: &Place) {
    let desk = furnished(place);
    let passkey = Custody::Passkey { credential: vec![4; 16], key: vec![5; 91], signature_count: 3 };
    let first = CertificateId::from_bytes([1; 10]);
    desk.write(|tx| {
        tx.insert_issuance(&issuance(1))?;
        tx.insert_custody(first, &passkey)?;
        tx.raise_signature_count(first, 7)
    })
    .unwrap();
    let counted = Custody::Passkey { credential: vec![4; 16], key: vec![5; 91], signature_count: 7 };
    assert!(desk.read(|tx| tx.custody(first)).unwrap() == Some(counted));
    desk.write(|tx| tx.delete_custody(first)).unwrap();
    assert!(desk.read(|tx| tx.custody(first)).unwrap().is_none());
}

fn a_failure_that_the_closure_swallows_still_fails_the_write(place: &Place) {
    let desk = place.store().desk;
    let failed = desk.write(|tx| {
        tx.insert_person(&person(1))?;
        drop(tx.insert_person(&PersonRow { phone: person(1).phone, ..person(2) }));
        Ok(())
    });
    assert!(failed.unwrap_err().is_taken("people.phone"));
    assert_eq!(desk.read(|tx| tx.person(PersonId::from_bytes([1; 10]))).unwrap(), None);
}

fn every_uniqueness_is_named_by_its_first_column(place: &Place) {
    let desk = furnished(place);
    let taken = |change: &dyn Fn(&DeskWrite<'_>) -> Result<(), DeskError>| {
        let failed = desk.write(|tx| change(tx)).unwrap_err();
        if let DeskError::Taken { column } = failed { column } else { failed.to_string() }
    };
    let same = |change: fn(PersonRow) -> PersonRow| taken(&|tx| tx.insert_person(&change(person(2))));
    assert_eq!(same(|row| PersonRow { person: person(1).person, ..row }), "people.person");
    assert_eq!(same(|row| PersonRow { account: person(1).account, ..row }), "people.account");
    assert_eq!(
        same(|row| PersonRow { account_number: person(1).account_number, ..row }),
        "people.account_number"
    );
    assert_eq!(same(|row| PersonRow { registration: person(1).registration, ..row }), "people.registration");
    assert_eq!(taken(&|tx| tx.insert_enrolment(&enrolment(2))), "enrolments.person");
    let same_device = || DeviceRow { token_hash: Digest::from_bytes([9; 32]), ..device(1) };
    assert_eq!(taken(&|tx| tx.insert_device(&same_device())), "devices.device");
}

fn counts_from_many_nodes_at_once_are_all_counted(place: &Place) {
    // Files have one process; PostgreSQL has any number of nodes, each with a desk of its own.
    let first = place.store().desk;
    let second = place.postgres.is_some().then(|| place.store().desk);
    let desks: [&Desk; 2] = [&first, second.as_ref().unwrap_or(&first)];
    std::thread::scope(|scope| {
        for at in 0..8 {
            let desk = desks[at % 2];
            scope.spawn(move || {
                for _ in 0..10 {
                    desk.write(|tx| {
                        tx.count_guess("all", 1_000, NOW)?;
                        tx.count_guess("phone", 1_000, NOW)
                    })
                    .unwrap();
                }
            });
        }
    });
    assert_eq!(first.read(|tx| tx.guesses("all", NOW)).unwrap().unwrap().count, 80);
    assert_eq!(first.read(|tx| tx.guesses("phone", NOW)).unwrap().unwrap().count, 80);
}

fn one_key_claimed_from_many_nodes_starts_once(place: &Place) {
    let first = place.store().desk;
    let second = place.postgres.is_some().then(|| place.store().desk);
    let desks: [&Desk; 2] = [&first, second.as_ref().unwrap_or(&first)];
    let claim = |desk: &Desk| {
        desk.write(|tx| tx.claim_key(("per_1", "POST /x", "k"), Digest::from_bytes([1; 32]), 60_000, NOW))
            .unwrap()
    };
    let claims: Vec<Claim> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..8).map(|at| scope.spawn(move || claim(desks[at % 2]))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Started).count(), 1);
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::InFlight).count(), 7);
}
