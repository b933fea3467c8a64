//! What only a demonstration has; under `serve` these routes do not exist.

use super::people::{Me, me};
use super::wire::Time;
use crate::app::{App, Demo};
use crate::door::body::Json as Body;
use crate::door::idempotency::Intention;
use crate::door::who::Session;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_core::Minor;

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
    /// The code in it; a notice has none.
    #[schema(example = "123456")]
    pub(crate) code: Option<String>,
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
pub(super) async fn create_top_up(
    State(app): State<App>,
    Session(session): Session,
    intention: Intention,
    Body(body): Body<TopUp>,
) -> Result<Json<Me>, Problem> {
    demo(&app)?;
    let amount = Minor::new(body.amount).filter(|amount| amount.get() > 0);
    let amount = amount.ok_or_else(|| Problem::new(Code::RequestMalformed))?;
    app.wallet.top_up(&session, intention.command(), amount).await?;
    me(&app, &session).map(Json)
}

/// Shows the SMS tray.
#[utoipa::path(get, path = "/api/v1/demo/sms", operation_id = "list_demo_sms", tag = "demo",
    responses((status = 200, description = "Newest first", body = SmsTray)))]
pub(super) async fn list_demo_sms(State(app): State<App>) -> Result<Json<SmsTray>, Problem> {
    let messages = demo(&app)?.tray.messages().into_iter().map(|kept| SmsMessage {
        to_masked: mask(&kept.message.to),
        text: kept.message.text,
        code: kept.message.code,
        at: Time(kept.at),
        purpose: kept.message.purpose.to_owned(),
        device: kept.message.device.to_owned(),
    });
    Ok(Json(SmsTray { messages: messages.collect() }))
}

/// Shows where the shop is.
#[utoipa::path(get, path = "/api/v1/demo/state", operation_id = "get_demo_state", tag = "demo",
    responses((status = 200, description = "The demonstration", body = DemoState)))]
pub(super) async fn get_demo_state(State(app): State<App>) -> Result<Json<DemoState>, Problem> {
    Ok(Json(DemoState { shop_url: demo(&app)?.shop_url.clone() }))
}

fn demo(app: &App) -> Result<&Demo, Problem> {
    app.demo.as_ref().ok_or_else(|| Problem::new(Code::RequestNotFound))
}

/// A phone number with its middle hidden.
fn mask(phone: &str) -> String {
    let characters: Vec<char> = phone.chars().collect();
    let shown_from = characters.len().saturating_sub(4);
    let hidden_from = shown_from.saturating_sub(4);
    characters
        .iter()
        .enumerate()
        .map(|(at, character)| if (hidden_from..shown_from).contains(&at) { '*' } else { *character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_shown_without_its_middle() {
        assert_eq!(mask("+8613800138000"), "+86138****8000");
        assert_eq!(mask("123"), "123");
    }
}
