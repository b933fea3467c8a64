//! The devices on which I am known.

use super::wire::{DeviceRef, Time, Wire};
use crate::app::App;
use crate::door::idempotency::Intention;
use crate::door::path::PathOf;
use crate::door::who::Session;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// A device on which I am known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Device {
    /// Its id.
    pub(crate) id: DeviceRef,
    /// What it calls itself.
    #[schema(example = "android")]
    pub(crate) kind: String,
    /// Since when I am known there.
    pub(crate) known_at: Time,
    /// When I last used it signed in; none when I am not signed in there.
    pub(crate) seen_at: Option<Time>,
    /// It is the one that asks.
    pub(crate) is_this: bool,
}

/// The devices on which I am known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceList {
    /// The one last used first.
    pub(crate) devices: Vec<Device>,
}

/// Lists the devices on which I am known.
#[utoipa::path(get, path = "/api/v1/devices", operation_id = "list_devices", tag = "sessions",
    security(("session" = [])),
    responses((status = 200, description = "My devices", body = DeviceList)))]
pub(super) async fn list_devices(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<DeviceList>, Problem> {
    let devices = app.wallet.devices(&session)?.into_iter().map(|device| Device {
        id: Wire(device.device),
        kind: device.kind.word().to_owned(),
        known_at: Time(device.known_at),
        seen_at: device.seen_at.map(Time),
        is_this: device.is_this,
    });
    Ok(Json(DeviceList { devices: devices.collect() }))
}

/// Signs me out on one other device, at once.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", operation_id = "delete_device", tag = "sessions",
    security(("session" = [])), params(("id" = DeviceRef, Path, description = "The device")),
    responses((status = 204, description = "Signed out there; the next log-in needs a second factor")))]
pub(super) async fn delete_device(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<DeviceRef>,
    intention: Intention,
) -> Result<StatusCode, Problem> {
    app.wallet.sign_out_device(&session, id.0, intention.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs me out on every other device, at once.
#[utoipa::path(delete, path = "/api/v1/devices", operation_id = "delete_other_devices", tag = "sessions",
    security(("session" = [])),
    responses((status = 204, description = "Signed out everywhere else")))]
pub(super) async fn delete_other_devices(
    State(app): State<App>,
    Session(session): Session,
    intention: Intention,
) -> Result<StatusCode, Problem> {
    app.wallet.sign_out_others(&session, intention.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
