//! Settings that only a signature changes: paying small amounts with one tap.

use super::enrolments::SignedText;
use super::payments::Verification;
use super::people::{Me, me};
use super::wire::{Bytes32, CertificateRef, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::who::Session;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_core::Digest;

/// Asks for a challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TapChallengeRequest {
    /// The certificate that will sign.
    pub(crate) certificate: CertificateRef,
}

/// The challenge of a setting.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TapChallenge {
    /// 32 bytes for the signed text.
    pub(crate) challenge: Bytes32,
}

/// Switches paying with one tap on or off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TapSetting {
    /// Signed text of type `yx-set+jws`.
    pub(crate) jws: SignedText,
    /// The person's verification of that text; needed to switch on.
    pub(crate) verification: Option<Verification>,
}

/// Makes a challenge for the one-tap setting.
#[utoipa::path(post, path = "/api/v1/settings/tap-challenges", operation_id = "create_tap_challenge", tag = "settings",
    security(("session" = [])), request_body = TapChallengeRequest,
    responses((status = 200, description = "A challenge", body = TapChallenge)))]
pub(super) async fn create_tap_challenge(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<TapChallengeRequest>,
) -> Result<Json<TapChallenge>, Problem> {
    let challenge = app.wallet.tap_challenge(&session, body.certificate.0)?;
    Ok(Json(TapChallenge { challenge: Wire(Digest::from_bytes(challenge)) }))
}

/// Switches paying with one tap on or off.
#[utoipa::path(put, path = "/api/v1/settings/tap", operation_id = "set_tap", tag = "settings",
    security(("session" = [])), request_body = TapSetting,
    responses((status = 200, description = "The setting is in force", body = Me)))]
pub(super) async fn set_tap(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<TapSetting>,
) -> Result<Json<Me>, Problem> {
    let verification = body.verification.map(Into::into);
    app.wallet.set_tap(&session, &body.jws.into(), verification.as_ref()).await?;
    me(&app, &session).map(Json)
}
