//! Idempotency keys: every mutation names its attempt; those that are not idempotent by themselves keep their answer.
//!
//! Not kept, because something else makes them happen once: payments and voids (their number), orders (their id),
//! registration (its intention), and whatever carries a password, whose hash has no place on the desk.

use crate::api::people::SmsCodeRequest;
use crate::app::App;
use crate::door::body::{self, Json};
use crate::door::who::{Guest, merchant_key, session};
use crate::problem::{Code, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, FromRequestParts, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use yinxin_core::text::sha256;
use yinxin_core::{CommandId, Digest};
use yinxin_wallet::Begun;

/// The longest key.
const KEY_MAX_BYTES: usize = 64;
/// The one kept mutation that needs nobody to be signed in.
const FOR_STRANGERS: &str = "/api/v1/sms-codes";
/// A caller whom we do not know.
const STRANGER: &str = "anybody";

/// What a request stands for: its caller, route and key.
#[derive(Clone, Copy)]
pub(crate) struct Intention(pub(crate) Digest);

impl Intention {
    /// The id of the command that this intention gives.
    pub(crate) fn command(self) -> CommandId {
        let mut id = [0; CommandId::SIZE];
        id.copy_from_slice(&self.0.as_bytes()[..CommandId::SIZE]);
        CommandId::from_bytes(id)
    }
}

impl FromRequestParts<App> for Intention {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = key(&parts.headers)?;
        let caller = caller(&parts.headers, app).unwrap_or_else(|| STRANGER.to_owned());
        let route = parts.uri.path();
        Ok(Self(sha256(&[
            b"yx/intention/v1\0",
            caller.as_bytes(),
            b"\0",
            route.as_bytes(),
            b"\0",
            key.as_bytes(),
        ])))
    }
}

/// Demands a key of every mutation.
pub(super) fn demand(headers: &HeaderMap) -> Result<(), Problem> {
    key(headers).map(drop)
}

/// Runs a mutation once for each key: the same request again gets the same answer.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    run_once(&app, request, next).await.unwrap_or_else(axum::response::IntoResponse::into_response)
}

async fn run_once(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    if request.method() == Method::GET {
        return Ok(next.run(request).await);
    }
    let key = key(request.headers())?.to_owned();
    let path = request.uri().path();
    let caller = match caller(request.headers(), app) {
        Some(caller) => caller,
        None if path == FOR_STRANGERS => STRANGER.to_owned(),
        // Refused in a moment: a stranger's key is not written down before.
        None => return Ok(next.run(request).await),
    };
    let route = format!("{} {}", request.method(), request.uri().path());
    let (mut parts, body) = request.into_parts();
    let bytes = body::read(body).await?;
    if caller == STRANGER && app.wallet.is_key_free(&caller, &route, &key, &bytes)? {
        look_at_stranger(app, &mut parts, &bytes).await?;
    }
    let claimed = match app.wallet.begin_request(&caller, &route, &key, &bytes).await? {
        Begun::Answered(kept) => return Ok(replay(kept.status, kept.body)),
        Begun::Proceed(claimed) => claimed,
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if !is_final(response.status()) || response.extensions().get::<Arc<Problem>>().is_some() {
        app.wallet.release_key(&claimed)?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes =
        body.collect().await.map_err(|error| Problem::new(Code::ServiceBusy).because(&error))?.to_bytes();
    app.wallet.keep_answer(&claimed, parts.status.as_u16(), &bytes)?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// A stranger's key is written down twice, durably: whoever would be refused is refused before, by reading alone.
async fn look_at_stranger(app: &App, parts: &mut Parts, bytes: &Bytes) -> Result<(), Problem> {
    let request = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    let Json(asked) = Json::<SmsCodeRequest>::from_request(request, app).await?;
    let Guest(visitor) = Guest::from_request_parts(parts, app).await?;
    Ok(app.wallet.look_for_code(&asked.phone, visitor.address)?)
}

/// Success is kept. A problem changed nothing: the same request may find another world.
fn is_final(status: StatusCode) -> bool {
    status.is_success()
}

fn replay(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if body.is_empty() {
        return status.into_response();
    }
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut lines = headers.get_all("idempotency-key").iter();
    let key = lines.next().and_then(|line| line.to_str().ok()).unwrap_or_default();
    let fits = (1..=KEY_MAX_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && lines.next().is_none() {
        Ok(key)
    } else {
        Err(Problem::new(Code::RequestMalformed)
            .because(&"Idempotency-Key: one of 1 to 64 visible characters"))
    }
}

/// Whose key it is: a merchant's, a person's, or nobody's whom we know.
fn caller(headers: &HeaderMap, app: &App) -> Option<String> {
    if let Some(key) = merchant_key(headers) {
        return app.wallet.merchant(&key).ok().map(|merchant| merchant.merchant.to_string());
    }
    session(headers, app).ok().map(|session| session.person.to_string())
}
