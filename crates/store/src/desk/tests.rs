//! The desk on a real file.

use super::*;
use yinxin_core::{
    AccountId, CertificateId, DeviceId, Digest, EnrolmentId, MerchantId, Millis, Minor, OrderId,
    PaymentNumber, PersonId, Serial, Thumbprint,
};

const NOW: Millis = Millis(1_764_000_000_000);

fn desk() -> (tempfile::TempDir, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(&folder.path().join("desk.db")).unwrap();
    (folder, desk)
}

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
fn furnished() -> (tempfile::TempDir, Desk) {
    let (folder, desk) = desk();
    desk.write(|tx| {
        tx.insert_person(&person(1))?;
        tx.insert_device(&device(1))?;
        tx.insert_enrolment(&enrolment(1))
    })
    .unwrap();
    (folder, desk)
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    Desk::open(&path).unwrap().write(|tx| tx.insert_person(&person(1))).unwrap();
    let found = Desk::open(&path).unwrap().read(|tx| tx.person(PersonId::from_bytes([1; 10]))).unwrap();
    assert_eq!(found, Some(person(1)));
}

#[test]
fn a_desk_of_a_newer_version_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    drop(Desk::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(Desk::open(&path).err(), Some(DeskError::Newer { found: 99, known: 1 }));
}

#[test]
fn an_error_rolls_the_whole_write_back() {
    let (_folder, desk) = desk();
    let failed = desk.write(|tx| {
        tx.insert_person(&person(1))?;
        tx.insert_person(&PersonRow { phone: person(1).phone, ..person(2) })
    });
    assert!(failed.unwrap_err().is_taken("people.phone"));
    assert_eq!(desk.read(|tx| tx.person(PersonId::from_bytes([1; 10]))).unwrap(), None);
}

#[test]
fn a_person_is_found_by_phone_account_number_account_and_request() {
    let (_folder, desk) = desk();
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

#[test]
fn a_corrupt_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let desk = Desk::open(&path).unwrap();
    desk.write(|tx| tx.insert_device(&device(3))).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE devices SET kind = 'toaster'", []).unwrap();
    let failed = desk.read(|tx| tx.device(DeviceId::from_bytes([3; 10]))).unwrap_err();
    let row = "03".repeat(10);
    assert_eq!(failed, DeskError::Corrupt { table: "devices", column: "kind", row, reason: "a known word" });
}

#[test]
fn many_readers_share_few_connections_while_one_writes() {
    let (_folder, desk) = furnished();
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

#[test]
fn a_person_keeps_only_so_many_sessions() {
    let (_folder, desk) = furnished();
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

#[test]
fn the_newest_code_counts_and_is_used_once() {
    let (_folder, desk) = desk();
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

#[test]
fn guesses_are_counted_in_windows_and_forgiven() {
    let (_folder, desk) = desk();
    let count = |at: i64| desk.write(|tx| tx.count_guess("phone", 1_000, NOW.plus(at))).unwrap().count;
    assert_eq!([count(0), count(1), count(999)], [1, 2, 3]);
    assert_eq!(count(1_000), 1, "the window has closed");
    desk.write(|tx| tx.forgive_guess("phone")).unwrap();
    assert_eq!(desk.read(|tx| tx.guesses("phone", NOW.plus(1_001))).unwrap().unwrap().count, 0);
    desk.write(|tx| tx.reset_guesses("phone")).unwrap();
    assert_eq!(desk.read(|tx| tx.guesses("phone", NOW.plus(1_001))).unwrap(), None);
}

#[test]
fn a_person_has_one_open_enrolment() {
    let (_folder, desk) = furnished();
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

#[test]
fn a_serial_is_signed_at_most_once() {
    let (_folder, desk) = furnished();
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

#[test]
fn what_was_abandoned_is_never_signed() {
    let (_folder, desk) = furnished();
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

#[test]
fn custody_is_kept_either_way_and_a_passkey_keeps_one_key() {
    let (_folder, desk) = furnished();
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
}

#[test]
fn a_verification_is_of_one_text_and_a_newer_one_renews_it() {
    let (_folder, desk) = desk();
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

#[test]
fn a_challenge_serves_its_purpose_and_certificate_once() {
    let (_folder, desk) = desk();
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

#[test]
fn an_order_and_its_withdrawal_are_kept() {
    let (_folder, desk) = desk();
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

#[test]
fn an_erased_disclosure_leaves_no_name_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let desk = Desk::open(&path).unwrap();
    let payment = PaymentNumber::from_bytes([1; 16]);
    let row = DisclosureRow {
        payment,
        payee_name: Some(Opening { salt: [1; 32], text: "canary-name".to_owned() }),
        memo: None,
    };
    desk.write(|tx| tx.insert_disclosure(&row)).unwrap();
    assert_eq!(desk.read(|tx| tx.disclosure(payment)).unwrap(), Some(row));
    desk.write(|tx| tx.delete_disclosure(payment)).unwrap();
    drop(desk);
    let file = std::fs::read(&path).unwrap();
    assert!(!file.windows(11).any(|window| window == b"canary-name"));
}

#[test]
fn a_key_answers_its_request_and_refuses_another() {
    let (_folder, desk) = desk();
    let key = ("per_1", "POST /x", "k");
    let claim = |body: u8, at: i64| {
        desk.write(|tx| tx.claim_key(key, Digest::from_bytes([body; 32]), 60_000, NOW.plus(at))).unwrap()
    };
    assert_eq!(claim(1, 0), Claim::Started);
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

#[test]
fn sweeping_takes_what_is_over_and_nothing_else() {
    let (_folder, desk) = desk();
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
    let until = SweepUntil { expired: later, guesses: later, sessions: later, keys: later };
    assert_eq!(desk.write(|tx| tx.sweep(until)).unwrap(), Swept(3));
    assert!(desk.read(|tx| tx.guesses("new", later)).unwrap().is_some());
    assert_eq!(desk.write(|tx| tx.sweep(until)).unwrap(), Swept(0));
}
