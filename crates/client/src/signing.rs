//! Signing texts, and nothing more: what is signed here is the caller's affair.
//!
//! [`crate::Person`] and [`crate::MerchantApi`] are the careful way. This module also signs what no honest client would —
//! a wrong sequence, another audience, another `typ`, a header of one's own — for load generators and for tests that
//! attack a server. It checks nothing.

use crate::requests::{Disclosures, Verification};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yinxin_core::Digest;
use yinxin_core::text::{PayText, TYP_PAY, sha256};
use yinxin_pki::{PublicKey, Result, Signer};

/// A signed text on the wire: flattened JWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedText {
    /// The protected header, base64url.
    pub protected: String,
    /// The payload, base64url.
    pub payload: String,
    /// `r ‖ s`, base64url.
    pub signature: String,
}

impl SignedText {
    /// What was signed: `protected "." payload`.
    #[must_use]
    pub fn signing_input(&self) -> String {
        format!("{}.{}", self.protected, self.payload)
    }

    /// SHA-256 of the signing input: the `prev` of the next text, the challenge of its user verification.
    #[must_use]
    pub fn hash(&self) -> Digest {
        sha256(&[self.signing_input().as_bytes()])
    }

    /// The compact form, as orders travel.
    #[must_use]
    pub fn to_compact(&self) -> String {
        format!("{}.{}", self.signing_input(), self.signature)
    }

    /// The payload's bytes; empty when it is not base64url.
    #[must_use]
    pub fn payload_bytes(&self) -> Vec<u8> {
        BASE64URL_NOPAD.decode(self.payload.as_bytes()).unwrap_or_default()
    }
}

/// The header that every text of the wallet carries: `alg`, `typ`, `iat`, `x5t#S256`, in this order.
#[must_use]
pub fn header(typ: &str, iat_s: i64, thumbprint: &[u8; 32]) -> Vec<u8> {
    let thumbprint = BASE64URL_NOPAD.encode(thumbprint);
    format!(r#"{{"alg":"ES256","typ":{},"iat":{iat_s},"x5t#S256":"{thumbprint}"}}"#, json!(typ)).into_bytes()
}

/// Signs any header over any payload with ES256.
pub fn sign(signer: &dyn Signer, header: &[u8], payload: &[u8]) -> Result<SignedText> {
    let protected = BASE64URL_NOPAD.encode(header);
    let payload = BASE64URL_NOPAD.encode(payload);
    let signature = signer.sign_raw(format!("{protected}.{payload}").as_bytes())?;
    Ok(SignedText { protected, payload, signature: BASE64URL_NOPAD.encode(&signature) })
}

/// Signs an authorisation as it is given, right or wrong.
pub fn sign_authorisation(
    signer: &dyn Signer,
    thumbprint: &[u8; 32],
    iat_s: i64,
    text: &PayText,
) -> Result<SignedText> {
    sign(signer, &header(TYP_PAY, iat_s, thumbprint), &text.to_bytes())
}

/// Checks what was signed as the server does, with a key that is parsed once.
#[derive(Debug, Clone)]
pub struct Verifier(PublicKey);

impl Verifier {
    /// For the key of a `SubjectPublicKeyInfo`.
    pub fn new(spki: &[u8]) -> Result<Self> {
        PublicKey::from_spki_der(spki).map(Self)
    }

    /// Whether `signature`, `r ‖ s`, is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_raw(message, signature).is_ok()
    }
}

/// The body of `POST payments`.
#[must_use]
pub fn payment_body(
    authorisation: &SignedText,
    disclosures: Option<&Disclosures>,
    verification: Option<&Verification>,
) -> String {
    let mut body = json!({ "authorisation": authorisation });
    if let Some(disclosures) = disclosures.filter(|openings| **openings != Disclosures::default()) {
        body["disclosures"] = json!(disclosures);
    }
    if let Some(verification) = verification {
        body["verification"] = json!(verification);
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use yinxin_pki::{FileSigner, Jws, PublicKey};

    #[test]
    fn what_is_signed_here_is_what_a_strict_reader_reads() {
        let signer = FileSigner::generate(&[7; 32]).unwrap();
        let text = sign(&signer, &header("yx-pay+jws", 1_764_000_000, &[9; 32]), b"{\"v\":1}").unwrap();
        let read = Jws::parse_compact(&text.to_compact(), "yx-pay+jws").unwrap();
        assert_eq!(read.payload(), b"{\"v\":1}");
        assert_eq!(read.header().iat_s, 1_764_000_000);
        assert_eq!(&read.signing_input_hash(), text.hash().as_bytes());
        read.verify(&PublicKey::from_spki_der(signer.spki()).unwrap()).unwrap();
        assert!(Jws::parse_flattened(&serde_json::to_vec(&text).unwrap(), "yx-pay+jws").is_ok());
        assert!(Jws::parse_flattened(&serde_json::to_vec(&text).unwrap(), "yx-set+jws").is_err());
    }

    #[test]
    fn a_header_of_ones_own_is_signed_as_it_is() {
        let signer = FileSigner::generate(&[7; 32]).unwrap();
        let text = sign(&signer, br#"{"alg":"none"}"#, b"x").unwrap();
        assert!(Jws::parse_compact(&text.to_compact(), "yx-pay+jws").is_err());
    }

    #[test]
    fn a_payment_body_leaves_out_what_is_not_there() {
        let signer = FileSigner::generate(&[7; 32]).unwrap();
        let text = sign(&signer, b"{}", b"{}").unwrap();
        let bare: serde_json::Value =
            serde_json::from_str(&payment_body(&text, Some(&Disclosures::default()), None)).unwrap();
        assert_eq!(bare.as_object().unwrap().len(), 1);
        let pin = payment_body(&text, None, Some(&Verification::Pin));
        assert!(pin.contains(r#""verification":{"kind":"pin"}"#));
    }
}
