//! Signing in and out.

use super::people::{Me, me};
use super::wire::{Base64Url, Bytes32};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::cookies;
use crate::door::who::{Guest, Session};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_wallet::{LogIn, Password, SignedIn};

/// The closed list of device kinds; a text typed by a stranger never reaches an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceKind {
    /// An iPhone.
    Iphone,
    /// An Android phone.
    Android,
    /// A computer with Windows.
    Windows,
    /// A Mac.
    Mac,
    /// A computer with Linux.
    Linux,
    /// Anything else.
    Other,
}

/// Signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSession {
    /// Account number or phone.
    #[schema(example = "80000000008", max_length = 32)]
    pub(crate) login: String,
    /// The log-in password.
    #[schema(max_length = 256)]
    pub(crate) password: String,
    /// The code sent by SMS or shown by the authenticator app, or a recovery code; asked for on a device that is not known.
    #[schema(max_length = 16, example = "123456")]
    pub(crate) code: Option<String>,
    /// A passkey's answer, in place of a code.
    pub(crate) passkey: Option<PasskeyAnswer>,
    /// The kind of device.
    pub(crate) device_kind: DeviceKind,
}

/// A passkey's answer, as WebAuthn's `get` gave it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAnswer {
    /// The challenge that was asked for.
    pub(crate) challenge: Bytes32,
    /// The credential's id.
    pub(crate) credential_id: Base64Url,
    /// Authenticator data.
    pub(crate) authenticator_data: Base64Url,
    /// Client data, the JSON as bytes.
    pub(crate) client_data_json: Base64Url,
    /// The signature, DER.
    pub(crate) signature: Base64Url,
}

/// Signs in with account number or phone.
#[utoipa::path(post, path = "/api/v1/sessions", operation_id = "create_session", tag = "sessions",
    request_body = NewSession,
    responses((status = 201, description = "Signed in; sets the session's cookies", body = Me)))]
pub(super) async fn create_session(
    State(app): State<App>,
    Guest(visitor): Guest,
    Body(body): Body<NewSession>,
) -> Result<Response, Problem> {
    let form = LogIn {
        login: body.login,
        password: Password::new(body.password),
        code: body.code,
        passkey: body.passkey.map(|answer| yinxin_wallet::PasskeyAnswer {
            challenge: *answer.challenge.0.as_bytes(),
            credential_id: answer.credential_id.0,
            authenticator_data: answer.authenticator_data.0,
            client_data_json: answer.client_data_json.0,
            signature: answer.signature.0,
        }),
        device: body.device_kind.into(),
    };
    let signed_in = app.wallet.log_in(&visitor, form).await?;
    welcome(&app, &signed_in)
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/sessions/current", operation_id = "delete_session", tag = "sessions",
    security(("session" = [])),
    responses((status = 204, description = "Signed out; clears the session's cookie")))]
pub(super) async fn delete_session(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Response, Problem> {
    app.wallet.log_out(&session)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookies::clear(cookies::SESSION) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The person who has just signed in, with the cookies.
pub(super) fn welcome(app: &App, signed_in: &SignedIn) -> Result<Response, Problem> {
    let mut response = (StatusCode::CREATED, Json(me(app, &signed_in.session)?)).into_response();
    let headers = response.headers_mut();
    headers.extend(
        cookies::set(cookies::SESSION, signed_in.session_token.expose(), None).map(|line| (SET_COOKIE, line)),
    );
    if let Some(token) = &signed_in.device_token {
        let line = cookies::set(cookies::DEVICE, token.expose(), Some(cookies::DEVICE_MAX_AGE_S));
        headers.extend(line.map(|line| (SET_COOKIE, line)));
    }
    Ok(response)
}

impl DeviceKind {
    /// What the browser calls its platform (client hints), before the app has said so.
    pub(super) fn of_browser(headers: &HeaderMap) -> Option<yinxin_wallet::DeviceKind> {
        let platform = headers.get("sec-ch-ua-platform")?.to_str().ok()?;
        Some(match platform.trim_matches('"') {
            "Android" => yinxin_wallet::DeviceKind::Android,
            "iOS" => yinxin_wallet::DeviceKind::Iphone,
            "Windows" => yinxin_wallet::DeviceKind::Windows,
            "macOS" => yinxin_wallet::DeviceKind::Mac,
            "Linux" => yinxin_wallet::DeviceKind::Linux,
            _ => return None,
        })
    }
}

impl From<yinxin_wallet::DeviceKind> for DeviceKind {
    fn from(kind: yinxin_wallet::DeviceKind) -> Self {
        match kind {
            yinxin_wallet::DeviceKind::Iphone => Self::Iphone,
            yinxin_wallet::DeviceKind::Android => Self::Android,
            yinxin_wallet::DeviceKind::Windows => Self::Windows,
            yinxin_wallet::DeviceKind::Mac => Self::Mac,
            yinxin_wallet::DeviceKind::Linux => Self::Linux,
            yinxin_wallet::DeviceKind::Other => Self::Other,
        }
    }
}

impl From<DeviceKind> for yinxin_wallet::DeviceKind {
    fn from(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Iphone => Self::Iphone,
            DeviceKind::Android => Self::Android,
            DeviceKind::Windows => Self::Windows,
            DeviceKind::Mac => Self::Mac,
            DeviceKind::Linux => Self::Linux,
            DeviceKind::Other => Self::Other,
        }
    }
}
