//! Managing certificates: list, details, file, rename, suspend, resume, revoke, PIN proofs.

use super::enrolments::SignedText;
use super::payments::Verification;
use super::wire::{Bytes32, CertificateRef, SerialNumber, Time};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
    /// The code sent by SMS.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: String,
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

/// Lists my certificates.
#[utoipa::path(get, path = "/api/v1/certificates", operation_id = "list_certificates", tag = "certificates",
    security(("session" = [])),
    responses((status = 200, description = "My certificates", body = CertificateList)))]
pub(super) async fn list_certificates() -> Problem {
    Problem::pending()
}

/// Shows one of my certificates with its raw details.
#[utoipa::path(get, path = "/api/v1/certificates/{id}", operation_id = "get_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    responses((status = 200, description = "The certificate", body = CertificateDetails)))]
pub(super) async fn get_certificate() -> Problem {
    Problem::pending()
}

/// Downloads the public file of one of my certificates.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/file", operation_id = "get_certificate_file", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate"), FileQuery),
    responses((status = 200, description = "The public file", body = Vec<u8>, content_type = "application/pkix-cert")))]
pub(super) async fn get_certificate_file() -> Problem {
    Problem::pending()
}

/// Renames the device of a certificate.
#[utoipa::path(patch, path = "/api/v1/certificates/{id}", operation_id = "rename_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Rename,
    responses((status = 200, description = "Renamed", body = Certificate)))]
pub(super) async fn rename_certificate() -> Problem {
    Problem::pending()
}

/// Suspends a certificate 挂失.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/suspension", operation_id = "suspend_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Nothing,
    responses((status = 200, description = "On hold from now on", body = Certificate)))]
pub(super) async fn suspend_certificate() -> Problem {
    Problem::pending()
}

/// Sends the code that resuming a certificate needs.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/resumption-codes", operation_id = "create_resumption_code", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = PasswordOnly,
    responses((status = 202, description = "A code was sent", body = ResumptionCodeSent)))]
pub(super) async fn create_resumption_code() -> Problem {
    Problem::pending()
}

/// Resumes a certificate on its own device.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/resumption", operation_id = "resume_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Resumption,
    responses((status = 200, description = "It can pay again", body = Certificate)))]
pub(super) async fn resume_certificate() -> Problem {
    Problem::pending()
}

/// Revokes a certificate 吊销.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/revocation", operation_id = "revoke_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Revocation,
    responses((status = 200, description = "Ended for good", body = Certificate)))]
pub(super) async fn revoke_certificate() -> Problem {
    Problem::pending()
}

/// Proves the PIN: releases the server's half of the wrapping key, and verifies one signed text when it is named.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/pin-proofs", operation_id = "create_pin_proof", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = PinProof,
    responses((status = 200, description = "The PIN was right", body = PinShare)))]
pub(super) async fn create_pin_proof() -> Problem {
    Problem::pending()
}
