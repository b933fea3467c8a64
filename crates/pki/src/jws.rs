//! Signed text: JSON Web Signatures (RFC 7515), ES256 only, read strictly.
//!
//! ```text
//! size ─▶ shape ─▶ base64url ─▶ header (closed set) ─▶ alg ─▶ typ ─▶ [caller finds the key] ─▶ signature
//! ```
//!
//! The payload is kept as the exact bytes that were signed; nothing is canonicalised. A signature is
//! malleable: never key anything on it, key on the number inside the payload.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use crate::key::{PublicKey, low_s};
use crate::signer::Signer;
use crate::symmetric::sha256;

/// Largest flattened or compact text that is read, bytes; an order with fifty items takes 5 KiB.
pub const MAX_SIZE: usize = 8 * 1024;

/// Type of every authorisation that debits.
pub const TYP_PAYMENT: &str = "yx-pay+jws";
/// Type of a merchant's order.
pub const TYP_ORDER: &str = "yx-order+jws";
/// Type of an act on a certificate: activation, resumption.
pub const TYP_CERTIFICATE: &str = "yx-cert+jws";
/// Type of what stops a certificate, a held payment or somebody else's reissue.
pub const TYP_STOP: &str = "yx-stop+jws";
/// Type of a change of settings.
pub const TYP_SETTING: &str = "yx-set+jws";

/// Characters of a signature, base64url.
const SIGNATURE_CHARS: usize = 86;
/// The one algorithm of a P-256 certificate.
const ALG: &str = "ES256";

/// Why a signed text was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not the strict shape: base64url, header members, JSON, control characters.
    #[error("the signed text is malformed: {0}")]
    Malformed(&'static str),
    /// Larger than [`MAX_SIZE`].
    #[error("the signed text is too large")]
    TooLarge,
    /// `alg` is not `ES256`.
    #[error("the algorithm of the signed text is refused")]
    AlgorithmRefused,
    /// `typ` is not the one that this purpose demands.
    #[error("the signed text has another type")]
    TypeMismatch,
    /// The signature does not belong to this text and key.
    #[error("the signature of the text is invalid")]
    SignatureInvalid,
    /// The signer refused to work (signing only).
    #[error("the signer failed")]
    SignerFailed,
}

/// The protected header: exactly `alg`, `typ`, `iat`, `x5t#S256`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `typ`, the purpose of the signature.
    pub typ: String,
    /// `iat`, seconds since 1970.
    pub iat_s: i64,
    /// `x5t#S256`: SHA-256 of the certificate's DER.
    pub thumbprint: [u8; 32],
}

/// A signed text, parsed but not trusted before [`Jws::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jws {
    /// `protected "." payload`, as received.
    input: String,
    /// Where the point stands.
    point: usize,
    /// SHA-256 of the input.
    hash: [u8; 32],
    signature: [u8; 64],
    payload: Vec<u8>,
    header: Header,
}

/// The flattened JSON serialisation (RFC 7515 section 7.2.2) without an unprotected header.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Flattened<'a> {
    #[serde(borrow)]
    protected: &'a str,
    #[serde(borrow)]
    payload: &'a str,
    #[serde(borrow)]
    signature: &'a str,
}

/// The header's members in the order in which we write them.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireHeader<'h> {
    #[serde(borrow)]
    alg: Cow<'h, str>,
    #[serde(borrow)]
    typ: Cow<'h, str>,
    iat: i64,
    #[serde(borrow, rename = "x5t#S256")]
    thumbprint: Cow<'h, str>,
}

impl Jws {
    /// Reads the flattened JSON form `{"protected","payload","signature"}` of type `typ`.
    pub fn parse_flattened(json: &[u8], typ: &str) -> Result<Self, JwsError> {
        if json.len() > MAX_SIZE {
            return Err(JwsError::TooLarge);
        }
        // A derived struct would also accept an array.
        if json.first() != Some(&b'{') {
            return Err(JwsError::Malformed("not an object"));
        }
        let parts: Flattened<'_> =
            serde_json::from_slice(json).map_err(|_| JwsError::Malformed("flattened form"))?;
        Self::from_parts(parts.protected, parts.payload, parts.signature, typ)
    }

    /// Reads the compact form `protected.payload.signature` of type `typ`.
    pub fn parse_compact(text: &str, typ: &str) -> Result<Self, JwsError> {
        if text.len() > MAX_SIZE {
            return Err(JwsError::TooLarge);
        }
        let mut parts = text.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(protected), Some(payload), Some(signature), None) => {
                Self::from_parts(protected, payload, signature, typ)
            }
            (_, _, _, _) => Err(JwsError::Malformed("compact form")),
        }
    }

    /// Reads the three members of the flattened form when they stand inside another message.
    pub fn from_parts(protected: &str, payload: &str, signature: &str, typ: &str) -> Result<Self, JwsError> {
        if protected.len().saturating_add(payload.len()).saturating_add(signature.len()) > MAX_SIZE {
            return Err(JwsError::TooLarge);
        }
        let header = parse_header(&base64url(protected)?, typ)?;
        let bytes = base64url(payload)?;
        let signature =
            base64url(signature)?.try_into().map_err(|_| JwsError::Malformed("signature length"))?;
        let input = [protected, payload].join(".");
        let hash = sha256(input.as_bytes());
        Ok(Self { input, point: protected.len(), hash, signature, payload: bytes, header })
    }

    /// Signs `payload` (the exact bytes, JSON) for the certificate with this thumbprint.
    pub fn sign(
        signer: &dyn Signer,
        typ: &str,
        iat_s: i64,
        thumbprint: &[u8; 32],
        payload: &[u8],
    ) -> Result<Self, JwsError> {
        let header = WireHeader {
            alg: Cow::Borrowed(ALG),
            typ: Cow::Borrowed(typ),
            iat: iat_s,
            thumbprint: Cow::Owned(BASE64URL_NOPAD.encode(thumbprint)),
        };
        let header = serde_json::to_vec(&header).map_err(|_| JwsError::Malformed("header"))?;
        let protected = BASE64URL_NOPAD.encode(&header);
        let encoded_payload = BASE64URL_NOPAD.encode(payload);
        let input = format!("{protected}.{encoded_payload}");
        let signature = signer.sign_raw(input.as_bytes()).map_err(|_| JwsError::SignerFailed)?;
        Self::from_parts(&protected, &encoded_payload, &BASE64URL_NOPAD.encode(&signature), typ)
    }

    /// Checks the signature with the key of the certificate that the header names.
    pub fn verify(&self, key: &PublicKey) -> Result<(), JwsError> {
        key.verify_hash(&self.hash, &self.signature).map_err(|_| JwsError::SignatureInvalid)
    }

    /// The protected header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, the exact bytes that were signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What is signed: ASCII `protected "." payload`.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.input.as_bytes()
    }

    /// SHA-256 of [`Jws::signing_input`]: the hash of an order, the `prev` of the next authorisation.
    #[must_use]
    pub fn signing_input_hash(&self) -> [u8; 32] {
        self.hash
    }

    /// `r ‖ s` as received.
    #[must_use]
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The same text with the smaller s; store this one.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.signature = low_s(&self.signature);
        self
    }

    /// `protected`, base64url.
    #[must_use]
    pub fn protected_part(&self) -> &str {
        self.input.get(..self.point).unwrap_or_default()
    }

    /// `payload`, base64url.
    #[must_use]
    pub fn payload_part(&self) -> &str {
        self.input.get(self.point + 1..).unwrap_or_default()
    }

    /// `signature`, base64url.
    #[must_use]
    pub fn signature_part(&self) -> String {
        BASE64URL_NOPAD.encode(&self.signature)
    }

    /// The compact form.
    #[must_use]
    pub fn to_compact(&self) -> String {
        let mut compact = String::with_capacity(self.input.len() + 1 + SIGNATURE_CHARS);
        compact.push_str(&self.input);
        compact.push('.');
        BASE64URL_NOPAD.encode_append(&self.signature, &mut compact);
        compact
    }

    /// The flattened JSON form. The three members need no escaping.
    #[must_use]
    pub fn to_flattened(&self) -> String {
        format!(
            r#"{{"protected":"{}","payload":"{}","signature":"{}"}}"#,
            self.protected_part(),
            self.payload_part(),
            self.signature_part()
        )
    }
}

/// SHA-256 of the certificate that a protected header names, before anything else is believed.
///
/// # Errors
/// As [`Jws::from_parts`], without the type check.
pub fn peek_thumbprint(protected: &str) -> Result<[u8; 32], JwsError> {
    if protected.len() > MAX_SIZE {
        return Err(JwsError::TooLarge);
    }
    let bytes = base64url(protected)?;
    let header = read_header(&bytes)?;
    thumbprint(&header.thumbprint)
}

/// Whether signed JSON is free of what must never be signed: it starts with `{`, is UTF-8, and holds no
/// control character, raw or escaped (`\u0000` breaks databases, line breaks and bidirectional tricks
/// break screens).
///
/// # Errors
/// `Malformed`, with the reason.
pub fn check_text(json: &[u8]) -> Result<(), JwsError> {
    if json.first() != Some(&b'{') {
        return Err(JwsError::Malformed("not an object"));
    }
    // What a header and a payment between people look like: one look at each byte.
    if json.iter().all(|byte| matches!(byte, b' '..=b'~' if *byte != b'\\')) {
        return Ok(());
    }
    let text = core::str::from_utf8(json).map_err(|_| JwsError::Malformed("not UTF-8"))?;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' { escaped(&mut chars)? } else { c };
        if c.is_control() || is_direction_mark(c) {
            return Err(JwsError::Malformed("control character"));
        }
    }
    Ok(())
}

/// The character that an escape stands for; a surrogate half stands for a harmless one.
fn escaped(chars: &mut core::str::Chars<'_>) -> Result<char, JwsError> {
    let bad = JwsError::Malformed("escape");
    match chars.next().ok_or(bad)? {
        c @ ('"' | '\\' | '/') => Ok(c),
        'b' | 'f' | 'n' | 'r' | 't' => Err(JwsError::Malformed("control character")),
        'u' => {
            let digits = chars.as_str().get(..4).ok_or(bad)?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(bad);
            }
            let code = u32::from_str_radix(digits, 16).map_err(|_| bad)?;
            *chars = chars.as_str().get(4..).ok_or(bad)?.chars();
            Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        }
        _ => Err(bad),
    }
}

/// Marks that reorder what a person reads (UAX #9): embeddings, overrides, isolates.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn parse_header(bytes: &[u8], typ: &str) -> Result<Header, JwsError> {
    let header = read_header(bytes)?;
    if header.alg != ALG {
        return Err(JwsError::AlgorithmRefused);
    }
    if header.typ != typ {
        return Err(JwsError::TypeMismatch);
    }
    if header.iat < 0 {
        return Err(JwsError::Malformed("iat"));
    }
    let thumbprint = thumbprint(&header.thumbprint)?;
    Ok(Header { typ: header.typ.into_owned(), iat_s: header.iat, thumbprint })
}

fn read_header(bytes: &[u8]) -> Result<WireHeader<'_>, JwsError> {
    check_text(bytes)?;
    serde_json::from_slice(bytes).map_err(|_| JwsError::Malformed("header"))
}

fn thumbprint(text: &str) -> Result<[u8; 32], JwsError> {
    base64url(text)?.try_into().map_err(|_| JwsError::Malformed("x5t#S256"))
}

/// Canonical base64url: no padding, no white space, no trailing bits.
fn base64url(text: &str) -> Result<Vec<u8>, JwsError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| JwsError::Malformed("base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileSigner;
    use proptest::prelude::*;

    const PRINT: [u8; 32] = [5; 32];

    fn signed() -> (Jws, PublicKey) {
        let signer = FileSigner::generate(&[9; 32]).unwrap();
        let jws = Jws::sign(&signer, TYP_PAYMENT, 1_764_000_000, &PRINT, br#"{"v":1}"#).unwrap();
        (jws, signer.public_key().unwrap())
    }

    fn with_header(json: &str) -> Result<Jws, JwsError> {
        let (jws, _) = signed();
        Jws::from_parts(
            &BASE64URL_NOPAD.encode(json.as_bytes()),
            jws.payload_part(),
            &jws.signature_part(),
            TYP_PAYMENT,
        )
    }

    #[test]
    fn a_signed_text_survives_both_forms_and_verifies() {
        let (jws, key) = signed();
        assert_eq!(Jws::parse_compact(&jws.to_compact(), TYP_PAYMENT).unwrap(), jws);
        assert_eq!(Jws::parse_flattened(jws.to_flattened().as_bytes(), TYP_PAYMENT).unwrap(), jws);
        assert_eq!(jws.payload(), br#"{"v":1}"#);
        assert_eq!(jws.header().iat_s, 1_764_000_000);
        assert_eq!(jws.header().thumbprint, PRINT);
        assert_eq!(peek_thumbprint(jws.protected_part()).unwrap(), PRINT);
        jws.verify(&key).unwrap();
        jws.clone().normalised().verify(&key).unwrap();
        assert_eq!(jws.signing_input_hash(), jws.normalised().signing_input_hash());
    }

    #[test]
    fn the_header_is_written_in_the_agreed_order() {
        let (jws, _) = signed();
        let header = BASE64URL_NOPAD.decode(jws.protected_part().as_bytes()).unwrap();
        let print = BASE64URL_NOPAD.encode(&PRINT);
        assert_eq!(
            String::from_utf8(header).unwrap(),
            format!(r#"{{"alg":"ES256","typ":"yx-pay+jws","iat":1764000000,"x5t#S256":"{print}"}}"#)
        );
    }

    #[test]
    fn a_header_outside_the_closed_set_is_refused() {
        let print = BASE64URL_NOPAD.encode(&PRINT);
        let good = format!(r#"{{"alg":"ES256","typ":"yx-pay+jws","iat":1,"x5t#S256":"{print}"}}"#);
        assert!(with_header(&good).is_ok());
        for (member, expected) in [
            (r#","crit":["b64"]"#, JwsError::Malformed("header")),
            (r#","jwk":{}"#, JwsError::Malformed("header")),
            (r#","kid":"a""#, JwsError::Malformed("header")),
            (r#","alg":"ES256""#, JwsError::Malformed("header")),
            (r#","iat":1"#, JwsError::Malformed("header")),
        ] {
            let header = good.replace('}', &format!("{member}}}"));
            assert_eq!(with_header(&header).unwrap_err(), expected, "{header}");
        }
        for alg in ["none", "HS256", "es256", "RS256", ""] {
            let header = good.replace("ES256", alg);
            assert_eq!(with_header(&header).unwrap_err(), JwsError::AlgorithmRefused);
        }
        assert_eq!(with_header(&good.replace("yx-pay", "yx-set")).unwrap_err(), JwsError::TypeMismatch);
        for bad in [
            good.replace("\"iat\":1", "\"iat\":1.0"),
            good.replace("\"iat\":1", "\"iat\":1e3"),
            good.replace("\"iat\":1", "\"iat\":-1"),
            good.replace("\"iat\":1", "\"iat\":\"1\""),
            good.replace("\"iat\":1,", ""),
            good.replace(&print, &print[1..]),
            good.replace("yx-pay+jws", "yx-pay+jws\\u0000"),
            format!(r#"["ES256","yx-pay+jws",1,"{print}"]"#),
            format!(" {good}"),
            format!("{good}{good}"),
        ] {
            assert!(matches!(with_header(&bad).unwrap_err(), JwsError::Malformed(_)), "{bad}");
        }
    }

    #[test]
    fn a_flattened_form_with_an_odd_shape_is_malformed() {
        let (jws, _) = signed();
        let good = jws.to_flattened();
        for bad in [
            good.replace('}', r#","header":{}}"#),
            good.replace('}', r#","payload":"e30"}"#),
            format!(r#"["{}","{}","{}"]"#, jws.protected_part(), jws.payload_part(), jws.signature_part()),
            good.replace("\",\"payload", "=\",\"payload"),
            good.replace("\"}", "A\"}"),
        ] {
            let error = Jws::parse_flattened(bad.as_bytes(), TYP_PAYMENT).unwrap_err();
            assert!(matches!(error, JwsError::Malformed(_)), "{bad}");
        }
        let large = " ".repeat(MAX_SIZE + 1);
        assert_eq!(Jws::parse_flattened(large.as_bytes(), TYP_PAYMENT), Err(JwsError::TooLarge));
        assert_eq!(Jws::parse_compact(&large, TYP_PAYMENT), Err(JwsError::TooLarge));
        assert!(Jws::parse_compact("a.b", TYP_PAYMENT).is_err());
        assert!(Jws::parse_compact(&format!("{}.", jws.to_compact()), TYP_PAYMENT).is_err());
    }

    #[test]
    fn trailing_bits_and_padding_are_not_base64url() {
        for bad in ["e31", "e30=", "e3 0", "e+/0", "e"] {
            assert!(base64url(bad).is_err(), "{bad}");
        }
        assert_eq!(base64url("e30").unwrap(), b"{}");
    }

    #[test]
    fn one_changed_bit_is_an_invalid_signature() {
        let (jws, key) = signed();
        let mut other = jws.clone();
        other.signature[5] ^= 1;
        assert_eq!(other.verify(&key), Err(JwsError::SignatureInvalid));
        let payload = BASE64URL_NOPAD.encode(br#"{"v":2}"#);
        let other =
            Jws::from_parts(jws.protected_part(), &payload, &jws.signature_part(), TYP_PAYMENT).unwrap();
        assert_eq!(other.verify(&key), Err(JwsError::SignatureInvalid));
    }

    #[test]
    fn control_characters_are_refused_raw_and_escaped() {
        assert!(check_text("{\"a\":\"印信 \\u4e2d \\\" \\\\u0000 \\ud83d\\ude00\"}".as_bytes()).is_ok());
        for bad in [
            "{\"a\":\"\\u0000\"}",
            "{\"a\":\"\\u001F\"}",
            "{\"a\":\"\\n\"}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\u007f\"}",
            "{\"a\":\"\u{85}\"}",
            "{\"a\":\"\u{202e}\"}",
            "{\"a\":\"\\u202E\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u00",
            "{\"a\":\"\\u+041\"}",
            "[]",
            " {}",
            "",
        ] {
            assert!(check_text(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(check_text(b"{\xff}").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in ".{0,300}") {
            let _ = Jws::parse_flattened(&bytes, TYP_PAYMENT);
            let _ = Jws::parse_compact(&text, TYP_PAYMENT);
            let _ = Jws::parse_flattened(text.as_bytes(), TYP_PAYMENT);
            let _ = peek_thumbprint(&text);
            let _ = check_text(&bytes);
            let _ = check_text(format!("{{{text}").as_bytes());
        }
    }
}
