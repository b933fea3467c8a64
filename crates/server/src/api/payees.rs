//! Finding who is to be paid.

use super::people::NameState;
use super::wire::{AccountRef, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::who::Session;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Looks for a payee.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayeeQuery {
    /// A phone, an account number, or an account id.
    #[schema(min_length = 1, max_length = 64, example = "80000000008")]
    pub(crate) query: String,
}

/// Person or merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayeeKind {
    /// A person.
    Person,
    /// A merchant.
    Merchant,
    /// The operator's own account, as where money put in comes from.
    Operator,
}

/// Who can be paid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payee {
    /// The account to be credited.
    pub(crate) account: AccountRef,
    /// Person or merchant.
    pub(crate) kind: PayeeKind,
    /// The registered name of a merchant, the partly masked name of a person: exactly what is signed.
    #[schema(example = "林*")]
    pub(crate) display_name: String,
    /// How the name is known.
    pub(crate) name_state: NameState,
    /// The operator verified the name.
    pub(crate) verified: bool,
}

/// Finds a payee by phone, account number or account id.
#[utoipa::path(post, path = "/api/v1/payees/find", operation_id = "find_payee", tag = "payments",
    security(("session" = [])), request_body = PayeeQuery,
    responses((status = 200, description = "Who it is", body = Payee)))]
pub(super) async fn find_payee(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<PayeeQuery>,
) -> Result<Json<Payee>, Problem> {
    Ok(Json(app.wallet.find_payee(&session, &body.query)?.into()))
}

impl From<yinxin_wallet::PayeeKind> for PayeeKind {
    fn from(kind: yinxin_wallet::PayeeKind) -> Self {
        match kind {
            yinxin_wallet::PayeeKind::Person => Self::Person,
            yinxin_wallet::PayeeKind::Merchant => Self::Merchant,
        }
    }
}

impl From<yinxin_wallet::Payee> for Payee {
    fn from(payee: yinxin_wallet::Payee) -> Self {
        Self {
            account: Wire(payee.account),
            kind: payee.kind.into(),
            display_name: payee.display_name,
            name_state: if payee.verified { NameState::IdentityChecked } else { NameState::SelfDeclared },
            verified: payee.verified,
        }
    }
}
