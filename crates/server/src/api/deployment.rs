//! What a deployment says about itself to everybody.

use super::wire::Time;
use crate::problem::Problem;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The process serves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub(crate) status: &'static str,
}

/// Whether the money is a demonstration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stamp {
    /// A demonstration.
    Demo,
    /// Real books.
    Live,
}

/// This deployment: its origin, currency, limits and log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deployment {
    /// The origin that every signed text names as its audience.
    #[schema(example = "http://localhost:8088")]
    pub(crate) origin: String,
    /// The operator's name of the wallet.
    pub(crate) name: String,
    /// Demonstration or real books.
    pub(crate) stamp: Stamp,
    /// The server's version.
    #[schema(example = "0.1.0")]
    pub(crate) version: String,
    /// The oldest app that is still served.
    #[schema(example = "0.1.0")]
    pub(crate) min_version: String,
    /// The time zone whose days count for limits.
    #[schema(example = "Asia/Shanghai")]
    pub(crate) time_zone: String,
    /// The server's time.
    pub(crate) now: Time,
    /// The one currency.
    pub(crate) currency: CurrencyInfo,
    /// The limits in force, in minor units.
    pub(crate) limits: Limits,
    /// The usage log.
    pub(crate) log: LogInfo,
}

/// A currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrencyInfo {
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    pub(crate) code: String,
    /// Decimals of the minor unit.
    #[schema(example = 2)]
    pub(crate) exponent: u32,
}

/// Limits in minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// One payment with one tap.
    #[schema(example = 20000)]
    pub(crate) tap_each: u64,
    /// All payments with one tap on one local day.
    #[schema(example = 100_000)]
    pub(crate) tap_day: u64,
    /// All verified payments on one local day.
    #[schema(example = 500_000)]
    pub(crate) verified_day: u64,
    /// One payment while a certificate is new.
    #[schema(example = 50000)]
    pub(crate) protection_each: u64,
    /// All payments in 24 hours while a certificate is new.
    #[schema(example = 100_000)]
    pub(crate) protection_day: u64,
    /// The highest balance of a person.
    #[schema(example = 500_000)]
    pub(crate) balance: u64,
}

/// The usage log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogInfo {
    /// The log's name, the first line of each checkpoint.
    pub(crate) name: String,
    /// The verifier key of its checkpoints (signed-note form).
    pub(crate) key: String,
}

/// Says that the server is ready.
#[utoipa::path(get, path = "/healthz", operation_id = "get_health", tag = "deployment",
    responses((status = 200, description = "The server is ready", body = Health)))]
pub(super) async fn get_health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Describes this deployment.
#[utoipa::path(get, path = "/api/v1/deployment", operation_id = "get_deployment", tag = "deployment",
    responses((status = 200, description = "What this deployment is", body = Deployment)))]
pub(super) async fn get_deployment() -> Problem {
    Problem::pending()
}
