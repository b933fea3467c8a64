//! Passkeys: verification of WebAuthn registrations and assertions (Web Authentication Level 3), ES256 only.
//!
//! Attestation is not asked for. User verification is demanded always: that is what a passkey is for here.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use crate::key::PublicKey;
use crate::symmetric::{constant_time_eq, sha256};

/// Largest `clientDataJSON` that is read, bytes.
const MAX_CLIENT_DATA: usize = 4 * 1024;

/// Largest authenticator data that is read, bytes.
const MAX_AUTHENTICATOR_DATA: usize = 4 * 1024;

/// Longest credential id (section 4), bytes.
const MAX_CREDENTIAL_ID: usize = 1023;

/// Why a passkey's answer was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebauthnError {
    /// The bytes are not what a browser sends.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// `type` is not that of the ceremony.
    #[error("the answer belongs to another ceremony")]
    TypeMismatch,
    /// Another challenge was answered.
    #[error("another challenge was answered")]
    ChallengeMismatch,
    /// Another origin asked, or a frame of another origin.
    #[error("another origin asked")]
    OriginMismatch,
    /// The credential belongs to another relying party.
    #[error("the credential belongs to another relying party")]
    RelyingPartyMismatch,
    /// The authenticator did not verify the user.
    #[error("the user was not verified")]
    UserNotVerified,
    /// The key or the credential id beside the authenticator's data is another one.
    #[error("the credential is another one")]
    CredentialMismatch,
    /// The key is not an ES256 key.
    #[error("the key is not an ES256 key")]
    KeyRefused,
    /// The signature is invalid.
    #[error("the signature is invalid")]
    SignatureInvalid,
}

/// What a browser answers to a request for a new passkey.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// `clientDataJSON`, as received.
    pub client_data_json: &'a [u8],
    /// The authenticator's data, as received.
    pub authenticator_data: &'a [u8],
    /// The credential id that the browser names.
    pub credential_id: &'a [u8],
    /// The public key that the browser names, DER.
    pub spki: &'a [u8],
    /// The challenge that was given.
    pub challenge: &'a [u8],
    /// The deployment's origin.
    pub origin: &'a str,
    /// The relying party's id, the host of the origin.
    pub rp_id: &'a str,
}

/// What a browser answers to a request for an assertion.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `clientDataJSON`, as received.
    pub client_data_json: &'a [u8],
    /// The authenticator's data, as received.
    pub authenticator_data: &'a [u8],
    /// The signature, DER.
    pub signature: &'a [u8],
    /// The challenge that was given; for a payment, SHA-256 of its signing input.
    pub challenge: &'a [u8],
    /// The deployment's origin.
    pub origin: &'a str,
    /// The relying party's id, the host of the origin.
    pub rp_id: &'a str,
    /// The key of the registered credential.
    pub key: &'a PublicKey,
}

/// Checks a registration; returns the key to keep beside the credential id.
pub fn verify_registration(registration: &Registration<'_>) -> Result<PublicKey, WebauthnError> {
    let Registration { challenge, origin, rp_id, .. } = *registration;
    check_client_data(registration.client_data_json, "webauthn.create", challenge, origin)?;
    let data = AuthenticatorData::parse(registration.authenticator_data)?;
    data.check(rp_id)?;
    let credential = data.credential.ok_or(WebauthnError::Malformed("authenticator data"))?;
    let key = PublicKey::from_spki_der(registration.spki).map_err(|_| WebauthnError::KeyRefused)?;
    if credential.id != registration.credential_id || credential.point[..] != key.point()[1..] {
        return Err(WebauthnError::CredentialMismatch);
    }
    Ok(key)
}

/// Checks an assertion; returns the authenticator's signature counter (0: it has none).
pub fn verify_assertion(assertion: &Assertion<'_>) -> Result<u32, WebauthnError> {
    let Assertion { challenge, origin, rp_id, .. } = *assertion;
    check_client_data(assertion.client_data_json, "webauthn.get", challenge, origin)?;
    let data = AuthenticatorData::parse(assertion.authenticator_data)?;
    data.check(rp_id)?;
    let mut signed = assertion.authenticator_data.to_vec();
    signed.extend_from_slice(&sha256(assertion.client_data_json));
    assertion.key.verify_der(&signed, assertion.signature).map_err(|_| WebauthnError::SignatureInvalid)?;
    Ok(data.sign_count)
}

/// The members of `clientDataJSON` that matter; browsers may add others (section 5.8.1), so unknown ones
/// pass, but a member that stands twice does not.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<String>,
}

fn check_client_data(json: &[u8], kind: &str, challenge: &[u8], origin: &str) -> Result<(), WebauthnError> {
    let malformed = WebauthnError::Malformed("client data");
    // A derived struct would also accept an array.
    if json.len() > MAX_CLIENT_DATA || json.first() != Some(&b'{') {
        return Err(malformed);
    }
    let data: ClientData = serde_json::from_slice(json).map_err(|_| malformed)?;
    if data.kind != kind {
        return Err(WebauthnError::TypeMismatch);
    }
    let answered = BASE64URL_NOPAD.decode(data.challenge.as_bytes()).map_err(|_| malformed)?;
    if !constant_time_eq(&answered, challenge) {
        return Err(WebauthnError::ChallengeMismatch);
    }
    if data.origin != origin || data.cross_origin || data.top_origin.is_some() {
        return Err(WebauthnError::OriginMismatch);
    }
    Ok(())
}

/// Flags of the authenticator data (section 6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    sign_count: u32,
    credential: Option<Credential<'a>>,
}

struct Credential<'a> {
    id: &'a [u8],
    /// x ‖ y, 64 bytes.
    point: [u8; 64],
}

impl<'a> AuthenticatorData<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, WebauthnError> {
        let malformed = WebauthnError::Malformed("authenticator data");
        if bytes.len() > MAX_AUTHENTICATOR_DATA {
            return Err(malformed);
        }
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(malformed)?;
        let (&flags, rest) = rest.split_first().ok_or(malformed)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let (credential, rest) = if flags & ATTESTED == 0 {
            (None, rest)
        } else {
            let (credential, rest) = Credential::parse(rest)?;
            (Some(credential), rest)
        };
        // Extension outputs are a CBOR map that we do not use; without the flag nothing may follow.
        let extensions = flags & EXTENSIONS != 0;
        if extensions == rest.is_empty() || extensions && rest[0] >> 5 != 5 {
            return Err(malformed);
        }
        // A credential that cannot be backed up is never backed up (section 6.1.3).
        if flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP {
            return Err(malformed);
        }
        Ok(Self { rp_id_hash, flags, sign_count: u32::from_be_bytes(*count), credential })
    }

    fn check(&self, rp_id: &str) -> Result<(), WebauthnError> {
        if self.rp_id_hash != sha256(rp_id.as_bytes()) {
            return Err(WebauthnError::RelyingPartyMismatch);
        }
        let both = USER_PRESENT | USER_VERIFIED;
        if self.flags & both == both { Ok(()) } else { Err(WebauthnError::UserNotVerified) }
    }
}

impl<'a> Credential<'a> {
    /// Attested credential data (section 6.5.2): AAGUID, length, id, COSE key.
    fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), WebauthnError> {
        let malformed = WebauthnError::Malformed("attested credential data");
        let (_aaguid, rest) = bytes.split_at_checked(16).ok_or(malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > MAX_CREDENTIAL_ID {
            return Err(malformed);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(malformed)?;
        let (point, rest) = cose_es256(rest)?;
        Ok((Self { id, point }, rest))
    }
}

/// The one shape of an ES256 key in canonical CTAP2 CBOR (RFC 9053): a map of five,
/// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`.
fn cose_es256(bytes: &[u8]) -> Result<([u8; 64], &[u8]), WebauthnError> {
    const BEFORE_X: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    const BEFORE_Y: [u8; 3] = [0x22, 0x58, 0x20];
    let refused = WebauthnError::KeyRefused;
    let rest = bytes.strip_prefix(&BEFORE_X).ok_or(refused)?;
    let (x, rest) = rest.split_first_chunk::<32>().ok_or(refused)?;
    let rest = rest.strip_prefix(&BEFORE_Y).ok_or(refused)?;
    let (y, rest) = rest.split_first_chunk::<32>().ok_or(refused)?;
    let mut point = [0; 64];
    point[..32].copy_from_slice(x);
    point[32..].copy_from_slice(y);
    Ok((point, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileSigner, Signer};
    use proptest::prelude::*;

    const ORIGIN: &str = "https://pay.example";
    const RP_ID: &str = "pay.example";
    const CHALLENGE: [u8; 32] = [8; 32];

    fn signer() -> FileSigner {
        FileSigner::generate(&[6; 32]).unwrap()
    }

    fn client_data(kind: &str) -> String {
        let challenge = BASE64URL_NOPAD.encode(&CHALLENGE);
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{ORIGIN}","crossOrigin":false,"other_keys_can_be_added_here":"x"}}"#
        )
    }

    fn authenticator_data(flags: u8) -> Vec<u8> {
        let mut data = sha256(RP_ID.as_bytes()).to_vec();
        data.push(flags);
        data.extend_from_slice(&7u32.to_be_bytes());
        if flags & ATTESTED != 0 {
            data.extend_from_slice(&[0; 16]);
            data.extend_from_slice(&[0, 4]);
            data.extend_from_slice(b"cred");
            let point = signer().public_key().unwrap().point().to_vec();
            data.extend_from_slice(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20]);
            data.extend_from_slice(&point[1..33]);
            data.extend_from_slice(&[0x22, 0x58, 0x20]);
            data.extend_from_slice(&point[33..]);
        }
        data
    }

    fn register(client_data: &str, data: &[u8], credential_id: &[u8]) -> Result<PublicKey, WebauthnError> {
        verify_registration(&Registration {
            client_data_json: client_data.as_bytes(),
            authenticator_data: data,
            credential_id,
            spki: signer().spki(),
            challenge: &CHALLENGE,
            origin: ORIGIN,
            rp_id: RP_ID,
        })
    }

    fn assert_with(client_data: &str, data: &[u8]) -> Result<u32, WebauthnError> {
        let mut signed = data.to_vec();
        signed.extend_from_slice(&sha256(client_data.as_bytes()));
        verify_assertion(&Assertion {
            client_data_json: client_data.as_bytes(),
            authenticator_data: data,
            signature: &signer().sign_der(&signed).unwrap(),
            challenge: &CHALLENGE,
            origin: ORIGIN,
            rp_id: RP_ID,
            key: &signer().public_key().unwrap(),
        })
    }

    #[test]
    fn a_registration_gives_the_key() {
        let key = register(&client_data("webauthn.create"), &authenticator_data(0x5d), b"cred").unwrap();
        assert_eq!(key.spki_der(), signer().spki());
    }

    #[test]
    fn a_registration_with_another_id_or_key_is_refused() {
        let (json, data) = (client_data("webauthn.create"), authenticator_data(0x45));
        assert_eq!(register(&json, &data, b"other").unwrap_err(), WebauthnError::CredentialMismatch);
        let mut other = data.clone();
        let last = other.len() - 1;
        other[last] ^= 1;
        assert_eq!(register(&json, &other, b"cred").unwrap_err(), WebauthnError::CredentialMismatch);
        let mut rsa = data.clone();
        rsa[37 + 16 + 2 + 4 + 4] = 0x38;
        assert_eq!(register(&json, &rsa, b"cred").unwrap_err(), WebauthnError::KeyRefused);
        let mut longer = data;
        longer.push(0xa0);
        assert!(register(&json, &longer, b"cred").is_err());
        let no_key = authenticator_data(0x05);
        assert!(register(&json, &no_key, b"cred").is_err());
    }

    #[test]
    fn an_assertion_gives_the_counter() {
        assert_eq!(assert_with(&client_data("webauthn.get"), &authenticator_data(0x05)), Ok(7));
        let mut extended = authenticator_data(0x85);
        extended.push(0xa0);
        assert_eq!(assert_with(&client_data("webauthn.get"), &extended), Ok(7));
    }

    #[test]
    fn an_assertion_for_something_else_is_refused() {
        let good = client_data("webauthn.get");
        let data = authenticator_data(0x05);
        let other_challenge = BASE64URL_NOPAD.encode(&[9; 32]);
        let challenge = BASE64URL_NOPAD.encode(&CHALLENGE);
        for (json, expected) in [
            (client_data("webauthn.create"), WebauthnError::TypeMismatch),
            (good.replace(&challenge, &other_challenge), WebauthnError::ChallengeMismatch),
            (good.replace(ORIGIN, "https://pay.example.evil"), WebauthnError::OriginMismatch),
            (good.replace("false", "true"), WebauthnError::OriginMismatch),
            (
                good.replace("\"crossOrigin\":false", "\"topOrigin\":\"https://pay.example\""),
                WebauthnError::OriginMismatch,
            ),
            (
                good.replace("\"type\"", "\"type\":\"webauthn.get\",\"type\""),
                WebauthnError::Malformed("client data"),
            ),
            (format!(" {good}"), WebauthnError::Malformed("client data")),
        ] {
            assert_eq!(assert_with(&json, &data), Err(expected), "{json}");
        }
        assert_eq!(assert_with(&good, &authenticator_data(0x01)), Err(WebauthnError::UserNotVerified));
        assert_eq!(assert_with(&good, &authenticator_data(0x04)), Err(WebauthnError::UserNotVerified));
        assert!(assert_with(&good, &authenticator_data(0x15)).is_err());
        let mut foreign = data.clone();
        foreign[0] ^= 1;
        assert_eq!(assert_with(&good, &foreign), Err(WebauthnError::RelyingPartyMismatch));
        let error = verify_assertion(&Assertion {
            client_data_json: good.as_bytes(),
            authenticator_data: &data,
            signature: &signer().sign_der(b"something else").unwrap(),
            challenge: &CHALLENGE,
            origin: ORIGIN,
            rp_id: RP_ID,
            key: &signer().public_key().unwrap(),
        });
        assert_eq!(error, Err(WebauthnError::SignatureInvalid));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..140) {
            let _ = AuthenticatorData::parse(&bytes);
            let full = authenticator_data(0xc5);
            let _ = AuthenticatorData::parse(&full[..cut.min(full.len())]);
            let _ = check_client_data(&bytes, "webauthn.get", &CHALLENGE, ORIGIN);
        }
    }
}
