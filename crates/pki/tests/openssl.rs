//! What this crate makes is read by OpenSSL, and what OpenSSL makes is read by this crate.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod house;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use house::{ACCOUNT, DAY, House, NOW, ORIGIN, issue, key, public, serial};
use tempfile::TempDir;
use yinxin_pki::ceremony::{self, Stamp};
use yinxin_pki::jws::TYP_PAYMENT;
use yinxin_pki::ocsp::{self, Naming, Responder, Status, respond};
use yinxin_pki::{
    Certificate, CertificationRequest, ChainError, CrlContent, FileSigner, Jws, Profile, Purpose, Reason,
    Revoked, Signer, der_signature, tls, verify_chain,
};

fn demo() -> House {
    House::at(ORIGIN, Stamp::Demo)
}

fn openssl(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl is installed")
}

/// Runs OpenSSL, demands success and gives what it wrote, both streams.
fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = openssl(folder, arguments);
    let text = text(&output);
    assert!(output.status.success(), "openssl {arguments:?}\n{text}");
    text
}

fn text(output: &Output) -> String {
    let mut all = output.stdout.clone();
    all.extend_from_slice(&output.stderr);
    String::from_utf8_lossy(&all).into_owned()
}

fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.path().join(name), bytes).unwrap();
}

/// Root, chain and lists of a house in a folder, with `revoked` on the payment authority's list.
fn furnish(house: &House, revoked: &[Revoked]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ceremony = &house.ceremony;
    write(&folder, "root.pem", ceremony.root.pem());
    write(&folder, "payment-ca.pem", ceremony.payment.pem());
    write(&folder, "merchant-ca.pem", ceremony.merchant.pem());
    write(&folder, "root.crl", &ceremony.root_crl);
    let content = CrlContent { number: 7, this_update_ms: NOW, next_update_ms: NOW + DAY, revoked };
    write(&folder, "payment.crl", house.payment.crl(&content).unwrap());
    let empty = CrlContent { revoked: &[], ..content };
    write(&folder, "merchant.crl", house.merchant.crl(&empty).unwrap());
    let mut lists = String::new();
    for list in ["root", "payment", "merchant"] {
        let name = format!("{list}.crl");
        lists += &good(folder.path(), &["crl", "-inform", "DER", "-in", &name]);
    }
    write(&folder, "lists.pem", lists);
    folder
}

/// `openssl verify` at [`NOW`] plus a minute, with revocation lists for the whole chain or for none.
fn verify(folder: &TempDir, authority: &str, leaf: &str, lists: bool) -> Output {
    let at = (NOW / 1000 + 60).to_string();
    let mut arguments = vec!["verify", "-x509_strict", "-attime", &at, "-CAfile", "root.pem"];
    if lists {
        arguments.extend_from_slice(&["-crl_check_all", "-CRLfile", "lists.pem"]);
    }
    arguments.extend_from_slice(&["-untrusted", authority, leaf]);
    openssl(folder.path(), &arguments)
}

#[test]
fn every_profile_verifies_up_to_the_root_with_revocation_lists() {
    let house = demo();
    let folder = furnish(&house, &[]);
    for (name, certificate, issuer) in house.one_of_each() {
        // A responder names no list: it is short-lived and says that nobody need check it.
        let lists = !name.ends_with("-ocsp");
        let file = format!("{name}.pem");
        write(&folder, &file, certificate.pem());
        let authority = format!("{}.pem", issuer.authority().file_name());
        let output = verify(&folder, &authority, &file, lists);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

#[test]
fn a_held_certificate_fails_the_list_check_and_another_passes() {
    let house = demo();
    let hold = Revoked { serial: serial(11), at_ms: NOW, reason: Reason::CertificateHold };
    let plain = Revoked { serial: serial(99), at_ms: NOW, reason: Reason::Unspecified };
    let folder = furnish(&house, &[hold, plain]);
    for (name, n, revoked) in [("held", 11, true), ("good", 12, false)] {
        let file = format!("{name}.pem");
        write(&folder, &file, issue(&house.payment, Profile::Payment, ACCOUNT, n).pem());
        let output = verify(&folder, "payment-ca.pem", &file, true);
        assert_eq!(output.status.success(), !revoked, "{}", text(&output));
        assert_eq!(text(&output).contains("certificate revoked"), revoked);
    }
    let list = good(folder.path(), &["crl", "-inform", "DER", "-in", "payment.crl", "-noout", "-text"]);
    for expected in [
        "Certificate Hold",
        "X509v3 Issuing Distribution Point: critical",
        "URI:https://pay.example.com/pki/payment-ca.crl",
        &format!("Serial Number: {}", serial(99).hex().to_uppercase()),
    ] {
        assert!(list.contains(expected), "{expected} is missing:\n{list}");
    }
    let root = good(folder.path(), &["crl", "-inform", "DER", "-in", "root.crl", "-noout", "-text"]);
    assert!(root.contains("No Revoked Certificates") && !root.contains("Distribution Point"));
}

#[test]
fn a_revoked_authority_fails_everything_under_it() {
    let house = demo();
    let folder = furnish(&house, &[]);
    let serial = house.ceremony.payment.serial().clone();
    let revoked = [Revoked { serial, at_ms: NOW, reason: Reason::CaCompromise }];
    let content = CrlContent { number: 2, this_update_ms: NOW, next_update_ms: NOW + DAY, revoked: &revoked };
    let list = ceremony::root_crl(&house.root_signer, &house.ceremony.root, &content).unwrap();
    write(&folder, "root.crl", list);
    let newer = good(folder.path(), &["crl", "-inform", "DER", "-in", "root.crl"]);
    let payment = good(folder.path(), &["crl", "-inform", "DER", "-in", "payment.crl"]);
    write(&folder, "lists.pem", newer + &payment);
    write(&folder, "leaf.pem", issue(&house.payment, Profile::Payment, ACCOUNT, 11).pem());
    let output = verify(&folder, "payment-ca.pem", "leaf.pem", true);
    assert!(!output.status.success() && text(&output).contains("at 1 depth lookup: certificate revoked"));
}

#[test]
fn a_payment_certificate_says_what_the_profile_says() {
    let house = demo();
    let folder = furnish(&house, &[]);
    write(&folder, "leaf.pem", issue(&house.payment, Profile::Payment, ACCOUNT, 11).pem());
    let shown = good(folder.path(), &["x509", "-in", "leaf.pem", "-noout", "-text"]);
    for expected in [
        "Subject: CN = acc_abcdefghij234567",
        "OU = Yinxin DEMO, CN = Yinxin DEMO Payment CA",
        "X509v3 Key Usage: critical",
        "Digital Signature, Non Repudiation",
        "CA:FALSE",
        "2.25.136485839.1.1, 1.3.6.1.5.5.7.3.36",
        "Policy: 2.25.136485839.2.1",
        "URI:https://pay.example.com/id/acc_abcdefghij234567",
        "URI:https://pay.example.com/pki/payment-ca.crl",
        "OCSP - URI:https://pay.example.com/pki/ocsp",
        "CA Issuers - URI:https://pay.example.com/pki/payment-ca.cer",
    ] {
        assert!(shown.contains(expected), "{expected} is missing:\n{shown}");
    }
    assert!(!shown.contains("Client Authentication"));
}

/// Asks with `openssl ocsp`, answers, and lets OpenSSL judge the answer.
fn ask(folder: &TempDir, responder: &Responder, digest: &str, status: Status) -> String {
    let at = (NOW / 1000 + 60).to_string();
    good(
        folder.path(),
        &["ocsp", "-issuer", "payment-ca.pem", digest, "-cert", "leaf.pem", "-reqout", "ask.der"],
    );
    let request = fs::read(folder.path().join("ask.der")).unwrap();
    let answer = respond(std::slice::from_ref(responder), &request, NOW, 3_600_000, |_, asked| {
        assert_eq!(*asked, serial(11));
        status
    });
    write(folder, "answer.der", answer);
    // -no_nonce adds no second one: the nonce inside the request is compared.
    good(
        folder.path(),
        &[
            "ocsp",
            "-issuer",
            "payment-ca.pem",
            digest,
            "-cert",
            "leaf.pem",
            "-no_nonce",
            "-reqin",
            "ask.der",
            "-respin",
            "answer.der",
            "-CAfile",
            "root.pem",
            "-verify_other",
            "payment-ca.pem",
            "-attime",
            &at,
            "-validity_period",
            "999999999",
        ],
    )
}

#[test]
fn openssl_accepts_every_kind_of_status_answer() {
    let house = demo();
    let folder = furnish(&house, &[]);
    write(&folder, "leaf.pem", issue(&house.payment, Profile::Payment, ACCOUNT, 11).pem());
    let certificate = issue(&house.payment, Profile::OcspResponder, "ocsp-payment", 13);
    let mut responders = Vec::new();
    for naming in [Naming::ByName, Naming::ByKey] {
        responders.push(Responder::direct(&house.payment, naming));
        let signer = House::responder_signer();
        let issuer = house.payment.certificate();
        responders.push(Responder::delegated(signer, certificate.clone(), issuer, naming).unwrap());
    }
    let hold = Status::Revoked { at_ms: NOW, reason: Reason::CertificateHold };
    let plain = Status::Revoked { at_ms: NOW, reason: Reason::Unspecified };
    for responder in &responders {
        for digest in ["-sha1", "-sha256"] {
            for (status, expected) in [
                (Status::Good, "leaf.pem: good"),
                (hold, "Reason: certificateHold"),
                (plain, "leaf.pem: revoked"),
                (Status::Unknown, "leaf.pem: unknown"),
            ] {
                let shown = ask(&folder, responder, digest, status);
                assert!(shown.contains("Response verify OK"), "{shown}");
                assert!(shown.contains(expected), "{shown}");
                assert!(!shown.contains("WARNING"), "{shown}");
            }
        }
    }
}

#[test]
fn our_own_question_is_the_one_that_openssl_asks() {
    let house = demo();
    let folder = furnish(&house, &[]);
    write(&folder, "leaf.pem", issue(&house.payment, Profile::Payment, ACCOUNT, 11).pem());
    good(
        folder.path(),
        &[
            "ocsp",
            "-issuer",
            "payment-ca.pem",
            "-sha256",
            "-cert",
            "leaf.pem",
            "-no_nonce",
            "-reqout",
            "ask.der",
        ],
    );
    let theirs = fs::read(folder.path().join("ask.der")).unwrap();
    assert_eq!(ocsp::request(house.payment.certificate(), &serial(11)).unwrap(), theirs);
}

#[test]
fn a_question_about_another_issuer_is_unauthorized() {
    let house = demo();
    let folder = furnish(&house, &[]);
    write(&folder, "leaf.pem", issue(&house.payment, Profile::Payment, ACCOUNT, 11).pem());
    good(
        folder.path(),
        &["ocsp", "-issuer", "payment-ca.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "ask.der"],
    );
    let request = fs::read(folder.path().join("ask.der")).unwrap();
    let merchant = [Responder::direct(&house.merchant, Naming::ByKey)];
    let unasked = |_, _: &_| -> Status { panic!("the books are not asked") };
    assert_eq!(respond(&merchant, &request, NOW, 1000, unasked), [0x30, 3, 0x0a, 1, 6]);
    assert_eq!(respond(&merchant, &request[1..], NOW, 1000, unasked), [0x30, 3, 0x0a, 1, 1]);
    let both = [merchant[0].clone(), Responder::direct(&house.payment, Naming::ByKey)];
    let answer = respond(&both, &request, NOW, 1000, |_, _| Status::Good);
    assert!(answer.len() > 100);
}

/// What OpenSSL signs with the key of `n` and the certificate `issuer.pem` for the key of 77.
fn forge(folder: &TempDir, n: u8, extensions: &str) -> Certificate {
    write(folder, "issuer.key", key(n).to_pkcs8_pem().unwrap().expose());
    write(folder, "subject.der", CertificationRequest::create(&key(77)).unwrap());
    write(folder, "extensions", extensions);
    good(
        folder.path(),
        &[
            "x509",
            "-req",
            "-inform",
            "DER",
            "-in",
            "subject.der",
            "-CA",
            "issuer.pem",
            "-CAkey",
            "issuer.key",
            "-set_serial",
            "0x4142434445464748",
            "-days",
            "3650",
            "-sha256",
            "-extfile",
            "extensions",
            "-outform",
            "DER",
            "-out",
            "forged.der",
        ],
    );
    Certificate::parse(&fs::read(folder.path().join("forged.der")).unwrap()).unwrap()
}

/// The payment profile in OpenSSL's words.
const PAYMENT_EXTENSIONS: &str = "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,nonRepudiation
extendedKeyUsage=2.25.136485839.1.1,1.3.6.1.5.5.7.3.36
certificatePolicies=2.25.136485839.2.1
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
";

#[test]
fn nobody_below_an_issuing_authority_is_an_authority() {
    let house = demo();
    let folder = tempfile::tempdir().unwrap();
    let (root, payment) = (&house.ceremony.root, house.ceremony.payment.clone());
    let person = issue(&house.payment, Profile::Payment, ACCOUNT, 11);
    write(&folder, "issuer.pem", person.pem());
    let forged = forge(&folder, 11, PAYMENT_EXTENSIONS);
    assert_eq!(forged.purpose(), Some(Purpose::Payment));
    // OpenSSL dates each by the clock: none may be of a second after the one in which it is judged.
    let judge = |leaf: &Certificate, middle: &[Certificate]| {
        let now_ms = middle.iter().chain([leaf]).fold(NOW, |at, each| at.max(each.not_before_ms()));
        verify_chain(leaf, middle, root, now_ms, Purpose::Payment)
    };
    assert_eq!(judge(&forged, &[person, payment.clone()]), Err(ChainError::NotAnAuthority));

    // Signed by the authority itself the same text is a good certificate, with a critical stranger it is not.
    write(&folder, "issuer.pem", payment.pem());
    assert_eq!(judge(&forge(&folder, 102, PAYMENT_EXTENSIONS), std::slice::from_ref(&payment)), Ok(()));
    let stranger = format!("{PAYMENT_EXTENSIONS}1.2.3.4=critical,DER:0500\n");
    let verdict = judge(&forge(&folder, 102, &stranger), std::slice::from_ref(&payment));
    assert_eq!(verdict, Err(ChainError::UnknownExtension));

    // An authority under the issuing one breaks the path length, whatever it signs.
    let authority = PAYMENT_EXTENSIONS
        .replace("CA:FALSE", "CA:TRUE")
        .replace("digitalSignature,nonRepudiation", "keyCertSign,cRLSign");
    write(&folder, "subordinate.pem", forge(&folder, 102, &authority).pem());
    let subordinate =
        Certificate::parse_pem(&fs::read(folder.path().join("subordinate.pem")).unwrap()).unwrap();
    write(&folder, "issuer.pem", subordinate.pem());
    let below = forge(&folder, 77, PAYMENT_EXTENSIONS);
    assert_eq!(judge(&below, &[subordinate, payment]), Err(ChainError::TooLong));
}

#[test]
fn openssl_verifies_a_signed_text() {
    let folder = tempfile::tempdir().unwrap();
    let signer = key(11);
    let jws = Jws::sign(&signer, TYP_PAYMENT, 1_795_435_200, &[1; 32], br#"{"v":1}"#).unwrap();
    write(&folder, "text", jws.signing_input());
    write(&folder, "signature", der_signature(jws.signature()).unwrap());
    write(&folder, "low", der_signature(jws.normalised().signature()).unwrap());
    write(&folder, "key.der", signer.spki());
    good(folder.path(), &["pkey", "-pubin", "-inform", "DER", "-in", "key.der", "-out", "key.pem"]);
    for signature in ["signature", "low"] {
        let shown =
            good(folder.path(), &["dgst", "-sha256", "-verify", "key.pem", "-signature", signature, "text"]);
        assert!(shown.contains("Verified OK"));
    }
}

#[test]
fn requests_travel_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "ours.der", CertificationRequest::create(&key(11)).unwrap());
    let shown = good(folder.path(), &["req", "-inform", "DER", "-in", "ours.der", "-noout", "-verify"]);
    assert!(shown.contains("verify OK"), "{shown}");

    let request = |name: &str, algorithm: &[&str], extra: &[&str]| {
        let mut arguments = vec!["req", "-new", "-nodes", "-subj", "/CN=somebody else", "-keyout", "k.pem"];
        arguments.extend_from_slice(&["-outform", "DER", "-out", name]);
        arguments.extend_from_slice(algorithm);
        arguments.extend_from_slice(extra);
        good(folder.path(), &arguments);
        CertificationRequest::parse(&fs::read(folder.path().join(name)).unwrap())
    };
    let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let asking = ["-addext", "basicConstraints=CA:TRUE", "-addext", "subjectAltName=DNS:evil.example"];
    assert!(request("theirs.der", &p256, &asking).is_ok());
    assert!(request("p384.der", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], &[]).is_err());
    assert!(request("rsa.der", &["-newkey", "rsa:2048"], &[]).is_err());
    assert!(request("sha1.der", &p256, &["-sha512"]).is_err());
}

#[test]
fn what_a_request_asks_for_does_not_reach_the_certificate() {
    let house = demo();
    let folder = furnish(&house, &[]);
    good(
        folder.path(),
        &[
            "req",
            "-new",
            "-nodes",
            "-subj",
            "/CN=evil",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-keyout",
            "k.pem",
            "-outform",
            "DER",
            "-out",
            "r.der",
            "-addext",
            "basicConstraints=CA:TRUE",
            "-addext",
            "subjectAltName=DNS:evil.example",
        ],
    );
    let request = CertificationRequest::parse(&fs::read(folder.path().join("r.der")).unwrap()).unwrap();
    let prepared = house
        .payment
        .prepare(&yinxin_pki::Issuance {
            profile: Profile::Payment,
            serial: serial(50),
            subject_id: ACCOUNT,
            key: request.public_key(),
            not_before_ms: NOW,
            not_after_ms: NOW + DAY,
        })
        .unwrap();
    let certificate = house.payment.sign(prepared).unwrap();
    assert!(!certificate.is_authority());
    assert!(!certificate.details().pem.is_empty() && !certificate.details().san.contains("evil"));
    assert_eq!(certificate.subject_id().unwrap(), ACCOUNT);
}

#[test]
fn key_files_travel_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let signer = key(21);
    write(
        &folder,
        "sealed.pem",
        signer.to_encrypted_pem("口令 pass".as_bytes(), &[4; 16], &[5; 16]).unwrap().expose(),
    );
    write(&folder, "plain.pem", signer.to_pkcs8_pem().unwrap().expose());
    write(&folder, "public.der", signer.spki());
    let public = good(folder.path(), &["pkey", "-pubin", "-inform", "DER", "-in", "public.der"]);
    let opened = ["pkey", "-in", "sealed.pem", "-passin", "pass:口令 pass", "-pubout"];
    assert_eq!(good(folder.path(), &opened), public);
    assert_eq!(good(folder.path(), &["pkey", "-in", "plain.pem", "-pubout"]), public);

    let seal = |iterations: &str, name: &str| {
        good(
            folder.path(),
            &[
                "pkcs8",
                "-topk8",
                "-in",
                "plain.pem",
                "-v2",
                "aes-256-cbc",
                "-v2prf",
                "hmacWithSHA256",
                "-iter",
                iterations,
                "-passout",
                "pass:secret",
                "-out",
                name,
            ],
        );
        FileSigner::from_encrypted_pem(&fs::read(folder.path().join(name)).unwrap(), b"secret")
    };
    assert_eq!(seal("200000", "theirs.pem").unwrap().spki(), signer.spki());
    assert!(seal("2048", "weak.pem").is_err());
}

#[test]
fn a_local_server_certificate_verifies_for_its_hosts_only() {
    let folder = tempfile::tempdir().unwrap();
    let root_signer = Arc::new(key(31));
    let root = tls::local_root(root_signer.as_ref(), "shop-pc", &serial(31), NOW).unwrap();
    let hosts = ["localhost", "shop-pc.local", "192.168.1.5", "fd00::5"];
    let server =
        tls::local_server(root_signer.as_ref(), &root, &public(32), &hosts, &serial(32), NOW).unwrap();
    write(&folder, "root.pem", root.pem());
    write(&folder, "server.pem", server.pem());
    let at = (NOW / 1000 + 60).to_string();
    for (flag, host, accepted) in [
        ("-verify_hostname", "shop-pc.local", true),
        ("-verify_ip", "192.168.1.5", true),
        ("-verify_ip", "fd00::5", true),
        ("-verify_hostname", "evil.example", false),
    ] {
        let output = openssl(
            folder.path(),
            &[
                "verify",
                "-x509_strict",
                "-purpose",
                "sslserver",
                "-attime",
                &at,
                flag,
                host,
                "-CAfile",
                "root.pem",
                "server.pem",
            ],
        );
        assert_eq!(output.status.success(), accepted, "{host}: {}", text(&output));
    }
    assert!(tls::local_server(root_signer.as_ref(), &root, &public(32), &[], &serial(33), NOW).is_err());
    assert!(tls::local_server(root_signer.as_ref(), &root, &public(32), &["a b"], &serial(33), NOW).is_err());
}
