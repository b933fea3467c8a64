//! The recovery kit: made, tried, used to suspend, ended. The file itself never comes here.

use super::certificates::Nothing;
use super::enrolments::{Enrolment, SignedText, shown};
use super::payments::Verification;
use super::wire::{Base64Url, Bytes32, CertificateRef, EnrolmentRef, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::idempotency::Intention;
use crate::door::path::PathOf;
use crate::door::who::{Guest, Session};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_core::Digest;
use yinxin_core::certificate::State as BookState;
use yinxin_wallet::{KitForm, KitTask, KitView};

/// Where a kit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KitState {
    /// In use.
    Active,
    /// Ended: by its owner, by a newer kit, or by its validity.
    Ended,
}

/// Why the kit should be tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KitReminder {
    /// Not for half a year.
    NotTried,
    /// A certificate was reissued since.
    Reissued,
}

/// My recovery kit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kit {
    /// Its recovery certificate.
    pub(crate) id: CertificateRef,
    /// Where it stands.
    pub(crate) state: KitState,
    /// When it was made.
    pub(crate) made_at: Time,
    /// When it was last shown that it opens.
    pub(crate) drilled_at: Option<Time>,
    /// From when it counts as a proof.
    pub(crate) proof_from: Time,
    /// Valid until.
    pub(crate) not_after: Time,
    /// Why it should be tried now.
    pub(crate) reminder: Option<KitReminder>,
}

/// My recovery kit, where there is one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KitAnswer {
    /// The one in use, else the last that was.
    pub(crate) kit: Option<Kit>,
}

/// Asks for what the payment certificate signs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KitChallengeRequest {
    /// The payment certificate that will sign.
    pub(crate) certificate: CertificateRef,
}

/// A challenge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KitChallenge {
    /// 32 bytes for the signed text.
    pub(crate) challenge: Bytes32,
}

/// Makes a kit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKit {
    /// Signed text of type `yx-set+jws`, setting `kit`, by the payment certificate.
    pub(crate) jws: SignedText,
    /// The person's verification of that text.
    pub(crate) verification: Verification,
    /// The recovery key's PKCS#10 request, DER.
    pub(crate) csr: Base64Url,
}

/// A recovery certificate for the browser that holds its key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KitIssued {
    /// Its id.
    pub(crate) id: CertificateRef,
    /// Leaf, issuer and root, DER.
    pub(crate) chain: Vec<Base64Url>,
    /// What the recovery key signs to put the kit into use.
    pub(crate) challenge: Bytes32,
}

/// What a recovery key is going to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KitPurpose {
    /// A drill.
    Drill,
    /// A suspension.
    Suspend,
}

/// Asks for what a recovery key signs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KitUseRequest {
    /// The recovery certificate.
    pub(crate) kit: CertificateRef,
    /// What for.
    pub(crate) purpose: KitPurpose,
}

/// A text of a recovery key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KitText {
    /// Signed text of type `yx-rec+jws`.
    pub(crate) jws: SignedText,
}

/// What a kit put on hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KitSuspension {
    /// How many payment certificates, just now.
    pub(crate) suspended: usize,
}

/// Shows my recovery kit.
#[utoipa::path(get, path = "/api/v1/kit", operation_id = "get_kit", tag = "kit", security(("session" = [])),
    responses((status = 200, description = "My kit", body = KitAnswer)))]
pub(super) async fn get_kit(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<KitAnswer>, Problem> {
    Ok(Json(KitAnswer { kit: app.wallet.kit(&session)?.map(Into::into) }))
}

/// Makes a challenge for a new kit.
#[utoipa::path(post, path = "/api/v1/kit/challenges", operation_id = "create_kit_challenge", tag = "kit",
    security(("session" = [])), request_body = KitChallengeRequest,
    responses((status = 200, description = "A challenge", body = KitChallenge)))]
pub(super) async fn create_kit_challenge(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<KitChallengeRequest>,
) -> Result<Json<KitChallenge>, Problem> {
    let challenge = app.wallet.kit_challenge(&session, body.certificate.0)?;
    Ok(Json(KitChallenge { challenge: Wire(Digest::from_bytes(challenge)) }))
}

/// Issues the certificate of a new kit; the same request again gets the same one.
#[utoipa::path(put, path = "/api/v1/kit", operation_id = "issue_kit", tag = "kit",
    security(("session" = [])), request_body = NewKit,
    responses((status = 200, description = "Issued; in use once its key has signed the challenge", body = KitIssued)))]
pub(super) async fn issue_kit(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<NewKit>,
) -> Result<Json<KitIssued>, Problem> {
    let form = KitForm { text: body.jws.into(), verification: body.verification.into(), csr: body.csr.0 };
    let issued = app.wallet.make_kit(&session, &form).await?;
    Ok(Json(KitIssued {
        id: Wire(issued.id),
        chain: issued.chain.into_iter().map(Base64Url).collect(),
        challenge: Wire(Digest::from_bytes(issued.challenge)),
    }))
}

/// Tries a kit 「验证备份」; the first time puts it into use.
#[utoipa::path(post, path = "/api/v1/kit/drills", operation_id = "verify_kit", tag = "kit",
    security(("session" = [])), request_body = KitText,
    responses((status = 200, description = "It opens", body = Kit)))]
pub(super) async fn verify_kit(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<KitText>,
) -> Result<Json<Kit>, Problem> {
    Ok(Json(app.wallet.drill_kit(&session, &body.jws.into()).await?.into()))
}

/// Ends my kit.
#[utoipa::path(post, path = "/api/v1/kit/invalidation", operation_id = "revoke_kit", tag = "kit",
    security(("session" = [])), request_body = Nothing,
    responses((status = 200, description = "Ended", body = KitAnswer)))]
pub(super) async fn revoke_kit(
    State(app): State<App>,
    Session(session): Session,
    intention: Intention,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<KitAnswer>, Problem> {
    let kit = app.wallet.invalidate_kit(&session, intention.0).await?;
    Ok(Json(KitAnswer { kit: kit.map(Into::into) }))
}

/// Makes a challenge for a recovery key. Needs no session: whoever opens a kit may have lost everything else.
#[utoipa::path(post, path = "/api/v1/kit-challenges", operation_id = "create_kit_use_challenge", tag = "kit",
    request_body = KitUseRequest,
    responses((status = 200, description = "A challenge", body = KitChallenge)))]
pub(super) async fn create_kit_use_challenge(
    State(app): State<App>,
    Guest(visitor): Guest,
    Body(body): Body<KitUseRequest>,
) -> Result<Json<KitChallenge>, Problem> {
    let task = match body.purpose {
        KitPurpose::Drill => KitTask::Drill,
        KitPurpose::Suspend => KitTask::Suspend,
    };
    let challenge = app.wallet.kit_use_challenge(visitor.address, body.kit.0, task)?;
    Ok(Json(KitChallenge { challenge: Wire(Digest::from_bytes(challenge)) }))
}

/// Suspends every payment certificate of a kit's owner, without a session.
#[utoipa::path(post, path = "/api/v1/kit-suspensions", operation_id = "suspend_with_kit", tag = "kit",
    request_body = KitText,
    responses((status = 200, description = "On hold from now on", body = KitSuspension)))]
pub(super) async fn suspend_with_kit(
    State(app): State<App>,
    Body(body): Body<KitText>,
) -> Result<Json<KitSuspension>, Problem> {
    let done = app.wallet.suspend_with_kit(&body.jws.into()).await?;
    Ok(Json(KitSuspension { suspended: done.suspended }))
}

/// Proves the person by the recovery kit, whose key signed this device's request.
#[utoipa::path(post, path = "/api/v1/reissues/{id}/kit", operation_id = "verify_reissue_kit", tag = "reissues",
    security(("session" = [])), params(("id" = EnrolmentRef, Path, description = "The enrolment")),
    request_body = KitText,
    responses((status = 200, description = "The person is proved", body = Enrolment)))]
pub(super) async fn prove_reissue_kit(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<EnrolmentRef>,
    Body(body): Body<KitText>,
) -> Result<Json<Enrolment>, Problem> {
    let enrolment = app.wallet.prove_reissue_by_kit(&session, id.0, &body.jws.into()).await?;
    Ok(Json(shown(&app, enrolment)))
}

impl From<KitView> for Kit {
    fn from(view: KitView) -> Self {
        Self {
            id: Wire(view.id),
            state: match view.state {
                BookState::Active { .. } => KitState::Active,
                BookState::Requested
                | BookState::Issued { .. }
                | BookState::Suspended { .. }
                | BookState::Revoked { .. }
                | BookState::Abandoned
                | BookState::Expired { .. }
                | BookState::Superseded { .. } => KitState::Ended,
            },
            made_at: Time(view.made_at),
            drilled_at: view.drilled_at.map(Time),
            proof_from: Time(view.proof_from),
            not_after: Time(view.not_after),
            reminder: view.reminder.map(|reminder| match reminder {
                yinxin_wallet::KitReminder::NotTried => KitReminder::NotTried,
                yinxin_wallet::KitReminder::Reissued => KitReminder::Reissued,
            }),
        }
    }
}
