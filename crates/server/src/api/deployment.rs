//! What a deployment says about itself to everybody.

use super::wire::Time;
use crate::app::App;
use crate::door::version::APP_VERSION_MIN;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The process serves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; where several nodes share a database, `leading` or `following`.
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
    /// The logs that it continues, oldest first: there are some after a restore from a backup.
    pub(crate) previous: Vec<PreviousLog>,
}

/// A log that this deployment signed before it was restored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviousLog {
    /// Its verifier key (signed-note form); it signs nothing any more.
    pub(crate) key: String,
    /// Records that went over into the next log.
    pub(crate) size: u64,
    /// A note signed by this log's key: its name, size and root, and the verifier key of the next log.
    pub(crate) link: String,
}

/// Says that the server is ready.
#[utoipa::path(get, path = "/healthz", operation_id = "get_health", tag = "deployment",
    responses((status = 200, description = "The server is ready", body = Health)))]
pub(super) async fn get_health(State(app): State<App>) -> Result<Json<Health>, Problem> {
    match app.wallet.health() {
        yinxin_wallet::Health::Serving => Ok(Json(Health { status: "ok" })),
        yinxin_wallet::Health::Leading => Ok(Json(Health { status: "leading" })),
        yinxin_wallet::Health::Following => Ok(Json(Health { status: "following" })),
        yinxin_wallet::Health::ClockWrong => Err(Problem::new(Code::ServiceClock)),
        yinxin_wallet::Health::DiskFull => Err(Problem::new(Code::ServiceReadOnly)),
        yinxin_wallet::Health::Leaderless | yinxin_wallet::Health::Ended => {
            Err(Problem::new(Code::ServiceBusy))
        }
    }
}

/// Describes this deployment.
#[utoipa::path(get, path = "/api/v1/deployment", operation_id = "get_deployment", tag = "deployment",
    responses((status = 200, description = "What this deployment is", body = Deployment)))]
pub(super) async fn get_deployment(State(app): State<App>) -> Result<Json<Deployment>, Problem> {
    let settings = app.wallet.settings();
    let policy = app.wallet.policy()?;
    let name = settings.log_key.split('+').next().unwrap_or_default().to_owned();
    Ok(Json(Deployment {
        origin: settings.origin.clone(),
        name: settings.operator.clone(),
        stamp: match settings.stamp {
            yinxin_core::Stamp::Demo => Stamp::Demo,
            yinxin_core::Stamp::Live => Stamp::Live,
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        min_version: APP_VERSION_MIN.to_owned(),
        time_zone: policy.time_zone,
        now: Time(app.wallet.now()),
        currency: CurrencyInfo {
            code: policy.currency.code().to_owned(),
            exponent: policy.currency.exponent(),
        },
        limits: Limits {
            tap_each: policy.tap_each.get(),
            tap_day: policy.tap_day.get(),
            verified_day: policy.verified_day.get(),
            protection_each: policy.protection_each.get(),
            protection_day: policy.protection_day.get(),
            balance: policy.balance.get(),
        },
        log: LogInfo {
            name,
            key: settings.log_key.clone(),
            previous: settings
                .previous_logs
                .iter()
                .map(|log| PreviousLog { key: log.key.clone(), size: log.size, link: log.link.clone() })
                .collect(),
        },
    }))
}
