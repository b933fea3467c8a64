//! What only a demonstration has; under `serve` these routes do not exist.

use super::people::Me;
use super::wire::Time;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Puts demonstration money in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUp {
    /// Minor units.
    #[schema(example = 10000, minimum = 1, maximum = 9_000_000_000_000_000_u64)]
    pub(crate) amount: u64,
}

/// The tray of the demonstration's SMS.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmsTray {
    /// Newest first.
    pub(crate) messages: Vec<SmsMessage>,
}

/// An SMS that a real deployment would send.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmsMessage {
    /// The phone with its middle hidden.
    #[schema(example = "+86 138****8000")]
    pub(crate) to_masked: String,
    /// The text.
    pub(crate) text: String,
    /// The code in it.
    #[schema(example = "123456")]
    pub(crate) code: String,
    /// When it was sent.
    pub(crate) at: Time,
    /// What it is for.
    pub(crate) purpose: String,
    /// The device that asked for it.
    pub(crate) device: String,
}

/// Where the demonstration's shop is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DemoState {
    /// The tea shop.
    #[schema(example = "http://localhost:8089/")]
    pub(crate) shop_url: String,
}

/// Puts demonstration money in.
#[utoipa::path(post, path = "/api/v1/demo/top-ups", operation_id = "create_top_up", tag = "demo",
    security(("session" = [])), request_body = TopUp,
    responses((status = 200, description = "The money is there", body = Me)))]
pub(super) async fn create_top_up() -> Problem {
    Problem::pending()
}

/// Shows the SMS tray.
#[utoipa::path(get, path = "/api/v1/demo/sms", operation_id = "list_demo_sms", tag = "demo",
    responses((status = 200, description = "Newest first", body = SmsTray)))]
pub(super) async fn list_demo_sms() -> Problem {
    Problem::pending()
}

/// Shows where the shop is.
#[utoipa::path(get, path = "/api/v1/demo/state", operation_id = "get_demo_state", tag = "demo",
    responses((status = 200, description = "The demonstration", body = DemoState)))]
pub(super) async fn get_demo_state() -> Problem {
    Problem::pending()
}
