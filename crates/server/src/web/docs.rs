//! The readable page of the OpenAPI document: three static files and the document itself.

use crate::api::document::document_json;
use crate::door::headers::Csp;
use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<String> = LazyLock::new(document_json);

/// `/docs/api` with its script and style, and `/api/v1/openapi.json`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs/api", get(|| async { text("text/html", include_str!("../../assets/docs/api.html")) }))
        .route(
            "/docs/api.js",
            get(|| async { text("text/javascript", include_str!("../../assets/docs/api.js")) }),
        )
        .route("/docs/api.css", get(|| async { text("text/css", include_str!("../../assets/docs/api.css")) }))
        .route("/api/v1/openapi.json", get(|| async { text("application/json", DOCUMENT.as_str()) }))
}

fn text(kind: &str, body: &'static str) -> Response {
    let headers =
        [(CONTENT_TYPE, format!("{kind}; charset=utf-8")), (CONTENT_SECURITY_POLICY, Csp::page().text())];
    (headers, body).into_response()
}
