//! The shop's pages and orders.

use super::pages::{self, Language, OrderPage, Standing, price};
use super::wares::{Ware, find};
use super::{Parts, Shop, language};
use crate::door::body;
use crate::door::path::{PathOf, QueryOf};
use crate::problem::{Code, Problem};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use yinxin_client::answers::{Order, OrderState};
use yinxin_client::{ClientError, EventStream};
use yinxin_core::text::{OrderItem, OrderText};
use yinxin_core::{Currency, Minor, OrderId};
use yinxin_wallet::port::{Entropy as _, SystemEntropy};

/// How long an order may be paid (rules § 2).
const ORDER_LIFE_MS: i64 = 5 * 60 * 1_000;
/// Event states that wait for a slow page.
const WAITING_MAX: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageQuery {
    lang: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Purchase {
    ware: String,
}

#[derive(Serialize)]
struct Placed {
    order: String,
    checkout_url: String,
}

/// The shelf.
pub(super) async fn show_shelf(
    State(Shop(shop)): State<Shop>,
    QueryOf(query): QueryOf<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    let language = language(query.lang.as_deref(), &headers);
    shop.page(StatusCode::OK, language, pages::shelf(language))
}

/// A ware's picture.
pub(super) async fn show_picture(PathOf(file): PathOf<String>) -> Result<Response, Problem> {
    let ware = file.strip_suffix(".svg").and_then(find).ok_or_else(|| Problem::new(Code::RequestNotFound))?;
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=3600")];
    Ok((headers, ware.picture()).into_response())
}

/// «Buy»: signs an order, registers it, and sends the browser to the checkout page. A program gets JSON.
pub(super) async fn create_order(
    State(Shop(shop)): State<Shop>,
    request: Request,
) -> Result<Response, Problem> {
    let language = language(None, request.headers());
    let wants_json =
        request.headers().get(ACCEPT).is_some_and(|accept| accept.as_bytes() == b"application/json");
    let ware = read_purchase(request).await?;
    let placed = match shop.place(ware, language).await {
        Ok(placed) => placed,
        Err(error) => {
            tracing::warn!(%error, "the shop could not place an order");
            if wants_json {
                return Err(Problem::new(Code::ServiceBusy).because(&error));
            }
            let html = pages::trouble(language, ("暂时无法下单", "The order could not be placed"));
            return Ok(shop.page(StatusCode::SERVICE_UNAVAILABLE, language, html));
        }
    };
    if wants_json {
        return Ok((StatusCode::CREATED, Json(placed)).into_response());
    }
    Ok((StatusCode::SEE_OTHER, [(LOCATION, placed.checkout_url)]).into_response())
}

/// The page of one order.
pub(super) async fn show_order(
    State(Shop(shop)): State<Shop>,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    let language = language(query.lang.as_deref(), &headers);
    let Some(order) = shop.own_order(&id).await else {
        let html = pages::trouble(language, ("没有这个订单", "There is no such order"));
        return shop.page(StatusCode::NOT_FOUND, language, html);
    };
    let name = order.items.first().map(|item| item.name.clone()).unwrap_or_default();
    let page = OrderPage {
        id: &id,
        name: &name,
        standing: standing(order.state),
        checkout_url: &shop.checkout_url(&id),
        price: &price(order.amount.minor.get()),
    };
    shop.page(StatusCode::OK, language, pages::order(language, &page))
}

/// The state of one order as it changes, passed on from the wallet.
pub(super) async fn stream_order(
    State(Shop(shop)): State<Shop>,
    PathOf(id): PathOf<String>,
) -> Result<Response, Problem> {
    let unknown = || Problem::new(Code::RequestNotFound);
    let order: OrderId = id.parse().map_err(|_| unknown())?;
    let events = shop.access.public().order_events(order).await.map_err(|error| unknown().because(&error))?;
    let (sender, states) = mpsc::channel(WAITING_MAX);
    let mut stop = shop.stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = pass_on(events, &sender) => {}
            () = sender.closed() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    });
    Ok(Sse::new(States(states)).keep_alive(KeepAlive::new()).into_response())
}

async fn pass_on(mut events: EventStream, page: &mpsc::Sender<Event>) {
    #[derive(Deserialize)]
    struct Told {
        state: OrderState,
    }
    while let Ok(Some(told)) = events.next_as::<Told>("order").await {
        let data = format!(r#"{{"state":"{}"}}"#, standing(told.state).word());
        if page.send(Event::default().event("order").data(data)).await.is_err() {
            return;
        }
    }
}

struct States(mpsc::Receiver<Event>);

impl Stream for States {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

impl Parts {
    async fn place(&self, ware: &Ware, language: Language) -> anyhow::Result<Placed> {
        let mut id = [0; OrderId::SIZE];
        SystemEntropy.fill(&mut id);
        let id = OrderId::from_bytes(id);
        let now = (self.clocks.now)();
        let amount = Minor::new(ware.price_minor).unwrap_or_default();
        let text = OrderText {
            audience: self.wallet_origin.clone(),
            id,
            merchant: self.merchant,
            account: self.account,
            name: self.name.clone(),
            currency: Currency::CNY,
            amount,
            items: vec![OrderItem { name: ware.name(language).to_owned(), quantity: 1, amount }],
            expires: now.plus(ORDER_LIFE_MS),
            return_url: format!("{}/orders/{id}", self.origin),
            verification_required: false,
        };
        let jws = self.signer.sign(&text, now.seconds())?;
        self.access.create_order(id, &jws).await?;
        Ok(Placed { order: id.to_string(), checkout_url: self.checkout_url(&id.to_string()) })
    }

    /// An order of this shop; others' orders are none of its business.
    async fn own_order(&self, id: &str) -> Option<Order> {
        let found: Result<Order, ClientError> = self.access.public().order(id.parse().ok()?).await;
        found.ok().filter(|order| order.merchant.id == self.merchant)
    }

    fn checkout_url(&self, id: &str) -> String {
        format!("{}/checkout/{id}", self.wallet_origin)
    }
}

async fn read_purchase(request: Request<Body>) -> Result<&'static Ware, Problem> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let bytes = body::read(request.into_body()).await?;
    let malformed = || Problem::new(Code::RequestMalformed);
    let ware = match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => {
            let purchase: Purchase =
                serde_json::from_slice(&bytes).map_err(|error| malformed().because(&error))?;
            find(&purchase.ware)
        }
        "application/x-www-form-urlencoded" => {
            std::str::from_utf8(&bytes).ok().and_then(|form| form.strip_prefix("ware=")).and_then(find)
        }
        _ => return Err(Problem::new(Code::RequestMediaType)),
    };
    ware.ok_or_else(malformed)
}

fn standing(state: OrderState) -> Standing {
    match state {
        OrderState::Open => Standing::Open,
        OrderState::Paid => Standing::Paid,
        OrderState::Expired | OrderState::Cancelled => Standing::Over,
    }
}
