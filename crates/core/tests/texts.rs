//! Golden vectors of signed texts that the web builds too: `vectors/texts.json`. `YINXIN_BLESS=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::path::Path;
use yinxin_core::text::{
    CertificatePurpose, CertificateText, Setting, SettingText, StopPurpose, StopText, TYP_CERTIFICATE,
    TYP_SETTING, TYP_STOP,
};
use yinxin_core::{CertificateId, Digest, EnrolmentId, PaymentNumber};

const ORIGIN: &str = "https://pay.example";
const SIGNER: CertificateId = CertificateId::from_bytes([1; 10]);
const CHALLENGE: Digest = Digest::from_bytes([2; 32]);
const REQUEST: Digest = Digest::from_bytes([3; 32]);

fn vector(typ: &str, parts: &Value, payload: Vec<u8>) -> Value {
    json!({"typ": typ, "parts": parts, "payload": String::from_utf8(payload).unwrap()})
}

fn consent(purpose: CertificatePurpose, mut parts: Value) -> Value {
    let (certificate, challenge) = (SIGNER, CHALLENGE);
    let text = CertificateText { audience: ORIGIN.to_owned(), purpose, certificate, challenge };
    assert_eq!(CertificateText::parse(&text.to_bytes()), Ok(text.clone()));
    signed_by(&mut parts);
    vector(TYP_CERTIFICATE, &parts, text.to_bytes())
}

fn stop(purpose: StopPurpose, mut parts: Value) -> Value {
    let (certificate, challenge) = (SIGNER, CHALLENGE);
    let text = StopText { audience: ORIGIN.to_owned(), purpose, certificate, challenge };
    assert_eq!(StopText::parse(&text.to_bytes()), Ok(text.clone()));
    signed_by(&mut parts);
    vector(TYP_STOP, &parts, text.to_bytes())
}

fn signed_by(parts: &mut Value) {
    parts["audience"] = ORIGIN.into();
    parts["certificate"] = SIGNER.to_string().into();
    parts["challenge"] = CHALLENGE.to_string().into();
}

fn vectors() -> Value {
    let request = REQUEST.to_string();
    let (lost, reissue) = (CertificateId::from_bytes([4; 10]), EnrolmentId::from_bytes([5; 10]));
    let payment = PaymentNumber::from_bytes([6; 16]);
    let setting = |setting: Setting, value: bool| {
        let text = SettingText {
            audience: ORIGIN.to_owned(),
            setting,
            value,
            certificate: SIGNER,
            challenge: CHALLENGE,
        };
        let mut parts = json!({"setting": setting.word(), "value": value});
        signed_by(&mut parts);
        vector(TYP_SETTING, &parts, text.to_bytes())
    };
    json!({
        "about": "The payload of each signed text, byte for byte, beside the parts that it is built from.",
        "texts": [
            consent(CertificatePurpose::Activate { tap: true }, json!({"purpose": "activate", "tap": true})),
            consent(CertificatePurpose::Resume, json!({"purpose": "resume"})),
            consent(
                CertificatePurpose::Renew { request: REQUEST },
                json!({"purpose": "renew", "request": request}),
            ),
            consent(
                CertificatePurpose::Move { request: REQUEST, keep: false },
                json!({"purpose": "move", "request": request, "keep": false}),
            ),
            consent(
                CertificatePurpose::Reissue { request: REQUEST },
                json!({"purpose": "reissue", "request": request}),
            ),
            setting(Setting::Tap, true),
            setting(Setting::Password, true),
            setting(Setting::Totp, false),
            stop(
                StopPurpose::Suspend { certificate: lost },
                json!({"purpose": "suspend", "subject": lost.to_string()}),
            ),
            stop(StopPurpose::Veto { reissue }, json!({"purpose": "veto", "subject": reissue.to_string()})),
            stop(StopPurpose::Cancel { payment }, json!({"purpose": "cancel", "subject": payment.to_string()})),
        ],
    })
}

#[test]
fn the_golden_vectors_are_what_this_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/texts.json");
    let made = format!("{:#}\n", vectors());
    if std::env::var_os("YINXIN_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
}

#[test]
fn a_text_with_a_part_of_another_purpose_is_refused() {
    for vector in vectors()["texts"].as_array().unwrap() {
        let payload = vector["payload"].as_str().unwrap();
        let typ = vector["typ"].as_str().unwrap();
        let refused = |text: &str| match typ {
            TYP_CERTIFICATE => CertificateText::parse(text.as_bytes()).is_err(),
            TYP_STOP => StopText::parse(text.as_bytes()).is_err(),
            _ => SettingText::parse(text.as_bytes()).is_err(),
        };
        assert!(!refused(payload));
        for purpose in ["activate", "resume", "renew", "move", "reissue", "suspend", "veto", "cancel", "kill"]
        {
            let own = vector["parts"]["purpose"].as_str().or(vector["parts"]["setting"].as_str()).unwrap();
            let other = payload.replace(&format!("\"{own}\""), &format!("\"{purpose}\""));
            // These two have the same parts and differ by the word alone.
            let twins = [own, purpose].iter().all(|word| ["renew", "reissue"].contains(word));
            assert!(other == payload || twins || refused(&other), "{other}");
        }
        let longer = payload.replace('}', ",\"keep\":null}");
        assert!(refused(&longer), "{longer}");
    }
}
