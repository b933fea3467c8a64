//! The demonstration's tea shop: a merchant that uses nothing but the public merchant API.
//!
//! ```text
//! shelf ─▶ POST /orders ─▶ order signed, registered over HTTP ─▶ checkout page of the wallet ─▶ /orders/{id} ─▶ paid
//! ```

mod orders;
mod pages;
mod signing;
mod wares;

use crate::door::guard::{Guard, Guarded, Site, guard};
use crate::door::headers::Csp;
use crate::problem::{Code, Problem};
use anyhow::Context as _;
use axum::Router;
use axum::http::header::{
    ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use pages::Language;
use signing::OrderSigner;
use std::sync::Arc;
use tokio::sync::watch;
use yinxin_client::clock::Clocks;
use yinxin_client::{Connection, MerchantAccess};
use yinxin_core::{AccountId, Currency, MerchantId};
use yinxin_wallet::MerchantCredentials;

/// The cookie of the chosen language.
const LANGUAGE_COOKIE: &str = "shop-language";

/// The shop, shared by its requests.
#[derive(Clone)]
struct Shop(Arc<Parts>);

struct Parts {
    access: MerchantAccess,
    signer: OrderSigner,
    merchant: MerchantId,
    account: AccountId,
    name: String,
    wallet_origin: String,
    origin: String,
    clocks: Clocks,
    csp: String,
    stop: watch::Receiver<bool>,
}

/// Where the shop and the wallet are.
pub(crate) struct Places<'a> {
    /// The wallet's origin.
    pub(crate) wallet_origin: &'a str,
    /// The shop's origin.
    pub(crate) origin: &'a str,
}

/// The shop's routes behind their own guard.
pub(crate) fn router(
    places: &Places<'_>,
    credentials: &MerchantCredentials,
    access: Option<Arc<str>>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Router> {
    let key = std::str::from_utf8(credentials.api_key.expose()).context("the shop's API key")?;
    let api = Connection::new(None)?.api(places.wallet_origin)?;
    let csp = Csp {
        frame_ancestors: places.wallet_origin.to_owned(),
        form_action: format!("'self' {}", places.wallet_origin),
        ..Csp::page()
    };
    let shop = Shop(Arc::new(Parts {
        access: MerchantAccess::new(api, key.to_owned()),
        signer: OrderSigner::new(credentials.signing_key.expose(), &credentials.certificate)?,
        merchant: credentials.merchant,
        account: credentials.account,
        name: credentials.name.clone(),
        wallet_origin: places.wallet_origin.to_owned(),
        origin: places.origin.to_owned(),
        clocks: Clocks::system(),
        csp: csp.text(),
        stop,
    }));
    let routes = Router::new()
        .route("/", get(orders::show_shelf))
        .route("/orders", post(orders::create_order))
        .route("/orders/{id}", get(orders::show_order))
        .route("/orders/{id}/events", get(orders::stream_order))
        .route("/wares/{file}", get(orders::show_picture))
        .route("/shop.css", get(|| async { file("text/css", include_str!("../../assets/shop/shop.css")) }))
        .route(
            "/shop.js",
            get(|| async { file("text/javascript", include_str!("../../assets/shop/shop.js")) }),
        )
        .route(
            "/shop.svg",
            get(|| async { file("image/svg+xml", include_str!("../../assets/shop/shop.svg")) }),
        )
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async { Problem::new(Code::RequestNotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::RequestMethod) })
        .with_state(shop);
    let guarded = Guarded::Site(Site::new(places.origin, Currency::CNY));
    Ok(routes.layer(from_fn_with_state(Guard { guarded, access }, guard)))
}

fn file(kind: &'static str, body: &'static str) -> Response {
    ([(CONTENT_TYPE, format!("{kind}; charset=utf-8"))], body).into_response()
}

impl Parts {
    /// A page in `language`, which is kept for the next one.
    ///
    /// The referrer stays inside the shop, but there it must be: with none a browser names no origin on a form.
    fn page(&self, status: StatusCode, language: Language, html: String) -> Response {
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (CONTENT_SECURITY_POLICY, self.csp.clone()),
            (REFERRER_POLICY, "same-origin".to_owned()),
            (SET_COOKIE, format!("{LANGUAGE_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", language.code())),
        ];
        (status, headers, html).into_response()
    }
}

/// The visitor's language: chosen now, chosen before, or the browser's.
fn language(chosen: Option<&str>, headers: &HeaderMap) -> Language {
    let before = crate::door::cookies::read(headers, LANGUAGE_COOKIE);
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::choose(chosen.or(before), accepted)
}
