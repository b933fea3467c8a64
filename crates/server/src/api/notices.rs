//! What I was told.

use super::wire::{Bytes32, CertificateRef, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::who::Session;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use yinxin_wallet::NoticeRow;

/// What a notice is about; the app has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoticeKind(yinxin_wallet::NoticeKind);

impl Serialize for NoticeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl PartialSchema for NoticeKind {
    fn schema() -> RefOr<Schema> {
        let words = yinxin_wallet::NoticeKind::ALL.iter().map(|kind| kind.word());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(words))
            .description(Some("What a notice is about; the app has the words."))
            .into()
    }
}

impl ToSchema for NoticeKind {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("NoticeKind")
    }
}

/// Something that I was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notice {
    /// Its id.
    pub(crate) id: Bytes32,
    /// What it is about.
    pub(crate) kind: NoticeKind,
    /// The certificate that it is about.
    pub(crate) certificate: Option<CertificateRef>,
    /// The kind of device that it is about.
    #[schema(example = "android")]
    pub(crate) device_kind: Option<String>,
    /// Until or from when it holds.
    pub(crate) due_at: Option<Time>,
    /// When it happened.
    pub(crate) told_at: Time,
    /// Whether I have seen it.
    pub(crate) read: bool,
}

/// What I was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeList {
    /// Newest first, at most 100.
    pub(crate) notices: Vec<Notice>,
    /// How many I have not seen; 99 stands for more.
    #[schema(example = 1, maximum = 99)]
    pub(crate) unread: u32,
}

/// Says which notices I have seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticesRead {
    /// The newest one on the screen; everything older counts as seen, too.
    pub(crate) newest: Bytes32,
}

/// Lists what I was told.
#[utoipa::path(get, path = "/api/v1/notices", operation_id = "list_notices", tag = "people",
    security(("session" = [])),
    responses((status = 200, description = "What I was told", body = NoticeList)))]
pub(super) async fn list_notices(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<NoticeList>, Problem> {
    let found = app.wallet.notices(&session)?;
    let notices = found.notices.into_iter().map(Into::into).collect();
    Ok(Json(NoticeList { notices, unread: found.unread }))
}

/// Says that I have seen a notice and those before it.
#[utoipa::path(put, path = "/api/v1/notices/read", operation_id = "set_notices_read", tag = "people",
    security(("session" = [])), request_body = NoticesRead,
    responses((status = 204, description = "They count as seen")))]
pub(super) async fn set_notices_read(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<NoticesRead>,
) -> Result<StatusCode, Problem> {
    app.wallet.read_notices(&session, body.newest.0)?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<NoticeRow> for Notice {
    fn from(row: NoticeRow) -> Self {
        Self {
            id: Wire(row.notice),
            kind: NoticeKind(row.kind),
            certificate: row.certificate.map(Wire),
            device_kind: row.device_kind.map(|kind| kind.word().to_owned()),
            due_at: row.due_at.map(Time),
            told_at: Time(row.told_at),
            read: row.read_at.is_some(),
        }
    }
}
