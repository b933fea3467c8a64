//! Writes one sample of everything that is signed to `target/pki-samples/`, for an outside linter:
//!
//! ```text
//! lint_pkix_cert lint -s NOTICE target/pki-samples/<name>.crt.pem
//! lint_crl lint -t CRL -p PKIX -s NOTICE target/pki-samples/<name>.crl
//! lint_ocsp_response lint -s NOTICE target/pki-samples/<name>.ocsp
//! ```
//!
//! Lists with `root` in their name are of type ARL. The samples name real domains: a demo on `localhost`
//! has addresses that a linter flags, because RFC 5280 wants a fully qualified name in them.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod house;

use std::fs;
use std::path::{Path, PathBuf};

use house::{ACCOUNT, DAY, House, NOW, issue, key, public, serial};
use yinxin_pki::ceremony::{self, Stamp};
use yinxin_pki::ocsp::{Naming, Responder, Status, respond};
use yinxin_pki::{CrlContent, Profile, Reason, Revoked, tls};

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pki-samples");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder().join(name), bytes).unwrap();
}

/// An OCSP request for `serial` under `issuer_name_hash` and `issuer_key_hash` (SHA-1), with a nonce.
fn question(house: &House, n: u8) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("issuer.pem"), house.ceremony.payment.pem()).unwrap();
    let leaf = issue(&house.payment, Profile::Payment, ACCOUNT, n);
    fs::write(at("leaf.pem"), leaf.pem()).unwrap();
    let status = std::process::Command::new("openssl")
        .args(["ocsp", "-issuer", &at("issuer.pem"), "-cert", &at("leaf.pem"), "-reqout", &at("ask.der")])
        .status()
        .unwrap();
    assert!(status.success());
    fs::read(at("ask.der")).unwrap()
}

#[test]
fn samples_of_everything_that_is_signed_are_written() {
    for (name, origin, stamp) in
        [("live", house::ORIGIN, Stamp::Live), ("demo", "http://demo.example.com:8088", Stamp::Demo)]
    {
        let house = House::at(origin, stamp);
        write(&format!("{name}-root.crt.pem"), house.ceremony.root.pem());
        write(&format!("{name}-payment-ca.crt.pem"), house.ceremony.payment.pem());
        write(&format!("{name}-merchant-ca.crt.pem"), house.ceremony.merchant.pem());
        write(&format!("{name}-root.crl"), &house.ceremony.root_crl);
        let authority = Revoked {
            serial: house.ceremony.payment.serial().clone(),
            at_ms: NOW,
            reason: Reason::CaCompromise,
        };
        let content =
            CrlContent { number: 2, this_update_ms: NOW, next_update_ms: NOW + DAY, revoked: &[authority] };
        let list = ceremony::root_crl(&house.root_signer, &house.ceremony.root, &content).unwrap();
        write(&format!("{name}-root-revoked-authority.crl"), list);
        for (leaf, certificate, _) in house.one_of_each() {
            write(&format!("{name}-{leaf}.crt.pem"), certificate.pem());
        }
        let revoked: Vec<_> = [Reason::CertificateHold, Reason::KeyCompromise, Reason::Unspecified]
            .into_iter()
            .zip(40..)
            .map(|(reason, n)| Revoked { serial: serial(n), at_ms: NOW, reason })
            .collect();
        let content =
            CrlContent { number: 1, this_update_ms: NOW, next_update_ms: NOW + DAY, revoked: &revoked };
        write(&format!("{name}-payment-ca.crl"), house.payment.crl(&content).unwrap());
        let empty = CrlContent { number: 300, revoked: &[], ..content };
        write(&format!("{name}-merchant-ca.crl"), house.merchant.crl(&empty).unwrap());
        answers(name, &house);
    }
    let root = tls::local_root(&key(31), "shop-pc", &serial(31), NOW).unwrap();
    write("local-root.crt.pem", root.pem());
    let hosts = ["shop-pc.local", "192.168.1.5"];
    let server = tls::local_server(&key(31), &root, &public(32), &hosts, &serial(32), NOW).unwrap();
    write("local-server.crt.pem", server.pem());
}

fn answers(name: &str, house: &House) {
    let request = question(house, 11);
    let certificate = issue(&house.payment, Profile::OcspResponder, "ocsp-payment", 13);
    let issuer = house.payment.certificate();
    let delegated =
        Responder::delegated(House::responder_signer(), certificate, issuer, Naming::ByKey).unwrap();
    let direct = Responder::direct(&house.payment, Naming::ByName);
    let held = Status::Revoked { at_ms: NOW, reason: Reason::CertificateHold };
    for (kind, responder, status) in [
        ("good", &delegated, Status::Good),
        ("held", &delegated, held),
        ("direct", &direct, Status::Good),
        ("unknown", &direct, Status::Unknown),
    ] {
        let answer = respond(std::slice::from_ref(responder), &request, NOW, DAY / 24, |_, _| status);
        write(&format!("{name}-{kind}.ocsp"), answer);
    }
}
