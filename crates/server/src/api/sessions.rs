//! Signing in and out.

use super::people::Me;
use crate::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

/// The closed list of device kinds; a text typed by a stranger never reaches an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
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
    /// The code sent by SMS; asked for on a device that is not known.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: Option<String>,
    /// The kind of device.
    pub(crate) device_kind: DeviceKind,
}

/// Signs in with account number or phone.
#[utoipa::path(post, path = "/api/v1/sessions", operation_id = "create_session", tag = "sessions",
    request_body = NewSession,
    responses((status = 201, description = "Signed in; sets the session's cookies", body = Me)))]
pub(super) async fn create_session() -> Problem {
    Problem::pending()
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/sessions/current", operation_id = "delete_session", tag = "sessions",
    security(("session" = [])),
    responses((status = 204, description = "Signed out; clears the session's cookie")))]
pub(super) async fn delete_session() -> Problem {
    Problem::pending()
}
