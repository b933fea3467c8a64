//! Reissue 补办 and moving phones: begun on the new device, consented to on the one at hand, vetoed on the old one.

use super::enrolments::{Enrolment, SignedText, shown};
use super::payments::Verification;
use super::sessions::DeviceKind;
use super::wire::{Base64Url, Bytes32, CertificateRef, EnrolmentRef, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::path::PathOf;
use crate::door::who::Session;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_core::Digest;
use yinxin_core::certificate::Route;
use yinxin_wallet::{Password, ReissueStated, ReissueWay, ReissueWish, VetoForm};

/// What is to prove the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Password and SMS code; waits and lower limits follow.
    Secrets,
    /// A device at hand, by moving codes.
    Device,
    /// Password and another live device, for a phone whose key is gone.
    Vouch,
    /// Password and the passkey that had sealed the key that is gone.
    Passkey,
    /// Password, SMS code and the recovery kit.
    Kit,
}

/// What the person says about the old phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stated {
    /// Nothing: its certificate goes on until the new one's protection ends.
    Nothing,
    /// Lost or stolen: its certificate is suspended at once.
    Lost,
}

/// Begins a reissue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReissue {
    /// What is to prove the person.
    pub(crate) way: Way,
    /// What the person says about the old phone.
    pub(crate) stated: Stated,
    /// The log-in password; every way but the device at hand needs it.
    #[schema(max_length = 256)]
    pub(crate) password: Option<String>,
}

/// The route of rules § 4, as the book decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReissueRoute {
    /// R2: a device at hand.
    Move,
    /// R2b: the same phone, its key gone.
    Cleared,
    /// R3: the recovery kit.
    Kit,
    /// R4: everything lost.
    Lost,
    /// R5: the same, with a sign of risk.
    LostAtRisk,
    /// R6: two operators.
    Operator,
}

/// What an enrolment rests on, where it is a reissue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reissue {
    /// What is to prove the person.
    pub(crate) way: Way,
    /// What was said about the old phone.
    pub(crate) stated: Stated,
    /// What this device shows as a code, or its passkey signs; nothing once the person is proved.
    pub(crate) nonce: Option<Bytes32>,
    /// The passkeys that may sign it.
    pub(crate) credentials: Vec<Base64Url>,
    /// A device at hand has signed; scan what it shows.
    pub(crate) consented: bool,
    /// The route, once it is decided.
    pub(crate) route: Option<ReissueRoute>,
    /// Hours in which the new certificate will pay nothing.
    pub(crate) wait_hours: u32,
}

/// What another device of mine asks this one for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReissueOffer {
    /// The enrolment on the other device.
    pub(crate) id: EnrolmentRef,
    /// Moving, or vouching for a phone whose key is gone.
    pub(crate) way: Way,
    /// What the other device calls itself.
    pub(crate) device_kind: DeviceKind,
    /// When it ends by itself.
    pub(crate) expires_at: Time,
}

/// This device's consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReissueConsent {
    /// Signed text of type `yx-cert+jws`, purpose `move` or `reissue`.
    pub(crate) jws: SignedText,
    /// User verification of that text.
    pub(crate) verification: Verification,
}

/// What the device at hand shows after its consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReissueConfirmation {
    /// The hash of the consent.
    pub(crate) consent_hash: Bytes32,
}

/// A passkey's signature over the reissue's nonce.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReissuePasskey {
    /// The assertion.
    pub(crate) verification: Verification,
}

/// 「不是我」. Without a signed text both sides are suspended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Veto {
    /// What shows that the phone's owner says it; left out by whoever cannot.
    pub(crate) proof: Option<VetoProof>,
}

/// A veto that the phone's owner signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VetoProof {
    /// Signed text of type `yx-stop+jws`, purpose `veto`.
    pub(crate) jws: SignedText,
    /// User verification of that text.
    pub(crate) verification: Verification,
}

/// A reissue that this device is asked about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReissueQuestion {
    /// The reissue.
    pub(crate) id: EnrolmentRef,
    /// The certificate on this device.
    pub(crate) certificate: CertificateRef,
    /// The route.
    pub(crate) route: Option<ReissueRoute>,
    /// What was said about this phone.
    pub(crate) stated: Stated,
    /// What the asking device calls itself.
    pub(crate) device_kind: DeviceKind,
    /// When the proof was right.
    pub(crate) opened_at: Time,
    /// When the protection ends, once the new certificate is active.
    pub(crate) until: Option<Time>,
    /// This device has said 「是我」.
    pub(crate) acknowledged: bool,
    /// Whether a verified no revokes the new certificate; else both are suspended.
    pub(crate) yields: bool,
    /// What a veto signs.
    pub(crate) challenge: Bytes32,
}

/// What this device is asked about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReissueQuestions {
    /// Each running reissue of mine, while this device holds an old certificate.
    pub(crate) questions: Vec<ReissueQuestion>,
}

/// Begins a reissue on this device.
#[utoipa::path(post, path = "/api/v1/reissues", operation_id = "create_reissue", tag = "reissues",
    security(("session" = [])), request_body = NewReissue,
    responses((status = 201, description = "Begun; the enrolment goes on as any other once the person is proved", body = Enrolment)))]
pub(super) async fn create_reissue(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<NewReissue>,
) -> Result<(StatusCode, Json<Enrolment>), Problem> {
    let wish = ReissueWish {
        way: body.way.into(),
        stated: match body.stated {
            Stated::Nothing => ReissueStated::Nothing,
            Stated::Lost => ReissueStated::Lost,
        },
        password: body.password.map(Password::new),
    };
    let enrolment = app.wallet.begin_reissue(&session, &wish).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, enrolment))))
}

/// Lists what this device is asked about.
#[utoipa::path(get, path = "/api/v1/reissue-questions", operation_id = "list_reissue_questions", tag = "reissues",
    security(("session" = [])),
    responses((status = 200, description = "Running reissues, while this device holds an old certificate", body = ReissueQuestions)))]
pub(super) async fn list_reissue_questions(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<ReissueQuestions>, Problem> {
    let questions = app.wallet.reissue_questions(&session)?.into_iter().map(Into::into).collect();
    Ok(Json(ReissueQuestions { questions }))
}

/// Shows what another device of mine asks this one for.
#[utoipa::path(get, path = "/api/v1/reissues/{id}", operation_id = "get_reissue", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment on the other device")),
    responses((status = 200, description = "What it asks for", body = ReissueOffer)))]
pub(super) async fn get_reissue(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
) -> Result<Json<ReissueOffer>, Problem> {
    let offer = app.wallet.reissue_offer(&session, id.0)?;
    Ok(Json(ReissueOffer {
        id: Wire(offer.enrolment),
        way: offer.way.into(),
        device_kind: offer.device_kind.into(),
        expires_at: Time(offer.expires_at),
    }))
}

/// Consents on the device at hand.
#[utoipa::path(post, path = "/api/v1/reissues/{id}/consent", operation_id = "create_reissue_consent", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment on the other device")),
    request_body = ReissueConsent, responses((status = 204, description = "Consented")))]
pub(super) async fn consent_to_reissue(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<ReissueConsent>,
) -> Result<StatusCode, Problem> {
    app.wallet.consent_to_reissue(&session, id.0, &body.jws.into(), &body.verification.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Confirms on the new device that it scanned the consent.
#[utoipa::path(post, path = "/api/v1/reissues/{id}/confirmation", operation_id = "verify_reissue", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment")),
    request_body = ReissueConfirmation,
    responses((status = 200, description = "The person is proved", body = Enrolment)))]
pub(super) async fn confirm_reissue(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<ReissueConfirmation>,
) -> Result<Json<Enrolment>, Problem> {
    let enrolment = app.wallet.confirm_consent(&session, id.0, body.consent_hash.0).await?;
    Ok(Json(shown(&app, enrolment)))
}

/// Proves the person by the passkey that had sealed the key that is gone.
#[utoipa::path(post, path = "/api/v1/reissues/{id}/passkey", operation_id = "verify_reissue_passkey", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment")),
    request_body = ReissuePasskey,
    responses((status = 200, description = "The person is proved", body = Enrolment)))]
pub(super) async fn prove_reissue_passkey(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<ReissuePasskey>,
) -> Result<Json<Enrolment>, Problem> {
    let enrolment = app.wallet.prove_reissue_by_passkey(&session, id.0, &body.verification.into()).await?;
    Ok(Json(shown(&app, enrolment)))
}

/// Says 「是我」 on an old device.
#[utoipa::path(post, path = "/api/v1/reissues/{id}/acknowledgement", operation_id = "create_reissue_acknowledgement", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The reissue")),
    responses((status = 204, description = "Kept beside the reissue")))]
pub(super) async fn acknowledge_reissue(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
) -> Result<StatusCode, Problem> {
    app.wallet.acknowledge_reissue(&session, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says 「不是我」 on an old device.
#[utoipa::path(post, path = "/api/v1/reissues/{id}/veto", operation_id = "create_reissue_veto", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The reissue")),
    request_body = Veto, responses((status = 204, description = "Stopped, or both sides are suspended")))]
pub(super) async fn veto_reissue(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<Veto>,
) -> Result<StatusCode, Problem> {
    let form =
        body.proof.map(|proof| VetoForm { text: proof.jws.into(), verification: proof.verification.into() });
    app.wallet.veto_reissue(&session, id.0, form.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Way> for ReissueWay {
    fn from(way: Way) -> Self {
        match way {
            Way::Secrets => Self::Secrets,
            Way::Device => Self::Device,
            Way::Vouch => Self::Vouch,
            Way::Passkey => Self::Passkey,
            Way::Kit => Self::Kit,
        }
    }
}

impl From<ReissueWay> for Way {
    fn from(way: ReissueWay) -> Self {
        match way {
            ReissueWay::Secrets => Self::Secrets,
            ReissueWay::Device => Self::Device,
            ReissueWay::Vouch => Self::Vouch,
            ReissueWay::Passkey => Self::Passkey,
            ReissueWay::Kit => Self::Kit,
        }
    }
}

impl From<ReissueStated> for Stated {
    fn from(stated: ReissueStated) -> Self {
        match stated {
            ReissueStated::Nothing => Self::Nothing,
            ReissueStated::Lost => Self::Lost,
        }
    }
}

/// The route on the wire; the others are no reissue.
fn route(route: Route) -> Option<ReissueRoute> {
    match route {
        Route::First | Route::Renewal | Route::Grace => None,
        Route::Move => Some(ReissueRoute::Move),
        Route::Cleared => Some(ReissueRoute::Cleared),
        Route::Kit => Some(ReissueRoute::Kit),
        Route::Lost => Some(ReissueRoute::Lost),
        Route::LostAtRisk => Some(ReissueRoute::LostAtRisk),
        Route::Operator => Some(ReissueRoute::Operator),
    }
}

impl From<yinxin_wallet::ReissueView> for Reissue {
    fn from(view: yinxin_wallet::ReissueView) -> Self {
        let hours = view.wait_ms / yinxin_core::Millis::HOUR;
        Self {
            way: view.way.into(),
            stated: view.stated.into(),
            nonce: view.nonce.map(|nonce| Wire(Digest::from_bytes(nonce))),
            credentials: view.credentials.into_iter().map(Base64Url).collect(),
            consented: view.consented,
            route: view.route.and_then(route),
            wait_hours: u32::try_from(hours).unwrap_or(u32::MAX),
        }
    }
}

impl From<yinxin_wallet::ReissueQuestion> for ReissueQuestion {
    fn from(question: yinxin_wallet::ReissueQuestion) -> Self {
        Self {
            id: Wire(question.reissue),
            certificate: Wire(question.certificate),
            route: route(question.route),
            stated: question.stated.into(),
            device_kind: question.device_kind.into(),
            opened_at: Time(question.opened_at),
            until: question.until.map(Time),
            acknowledged: question.acknowledged,
            yields: question.yields,
            challenge: Wire(Digest::from_bytes(question.challenge)),
        }
    }
}
