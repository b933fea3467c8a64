//! The usage log as everybody may see it.

use crate::problem::Problem;

/// Shows the log's last signed checkpoint.
#[utoipa::path(get, path = "/api/v1/log/checkpoint", operation_id = "get_checkpoint", tag = "log",
    responses((status = 200, description = "A signed note (C2SP tlog-checkpoint)", body = String, content_type = "text/plain")))]
pub(super) async fn get_checkpoint() -> Problem {
    Problem::pending()
}
