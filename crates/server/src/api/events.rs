//! What changes on my account, as it happens.

use crate::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Changed {
    /// A payment was recorded.
    Payment,
    /// A certificate changed its state.
    Certificate,
    /// The balance changed.
    Balance,
}

/// The data of a `changed` event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountEvent {
    /// The place in the journal.
    pub(crate) index: u64,
    /// What changed.
    pub(crate) what: Changed,
}

/// Streams what changes on my account.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "stream_account", tag = "people",
    security(("session" = [])),
    responses((status = 200, description = "Server-sent events named `changed`", body = AccountEvent, content_type = "text/event-stream")))]
pub(super) async fn stream_account() -> Problem {
    Problem::pending()
}
