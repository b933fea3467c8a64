//! The operator's listener: metrics and health, on an address of their own, never on the public one.

use super::metrics::{self, Sources};
use crate::door::Door;
use crate::door::caps::Caps;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::registry::Registry;
use serde::Serialize;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use yinxin_wallet::{Health, Wallet};

/// Prometheus and a supervisor: a handful of connections.
const CONNECTIONS_MAX: usize = 64;
/// The media type of `OpenMetrics`.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct Desk {
    registry: Registry,
    wallet: Wallet,
}

/// How the wallet is, for a supervisor or a load balancer.
#[derive(Serialize)]
struct HealthNow {
    status: &'static str,
    records: u64,
    projected: u64,
}

/// Serves until `stop` turns true.
pub(crate) async fn serve(listener: TcpListener, sources: Sources, stop: watch::Receiver<bool>) {
    let caps = Caps::new(CONNECTIONS_MAX, CONNECTIONS_MAX);
    Door { listener, tls: None, routes: Arc::new(router(sources).into()), caps }.serve(stop).await;
}

/// The listener's routes.
pub(crate) fn router(sources: Sources) -> Router {
    let wallet = sources.wallet.clone();
    let desk = Arc::new(Desk { registry: metrics::registry(sources), wallet });
    Router::new().route("/metrics", get(show_metrics)).route("/healthz", get(show_health)).with_state(desk)
}

async fn show_metrics(State(desk): State<Arc<Desk>>) -> Response {
    match metrics::render(&desk.registry) {
        Ok(page) => ([(CONTENT_TYPE, METRICS_TYPE), (CACHE_CONTROL, "no-store")], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn show_health(State(desk): State<Arc<Desk>>) -> Response {
    let readings = desk.wallet.readings();
    let (code, status) = match readings.health {
        Health::Serving => (StatusCode::OK, "ok"),
        Health::Leading => (StatusCode::OK, "leading"),
        Health::Following => (StatusCode::OK, "following"),
        Health::Leaderless => (StatusCode::SERVICE_UNAVAILABLE, "leaderless"),
        Health::ClockWrong => (StatusCode::SERVICE_UNAVAILABLE, "clock"),
        Health::DiskFull => (StatusCode::SERVICE_UNAVAILABLE, "disk_full"),
        Health::Ended => (StatusCode::SERVICE_UNAVAILABLE, "ended"),
    };
    let now = HealthNow { status, records: readings.records, projected: readings.projected };
    (code, [(CACHE_CONTROL, "no-store")], axum::Json(now)).into_response()
}
