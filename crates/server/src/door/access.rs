//! The access code of a demonstration that listens beyond this machine.

use crate::door::headers::Csp;
use crate::door::{Peer, cookies};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// The header by which a program presents the code.
const HEADER: &str = "yx-access";

const PAGE: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>印信 · Yinxin</title>\
    <form><label>访问码 · Access code <input name=\"access\" autocomplete=\"off\" autofocus></label> \
    <button>打开 · Open</button></form></html>";

/// What a request hears that does not present the code: a browser is asked for it once. None lets it pass.
pub(super) fn ask<B>(code: &str, request: &Request<B>) -> Option<Response> {
    // A tunnel (`ssh -L`) comes from this machine as well: a browser is asked wherever it is, and only a program of
    // somebody who has an account here passes without the code.
    let is_local = request.extensions().get::<Peer>().is_some_and(|peer| peer.0.is_loopback());
    let is_browser = request.headers().contains_key("sec-fetch-mode");
    if (is_local && !is_browser) || request.uri().path() == "/healthz" {
        return None;
    }
    let headers = request.headers();
    let presented = cookies::read(headers, cookies::ACCESS)
        .or_else(|| headers.get(HEADER).and_then(|value| value.to_str().ok()));
    if presented.is_some_and(|presented| is_same(presented, code)) {
        return None;
    }
    let typed = request.uri().query().and_then(|query| query.strip_prefix("access="));
    let is_right = request.method() == Method::GET && typed.is_some_and(|typed| is_same(typed, code));
    if let Some(cookie) = cookies::set(cookies::ACCESS, code, None).filter(|_| is_right) {
        let path = request.uri().path().trim_start_matches('/');
        return Some(
            (StatusCode::SEE_OTHER, [(LOCATION, format!("/{path}"))], [(SET_COOKIE, cookie)]).into_response(),
        );
    }
    let csp = Csp { form_action: "'self'".to_owned(), ..Csp::page() }.text();
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (CONTENT_SECURITY_POLICY, csp)];
    Some((StatusCode::UNAUTHORIZED, headers, [(CACHE_CONTROL, "no-store")], PAGE).into_response())
}

/// Compares without telling how much was right.
fn is_same(presented: &str, code: &str) -> bool {
    let difference =
        presented.bytes().zip(code.bytes()).fold(0, |difference, (left, right)| difference | (left ^ right));
    presented.len() == code.len() && difference == 0
}
