//! Enrolments and certificates.

use super::{Bytes, as_optional_text, as_text};
use serde::Deserialize;
use yinxin_core::{CertificateId, Digest, EnrolmentId};

/// How far an enrolment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentState {
    /// A code was sent and is awaited.
    CodeSent,
    /// The request is awaited.
    Verified,
    /// The activation is awaited.
    Issued,
    /// Done.
    Active,
}

/// An enrolment under way.
#[derive(Debug, Clone, Deserialize)]
pub struct Enrolment {
    /// Its id.
    #[serde(deserialize_with = "as_text")]
    pub id: EnrolmentId,
    /// Its state.
    pub state: EnrolmentState,
    /// When it ends.
    pub expires_at: String,
    /// Seconds until another code may be asked for.
    pub resend_after_s: u32,
    /// What a passkey would need; its challenge is a renewal's too.
    pub passkey: PasskeyChallenge,
    /// The certificate, once issued.
    #[serde(default)]
    pub initial: Option<Issued>,
}

/// A challenge of an enrolment.
#[derive(Debug, Clone, Deserialize)]
pub struct PasskeyChallenge {
    /// 32 bytes.
    #[serde(deserialize_with = "as_text")]
    pub challenge: Digest,
}

/// A certificate, just issued.
#[derive(Debug, Clone, Deserialize)]
pub struct Issued {
    /// In plain words.
    pub certificate: Certificate,
    /// DER: leaf, issuer, root.
    pub chain: Vec<Bytes>,
    /// What the activation signs over.
    #[serde(deserialize_with = "as_text")]
    pub challenge: Digest,
    /// The server's half of a wrapping key, for PIN custody.
    #[serde(default)]
    pub share: Option<Bytes>,
}

/// The state of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// Signed, not yet activated.
    Issued,
    /// Can pay.
    Active,
    /// On hold.
    Suspended,
    /// Ended for good.
    Revoked,
    /// Past its validity.
    Expired,
    /// Never came into use.
    Abandoned,
    /// Replaced by a successor.
    Superseded,
}

/// A certificate in plain words.
#[derive(Debug, Clone, Deserialize)]
pub struct Certificate {
    /// Its id.
    #[serde(deserialize_with = "as_text")]
    pub id: CertificateId,
    /// What the person calls the device.
    pub device_name: String,
    /// Its state.
    pub state: CertificateState,
    /// `person`, `pin`, `operator` or `fork`.
    pub suspended_by: Option<String>,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of its DER form.
    #[serde(default, deserialize_with = "as_optional_text")]
    pub thumbprint: Option<Digest>,
    /// Valid from.
    pub not_before: String,
    /// Valid until.
    pub not_after: String,
    /// Lower limits until then.
    pub protected_until: Option<String>,
    /// `passkey`, `pin` or `software`.
    pub custody: String,
    /// The head of its chain of signed texts.
    pub head: Head,
    /// Recorded uses.
    pub uses: u64,
    /// The last recorded use.
    pub last_used_at: Option<String>,
}

/// The head of a chain of signed texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The last recorded sequence number.
    pub seq: u64,
    /// Hash of the last recorded signing input.
    #[serde(deserialize_with = "as_text")]
    pub prev: Digest,
}

/// My certificates.
#[derive(Debug, Clone, Deserialize)]
pub struct CertificateList {
    /// Newest first.
    pub certificates: Vec<Certificate>,
}

/// A challenge for a signed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Challenge {
    /// 32 bytes.
    #[serde(deserialize_with = "as_text")]
    pub challenge: Digest,
}

/// The PIN was right.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PinShare {
    /// The server's half of the wrapping key.
    pub share: Bytes,
}
