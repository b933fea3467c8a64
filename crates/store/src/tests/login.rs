//! What a log-in needs beside the password, and what changes how a person is reached.

use super::desk::{NOW, furnished};
use super::engine::{Place, on_both};
use crate::desk::*;
use yinxin_core::{DeviceId, Digest, PersonId};

on_both!(
    an_authenticator_app_is_offered_then_confirmed_and_no_code_is_right_twice,
    a_passkey_is_kept_used_and_taken_away,
    a_recovery_code_serves_once,
    a_login_challenge_serves_its_person_and_purpose_once,
    devices_are_listed_with_their_sessions,
    a_number_changes_and_the_facts_are_kept,
);

const WHO: PersonId = PersonId::from_bytes([1; 10]);

fn an_authenticator_app_is_offered_then_confirmed_and_no_code_is_right_twice(place: &Place) {
    let desk = furnished(place);
    let totp = TotpRow { sealed: vec![7; 48], confirmed_at: NOW, last_step: 5 };
    desk.write(|tx| {
        tx.offer_totp(WHO, b"first", NOW.plus(10))?;
        tx.offer_totp(WHO, b"second", NOW.plus(20))?;
        assert_eq!(tx.totp_offer(WHO, NOW.plus(19))?, Some(b"second".to_vec()));
        assert_eq!(tx.totp_offer(WHO, NOW.plus(20))?, None, "its time is over");
        tx.confirm_totp(WHO, &totp)?;
        assert_eq!(tx.totp_offer(WHO, NOW)?, None);
        assert!(tx.totp(WHO)? == Some(totp.clone()));
        assert_eq!(
            [tx.use_totp_step(WHO, 5)?, tx.use_totp_step(WHO, 6)?, tx.use_totp_step(WHO, 6)?],
            [false, true, false]
        );
        assert_eq!([tx.delete_totp(WHO)?, tx.delete_totp(WHO)?], [true, false]);
        Ok(())
    })
    .unwrap();
    assert!(desk.read(|tx| tx.totp(WHO)).unwrap().is_none());
}

fn a_passkey_is_kept_used_and_taken_away(place: &Place) {
    let desk = furnished(place);
    let passkey = LoginPasskeyRow {
        credential: vec![1, 2, 3],
        person: WHO,
        key: vec![4],
        signature_count: 3,
        device_kind: DeviceKind::Mac,
        made_at: NOW,
        used_at: None,
    };
    desk.write(|tx| tx.insert_login_passkey(&passkey)).unwrap();
    let again = desk.write(|tx| tx.insert_login_passkey(&passkey));
    assert!(again.unwrap_err().is_taken("login_passkeys.credential"));
    desk.write(|tx| tx.use_login_passkey(&passkey.credential, 2, NOW.plus(1))).unwrap();
    let used = LoginPasskeyRow { used_at: Some(NOW.plus(1)), ..passkey };
    assert_eq!(
        desk.read(|tx| tx.login_passkeys(WHO)).unwrap(),
        std::slice::from_ref(&used),
        "a counter only rises"
    );
    let other = PersonId::from_bytes([2; 10]);
    let gone = |who| desk.write(|tx| tx.delete_login_passkey(who, &used.credential)).unwrap();
    assert_eq!([gone(other), gone(WHO), gone(WHO)], [false, true, false]);
}

fn a_recovery_code_serves_once(place: &Place) {
    let desk = furnished(place);
    let macs = [Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32])];
    desk.write(|tx| tx.set_recovery_codes(WHO, &macs, NOW)).unwrap();
    let used = |mac| desk.write(|tx| tx.use_recovery_code(WHO, mac, NOW.plus(1))).unwrap();
    assert_eq!([used(macs[0]), used(macs[0]), used(Digest::from_bytes([3; 32]))], [true, false, false]);
    assert_eq!(desk.read(|tx| tx.recovery_codes_left(WHO)).unwrap(), 1);
    desk.write(|tx| tx.set_recovery_codes(WHO, &macs[..1], NOW)).unwrap();
    assert!(!used(macs[1]), "new codes void the old ones");
    assert!(used(macs[0]));
}

fn a_login_challenge_serves_its_person_and_purpose_once(place: &Place) {
    let desk = furnished(place);
    let purpose = LoginChallengePurpose::LogIn;
    desk.write(|tx| tx.insert_login_challenge(&[9; 32], purpose, WHO, NOW.plus(10))).unwrap();
    let used = |purpose, who, at| {
        desk.write(|tx| tx.consume_login_challenge(&[9; 32], purpose, who, NOW.plus(at))).unwrap()
    };
    assert!(!used(LoginChallengePurpose::Register, WHO, 1));
    assert!(!used(purpose, PersonId::from_bytes([2; 10]), 1));
    assert!(!used(purpose, WHO, 10), "its time is over");
    assert_eq!([used(purpose, WHO, 1), used(purpose, WHO, 1)], [true, false]);
}

fn devices_are_listed_with_their_sessions(place: &Place) {
    let desk = furnished(place);
    let on = DeviceId::from_bytes([1; 10]);
    let session = |seed: u8, seen: i64| SessionRow {
        token_hash: Digest::from_bytes([seed; 32]),
        person: WHO,
        device: on,
        person_epoch: 0,
        created_at: NOW,
        seen_at: NOW.plus(seen),
    };
    desk.write(|tx| {
        tx.know_device(WHO, on, NOW)?;
        tx.insert_session(&session(1, 5), 9)?;
        tx.insert_session(&session(2, 7), 9)
    })
    .unwrap();
    let listed = |since: i64| desk.read(|tx| tx.devices_of(WHO, NOW.plus(since))).unwrap();
    let both = DeviceUse {
        device: on,
        kind: DeviceKind::Iphone,
        known_at: NOW,
        sessions: 2,
        seen_at: Some(NOW.plus(7)),
    };
    assert_eq!(listed(0), std::slice::from_ref(&both));
    assert_eq!(listed(5), [DeviceUse { sessions: 1, ..both.clone() }]);
    assert_eq!(listed(9), [DeviceUse { sessions: 0, seen_at: None, ..both }]);
}

fn a_number_changes_and_the_facts_are_kept(place: &Place) {
    let desk = furnished(place);
    let facts = ContactFacts { phone_changed_at: Some(NOW), ..ContactFacts::default() };
    assert_eq!(desk.read(|tx| tx.contact_facts(WHO)).unwrap(), ContactFacts::default());
    desk.write(|tx| {
        tx.set_contact_facts(WHO, ContactFacts { reminded_at: Some(NOW), ..facts })?;
        tx.set_contact_facts(WHO, facts)?;
        tx.set_phone(WHO, "+8613900000000")
    })
    .unwrap();
    assert_eq!(desk.read(|tx| tx.contact_facts(WHO)).unwrap(), facts);
    assert_eq!(desk.read(|tx| tx.person(WHO)).unwrap().unwrap().phone, "+8613900000000");
}
