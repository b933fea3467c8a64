//! The rules of issuance, of path validation and of status answers, and the traps behind them.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod house;

use std::sync::{Arc, LazyLock};

use house::{ACCOUNT, DAY, House, MERCHANT, NOW, ORIGIN, issue, key, public, serial};
use proptest::prelude::*;
use yinxin_pki::ceremony::{self, CeremonyInput, Stamp};
use yinxin_pki::ocsp::{Naming, Responder, Status, request_from_path, respond};
use yinxin_pki::{
    Authority, Certificate, ChainError, CrlContent, Error, Issuance, Issuer, Profile, PublicKey, Purpose,
    Reason, Result, Signer, tls, verify_chain,
};

static KEY: LazyLock<PublicKey> = LazyLock::new(|| public(11));
static HOUSE: LazyLock<House> = LazyLock::new(|| House::at(ORIGIN, Stamp::Live));

/// What preparing and checking an issuance says, after one change to a good one.
fn attempt<'a>(change: impl FnOnce(&mut Issuance<'a>)) -> Result<Certificate> {
    let mut issuance = Issuance {
        profile: Profile::Payment,
        serial: serial(11),
        subject_id: ACCOUNT,
        key: &KEY,
        not_before_ms: NOW,
        not_after_ms: NOW + 365 * DAY,
    };
    change(&mut issuance);
    let issuer = if HOUSE_OF_MERCHANTS.contains(&issuance.profile.purpose()) {
        &HOUSE.merchant
    } else {
        &HOUSE.payment
    };
    issuer.sign(issuer.prepare(&issuance)?)
}

const HOUSE_OF_MERCHANTS: [Purpose; 3] = [Purpose::Merchant, Purpose::Operator, Purpose::TlsServer];

#[test]
fn an_issuance_against_the_profile_is_refused_before_signing() {
    assert!(attempt(|_| ()).is_ok());
    let authority_key = public(102);
    for (case, result) in [
        ("ends before it begins", attempt(|i| i.not_after_ms = NOW)),
        ("outlives its authority", attempt(|i| i.not_after_ms = NOW + 5 * 366 * DAY)),
        ("begins before its authority", attempt(|i| i.not_before_ms = NOW - 2 * DAY)),
        ("before 1970", attempt(|i| i.not_before_ms = -1)),
        ("a merchant's id for a payment", attempt(|i| i.subject_id = MERCHANT)),
        ("an empty id", attempt(|i| i.subject_id = "")),
        ("an id with a second attribute", attempt(|i| i.subject_id = "acc_a,O=evil")),
        ("an id with a path", attempt(|i| i.subject_id = "acc_/../x")),
        ("an account's id for a merchant", attempt(|i| i.profile = Profile::Merchant { name: "n" })),
        ("the authority's own key", attempt(|i| i.key = &authority_key)),
        ("a responder for a year", attempt(|i| i.profile = Profile::OcspResponder)),
        ("a server without hosts", attempt(|i| i.profile = Profile::TlsServer { hosts: &[] })),
        ("a server with an odd host", attempt(|i| i.profile = Profile::TlsServer { hosts: &["a_b"] })),
    ] {
        assert!(result.is_err(), "{case}");
    }
    let long = "店".repeat(65);
    for name in ["", " name", "a\nb", "a\u{0}b", long.as_str()] {
        let result = attempt(|i| {
            i.profile = Profile::Merchant { name };
            i.subject_id = MERCHANT;
        });
        assert!(result.is_err(), "{name:?}");
    }
}

#[test]
fn a_name_is_never_parsed_into_more_attributes() {
    let name = "Shop, O=Bank of China + CN=acc_x";
    let certificate = attempt(|i| {
        i.profile = Profile::Merchant { name };
        i.subject_id = MERCHANT;
    })
    .unwrap();
    assert_eq!(certificate.organization().unwrap(), name);
    assert_eq!(certificate.subject_id().unwrap(), MERCHANT);
}

#[test]
fn each_authority_issues_for_its_own_purposes_only() {
    let issuance = |profile| Issuance {
        profile,
        serial: serial(11),
        subject_id: "acc_a",
        key: &KEY,
        not_before_ms: NOW,
        not_after_ms: NOW + DAY,
    };
    for profile in [Profile::Payment, Profile::Recovery] {
        assert!(HOUSE.merchant.prepare(&issuance(profile)).is_err());
    }
    for profile in
        [Profile::Operator, Profile::Merchant { name: "n" }, Profile::TlsServer { hosts: &["a.example"] }]
    {
        assert!(HOUSE.payment.prepare(&issuance(profile)).is_err());
    }
}

#[test]
fn what_is_recorded_is_what_is_signed() {
    let prepared = HOUSE
        .payment
        .prepare(&Issuance {
            profile: Profile::Payment,
            serial: serial(60),
            subject_id: ACCOUNT,
            key: &public(60),
            not_before_ms: NOW,
            not_after_ms: NOW + DAY,
        })
        .unwrap();
    HOUSE.payment.self_check(&prepared).unwrap();
    // Another authority's rules do not hold for it.
    assert!(HOUSE.merchant.self_check(&prepared).is_err());
    let (tbs, digest) = (prepared.tbs().to_vec(), prepared.digest());
    let certificate = HOUSE.payment.sign(prepared).unwrap();
    assert_eq!(certificate.serial(), &serial(60));
    assert!(certificate.der().windows(tbs.len()).any(|window| window == tbs));
    assert_eq!(digest, yinxin_pki::symmetric::sha256(&tbs));
}

#[test]
fn an_issuer_needs_its_own_key_and_certificate() {
    let make = |n: u8, certificate: &Certificate| Issuer::new(Arc::new(key(n)), certificate.clone(), ORIGIN);
    assert_eq!(make(102, &HOUSE.ceremony.payment).unwrap().authority(), Authority::Payment);
    assert_eq!(make(103, &HOUSE.ceremony.merchant).unwrap().authority(), Authority::Merchant);
    assert!(make(103, &HOUSE.ceremony.payment).is_err());
    assert!(make(101, &HOUSE.ceremony.root).is_err());
    assert!(make(11, &issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 11)).is_err());
    assert!(Issuer::new(Arc::new(key(102)), HOUSE.ceremony.payment.clone(), "pay.example").is_err());
}

#[test]
fn the_ceremony_wants_three_keys_and_stamps_every_authority() {
    let root = key(101);
    let (payment_key, merchant_key) = (public(102), public(102));
    let input = CeremonyInput {
        operator: "Operator",
        origin: ORIGIN,
        stamp: Stamp::Demo,
        now_ms: NOW,
        serials: [serial(1), serial(2), serial(3)],
        root: &root,
        payment_key: &payment_key,
        merchant_key: &merchant_key,
    };
    assert!(ceremony::perform(&input).is_err());
    let merchant_key = public(103);
    let made = ceremony::perform(&CeremonyInput { merchant_key: &merchant_key, ..input }).unwrap();
    for certificate in [&made.root, &made.payment, &made.merchant] {
        assert!(certificate.details().subject.starts_with("O=Operator, OU=Yinxin DEMO, CN=Yinxin DEMO "));
        assert!(certificate.is_authority() && certificate.purpose().is_none());
    }
    assert!(!HOUSE.ceremony.root.details().subject.contains("DEMO"));
    let years = |c: &Certificate| (c.not_after_ms() - NOW) / DAY / 365;
    assert_eq!((years(&made.root), years(&made.payment), years(&made.merchant)), (20, 5, 5));
    // Twenty years reach into 2046; a fifty-year clock would switch to GeneralizedTime, which is read alike.
    assert_eq!(made.root.details().not_after, "2046-11-23T12:00:00Z");
}

#[test]
fn a_certificate_tells_its_contents_in_plain_strings() {
    let certificate = issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 11);
    let details = certificate.details();
    assert_eq!(details.subject, format!("CN={ACCOUNT}"));
    assert_eq!(details.issuer, "O=印信 Example Ltd, OU=Yinxin, CN=Yinxin Payment CA");
    assert_eq!(details.serial, serial(11).hex());
    assert_eq!(details.not_before, "2026-11-23T12:00:00Z");
    assert_eq!(details.fingerprint_sha256.len(), 95);
    assert_eq!(details.public_key.len(), 130);
    assert_eq!(details.key_usage, "digitalSignature, nonRepudiation");
    assert!(details.extended_key_usage.starts_with("Yinxin payment (2.25."));
    assert!(details.extended_key_usage.ends_with("documentSigning (1.3.6.1.5.5.7.3.36)"));
    assert!(details.policies.starts_with("Yinxin payment (2.25."));
    assert_eq!(details.san, format!("{ORIGIN}/id/{ACCOUNT}"));
    assert_eq!(details.crl, format!("{ORIGIN}/pki/payment-ca.crl"));
    assert_eq!(details.ocsp, format!("{ORIGIN}/pki/ocsp"));
    assert_eq!(Certificate::parse_pem(details.pem.as_bytes()).unwrap().der(), certificate.der());
    let server = Profile::TlsServer { hosts: &["pay.example.com", "192.168.1.5", "fd00::5"] };
    let server = issue(&HOUSE.merchant, server, "pay.example.com", 16);
    assert_eq!(server.details().san, "pay.example.com, 192.168.1.5, fd00::5");
}

#[test]
fn every_purpose_has_a_chain_and_no_other_purpose_has_it() {
    let root = &HOUSE.ceremony.root;
    let both = [HOUSE.ceremony.merchant.clone(), HOUSE.ceremony.payment.clone()];
    for (name, certificate, issuer) in HOUSE.one_of_each() {
        for purpose in Purpose::ALL {
            let verdict = verify_chain(&certificate, &both, root, NOW, purpose);
            if certificate.purpose() == Some(purpose) {
                assert_eq!(verdict, Ok(()), "{name}");
            } else {
                assert_eq!(verdict, Err(ChainError::WrongPurpose), "{name} as {purpose:?}");
            }
        }
        let own = std::slice::from_ref(issuer.certificate());
        assert_eq!(verify_chain(&certificate, own, root, NOW, certificate.purpose().unwrap()), Ok(()));
    }
}

#[test]
fn a_chain_breaks_where_it_is_broken() {
    let leaf = issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 11);
    let (root, payment) = (&HOUSE.ceremony.root, HOUSE.ceremony.payment.clone());
    let check = |leaf: &Certificate, middle: &[Certificate], root: &Certificate, now| {
        verify_chain(leaf, middle, root, now, Purpose::Payment)
    };
    let middle = [payment.clone()];
    assert_eq!(check(&leaf, &middle, root, NOW), Ok(()));
    assert_eq!(check(&leaf, &[], root, NOW), Err(ChainError::IssuerUnknown));
    assert_eq!(
        check(&leaf, std::slice::from_ref(&HOUSE.ceremony.merchant), root, NOW),
        Err(ChainError::IssuerUnknown)
    );
    assert_eq!(check(&leaf, &vec![payment.clone(); 5], root, NOW), Err(ChainError::TooLong));
    assert_eq!(check(&leaf, &middle, root, NOW - 1), Err(ChainError::NotYetValid));
    assert_eq!(check(&leaf, &middle, root, leaf.not_after_ms()), Ok(()));
    assert_eq!(check(&leaf, &middle, root, leaf.not_after_ms() + 1000), Err(ChainError::Expired));
    assert_eq!(check(&payment, &middle, root, NOW), Err(ChainError::WrongPurpose));
    assert_eq!(check(&root.clone(), &middle, root, NOW), Err(ChainError::WrongPurpose));

    let mut der = leaf.der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let forged = Certificate::parse(&der).unwrap();
    assert_eq!(check(&forged, &middle, root, NOW), Err(ChainError::SignatureInvalid));
    // A person's certificate signs nothing below it.
    assert_eq!(check(&leaf, &middle, &leaf, NOW), Err(ChainError::IssuerUnknown));
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_another_root() {
    let other_root = key(111);
    let other = ceremony::perform(&CeremonyInput {
        operator: "印信 Example Ltd",
        origin: ORIGIN,
        stamp: Stamp::Live,
        now_ms: NOW,
        serials: [serial(1), serial(2), serial(3)],
        root: &other_root,
        payment_key: &public(102),
        merchant_key: &public(103),
    })
    .unwrap();
    let leaf = issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 11);
    let middle = [HOUSE.ceremony.payment.clone()];
    let verdict = verify_chain(&leaf, &middle, &other.root, NOW, Purpose::Payment);
    assert_eq!(verdict, Err(ChainError::IssuerUnknown));
}

#[test]
fn an_expired_root_ends_the_chain() {
    let root_signer = key(31);
    let root = tls::local_root(&root_signer, "pc", &serial(31), NOW).unwrap();
    let server =
        tls::local_server(&root_signer, &root, &public(32), &["pc.local"], &serial(32), NOW).unwrap();
    // The local root is apart: its certificates carry no policy and are no certificates of the house.
    assert_eq!(server.purpose(), None);
    assert_eq!(verify_chain(&server, &[], &root, NOW, Purpose::TlsServer), Err(ChainError::WrongPurpose));
    let leaf = issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 11);
    let after_the_root = HOUSE.ceremony.root.not_after_ms() + DAY;
    let middle = [HOUSE.ceremony.payment.clone()];
    assert_eq!(
        verify_chain(&leaf, &middle, &HOUSE.ceremony.root, after_the_root, Purpose::Payment),
        Err(ChainError::Expired)
    );
}

#[test]
fn a_list_that_ends_before_it_begins_is_refused() {
    let content = CrlContent { number: 1, this_update_ms: NOW, next_update_ms: NOW, revoked: &[] };
    assert!(HOUSE.payment.crl(&content).is_err());
    let content = CrlContent { next_update_ms: NOW + 1000, ..content };
    assert!(HOUSE.payment.crl(&content).is_ok());
    assert!(ceremony::root_crl(&HOUSE.root_signer, &HOUSE.ceremony.root, &content).is_ok());
    assert!(ceremony::root_crl(&key(102), &HOUSE.ceremony.root, &content).is_err());
}

#[test]
fn a_responder_needs_a_responder_certificate_of_this_authority() {
    let payment = HOUSE.payment.certificate();
    let make = |n: u8, certificate: Certificate, issuer: &Certificate| {
        Responder::delegated(Arc::new(key(n)) as Arc<dyn Signer>, certificate, issuer, Naming::ByKey)
    };
    let responder = issue(&HOUSE.payment, Profile::OcspResponder, "ocsp-payment", 13);
    let ours = Responder::delegated(House::responder_signer(), responder.clone(), payment, Naming::ByName);
    assert!(ours.is_ok());
    assert!(make(14, responder.clone(), payment).is_err());
    assert!(make(13, responder.clone(), HOUSE.merchant.certificate()).is_err());
    assert!(make(13, responder, &HOUSE.ceremony.root).is_err());
    let person = issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 13);
    assert!(make(13, person, payment).is_err());
}

/// DER with definite lengths, for questions that OpenSSL would not ask.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut der = vec![tag];
    match body.len() {
        length @ 0..=0x7f => der.push(u8::try_from(length).unwrap()),
        length @ 0x80..=0xff => der.extend([0x81, u8::try_from(length).unwrap()]),
        length => {
            der.push(0x82);
            der.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    der.extend(body);
    der
}

/// A question with a SHA-256 certificate id of the payment authority and these nonces.
fn question(nonces: &[usize], copies: usize) -> Vec<u8> {
    let sha256 = yinxin_pki::symmetric::sha256;
    let issuer = HOUSE.payment.certificate();
    let name = subject_der(issuer);
    let algorithm = tlv(0x30, &[&[0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], &[5, 0]]);
    let id = tlv(
        0x30,
        &[
            &algorithm,
            &tlv(4, &[&sha256(&name)]),
            &tlv(4, &[&sha256(issuer.public_key().point())]),
            &tlv(2, &[serial(11).as_bytes()]),
        ],
    );
    let requests = tlv(0x30, &[&tlv(0x30, &[&id]).repeat(copies)]);
    let oid = [0x06, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
    let nonces: Vec<_> =
        nonces.iter().map(|&length| tlv(0x30, &[&oid, &tlv(4, &[&tlv(4, &[&vec![7; length]])])])).collect();
    let extensions =
        if nonces.is_empty() { Vec::new() } else { tlv(0xa2, &[&tlv(0x30, &[&nonces.concat()])]) };
    tlv(0x30, &[&tlv(0x30, &[&requests, &extensions])])
}

/// The subject's DER, found in the self-describing certificate: the name after the validity.
fn subject_der(certificate: &Certificate) -> Vec<u8> {
    let organization = "印信 Example Ltd".as_bytes();
    let attribute =
        |oid: u8, text: &[u8]| tlv(0x31, &[&tlv(0x30, &[&[0x06, 3, 0x55, 4, oid], &tlv(0x0c, &[text])])]);
    let name = tlv(
        0x30,
        &[&attribute(10, organization), &attribute(11, b"Yinxin"), &attribute(3, b"Yinxin Payment CA")],
    );
    assert!(certificate.der().windows(name.len()).any(|window| window == name));
    name
}

fn ask(request: &[u8]) -> Vec<u8> {
    let responder = [Responder::direct(&HOUSE.payment, Naming::ByKey)];
    respond(&responder, request, NOW, 3_600_000, |authority, asked| {
        assert_eq!((authority, asked), (Authority::Payment, &serial(11)));
        Status::Revoked { at_ms: NOW, reason: Reason::KeyCompromise }
    })
}

#[test]
fn a_nonce_of_1_to_128_bytes_is_echoed_and_any_other_is_malformed() {
    const MALFORMED: [u8; 5] = [0x30, 3, 0x0a, 1, 1];
    for length in [1, 16, 32, 128] {
        let answer = ask(&question(&[length], 1));
        let nonce = tlv(4, &[&vec![7; length]]);
        assert!(answer.windows(nonce.len()).any(|window| window == nonce), "{length}");
    }
    assert!(ask(&question(&[], 1)).len() > 100);
    assert!(ask(&question(&[], 16)).len() > 100);
    for bad in [
        question(&[0], 1),
        question(&[129], 1),
        question(&[16, 16], 1),
        question(&[], 0),
        question(&[], 17),
        vec![],
        vec![0x30, 0],
        vec![0x30; 5000],
    ] {
        assert_eq!(ask(&bad), MALFORMED);
    }
}

#[test]
fn a_question_in_an_address_is_read() {
    let request = question(&[], 1);
    let text = data_encoding::BASE64.encode(&request);
    assert_eq!(request_from_path(&text).unwrap(), request);
    let escaped = text.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    assert_eq!(request_from_path(&escaped).unwrap(), request);
    assert_eq!(request_from_path("%00"), None);
    assert_eq!(request_from_path(&"A".repeat(20_000)), None);
}

#[test]
fn a_certificate_with_anything_after_it_is_malformed() {
    let der = HOUSE.ceremony.payment.der();
    let mut longer = der.to_vec();
    longer.push(0);
    assert_eq!(Certificate::parse(&longer).unwrap_err(), Error::Malformed("certificate"));
    for length in 0..der.len() {
        assert!(Certificate::parse(&der[..length]).is_err());
    }
}

proptest! {
    #[test]
    fn no_changed_byte_survives_the_chain(at in 0usize..700, with in any::<u8>()) {
        let leaf = issue(&HOUSE.payment, Profile::Payment, ACCOUNT, 11);
        let mut der = leaf.der().to_vec();
        let at = at % der.len();
        prop_assume!(der[at] != with);
        der[at] = with;
        if let Ok(changed) = Certificate::parse(&der) {
            let middle = [HOUSE.ceremony.payment.clone()];
            let verdict = verify_chain(&changed, &middle, &HOUSE.ceremony.root, NOW, Purpose::Payment);
            prop_assert!(verdict.is_err());
            let _ = changed.details();
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..200, with in any::<u8>()) {
        let _ = Certificate::parse(&bytes);
        let _ = Certificate::parse_pem(&bytes);
        let mut request = question(&[16], 1);
        let at = at % request.len();
        request[at] = with;
        let responder = [Responder::direct(&HOUSE.payment, Naming::ByKey)];
        for request in [&bytes, &request] {
            let answer = respond(&responder, request, NOW, 1000, |_, _| Status::Good);
            prop_assert!(answer.len() >= 5);
        }
    }
}
