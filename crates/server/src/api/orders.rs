//! Orders: what a merchant asks to be paid.

use super::certificates::Nothing;
use super::events::{self, Streaming};
use super::wire::{AccountRef, Amount, Base64Url, Bytes32, MerchantRef, OrderRef, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::path::PathOf;
use crate::door::who::{Guest, MerchantKey};
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_wallet::PublicOrder;

/// A signed order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// Compact JWS of type `yx-order+jws`, signed by the merchant's key.
    #[schema(max_length = 16384)]
    pub(crate) jws: String,
}

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderState {
    /// Waits to be paid.
    Open,
    /// Paid.
    Paid,
    /// Its time is over.
    Expired,
    /// The merchant took it back.
    Cancelled,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderItem {
    /// What it is.
    pub(crate) name: String,
    /// How many.
    pub(crate) quantity: u32,
    /// The line's sum.
    pub(crate) amount: Amount,
}

/// The merchant of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderMerchant {
    /// The merchant.
    pub(crate) id: MerchantRef,
    /// The account to be credited.
    pub(crate) account: AccountRef,
    /// The registered name.
    pub(crate) name: String,
    /// The operator verified the name.
    pub(crate) verified: bool,
    /// The certificate that signs its orders, DER.
    pub(crate) certificate: Base64Url,
    /// The issuer of that certificate, DER.
    pub(crate) issuer: Base64Url,
}

/// An order as everybody may see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Order {
    /// The order.
    pub(crate) id: OrderRef,
    /// Its state.
    pub(crate) state: OrderState,
    /// The signed order, compact JWS.
    pub(crate) jws: String,
    /// SHA-256 of its signing input.
    pub(crate) hash: Bytes32,
    /// Who asks.
    pub(crate) merchant: OrderMerchant,
    /// How much.
    pub(crate) amount: Amount,
    /// For what.
    pub(crate) items: Vec<OrderItem>,
    /// Until when.
    pub(crate) expires_at: Time,
    /// The content of its QR code, all upper case.
    #[schema(example = "HTTP://LOCALHOST:8088/Q/CIA4DQOBYHA4DQOBYH")]
    pub(crate) qr: String,
    /// Opens the order in the app.
    pub(crate) app_link: String,
    /// Where the shop goes on.
    pub(crate) return_url: String,
    /// The server's time.
    pub(crate) now: Time,
}

/// An order as its merchant gets it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedOrder {
    /// The order.
    #[serde(flatten)]
    pub(crate) order: Order,
    /// The hosted payment page.
    #[schema(example = "http://localhost:8088/checkout/ord_a4dqobyha4dqobyh")]
    pub(crate) checkout_url: String,
}

/// The data of an `order` event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderEvent {
    /// The state from now on.
    pub(crate) state: OrderState,
}

/// The merchant whose key was presented.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Merchant {
    /// The merchant.
    pub(crate) id: MerchantRef,
    /// Its account.
    pub(crate) account: AccountRef,
    /// The registered name.
    pub(crate) name: String,
    /// The operator verified the name.
    pub(crate) verified: bool,
    /// What it has.
    pub(crate) balance: Amount,
}

/// Shows an order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", operation_id = "get_order", tag = "orders",
    params(("id" = OrderRef, Path, description = "The order")),
    responses((status = 200, description = "The order", body = Order)))]
pub(super) async fn get_order(
    State(app): State<App>,
    PathOf(id): PathOf<OrderRef>,
) -> Result<Json<Order>, Problem> {
    shown(&app, app.wallet.order(id.0)?).map(Json)
}

/// Streams the state of an order: first the present one, then each change.
#[utoipa::path(get, path = "/api/v1/orders/{id}/events", operation_id = "stream_order", tag = "orders",
    params(("id" = OrderRef, Path, description = "The order")),
    responses((status = 200, description = "Server-sent events named `order`", body = OrderEvent, content_type = "text/event-stream")))]
pub(super) async fn stream_order(
    State(app): State<App>,
    Guest(visitor): Guest,
    PathOf(id): PathOf<OrderRef>,
) -> Result<Streaming, Problem> {
    events::of_order(&app, &visitor, id.0)
}

/// Registers a signed order.
#[utoipa::path(post, path = "/api/v1/orders", operation_id = "create_order", tag = "merchant",
    security(("merchant" = [])), request_body = NewOrder,
    responses((status = 201, description = "Waits to be paid", body = CreatedOrder)))]
pub(super) async fn create_order(
    State(app): State<App>,
    MerchantKey(key): MerchantKey,
    Body(body): Body<NewOrder>,
) -> Result<(StatusCode, Json<CreatedOrder>), Problem> {
    let merchant = app.wallet.merchant(&key)?;
    let order = shown(&app, app.wallet.create_order(&merchant, &body.jws)?)?;
    let checkout_url = format!("{}/checkout/{}", app.site.origin, order.id.0);
    Ok((StatusCode::CREATED, Json(CreatedOrder { order, checkout_url })))
}

/// Takes an order back.
#[utoipa::path(post, path = "/api/v1/orders/{id}/cancellation", operation_id = "cancel_order", tag = "merchant",
    security(("merchant" = [])), params(("id" = OrderRef, Path, description = "The order")),
    request_body = super::certificates::Nothing,
    responses((status = 200, description = "Taken back", body = Order)))]
pub(super) async fn cancel_order(
    State(app): State<App>,
    MerchantKey(key): MerchantKey,
    PathOf(id): PathOf<OrderRef>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Order>, Problem> {
    let merchant = app.wallet.merchant(&key)?;
    shown(&app, app.wallet.cancel_order(&merchant, id.0).await?).map(Json)
}

/// Shows the merchant whose key was presented.
#[utoipa::path(get, path = "/api/v1/merchant", operation_id = "get_merchant", tag = "merchant",
    security(("merchant" = [])),
    responses((status = 200, description = "The merchant", body = Merchant)))]
pub(super) async fn get_merchant(
    State(app): State<App>,
    MerchantKey(key): MerchantKey,
) -> Result<Json<Merchant>, Problem> {
    let merchant = app.wallet.merchant(&key)?;
    Ok(Json(Merchant {
        id: Wire(merchant.merchant),
        account: Wire(merchant.account),
        balance: app.balance(app.wallet.merchant_balance(&merchant)),
        verified: merchant.verified_at.is_some(),
        name: merchant.name,
    }))
}

fn shown(app: &App, order: PublicOrder) -> Result<Order, Problem> {
    let text = order.text;
    let mut chain = order.chain.into_iter();
    let (Some(certificate), Some(issuer)) = (chain.next(), chain.next()) else {
        return Err(Problem::new(Code::ServiceBusy).because(&"an order's merchant has no chain"));
    };
    Ok(Order {
        id: Wire(text.id),
        state: order.state.into(),
        jws: order.jws,
        hash: Wire(order.hash),
        merchant: OrderMerchant {
            id: Wire(text.merchant),
            account: Wire(text.account),
            name: text.name,
            verified: order.verified,
            certificate: Base64Url(certificate),
            issuer: Base64Url(issuer),
        },
        amount: app.amount(text.amount),
        items: text.items.into_iter().map(|item| OrderItem::of(app, item)).collect(),
        expires_at: Time(text.expires),
        qr: order.qr,
        app_link: format!("{}/pay/{}", app.site.origin, text.id),
        return_url: text.return_url,
        now: Time(order.now),
    })
}

impl OrderItem {
    /// A line of an order's text.
    pub(super) fn of(app: &App, item: yinxin_core::text::OrderItem) -> Self {
        Self { name: item.name, quantity: item.quantity, amount: app.amount(item.amount) }
    }
}

impl From<yinxin_wallet::OrderState> for OrderState {
    fn from(state: yinxin_wallet::OrderState) -> Self {
        match state {
            yinxin_wallet::OrderState::Open => Self::Open,
            yinxin_wallet::OrderState::Paid => Self::Paid,
            yinxin_wallet::OrderState::Expired => Self::Expired,
            yinxin_wallet::OrderState::Cancelled => Self::Cancelled,
        }
    }
}
