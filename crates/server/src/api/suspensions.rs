//! Suspending everything with account and password, from anywhere 挂失.

use super::login::LoginAndPassword;
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::idempotency::Intention;
use crate::door::who::Guest;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use yinxin_wallet::Password;

/// What was suspended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suspended {
    /// How many certificates this request suspended; those that were suspended before are not counted.
    #[schema(example = 1)]
    pub(crate) certificates: usize,
}

/// Suspends every payment certificate of an account 挂失, with the password and without signing in.
#[utoipa::path(post, path = "/api/v1/suspensions", operation_id = "suspend_certificates", tag = "certificates",
    request_body = LoginAndPassword,
    responses((status = 200, description = "None of them pays from now on", body = Suspended)))]
pub(super) async fn suspend_certificates(
    State(app): State<App>,
    Guest(visitor): Guest,
    intention: Intention,
    Body(body): Body<LoginAndPassword>,
) -> Result<Json<Suspended>, Problem> {
    let password = Password::new(body.password);
    let certificates = app.wallet.suspend_everything(&visitor, &body.login, &password, intention.0).await?;
    Ok(Json(Suspended { certificates }))
}
