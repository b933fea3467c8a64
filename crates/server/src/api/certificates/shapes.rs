//! What certificates look like on the wire.

use super::protection::{Protection, Route};
use crate::api::enrolments::SignedText;
use crate::api::payments::Verification;
use crate::api::wire::{Bytes32, CertificateRef, SerialNumber, Time, Wire};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yinxin_core::Digest;
use yinxin_core::certificate::State;

/// The state of a certificate (rules § 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CertificateState {
    /// Signed, the test challenge is outstanding.
    Issued,
    /// Can pay.
    Active,
    /// On hold; can be resumed.
    Suspended,
    /// Ended for good.
    Revoked,
    /// Its validity is over.
    Expired,
    /// Never signed or never activated.
    Abandoned,
    /// Replaced by a successor.
    Superseded,
}

/// Who put a certificate on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SuspendedBy {
    /// The person.
    Person,
    /// Too many wrong PINs.
    Pin,
    /// The operator.
    Operator,
    /// Two signed texts for one place in the sequence: the key was copied.
    Fork,
    /// The person, who says that the device is lost or stolen.
    Lost,
    /// The person, who did not recognise a use.
    Reported,
    /// A veto of a reissue whose person was not verified.
    Veto,
    /// Twelve months without a use.
    Unused,
    /// A rule of risk.
    Risk,
    /// The person, with nothing but the password.
    Password,
}

/// How the key is kept on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Custody {
    /// Sealed by a passkey.
    Passkey,
    /// Sealed with a PIN that the server counts.
    Pin,
    /// An encrypted file of a program.
    Software,
}

/// The place in the certificate's chain of signed texts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Head {
    /// The last recorded sequence number.
    pub(crate) seq: u64,
    /// SHA-256 of the last recorded signing input.
    pub(crate) prev: Bytes32,
}

/// A certificate, in plain words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Certificate {
    /// Its id.
    pub(crate) id: CertificateRef,
    /// What the person calls the device.
    pub(crate) device_name: String,
    /// Its state.
    pub(crate) state: CertificateState,
    /// Who put it on hold.
    pub(crate) suspended_by: Option<SuspendedBy>,
    /// Serial number, hexadecimal.
    pub(crate) serial: SerialNumber,
    /// SHA-256 of its DER form.
    pub(crate) thumbprint: Option<Bytes32>,
    /// Valid from.
    pub(crate) not_before: Time,
    /// Valid until.
    pub(crate) not_after: Time,
    /// Issued at.
    pub(crate) issued_at: Time,
    /// Lower limits until then.
    pub(crate) protected_until: Option<Time>,
    /// What the lower limits allow at this moment.
    pub(crate) protection: Option<Protection>,
    /// From when its device renews it by itself.
    pub(crate) renewable_from: Time,
    /// Until when it can be renewed once it has expired.
    pub(crate) grace_until: Time,
    /// The way on which it was issued.
    pub(crate) route: Route,
    /// The certificate whose place it takes.
    pub(crate) successor_of: Option<CertificateRef>,
    /// How the key is kept.
    pub(crate) custody: Custody,
    /// The signature suite.
    #[schema(example = "P-256")]
    pub(crate) suite: String,
    /// The place in its chain of signed texts.
    pub(crate) head: Head,
    /// Recorded uses.
    pub(crate) uses: u64,
    /// The last recorded use.
    pub(crate) last_used_at: Option<Time>,
}

/// My certificates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateList {
    /// Newest first.
    pub(crate) certificates: Vec<Certificate>,
}

/// A certificate with its raw details.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateDetails {
    /// In plain words.
    #[serde(flatten)]
    pub(crate) certificate: Certificate,
    /// As X.509 says it; nothing while the certificate is not signed.
    pub(crate) x509: Option<X509Details>,
}

/// What stands in the X.509 certificate, as text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct X509Details {
    /// Subject.
    pub(crate) subject: String,
    /// Issuer.
    pub(crate) issuer: String,
    /// Serial number.
    pub(crate) serial: String,
    /// Valid from.
    pub(crate) not_before: String,
    /// Valid until.
    pub(crate) not_after: String,
    /// SHA-256 of the DER form, hexadecimal with colons.
    pub(crate) fingerprint_sha256: String,
    /// Public key.
    pub(crate) public_key: String,
    /// Signature algorithm.
    pub(crate) signature_algorithm: String,
    /// Key usage.
    pub(crate) key_usage: String,
    /// Extended key usage.
    pub(crate) extended_key_usage: String,
    /// Certificate policies.
    pub(crate) policies: String,
    /// Subject alternative name.
    pub(crate) san: String,
    /// Address of the revocation list.
    pub(crate) crl: String,
    /// Address of the OCSP responder.
    pub(crate) ocsp: String,
    /// The certificate as PEM.
    pub(crate) pem: String,
}

/// The form of a downloaded file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileFormat {
    /// DER.
    #[default]
    Cer,
    /// PEM.
    Pem,
}

/// Which form of the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileQuery {
    /// `cer` (DER) or `pem`.
    #[serde(default)]
    #[param(inline)]
    pub(crate) format: FileFormat,
}

/// A new name for the device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// What the person calls the device.
    #[schema(min_length = 1, max_length = 40)]
    pub(crate) device_name: String,
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// The log-in password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordOnly {
    /// The log-in password.
    #[schema(max_length = 256)]
    pub(crate) password: String,
}

/// A code was sent for resuming a certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResumptionCodeSent {
    /// Whether a code was sent; a suspension that was made with the password alone is lifted without one.
    pub(crate) code_sent: bool,
    /// The challenge that the device signs.
    pub(crate) challenge: Bytes32,
    /// Seconds until the code expires.
    pub(crate) expires_in_s: u32,
    /// Seconds until another may be asked for.
    pub(crate) resend_after_s: u32,
}

/// Resumes a certificate on its own device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resumption {
    /// The code sent by SMS; left out where none was.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: Option<String>,
    /// Signed text of type `yx-cert+jws`, purpose `resume`.
    pub(crate) jws: SignedText,
    /// The person's verification of that text.
    pub(crate) verification: Verification,
}

/// Why a certificate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevocationReason {
    /// The device is lost or stolen.
    Lost,
    /// The person stops using it.
    Stopped,
}

/// Ends a certificate for good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocation {
    /// The log-in password.
    #[schema(max_length = 256)]
    pub(crate) password: String,
    /// Why.
    pub(crate) reason: RevocationReason,
}

/// A PIN typed on the device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinProof {
    /// Proves the device.
    pub(crate) device_key: Bytes32,
    /// HMAC of the PIN under the device's secret.
    pub(crate) pin_mac: Bytes32,
    /// SHA-256 of the signing input that this PIN verifies; left out to unlock only.
    pub(crate) text_hash: Option<Bytes32>,
}

/// The PIN was right.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PinShare {
    /// The server's half of the wrapping key.
    pub(crate) share: Bytes32,
}

impl From<yinxin_wallet::CertificateView> for Certificate {
    fn from(view: yinxin_wallet::CertificateView) -> Self {
        let book = view.book;
        let (state, suspended_by) = standing(book.state);
        Self {
            id: Wire(view.id),
            device_name: view.device_name,
            state,
            suspended_by,
            serial: Wire(book.serial),
            thumbprint: book.thumbprint().map(|thumbprint| Wire(Digest::from_bytes(*thumbprint.as_bytes()))),
            not_before: Time(book.not_before),
            not_after: Time(book.not_after),
            issued_at: Time(view.issued_at),
            protected_until: lower_limits_until(&book),
            protection: view.protection.map(Into::into),
            renewable_from: Time(book.renewable_from()),
            grace_until: Time(book.grace_until()),
            route: book.route.into(),
            successor_of: book.successor_of.map(Wire),
            custody: book.custody.into(),
            suite: "P-256".to_owned(),
            head: Head { seq: book.last.seq, prev: Wire(book.last.hash) },
            uses: view.uses,
            last_used_at: view.last_used_at.map(Time),
        }
    }
}

/// When the last of the lower limits ends; nothing where there were none.
fn lower_limits_until(book: &yinxin_core::certificate::Certificate) -> Option<Time> {
    let end = book.protection_end();
    (end > book.activated.max(book.not_before)).then_some(Time(end))
}

fn standing(state: State) -> (CertificateState, Option<SuspendedBy>) {
    match state {
        // The serial is reserved and nothing is signed yet: a moment of an enrolment.
        State::Requested | State::Issued { .. } => (CertificateState::Issued, None),
        State::Active { .. } => (CertificateState::Active, None),
        State::Suspended { by, .. } => (CertificateState::Suspended, Some(by.into())),
        State::Revoked { .. } => (CertificateState::Revoked, None),
        State::Abandoned => (CertificateState::Abandoned, None),
        State::Superseded { .. } => (CertificateState::Superseded, None),
        State::Expired { .. } => (CertificateState::Expired, None),
    }
}

impl From<yinxin_core::certificate::SuspendedBy> for SuspendedBy {
    fn from(by: yinxin_core::certificate::SuspendedBy) -> Self {
        match by {
            yinxin_core::certificate::SuspendedBy::Person => Self::Person,
            yinxin_core::certificate::SuspendedBy::Pin => Self::Pin,
            yinxin_core::certificate::SuspendedBy::Operator => Self::Operator,
            yinxin_core::certificate::SuspendedBy::Fork => Self::Fork,
            yinxin_core::certificate::SuspendedBy::Lost => Self::Lost,
            yinxin_core::certificate::SuspendedBy::Reported => Self::Reported,
            yinxin_core::certificate::SuspendedBy::Veto => Self::Veto,
            yinxin_core::certificate::SuspendedBy::Unused => Self::Unused,
            yinxin_core::certificate::SuspendedBy::Risk => Self::Risk,
            yinxin_core::certificate::SuspendedBy::Password => Self::Password,
        }
    }
}

impl From<yinxin_core::certificate::Custody> for Custody {
    fn from(custody: yinxin_core::certificate::Custody) -> Self {
        match custody {
            yinxin_core::certificate::Custody::Passkey => Self::Passkey,
            yinxin_core::certificate::Custody::Pin => Self::Pin,
            yinxin_core::certificate::Custody::Software => Self::Software,
        }
    }
}

impl From<RevocationReason> for yinxin_core::certificate::RevocationReason {
    fn from(reason: RevocationReason) -> Self {
        match reason {
            RevocationReason::Lost => Self::KeyCompromise,
            RevocationReason::Stopped => Self::CessationOfOperation,
        }
    }
}

impl From<yinxin_wallet::Details> for X509Details {
    fn from(details: yinxin_wallet::Details) -> Self {
        Self {
            subject: details.subject,
            issuer: details.issuer,
            serial: details.serial,
            not_before: details.not_before,
            not_after: details.not_after,
            fingerprint_sha256: details.fingerprint_sha256,
            public_key: details.public_key,
            signature_algorithm: details.signature_algorithm,
            key_usage: details.key_usage,
            extended_key_usage: details.extended_key_usage,
            policies: details.policies,
            san: details.san,
            crl: details.crl,
            ocsp: details.ocsp,
            pem: details.pem,
        }
    }
}
