//! A deployment's certificates for the tests: root, two authorities, one certificate of each purpose.

#![expect(unreachable_pub, reason = "a module of several test programs")]
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;

use yinxin_pki::ceremony::{self, Ceremony, CeremonyInput, Stamp};
use yinxin_pki::{Certificate, FileSigner, Issuance, Issuer, Profile, PublicKey, Serial, Signer};

/// 2026-11-23T12:00:00Z.
pub const NOW: i64 = 1_795_435_200_000;
pub const DAY: i64 = 86_400_000;
pub const ORIGIN: &str = "https://pay.example.com";
pub const ACCOUNT: &str = "acc_abcdefghij234567";
pub const MERCHANT: &str = "mer_abcdefghij";

pub struct House {
    pub root_signer: FileSigner,
    pub ceremony: Ceremony,
    pub payment: Issuer,
    pub merchant: Issuer,
}

pub fn key(seed: u8) -> FileSigner {
    FileSigner::generate(&[seed; 32]).unwrap()
}

pub fn public(seed: u8) -> PublicKey {
    key(seed).public_key().unwrap()
}

pub fn serial(n: u8) -> Serial {
    Serial::from_random([n; 16])
}

pub fn issue(issuer: &Issuer, profile: Profile<'_>, id: &str, n: u8) -> Certificate {
    let life = if matches!(profile, Profile::OcspResponder) { 30 } else { 365 };
    let prepared = issuer
        .prepare(&Issuance {
            profile,
            serial: serial(n),
            subject_id: id,
            key: &public(n),
            not_before_ms: NOW,
            not_after_ms: NOW + life * DAY,
        })
        .unwrap();
    assert_eq!(prepared.serial(), &serial(n));
    issuer.sign(prepared).unwrap()
}

impl House {
    pub fn at(origin: &str, stamp: Stamp) -> Self {
        let root_signer = key(101);
        let ceremony = ceremony::perform(&CeremonyInput {
            operator: "印信 Example Ltd",
            origin,
            stamp,
            now_ms: NOW,
            serials: [serial(1), serial(2), serial(3)],
            root: &root_signer,
            payment_key: &public(102),
            merchant_key: &public(103),
        })
        .unwrap();
        let payment = Issuer::new(Arc::new(key(102)), ceremony.payment.clone(), origin).unwrap();
        let merchant = Issuer::new(Arc::new(key(103)), ceremony.merchant.clone(), origin).unwrap();
        Self { root_signer, ceremony, payment, merchant }
    }

    /// One certificate of every profile with its issuer's certificate and a name for its file.
    pub fn one_of_each(&self) -> Vec<(&'static str, Certificate, &Issuer)> {
        let merchant = Profile::Merchant { name: "示例商店 Corner Shop" };
        let server = Profile::TlsServer { hosts: &["pay.example.com", "192.168.1.5", "fd00::5"] };
        vec![
            ("payment", issue(&self.payment, Profile::Payment, ACCOUNT, 11), &self.payment),
            ("recovery", issue(&self.payment, Profile::Recovery, ACCOUNT, 12), &self.payment),
            ("payment-ocsp", issue(&self.payment, Profile::OcspResponder, "ocsp-payment", 13), &self.payment),
            ("merchant", issue(&self.merchant, merchant, MERCHANT, 14), &self.merchant),
            ("operator", issue(&self.merchant, Profile::Operator, "opr_abc", 15), &self.merchant),
            ("server", issue(&self.merchant, server, "pay.example.com", 16), &self.merchant),
            (
                "merchant-ocsp",
                issue(&self.merchant, Profile::OcspResponder, "ocsp-merchant", 17),
                &self.merchant,
            ),
        ]
    }

    /// The delegated responder's signer of [`House::one_of_each`].
    pub fn responder_signer() -> Arc<dyn Signer> {
        Arc::new(key(13))
    }
}
