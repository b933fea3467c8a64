//! The usage log as everybody may see it.

use super::wire::{Bytes32, Wire};
use crate::app::App;
use crate::door::path::QueryOf;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yinxin_core::Digest;

/// Shows the log's last signed checkpoint.
#[utoipa::path(get, path = "/api/v1/log/checkpoint", operation_id = "get_checkpoint", tag = "log",
    responses((status = 200, description = "A signed note (C2SP tlog-checkpoint)", body = String, content_type = "text/plain")))]
pub(super) async fn get_checkpoint(State(app): State<App>) -> Result<String, Problem> {
    Ok(app.wallet.checkpoint()?)
}

/// Two sizes of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConsistencyQuery {
    /// Records of the earlier checkpoint.
    #[param(minimum = 1)]
    pub(crate) old: u64,
    /// Records of the later one.
    #[param(minimum = 1)]
    pub(crate) new: u64,
}

/// That a later log goes on from an earlier one (RFC 6962 § 2.1.2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    /// The hashes, in order.
    pub(crate) proof: Vec<Bytes32>,
}

/// Proves that the log only grew between two checkpoints.
#[utoipa::path(get, path = "/api/v1/log/consistency", operation_id = "get_consistency", tag = "log",
    params(ConsistencyQuery),
    responses((status = 200, description = "The proof", body = ConsistencyProof)))]
pub(super) async fn get_consistency(
    State(app): State<App>,
    QueryOf(query): QueryOf<ConsistencyQuery>,
) -> Result<Json<ConsistencyProof>, Problem> {
    let proof = app.wallet.consistency(query.old, query.new)?;
    Ok(Json(ConsistencyProof {
        proof: proof.into_iter().map(|hash| Wire(Digest::from_bytes(hash))).collect(),
    }))
}
