//! Enrolment 开通: from password and code to the first certificate on this device.

use super::certificates::Certificate;
use super::people::seconds_until;
use super::reissues::Reissue;
use super::wire::{Base64Url, Bytes32, EnrolmentRef, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::path::PathOf;
use crate::door::who::{Guest, Session};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_core::Digest;
use yinxin_wallet::{CustodyOffer, Password};
use zeroize::Zeroizing;

/// Begins an enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEnrolment {
    /// The log-in password; left out in the sitting of a registration.
    #[schema(max_length = 256)]
    pub(crate) password: Option<String>,
}

/// Begins a renewal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRenewal {
    /// The log-in password; only after the validity has ended.
    #[schema(max_length = 256)]
    pub(crate) password: Option<String>,
}

/// The code that came by SMS.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolmentCode {
    /// Six digits.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: String,
}

/// The device's request for a certificate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateRequest {
    /// A PKCS#10 request, DER: proof that the device holds the key.
    pub(crate) csr: Base64Url,
    /// What the person calls the device.
    #[schema(min_length = 1, max_length = 40, example = "我的手机")]
    pub(crate) device_name: String,
    /// How the device keeps the key.
    pub(crate) custody: CustodyProof,
}

/// How the device keeps the key, with what the server needs to verify the person later.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum CustodyProof {
    /// Sealed by a passkey with the PRF extension, as WebAuthn's `create` answered it.
    Passkey {
        /// The credential's id.
        credential_id: Base64Url,
        /// Its public key, SPKI DER.
        public_key: Base64Url,
        /// Authenticator data.
        authenticator_data: Base64Url,
        /// Client data, the JSON as bytes.
        client_data_json: Base64Url,
        /// The authenticator has the PRF extension.
        prf: bool,
    },
    /// Sealed with a PIN that the server counts; it never learns the digits.
    Pin {
        /// 32 bytes that prove the device.
        device_key: Bytes32,
        /// HMAC of the PIN under the device's secret.
        pin_mac: Bytes32,
    },
    /// A renewal: sealed as the old key is, which signs that it wants this successor.
    Kept {
        /// Signed text of type `yx-cert+jws`, purpose `renew`.
        consent: SignedText,
    },
}

/// The signed test challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activation {
    /// Signed text of type `yx-cert+jws`, purpose `activate`.
    pub(crate) jws: SignedText,
}

/// A signed text: flattened JWS, ES256; the bytes that were signed are sent as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedText {
    /// The protected header, base64url.
    #[schema(max_length = 1024)]
    pub(crate) protected: String,
    /// The payload, base64url.
    #[schema(max_length = 16384)]
    pub(crate) payload: String,
    /// r ‖ s, 64 bytes, base64url.
    #[schema(min_length = 86, max_length = 86)]
    pub(crate) signature: String,
}

/// Where an enrolment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EnrolmentState {
    /// A code was sent by SMS.
    CodeSent,
    /// Password and code were right; the device may send its request.
    Verified,
    /// The certificate is signed and waits for the test challenge.
    Issued,
    /// The certificate can pay.
    Active,
}

/// One sitting of an enrolment; it can be resumed after a crash or a closed tab.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Enrolment {
    /// Its id.
    pub(crate) id: EnrolmentRef,
    /// Where it stands.
    pub(crate) state: EnrolmentState,
    /// When the sitting ends.
    pub(crate) expires_at: Time,
    /// Seconds until another code may be asked for.
    pub(crate) resend_after_s: u32,
    /// What WebAuthn's `create` needs.
    pub(crate) passkey: PasskeyOptions,
    /// The certificate, when it is signed already.
    pub(crate) initial: Option<Issued>,
    /// What it rests on, where it is a reissue.
    pub(crate) reissue: Option<Reissue>,
}

/// What WebAuthn's `create` needs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyOptions {
    /// The challenge.
    pub(crate) challenge: Base64Url,
    /// The host of the origin.
    #[schema(example = "localhost")]
    pub(crate) rp_id: String,
    /// An opaque id of the person for authenticators.
    pub(crate) user_id: Base64Url,
    /// What the authenticator shows.
    pub(crate) user_name: String,
}

/// A certificate as it is handed to the device that asked for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Issued {
    /// The certificate.
    pub(crate) certificate: Certificate,
    /// Leaf, issuer and root, DER.
    pub(crate) chain: Vec<Base64Url>,
    /// The test challenge to sign.
    pub(crate) challenge: Bytes32,
    /// The server's half of the wrapping key, with a PIN only.
    pub(crate) share: Option<Bytes32>,
}

/// Begins an enrolment.
#[utoipa::path(post, path = "/api/v1/enrolments", operation_id = "create_enrolment", tag = "enrolments",
    security(("session" = [])), request_body = NewEnrolment,
    responses((status = 201, description = "Begun; a code was sent unless this is the registration's sitting", body = Enrolment)))]
pub(super) async fn create_enrolment(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<NewEnrolment>,
) -> Result<(StatusCode, Json<Enrolment>), Problem> {
    let password = body.password.map(Password::new);
    let enrolment = app.wallet.begin_enrolment(&session, password.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, enrolment))))
}

/// Shows the enrolment that is under way.
#[utoipa::path(get, path = "/api/v1/enrolments/current", operation_id = "get_current_enrolment", tag = "enrolments",
    security(("session" = [])),
    responses((status = 200, description = "The enrolment under way", body = Enrolment)))]
pub(super) async fn get_current_enrolment(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<Enrolment>, Problem> {
    Ok(Json(shown(&app, app.wallet.current_enrolment(&session)?)))
}

/// Checks the code of an enrolment.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/code", operation_id = "verify_enrolment_code", tag = "enrolments",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment")),
    request_body = EnrolmentCode,
    responses((status = 200, description = "The code was right", body = Enrolment)))]
pub(super) async fn verify_enrolment_code(
    State(app): State<App>,
    Session(session): Session,
    Guest(visitor): Guest,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<EnrolmentCode>,
) -> Result<Json<Enrolment>, Problem> {
    let enrolment = app.wallet.confirm_enrolment_code(&session, visitor.address, id.0, &body.code).await?;
    Ok(Json(shown(&app, enrolment)))
}

/// Issues the certificate for the device's request; the same request again gives the same certificate.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/request", operation_id = "issue_certificate", tag = "enrolments",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment")),
    request_body = CertificateRequest,
    responses((status = 201, description = "The certificate, ready to download", body = Issued)))]
pub(super) async fn issue_certificate(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<CertificateRequest>,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    let request = yinxin_wallet::CertificateRequest {
        csr: body.csr.0,
        device_name: body.device_name,
        custody: body.custody.into(),
    };
    let issued = app.wallet.request_certificate(&session, id.0, &request).await?;
    Ok((StatusCode::CREATED, Json(issued.into())))
}

/// Activates the certificate by its signed test challenge.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/activation", operation_id = "activate_certificate", tag = "enrolments",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment")),
    request_body = Activation,
    responses((status = 200, description = "The certificate can pay", body = Certificate)))]
pub(super) async fn activate_certificate(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<Activation>,
) -> Result<Json<Certificate>, Problem> {
    Ok(Json(app.wallet.activate(&session, id.0, &body.jws.into()).await?.into()))
}

pub(super) fn shown(app: &App, enrolment: yinxin_wallet::Enrolment) -> Enrolment {
    let passkey = enrolment.passkey;
    Enrolment {
        id: Wire(enrolment.id),
        state: enrolment.state.into(),
        expires_at: Time(enrolment.expires_at),
        resend_after_s: seconds_until(app.wallet.now(), enrolment.resend_at),
        passkey: PasskeyOptions {
            challenge: Base64Url(passkey.challenge.to_vec()),
            rp_id: passkey.rp_id,
            user_id: Base64Url(passkey.user_id.to_vec()),
            user_name: passkey.user_name,
        },
        initial: enrolment.issued.map(Into::into),
        reissue: enrolment.reissue.map(Into::into),
    }
}

impl From<yinxin_wallet::EnrolmentState> for EnrolmentState {
    fn from(state: yinxin_wallet::EnrolmentState) -> Self {
        match state {
            yinxin_wallet::EnrolmentState::CodeSent => Self::CodeSent,
            yinxin_wallet::EnrolmentState::Verified => Self::Verified,
            yinxin_wallet::EnrolmentState::Issued => Self::Issued,
            // A closed enrolment is never shown: the wallet answers that there is none.
            yinxin_wallet::EnrolmentState::Active | yinxin_wallet::EnrolmentState::Closed => Self::Active,
        }
    }
}

impl From<yinxin_wallet::Issued> for Issued {
    fn from(issued: yinxin_wallet::Issued) -> Self {
        Self {
            certificate: issued.certificate.into(),
            chain: issued.chain.into_iter().map(Base64Url).collect(),
            challenge: Wire(Digest::from_bytes(issued.challenge)),
            share: issued.share.map(|share| Wire(Digest::from_bytes(*share.expose()))),
        }
    }
}

impl From<CustodyProof> for CustodyOffer {
    fn from(proof: CustodyProof) -> Self {
        match proof {
            CustodyProof::Passkey {
                credential_id,
                public_key,
                authenticator_data,
                client_data_json,
                prf,
            } => Self::Passkey {
                credential_id: credential_id.0,
                public_key: public_key.0,
                authenticator_data: authenticator_data.0,
                client_data_json: client_data_json.0,
                prf,
            },
            CustodyProof::Pin { device_key, pin_mac } => {
                Self::Pin { device_key: secret(device_key), pin_mac: secret(pin_mac) }
            }
            CustodyProof::Kept { consent } => Self::Kept { consent: consent.into() },
        }
    }
}

/// 32 secret bytes, wiped when dropped.
pub(super) fn secret(bytes: Bytes32) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(*bytes.0.as_bytes())
}

impl From<SignedText> for yinxin_wallet::SignedText {
    fn from(text: SignedText) -> Self {
        Self { protected: text.protected, payload: text.payload, signature: text.signature }
    }
}
