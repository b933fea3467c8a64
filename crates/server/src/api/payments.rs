//! Quotes, payments and their records.

mod answers;
mod json;
mod shapes;

pub(crate) use shapes::*;

use super::wire::PaymentNumberText;
use crate::app::App;
use crate::door::body::{Json as Body, json};
use crate::door::path::{PathOf, QueryOf};
use crate::door::who::{Session, session};
use crate::problem::{Code, Problem};
use answers::Writing;
use axum::Json;
use axum::body::{Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{self, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::fmt::Display;
use yinxin_core::Minor;
use yinxin_wallet::{Ask, Times};

/// The path of a payment.
pub(crate) const PATH: &str = "/api/v1/payments";
/// Lines of a page, when the app does not say.
const PAGE_DEFAULT: u32 = 20;
/// The most lines of a page.
const PAGE_MAX: u32 = 100;

/// Says what a payment would need.
#[utoipa::path(post, path = "/api/v1/quotes", operation_id = "create_quote", tag = "payments",
    security(("session" = [])), request_body = QuoteRequest,
    responses((status = 200, description = "What the payment would need", body = Quote)))]
pub(super) async fn create_quote(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<QuoteRequest>,
) -> Result<Json<Quote>, Problem> {
    let malformed = || Problem::new(Code::RequestMalformed);
    let ask = match (body.kind, body.payee, body.order, body.amount) {
        (QuoteKind::Pay, None, Some(order), None) => Ask::Order(order.0),
        (QuoteKind::Transfer, Some(payee), None, Some(amount)) => {
            Ask::Transfer { payee: payee.0, amount: Minor::new(amount).ok_or_else(malformed)? }
        }
        (QuoteKind::Pay | QuoteKind::Transfer, _, _, _) => return Err(malformed()),
    };
    let quote = app.wallet.quote(&session, body.certificate.0, ask)?;
    Ok(Json(answers::quote(&app, quote)))
}

/// Pays: sends a signed authorisation.
#[utoipa::path(post, path = "/api/v1/payments", operation_id = "create_payment", tag = "payments",
    security(("session" = [])), request_body = NewPayment,
    responses((status = 201, description = "Posted, with its proof; the same authorisation again gives the same answer", body = Acceptance)))]
pub(super) async fn create_payment(State(app): State<App>, request: Request) -> Response {
    pay(&app, request).await
}

/// What both ways to a payment do: its route, and the short way of the door.
pub(crate) async fn pay<B>(app: &App, request: http::Request<B>) -> Response
where
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    let (parts, body) = request.into_parts();
    answer(app, &parts.headers, body).await.unwrap_or_else(Problem::into_response)
}

async fn answer<B>(app: &App, headers: &HeaderMap, body: B) -> Result<Response, Problem>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    let session = session(headers, app)?;
    let new: NewPayment = json(headers, body).await?;
    let recorded = app.wallet.pay(&session, new.into()).await?;
    let (refusal, times) = (recorded.refusal.clone(), recorded.times);
    let acceptance = Writing::new(app, &session).acceptance(recorded)?;
    match refusal {
        None => Ok(posted(&acceptance, times)),
        Some(refusal) => Err(answers::refused(&refusal).recorded(acceptance).timed(times)),
    }
}

fn posted(acceptance: &Acceptance, times: Times) -> Response {
    let mut response = Response::new(axum::body::Body::from(acceptance.to_json()));
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.extensions_mut().insert(times);
    response
}

/// Shows the final state of a payment.
#[utoipa::path(get, path = "/api/v1/payments/{number}", operation_id = "get_payment", tag = "payments",
    security(("session" = [])), params(("number" = PaymentNumberText, Path, description = "The payment's number")),
    responses((status = 200, description = "Recorded, posted or refused", body = Acceptance)))]
pub(super) async fn get_payment(
    State(app): State<App>,
    Session(session): Session,
    PathOf(number): PathOf<PaymentNumberText>,
) -> Result<Json<Acceptance>, Problem> {
    let recorded = app.wallet.payment(&session, number.0).await?;
    Ok(Json(Writing::new(&app, &session).acceptance(recorded)?))
}

/// Closes a number that was never seen, so that another may be signed.
#[utoipa::path(post, path = "/api/v1/payments/{number}/void", operation_id = "void_payment", tag = "payments",
    security(("session" = [])), params(("number" = PaymentNumberText, Path, description = "The payment's number")),
    request_body = VoidRequest,
    responses((status = 200, description = "Closed, or recorded before", body = VoidAnswer)))]
pub(super) async fn void_payment(
    State(app): State<App>,
    Session(session): Session,
    PathOf(number): PathOf<PaymentNumberText>,
    Body(body): Body<VoidRequest>,
) -> Result<Json<VoidAnswer>, Problem> {
    Ok(Json(match app.wallet.void_payment(&session, body.certificate.0, number.0).await? {
        yinxin_wallet::Voided::Closed => VoidAnswer::Voided(Voided { state: VoidState::Voided }),
        yinxin_wallet::Voided::Recorded(recorded) => {
            VoidAnswer::Recorded(Box::new(Writing::new(&app, &session).acceptance(*recorded)?))
        }
    }))
}

/// Lists my payments.
#[utoipa::path(get, path = "/api/v1/payments", operation_id = "list_payments", tag = "payments",
    security(("session" = [])), params(PaymentQuery),
    responses((status = 200, description = "A page, newest first", body = PaymentList)))]
pub(super) async fn list_payments(
    State(app): State<App>,
    Session(session): Session,
    QueryOf(query): QueryOf<PaymentQuery>,
) -> Result<Json<PaymentList>, Problem> {
    let malformed = || Problem::new(Code::RequestMalformed);
    let before = query.before.map(|cursor| cursor.parse::<u64>()).transpose().map_err(|_| malformed())?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(malformed());
    }
    let (lines, next) = app.wallet.payments(&session, before, Some(limit)).await?;
    let writing = Writing::new(&app, &session);
    let payments = lines.into_iter().map(|line| writing.payment(line)).collect();
    Ok(Json(PaymentList { payments, next: next.map(|next| next.to_string()) }))
}
