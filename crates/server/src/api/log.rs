//! The usage log as everybody may see it.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::State;

/// Shows the log's last signed checkpoint.
#[utoipa::path(get, path = "/api/v1/log/checkpoint", operation_id = "get_checkpoint", tag = "log",
    responses((status = 200, description = "A signed note (C2SP tlog-checkpoint)", body = String, content_type = "text/plain")))]
pub(super) async fn get_checkpoint(State(app): State<App>) -> Result<String, Problem> {
    Ok(app.wallet.checkpoint()?)
}
